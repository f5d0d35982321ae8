"""What of a text counts when two texts are compared."""

import re
import unicodedata

_LINK_OR_MENTION = re.compile(r"(?:https?://|www\.)\S*|\bhttps?\b|(?<!\w)@\w+")
_WORD = re.compile(r"\w+")


def comparable(text: str) -> str:
    """Return the words of a text in lower case, in Unicode's compatibility form (NFKC), without links and mentions.

    Texts of which nothing would be left (a lone smiley, a lone link) are compared as they are, but for case and
    spacing.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORD.findall(_LINK_OR_MENTION.sub(" ", plain))) or " ".join(plain.split())
