"""Language identification where the corpus does not say."""

import re
from functools import cache
from typing import Any

import numpy as np

# What stands for the language of a text that does not tell it.
UNDETERMINED = "undetermined"

# Enough to tell languages apart, and keeps the cost of a novel that of a paragraph.
_CHARACTERS = 2000

# Names of people, pages and topics are the same in every language.
_NAMES = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")

# Chosen on 48,000 sentences and tweets, others than those that the README's figures are of. Both are about short texts:
# the identifier divides likelihoods and priors (logarithms) by the root of a text's length, so that an expectation
# counts ever less.
_LEAST_PROBABILITY = 0.2
_EXPECTATION = 6.0

# "Not a language": numbers, markup, what was typed at random.
_NO_LANGUAGE = "zxx"

# ISO 639-1 where it has a code for the language, or for the one that ISO 639-3 counts it to.
_SHORTER = {"ary": "ar", "arz": "ar", "fuv": "ff", "gug": "gn", "kik": "ki", "ltg": "lv", "sdh": "ku", "uzs": "uz"}
_SHORTER |= {"wuu": "zh", "yue": "zh"}


def identify_language(text: str, expected: tuple[str, ...]) -> str:
    """Return which of all languages a text is in.

    Args:
        text: The text; mentions, hashtags and addresses in it say nothing of its language.
        expected: Languages (ISO 639-1) that a text is rather taken to be in, where it is about as likely in another:
            there are so many that a short text of a large language often looks a little more like a small one.

    Returns:
        An ISO 639 code, of two letters where there is one; `undetermined` if the text is too short to tell, or is in
        no language.
    """
    code: str
    code, probability = _identifier_of_all(expected).classify(_NAMES.sub(" ", text[:_CHARACTERS]))
    if code == _NO_LANGUAGE or probability < _LEAST_PROBABILITY:
        return UNDETERMINED
    return _SHORTER.get(code, code)


def detect_language(text: str, languages: tuple[str, ...]) -> str:
    """Return which of `languages` (ISO 639-1) the text is most likely in.

    A text in none of them is not recognised as such: it comes back as the most similar one.
    """
    code: str = _identifier(languages).classify(text[:_CHARACTERS])[0]
    return code


@cache
def _identifier_of_all(expected: tuple[str, ...]) -> Any:  # noqa: ANN401 - py3langid carries no types
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    stored = LanguageIdentifier.from_model_file(MODEL_FILE)
    weights = [_EXPECTATION if _SHORTER.get(code, code) in expected else 0.0 for code in stored.nb_classes]
    # It is stored in half precision, in which NumPy computes at half the speed; the values stay what they are.
    table = stored.nb_ptc.astype(np.float32)
    priors = stored.nb_pc + np.array(weights, np.float32)
    automaton = stored.tk_nextmove, stored.tk_output
    return LanguageIdentifier(table, priors, stored.nb_classes, *automaton, norm_probs=True, tk_row=stored.tk_row)


@cache
def _identifier(languages: tuple[str, ...]) -> Any:  # noqa: ANN401 - py3langid carries no types
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(languages))
    return identifier
