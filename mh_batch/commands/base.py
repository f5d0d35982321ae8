"""The form of a command."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from mh_batch.common.console import add_volume_flags
from mh_batch.common.flags import Parser, add_flags, given_flags
from mh_batch.settings import load_settings

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Parser]

EPILOG = (
    "What the models say is an indicator, not a diagnosis. Exit codes: 2 usage, 3 validation, 4 drift where asked for, "
    "1 any other failure."
)

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True)
class Command(Generic[S]):
    """A command of `mh-batch`, or an operation of one, whose flags come from its settings.

    Its module imports Spark, models and whatever else takes time when it runs, not before: `mh-batch --help` imports
    the modules of all commands.

    Attributes:
        name: As it is typed.
        settings: Type of its settings.
        run: Carries it out with these settings, prints its results, and returns the exit code.
        help: What it does, in a line that begins with a verb and ends without a full stop.
        takes_file: Whether a YAML file may hold the settings as well.
        check_flags: Refuses settings that must not be given as flags.
        add_arguments: Adds arguments that do something instead of the command.
    """

    name: str
    settings: type[S]
    run: Callable[[S], int]
    help: str
    takes_file: bool = True
    check_flags: Callable[[Mapping[str, Any]], None] | None = None
    add_arguments: Callable[[Parser], None] | None = None

    def add_to(self, subparsers: Subparsers) -> None:
        """Add its parser to those of the other commands."""
        parser = _subparser(subparsers, self.name, self.help)
        parser.set_defaults(command=self)
        if self.takes_file:
            parser.add_argument("--config", type=Path, help="YAML file with the same settings; flags win over it")
        add_flags(parser, self.settings)
        if self.add_arguments:
            self.add_arguments(parser)
        add_volume_flags(parser)

    def execute(self, arguments: argparse.Namespace) -> int:
        """Carry it out as a command line says; return the exit code."""
        flags = given_flags(arguments, self.settings)
        if self.check_flags:
            self.check_flags(flags)
        return self.run(load_settings(self.settings, arguments.config if self.takes_file else None, flags))


@dataclass(frozen=True)
class CommandGroup:
    """A command that is one of several operations.

    Attributes:
        name: As it is typed.
        help: What its operations have in common, as of a command.
        operations: Commands whose names follow its own.
    """

    name: str
    help: str
    operations: tuple[Command[Any], ...]

    def add_to(self, subparsers: Subparsers) -> None:
        """Add its parser, with those of the operations, to those of the other commands."""
        parser = _subparser(subparsers, self.name, self.help)
        operations = parser.add_subparsers(title="operations", required=True, metavar="OPERATION")
        for operation in self.operations:
            operation.add_to(operations)


def _subparser(subparsers: Subparsers, name: str, text: str) -> Parser:
    parser = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=EPILOG)
    parser.set_defaults(parser=parser)
    return parser
