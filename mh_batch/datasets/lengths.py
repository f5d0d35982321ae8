"""How long texts are, in words: bands, their shares, and lengths drawn from them."""

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

# Bands and shares of short posts: the generator of the second seed.
POST_BANDS = ((3, 8), (9, 15), (16, 35), (36, 60), (61, 90))
POST_SHARES = (0.2, 0.1, 0.4, 0.2, 0.1)

JOURNAL_WORDS = (150, 700)
JOURNAL_SHARE = 0.08
LONG_WORDS = (2_000, 4_500)
LONG_SHARE = 0.02
# Clearly beyond the 4,096 tokens of the longest model, so that windows are needed.
VERY_LONG_WORDS = 6_500

Band = tuple[int, int]


def length_band(words: int, bands: Sequence[Band] = POST_BANDS) -> str:
    """Return the name of the band that so many words fall into, such as `16-35`; `1-2` and `91+` lie outside of all."""
    past = 0
    for first, last in bands:
        if words < first:
            return f"{past + 1}-{first - 1}"
        if words <= last:
            return f"{first}-{last}"
        past = last
    return f"{past + 1}+"


POST_BAND_NAMES = tuple(length_band(first) for first, _ in POST_BANDS)
LENGTH_BANDS = (length_band(1), *POST_BAND_NAMES, length_band(POST_BANDS[-1][1] + 1))


def counts_by_share(total: int, shares: Sequence[float]) -> list[int]:
    """Divide `total` by shares that sum to 1, as closely as whole numbers can; the counts sum to `total`."""
    cuts = [round(total * sum(shares[:i])) for i in range(len(shares))] + [total]
    return [end - start for start, end in pairwise(cuts)]


def draw_lengths(documents: int, rng: random.Random) -> list[int]:
    """Draw the number of words of each document; the shares are met as closely as whole numbers can.

    The very long text is not among them.
    """
    long_texts = _several(LONG_WORDS, max(1, round(LONG_SHARE * documents)), rng)
    journals = _several(JOURNAL_WORDS, max(1, round(JOURNAL_SHARE * documents)), rng)
    posts = _post_lengths(documents - len(long_texts) - len(journals), rng)
    lengths = [*long_texts, *journals, *posts]
    rng.shuffle(lengths)
    return lengths


def _post_lengths(posts: int, rng: random.Random) -> Iterator[int]:
    for band, count in zip(POST_BANDS, counts_by_share(posts, POST_SHARES), strict=True):
        yield from _several(band, count, rng)


def _several(band: tuple[int, int], count: int, rng: random.Random) -> list[int]:
    return [rng.randint(*band) for _ in range(count)]
