"""The base of all settings, and their filling from a YAML file and flags."""

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from mh_batch.errors import SettingsError, nearest


def as_list(value: object) -> object:
    """Let one value stand for a list of one."""
    return [value] if isinstance(value, str | Path | int) else value


S = TypeVar("S", bound=BaseModel)
Value = str | int | float | bool
Names = Annotated[tuple[str, ...], BeforeValidator(as_list)]
Sizes = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(as_list)]


class Settings(BaseModel):
    """Typed, frozen settings that know no other names than their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def load_settings(kind: type[S], file: Path | None, flags: Mapping[str, Any]) -> S:
    """Fill settings from a YAML file and from flags; flags win.

    Args:
        kind: The settings to fill.
        file: YAML file with some of them, or None.
        flags: Those that were given otherwise, by name.

    Raises:
        SettingsError: a key is unknown or a value bad; the message names the nearest right key.
    """
    merged = {**(read_yaml(file) if file else {}), **flags}
    try:
        return kind.model_validate(merged)
    except ValidationError as error:
        problems = [_explain(kind, problem) for problem in error.errors(include_url=False)]
        raise SettingsError("; ".join(problems)) from None


def read_yaml(file: Traversable) -> dict[str, Any]:
    """Return the keys and values of a YAML file; a hyphen in a key is an underscore.

    Raises:
        SettingsError: the file cannot be read, or holds something else.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the configuration file {file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"the configuration file {file} is not valid YAML: {_where(error)}") from None
    if content is not None and not isinstance(content, dict):
        raise SettingsError(f"the configuration file {file} must hold keys and values")
    return {str(key).replace("-", "_"): value for key, value in (content or {}).items()}


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else type(error).__name__


def _explain(kind: type[BaseModel], problem: Any) -> str:  # noqa: ANN401 - pydantic's error details are a loose dict
    path = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        return f"unknown setting '{path[0]}': {nearest(path[0], kind.model_fields)}"
    if problem["type"] == "missing":
        return f"the setting '{path[0]}' is missing (--{path[0].replace('_', '-')})"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "literal_error":
        choices = problem["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        message = f"'{problem['input']}' is none of them: {nearest(str(problem['input']), choices)}"
    return f"bad value for '{'.'.join(path)}': {message}" if path else message
