import pytest
import torch

from mh_batch.benchmark.device.bench import problem_of


def test_what_keeps_a_candidate_from_being_measured_is_named_without_quoting_a_text() -> None:
    assert problem_of(ModuleNotFoundError("No module", name="transformers")) == "transformers is not installed"
    assert problem_of(torch.OutOfMemoryError("tried to allocate 9 GiB")) == "out of memory"
    said = problem_of(RuntimeError("cannot read 'a secret'"))
    assert said.startswith("RuntimeError")
    assert "secret" not in said


def test_a_device_that_is_of_no_use_any_more_ends_the_benchmark() -> None:
    with pytest.raises(torch.AcceleratorError):
        problem_of(torch.AcceleratorError("an illegal memory access was encountered"))
