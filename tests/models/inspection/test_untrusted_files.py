"""Whoever makes a model's folder cannot make us hang, crash, run code or read other files: it is refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.models.inspection.hostile_folders import FOLDERS

ADVICE = (
    "Get the file again",
    "Get revision",
    "Remove it",
    "Put the file itself",
    "Merge it",
    "Use a ",
    "Correct the ",
)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, dict[str, Any]]]:
    root = tmp_path_factory.mktemp("hostile")
    command = [sys.executable, "-m", "tests.models.inspection.hostile_folders", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    answers = map(json.loads, (root / "answers.jsonl").read_text().splitlines())
    return root, done.stdout + done.stderr, {answer["name"]: answer for answer in answers}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_hostile_folder_is_refused_with_what_is_wrong_and_what_to_do(
    printed: tuple[Path, str, dict[str, dict[str, Any]]], name: str
) -> None:
    root, _, answers = printed
    answer = answers[name]
    assert FOLDERS[name][1] in answer["err"]
    assert answer["code"] == 2
    assert answer["err"].startswith("mh-batch: ")
    assert str(root) in answer["err"], "it names the file"
    assert any(advice in answer["err"] for advice in ADVICE)
    assert answer["out"] == ""


def test_refusing_takes_neither_time_nor_memory_and_prints_nothing_else(
    printed: tuple[Path, str, dict[str, dict[str, Any]]],
) -> None:
    _, outside, answers = printed
    assert len(answers) == len(FOLDERS) >= 30
    assert "Traceback" not in outside
    assert "panicked" not in outside
    slow = {name: answer["seconds"] for name, answer in answers.items() if answer["seconds"] > 5}
    large = {name: answer["mib"] for name, answer in answers.items() if answer["mib"] > 500}
    assert (slow, large) == ({}, {})
