"""Language identification where the corpus does not say."""

from functools import cache
from typing import Any

# Enough to tell languages apart, and keeps the cost of a novel that of a paragraph.
_CHARACTERS = 2000


def detect_language(text: str, languages: tuple[str, ...]) -> str:
    """Return which of `languages` (ISO 639-1) the text is most likely in.

    A text in none of them is not recognised as such: it comes back as the most similar one.
    """
    code: str = _identifier(languages).classify(text[:_CHARACTERS])[0]
    return code


@cache
def _identifier(languages: tuple[str, ...]) -> Any:  # noqa: ANN401 - py3langid carries no types
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(languages))
    return identifier
