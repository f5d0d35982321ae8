from collections.abc import Callable

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from mh_batch.datasets import LANGUAGES


@pytest.fixture(scope="session")
def detect() -> Callable[[str], str]:
    """The likeliest of the six languages of a text, by py3langid."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(LANGUAGES))
    return lambda text: str(identifier.classify(text)[0])
