"""Features by which texts are compared: normalised words, and bands of length."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

_LINK_OR_MENTION = re.compile(r"(?:https?://|www\.)\S*|\bhttps?\b|(?<!\w)@\w+")
_WORD = re.compile(r"\w+")

# Bands and shares of short posts: the generator of the second seed.
POST_BANDS = ((3, 8), (9, 15), (16, 35), (36, 60), (61, 90))
POST_SHARES = (0.2, 0.1, 0.4, 0.2, 0.1)

Band = tuple[int, int]


def comparable(text: str) -> str:
    """Return the words of a text in lower case, in Unicode's compatibility form (NFKC), without links and mentions.

    Texts of which nothing would be left (a lone smiley, a lone link) are compared as they are, but for case and
    spacing.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORD.findall(_LINK_OR_MENTION.sub(" ", plain))) or " ".join(plain.split())


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
