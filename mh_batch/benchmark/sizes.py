"""Measurements over sizes: a warm-up, one measurement of each size, and a file of figures."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    F = TypeVar("F", bound=DataclassInstance)


def measure_sizes(
    measure: Callable[[Path, int], F], sizes: Sequence[int], warm_up: int, figures: Path, say: Callable[[str], None]
) -> list[F]:
    """Measure each size in a scratch folder, after a small one, so that Spark has compiled its code.

    Args:
        measure: Takes the scratch folder, which it leaves empty, and a size.
        sizes: What to measure.
        warm_up: Size of what is measured first and forgotten.
        figures: JSON file for the figures; the scratch folder stands beside it.
        say: Told which size is measured.
    """
    figures.parent.mkdir(parents=True, exist_ok=True)
    found = []
    with tempfile.TemporaryDirectory(dir=figures.parent) as scratch:
        measure(Path(scratch), warm_up)
        for size in sizes:
            say(f"measuring {size:,}")
            found.append(measure(Path(scratch), size))
    figures.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")
    return found
