"""What groups are called on the page."""

from functools import cache
from importlib.resources import files

import yaml

from mh_batch.corpus.language import UNDETERMINED
from mh_batch.reporting.groupings import ALL, UNKNOWN

_OF_LANGUAGES = {ALL: "all languages", UNDETERMINED: "language undetermined"}


def group_name(dimension: str, value: str) -> str:
    """Return what readers call a group: a language by its English name, others as the corpus does."""
    if value == UNKNOWN:
        return f"{dimension} unknown"
    if dimension == "language":
        return _OF_LANGUAGES.get(value) or _languages().get(value, value)
    return value


@cache
def _languages() -> dict[str, str]:
    path = files("mh_batch.reporting.page") / "languages.yaml"
    names: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return names
