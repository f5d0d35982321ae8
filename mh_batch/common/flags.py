"""Command-line flags made from settings, so that a setting is described in one place."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mh_batch.errors import SettingsError, UsageError, nearest


@dataclass(frozen=True)
class Argument:
    """The form of a setting on the command line where its type does not say it: `Annotated[str, Argument(...)]`.

    Attributes:
        is_positional: It has no flag: what is no flag's value is its value.
        is_repeated: Of several values, each has its flag, since what follows the first is no value of it.
    """

    is_positional: bool = False
    is_repeated: bool = False


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are our errors: exit code 2, with the nearest right flag."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - argparse's own arguments
        """Accept whole flags only: an abbreviation would change its meaning when a flag is added."""
        super().__init__(*args, **{**kwargs, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of leaving the process; a wrong choice is answered with the nearest right one."""
        wrong = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if wrong:
            message = f"no command '{wrong[1]}': {nearest(wrong[1], wrong[2].replace(chr(39), '').split(', '))}"
        raise UsageError(f"{message} (see {self.prog} --help)")

    def check_unknown(self, unknown: list[str]) -> None:
        """Raise SettingsError for the first argument that the parser does not know."""
        if unknown:
            flag = unknown[0].partition("=")[0]
            known = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
            raise SettingsError(f"unknown argument '{flag}': {nearest(flag, known)}")


def add_flags(parser: argparse.ArgumentParser, settings: type[BaseModel]) -> None:
    """Add one flag for each field of `settings`. A flag that is not given leaves no trace in the namespace."""
    for name, field in _by_flag(settings).items():
        argument = _argument(field)
        kind: dict[str, Any] = {"default": argparse.SUPPRESS, "help": _help(field), **_kind(field, argument)}
        if argument.is_positional:
            parser.add_argument(name, **kind)
        else:
            parser.add_argument("--" + name.replace("_", "-"), dest=name, **kind)


def given_flags(namespace: argparse.Namespace, settings: type[BaseModel]) -> dict[str, Any]:
    """Return the settings that were given as flags."""
    names = _by_flag(settings)
    return {name: value for name, value in vars(namespace).items() if name in names}


def _by_flag(settings: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by what they are called outside: a field cannot have the name of something that pydantic defines."""
    return {field.alias or name: field for name, field in settings.model_fields.items()}


def _argument(field: FieldInfo) -> Argument:
    return next((one for one in field.metadata if isinstance(one, Argument)), Argument())


def _help(field: FieldInfo) -> str:
    plain = isinstance(field.default, str | int | float) and field.annotation is not bool
    default = f" (default: {field.default})" if plain else ""
    return f"{field.description}{default}".replace("%", "%%")


def _kind(field: FieldInfo, argument: Argument) -> dict[str, Any]:
    origin = get_origin(field.annotation)
    if argument.is_positional:
        return {"nargs": "*" if origin is tuple else "?"}
    if argument.is_repeated:
        return {"action": "append", "metavar": "VALUE"}
    if field.annotation is bool:
        return {"action": "store_true"}
    if origin is tuple:
        return {"nargs": "+", "action": "extend", "metavar": "NAME"}
    if origin is Mapping:
        return {"action": _Pairs, "nargs": "+", "metavar": "NAME=VALUE"}
    choices = [str(choice) for choice in get_args(field.annotation) if isinstance(choice, str)]
    return {"metavar": "|".join(choices) or "VALUE"}


class _Pairs(argparse.Action):
    """Collects `a=1,b=2`, `a=1 b=2` and repeated flags into one mapping."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - argparse's own signature
        option_string: str | None = None,
    ) -> None:
        """Add the pairs of one flag."""
        pairs = dict(getattr(namespace, self.dest, {}))
        for pair in ",".join(values).split(","):
            name, separator, value = pair.partition("=")
            if not separator or not name.strip() or not value.strip():
                parser.error(f"{option_string} takes NAME=VALUE pairs, not '{pair}'")
            pairs[name.strip()] = value.strip()
        setattr(namespace, self.dest, pairs)
