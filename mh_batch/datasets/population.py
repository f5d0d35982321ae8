"""Authors of the synthetic corpus: where they live, what they speak, and their states over the weeks."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from mh_batch.datasets.grammar import LANGUAGES, STATES

WEEKS = 8
# Share of authors in the state depressed, week by week: a rise in weeks 4 to 6, then a fall.
DEPRESSED_BY_WEEK = (0.16, 0.15, 0.17, 0.28, 0.37, 0.41, 0.26, 0.18)
STRESSED_SHARE = 0.16
ANXIOUS_SHARE = 0.16
SECOND_STATE_SHARE = 0.15

_DOCUMENTS_PER_AUTHOR = 4
_ACTIVITY_SIGMA = 0.8
_WEEKLY_DRIFT = 0.06
_HOME_LANGUAGE_SHARE = 0.7
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Region:
    """A fictitious region: its share of authors, main language and offset of the depressed share."""

    name: str
    weight: int
    language: str
    offset: float


REGIONS = (
    Region("Aldermoor", 19, "en", 0.03),
    Region("Northwick Vale", 16, "en", -0.02),
    Region("Feldau", 14, "de", 0.0),
    Region("Bellerive-sur-Orne", 12, "fr", 0.02),
    Region("Collefiore", 10, "it", -0.03),
    Region("Ribeira Clara", 9, "pt", 0.0),
    Region("Valdesol", 8, "es", -0.04),
    Region("Tannengrund", 6, "de", 0.05),
    Region("Hollin Isles", 4, "en", 0.0),
    Region("Montclair-le-Haut", 2, "fr", 0.04),
)


@dataclass(frozen=True)
class Author:
    """One author: `vulnerability` in 0..1 decides who falls ill first, `activity` how much they write."""

    author_id: str
    region: Region
    language: str
    vulnerability: float
    activity: float

    def states_in(self, week: int, rng: random.Random) -> tuple[str, ...]:
        """Draw what the author goes through in a week (0 to 7): one state, or two at a time."""
        first = _state_at(self._position(rng), DEPRESSED_BY_WEEK[week] + self.region.offset)
        if first == "neutral" or rng.random() >= SECOND_STATE_SHARE:
            return (first,)
        return first, rng.choice([state for state in STATES if state not in ("neutral", first)])

    def _position(self, rng: random.Random) -> float:
        moved = self.vulnerability + rng.gauss(0, _WEEKLY_DRIFT)
        return min(abs(moved), 2 - moved)


def draw_authors(documents: int, rng: random.Random) -> list[Author]:
    """Draw the authors of a corpus; the first one writes English."""
    count = max(2, documents // _DOCUMENTS_PER_AUTHOR)
    regions = rng.choices(REGIONS, weights=[region.weight for region in REGIONS], k=count - 1)
    grouped = [REGIONS[0], *sorted(regions, key=REGIONS.index)]
    numbers = rng.sample(range(1, count + 1), k=count)
    start = rng.random()
    # Golden-ratio steps spread vulnerability evenly within each region too: small corpora keep the shape.
    return [
        _author(number, region, (start + i * _GOLDEN) % 1, native=i == 0, rng=rng)
        for i, (number, region) in enumerate(zip(numbers, grouped, strict=True))
    ]


def pick_writers(authors: Sequence[Author], documents: int, rng: random.Random) -> list[Author]:
    """Draw the author of each document by activity; each author who fits in writes at least one.

    Args:
        authors: Who may write.
        documents: Number of documents.
        rng: The only source of chance.
    """
    weights = [author.activity for author in authors]
    return [*authors[:documents], *rng.choices(authors, weights=weights, k=max(0, documents - len(authors)))]


def _author(number: int, region: Region, vulnerability: float, *, native: bool, rng: random.Random) -> Author:
    at_home = native or rng.random() < _HOME_LANGUAGE_SHARE
    language = region.language if at_home else rng.choice(LANGUAGES)
    activity = rng.lognormvariate(0, _ACTIVITY_SIGMA)
    return Author(f"author-{number:04d}", region, language, vulnerability, activity)


def _state_at(position: float, depressed: float) -> str:
    if position > 1 - depressed:
        return "depressed"
    if position > 1 - depressed - STRESSED_SHARE:
        return "stressed"
    if position > 1 - depressed - STRESSED_SHARE - ANXIOUS_SHARE:
        return "anxious"
    return "neutral"
