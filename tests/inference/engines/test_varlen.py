"""Attention of a whole pack in one call, against Hugging Face's forward pass; the kernel is stood in for on a CPU."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st

from mh_batch.inference import TokenSequences
from mh_batch.inference.engines import exact, varlen
from mh_batch.inference.engines.encoder import PackedEncoder
from tests.inference.engines.networks import drawn, logits_alone, longformer, xlmr
from tests.inference.engines.varlen_stand_in import VarlenStandIn, varlen_stand_in

__all__ = ["varlen_stand_in"]  # a fixture

LONGEST = 5000
many = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def engine(folder: Path, dtype: torch.dtype = torch.float32) -> PackedEncoder:
    return exact.load(folder, json.loads((folder / "config.json").read_text()), "cpu", dtype, packing="varlen")


def assert_exact(network: Any, folder: Path, lengths: list[int], dtype: torch.dtype, tolerance: float) -> None:
    windows = drawn(lengths)
    wanted = logits_alone(network, windows, dtype)
    assert np.abs(engine(folder, dtype).logits(TokenSequences.of(windows)) - wanted).max() <= tolerance


@pytest.mark.usefixtures("varlen_stand_in")
@many
@given(
    reaches=st.lists(st.sampled_from([2, 4, 8, 40]), min_size=1, max_size=3),
    heads=st.sampled_from([1, 2, 4]),
    lengths=st.lists(st.integers(1, 200), min_size=1, max_size=8),
)
def test_longformer_of_any_window_is_exact_at_any_length(reaches: list[int], heads: int, lengths: list[int]) -> None:
    with TemporaryDirectory() as name:
        network = longformer([2 * reach for reach in reaches], heads, 200, Path(name))
        assert_exact(network, Path(name), lengths, torch.float64, 1e-10)


@pytest.mark.usefixtures("varlen_stand_in")
@many
@given(
    layers=st.integers(1, 3),
    heads=st.sampled_from([1, 2, 4]),
    lengths=st.lists(st.integers(1, 200), min_size=1, max_size=12),
)
def test_xlmr_of_any_shape_is_exact_at_any_length(layers: int, heads: int, lengths: list[int]) -> None:
    with TemporaryDirectory() as name:
        network = xlmr(layers, heads, 200, Path(name))
        assert_exact(network, Path(name), lengths, torch.float64, 1e-10)


@pytest.mark.usefixtures("varlen_stand_in")
def test_both_families_are_exact_from_one_token_to_thousands_in_one_pack(tmp_path: Path) -> None:
    lengths = [1, 2, 63, 64, 65, 257, 700, 4096, LONGEST, 17, 17, 17]
    for network, folder in (
        (longformer([64, 128, 512], 4, LONGEST, tmp_path / "longformer"), tmp_path / "longformer"),
        (xlmr(3, 4, LONGEST, tmp_path / "xlmr"), tmp_path / "xlmr"),
    ):
        assert_exact(network, folder, lengths, torch.float32, 1e-4)


@pytest.mark.parametrize(("family", "windows_of_calls"), [("xlmr", (-1, -1)), ("longformer", (8, 8))])
def test_a_pack_makes_one_call_a_layer_however_many_lengths_are_in_it(
    tmp_path: Path, varlen_stand_in: VarlenStandIn, family: str, windows_of_calls: tuple[int, int]
) -> None:
    if family == "xlmr":
        xlmr(4, 2, 700, tmp_path)
    else:
        longformer([16, 16, 16, 16], 2, 700, tmp_path)
    loaded, calls = engine(tmp_path), []
    for distinct in (1, 60, 600):
        varlen_stand_in.calls = 0
        loaded.logits(TokenSequences.of(drawn(list(range(20, 20 + distinct)) if distinct > 1 else [40, 40, 40])))
        calls.append(varlen_stand_in.calls)
    # Of the last layer the first tokens' rows alone are computed.
    assert calls == [3, 3, 3]
    assert set(varlen_stand_in.windows) == {windows_of_calls}


@pytest.mark.usefixtures("varlen_stand_in")
def test_first_tokens_read_all_windows_at_once_whatever_the_size_of_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = longformer([8, 8], 2, 300, tmp_path)
    for size in (16, 256):
        monkeypatch.setattr(varlen, "_BLOCKS", (size,))
        assert_exact(network, tmp_path, [1, size - 1, size, size + 1, 300], torch.float64, 1e-10)


@pytest.mark.usefixtures("varlen_stand_in")
def test_what_fills_a_pack_asks_for_no_position_beyond_the_table(tmp_path: Path) -> None:
    network = xlmr(2, 2, 130, tmp_path)
    assert_exact(network, tmp_path, [129] * 16, torch.float64, 1e-10)


@pytest.mark.usefixtures("varlen_stand_in")
def test_large_packs_are_filled_up_and_what_fills_them_says_nothing(tmp_path: Path) -> None:
    network = longformer([8, 8], 2, 400, tmp_path)
    assert_exact(network, tmp_path, [3, 399, 400, *range(40, 90)], torch.float64, 1e-10)


@pytest.mark.usefixtures("varlen_stand_in")
def test_half_precision_rounds_and_says_the_same(tmp_path: Path) -> None:
    longformer([8, 64], 4, 300, tmp_path)
    windows = TokenSequences.of(drawn([1, 5, 40, 299]))
    for dtype in (torch.bfloat16, torch.float16):
        wanted = engine(tmp_path).logits(windows)
        assert 0 < np.abs(engine(tmp_path, dtype).logits(windows) - wanted).max() <= 0.05 * np.abs(wanted).max()


def test_a_cpu_keeps_the_exact_way_in_any_precision() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        assert not varlen.is_supported(torch.device("cpu"), dtype, 64)


def test_a_kernel_that_says_something_else_is_not_used(
    monkeypatch: pytest.MonkeyPatch, varlen_stand_in: VarlenStandIn
) -> None:
    cpu = torch.device("cpu")

    def agrees() -> bool:
        exact.varlen_agrees.cache_clear()
        return exact.varlen_agrees(cpu, torch.float32, 16)

    def without_band(*arguments: Any, window_size: tuple[int, int] = (-1, -1), **options: Any) -> Any:
        return varlen_stand_in(*arguments, **options)

    def unbuilt(*arguments: Any, **options: Any) -> Any:
        raise RuntimeError("FlashAttention only supports Ampere GPUs or newer.")

    assert agrees()
    for kernel in (without_band, unbuilt):
        monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", kernel)
        assert not agrees()
    exact.varlen_agrees.cache_clear()
    monkeypatch.setattr(exact, "is_supported", lambda *asked: True)
    assert exact.best_packing(cpu, torch.float32, 16) == "stretches"
    exact.varlen_agrees.cache_clear()
