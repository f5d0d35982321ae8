import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mh_batch.benchmark.runner import Result, candidate_command, largest_difference


def test_differences_compare_the_same_texts_only() -> None:
    one, other = Result("a", probabilities=[[0.1, 0.9], [0.5, 0.5]]), Result("b", probabilities=[[0.2, 0.8]])
    assert largest_difference(one, other) == pytest.approx(0.1)
    assert largest_difference(one, Result("c")) is None
    assert np.isclose(Result("d", 10, [1.0, 2.0, 4.0]).texts_per_second or 0, 5.0)


def test_a_python_that_finds_nothing_of_ours_starts_a_candidate() -> None:
    command = candidate_command(Path("/another/python"))
    done = subprocess.run([sys.executable, "-I", "-S", *command[1:]], capture_output=True, text=True, check=False)
    assert "serve() missing 2 required positional arguments" in done.stderr
