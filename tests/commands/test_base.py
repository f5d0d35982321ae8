"""Commands are registered once, and take the same flags."""

import argparse
import re
from pathlib import Path
from typing import Any

import pytest

from mh_batch import cli, commands
from mh_batch.commands import COMMANDS
from mh_batch.commands.base import Command, CommandGroup
from mh_batch.common.flags import Parser
from mh_batch.errors import SettingsError, UsageError
from mh_batch.settings.base import Settings

MODULES = sorted(path.stem for path in Path(commands.__path__[0]).glob("*_command.py"))

# By what is typed, operations after the names of their groups.
TYPED: dict[str, Command[Any]] = {
    **{one.name: one for one in COMMANDS if isinstance(one, Command)},
    **{f"{one.name} {each.name}": each for one in COMMANDS if isinstance(one, CommandGroup) for each in one.operations},
}


class SomeSettings(Settings):
    """Settings of a command that only this test has."""

    output: str
    rows: int = 3


def test_every_module_of_a_command_is_registered_once() -> None:
    registered = [getattr(commands, module).COMMAND for module in MODULES]
    assert sorted(map(id, registered)) == sorted(map(id, COMMANDS))


def test_a_module_has_the_name_of_its_command() -> None:
    assert [getattr(commands, module).COMMAND.name.replace("-", "_") + "_command" for module in MODULES] == MODULES


def test_names_are_unique() -> None:
    names = [command.name for command in COMMANDS]
    assert len({*names}) == len(names)
    for group in (one for one in COMMANDS if isinstance(one, CommandGroup)):
        assert len({operation.name for operation in group.operations}) == len(group.operations)


def test_the_help_names_every_command_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    listed = re.findall(r"^ {4}([\w-]+)(?:\s|$)", capsys.readouterr().out, re.MULTILINE)
    assert listed == [command.name for command in COMMANDS]


@pytest.mark.parametrize("typed", TYPED)
def test_each_command_tells_of_each_setting_and_of_quiet_and_verbose(
    typed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    command = TYPED[typed]
    with pytest.raises(SystemExit) as ended:
        cli.main([*typed.split(), "--help"])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    said = " ".join(out.split())
    assert command.help[0].upper() + command.help[1:] + "." in said
    assert ("--config" in said) == command.takes_file
    for name, field in command.settings.model_fields.items():
        assert (field.alias or name).replace("_", "-") in said
        assert " ".join(str(field.description).split()) in said
    assert "[--quiet | --verbose]" in said


def test_quiet_and_verbose_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "--quiet", "--verbose"]) == 2
    assert "not allowed with argument" in capsys.readouterr().err


def executed(command: Command[Any] | CommandGroup, *arguments: str) -> int:
    parser = Parser(prog="program")
    command.add_to(parser.add_subparsers())
    namespace = parser.parse_args(arguments)
    code: int = namespace.command.execute(namespace)
    return code


def test_a_command_runs_with_its_settings_from_flags_and_file(tmp_path: Path) -> None:
    command = Command("count", SomeSettings, lambda settings: settings.rows, "count rows")
    file = tmp_path / "count.yaml"
    file.write_text("output: here\nrows: 4\n")
    assert executed(command, "count", "--output", "there") == 3
    assert executed(command, "count", "--config", str(file)) == 4
    assert executed(command, "count", "--config", str(file), "--rows", "5") == 5
    with pytest.raises(SettingsError, match=r"'output' is missing \(--output\)"):
        executed(command, "count")


def test_a_command_may_take_no_file_and_refuse_flags() -> None:
    def check(flags: object) -> None:
        raise UsageError(f"not {flags}")

    command = Command("count", SomeSettings, lambda settings: 0, "count rows", takes_file=False, check_flags=check)
    with pytest.raises(UsageError, match="--config"):
        executed(command, "count", "--config", "x.yaml")
    with pytest.raises(UsageError, match=re.escape("not {'rows': 'x'}")):
        executed(command, "count", "--rows", "x")


def test_an_operation_follows_the_name_of_its_group() -> None:
    stats = Command("stats", SomeSettings, lambda settings: settings.rows, "show rows")
    group = CommandGroup("store", "look after a store", (stats,))
    assert executed(group, "store", "stats", "--output", "o", "--rows", "7") == 7
    with pytest.raises(UsageError, match="OPERATION"):
        executed(group, "store")


def test_the_parser_is_there_for_documentation() -> None:
    parser = cli.parser()
    (subparsers,) = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    assert [*subparsers.choices] == [command.name for command in COMMANDS]
