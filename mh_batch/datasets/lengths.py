"""How long texts are, in words: bands to count them by, and the lengths of the synthetic corpus."""

import random
from collections.abc import Iterator

# Bands and shares of short posts: the generator of the second seed.
POST_BANDS = ((3, 8), (9, 15), (16, 35), (36, 60), (61, 90))
POST_SHARES = (0.2, 0.1, 0.4, 0.2, 0.1)

JOURNAL_WORDS = (150, 700)
JOURNAL_SHARE = 0.08
LONG_WORDS = (2_000, 4_500)
LONG_SHARE = 0.02
# Clearly beyond the 4,096 tokens of the longest model, so that windows are needed.
VERY_LONG_WORDS = 6_500


def length_band(words: int) -> str:
    """Return the band of a number of words, such as `16-35`; `1-2` and `91+` are what lies outside of the bands."""
    for low, high in POST_BANDS:
        if words < low:
            return f"1-{low - 1}"
        if words <= high:
            return f"{low}-{high}"
    return f"{POST_BANDS[-1][1] + 1}+"


LENGTH_BANDS = tuple(length_band(words) for words in (1, *(low for low, _ in POST_BANDS), POST_BANDS[-1][1] + 1))


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
    cuts = [round(posts * sum(POST_SHARES[:i])) for i in range(len(POST_SHARES))] + [posts]
    for band, start, end in zip(POST_BANDS, cuts, cuts[1:], strict=False):
        yield from _several(band, end - start, rng)


def _several(band: tuple[int, int], count: int, rng: random.Random) -> list[int]:
    return [rng.randint(*band) for _ in range(count)]
