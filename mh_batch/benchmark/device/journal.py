"""A JSON file of a benchmark's findings, written again with each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Journal:
    """A JSON file that grows with each finding, so that a run that is killed leaves what it measured."""

    def __init__(self, file: Path) -> None:
        """Begin the file; whatever lies there is replaced."""
        self._file = file
        self.found: dict[str, Any] = {}
        file.parent.mkdir(parents=True, exist_ok=True)
        self._write()

    def note(self, value: Any, *path: str) -> None:  # noqa: ANN401 - whatever JSON holds
        """Keep a finding under the names of a path, and write the file."""
        place = self.found
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = value
        self._write()

    def _write(self) -> None:
        fresh = self._file.with_name(self._file.name + ".new")
        fresh.write_text(json.dumps(self.found, indent=2) + "\n", encoding="utf-8")
        fresh.replace(self._file)
