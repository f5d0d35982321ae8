"""YAML files that must hold what a model says."""

from collections.abc import Iterable
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mh_batch.errors import SettingsError, nearest
from mh_batch.settings.base import read_yaml

M = TypeVar("M", bound=BaseModel)


def read_checked(kind: type[M], file: Traversable, fields: Iterable[str]) -> M:
    """Return what a YAML file holds.

    Args:
        kind: What it must hold.
        file: The file.
        fields: All names of fields that may stand in it, to name the nearest to an unknown one.

    Raises:
        SettingsError: it cannot be read, or a field is wrong; the message says which and how to put it right.
    """
    try:
        return kind.model_validate(read_yaml(file))
    except ValidationError as error:
        problems = [_explain(problem, fields) for problem in error.errors(include_url=False)]
        raise SettingsError(f"{file}: {'; '.join(dict.fromkeys(problems))}") from None


def _explain(problem: Any, fields: Iterable[str]) -> str:  # noqa: ANN401 - pydantic's error details are a loose dict
    place = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"{place}: there is no such field; {nearest(str(problem['loc'][-1]), fields)}"
    if problem["type"] == "missing":
        return f"{place} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
