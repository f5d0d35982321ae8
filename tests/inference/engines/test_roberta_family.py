import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings, strategies as st

from mh_batch.inference.engines import exact
from tests.inference.engines.networks import drawn, logits_alone, longformer, xlmr
from tests.inference.engines.random_models import sequences


def assert_exact(network: Any, folder: Path, windows: list[list[int]], dtype: torch.dtype, tolerance: float) -> None:
    engine = exact.load(folder, json.loads((folder / "config.json").read_text()), "cpu", dtype)
    wanted = logits_alone(network, windows, dtype)
    assert np.abs(engine.logits(sequences(windows)) - wanted).max() <= tolerance


@settings(max_examples=15, deadline=None)
@given(
    reaches=st.lists(st.sampled_from([2, 4, 8, 40]), min_size=1, max_size=3),
    heads=st.sampled_from([1, 2, 4]),
    lengths=st.lists(st.integers(1, 200), min_size=1, max_size=6),
)
def test_longformer_of_any_window_is_exact_at_any_length(reaches: list[int], heads: int, lengths: list[int]) -> None:
    with TemporaryDirectory() as name:
        network = longformer([2 * reach for reach in reaches], heads, 200, Path(name))
        assert_exact(network, Path(name), drawn(lengths), torch.float64, 1e-10)


@settings(max_examples=15, deadline=None)
@given(
    layers=st.integers(1, 3),
    heads=st.sampled_from([1, 2, 4]),
    lengths=st.lists(st.integers(1, 64), min_size=1, max_size=12),
)
def test_xlmr_of_any_shape_is_exact_at_any_length(layers: int, heads: int, lengths: list[int]) -> None:
    with TemporaryDirectory() as name:
        network = xlmr(layers, heads, 64, Path(name))
        assert_exact(network, Path(name), drawn(lengths), torch.float64, 1e-10)


def test_longformer_is_exact_far_beyond_its_window(tmp_path: Path) -> None:
    network = longformer([64, 128], 4, 5000, tmp_path)
    assert_exact(network, tmp_path, drawn([1, 700, 4096, 5000]), torch.float64, 1e-10)
    assert_exact(network, tmp_path, drawn([1, 700, 4096, 5000]), torch.float32, 1e-4)
