"""A benchmark of one checkpoint: candidates in turns, batches of given shapes, and precisions against fp32."""

from __future__ import annotations

import importlib.util
import random
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from mh_batch.benchmark.agreement import measure_agreement
from mh_batch.benchmark.candidates.base import Spec
from mh_batch.benchmark.candidates.process import CANDIDATES
from mh_batch.benchmark.checkpoints import random_checkpoint
from mh_batch.benchmark.job_costs import measure_lookups, measure_reports
from mh_batch.benchmark.peak import matrix_peak
from mh_batch.benchmark.pipeline import measure_pipeline
from mh_batch.benchmark.results import Findings, write_benchmark
from mh_batch.benchmark.runner import OWN_PYTHON, PEER_PACKAGES, Result, compete, peer_python
from mh_batch.benchmark.shapes import measure_shapes
from mh_batch.benchmark.text_files import read_text_file, write_text_file
from mh_batch.common.console import announce
from mh_batch.errors import SettingsError, nearest
from mh_batch.inference import TextTokenizer, best_precision
from mh_batch.inference.engines import exact
from mh_batch.models import Model, locate_model
from mh_batch.models.checkpoint import read_config
from mh_batch.settings import BenchmarkSettings

_ON_SPARK = ("job-fp32", "job-half", "predict-batch-udf")
_OWN = ("engine-fp32", "engine-half", "job-fp32", "job-half")
_BASIC = ("seed-loop", "pipeline", "predict-batch-udf")
_SAMPLE_FOR_TOKENS = 2000
_SYNTHETIC_TEXTS = 5000


def run_benchmark(settings: BenchmarkSettings) -> str:
    """Measure what the settings ask for, write it to their output folder, and return the table.

    Raises:
        SettingsError: a candidate is unknown, or the texts or the checkpoint cannot be used.
        PlatformError: the peers cannot be installed.
    """
    if settings.pipeline:
        return measure_pipeline(settings.pipeline, settings.output, announce)
    if settings.lookup:
        return measure_lookups(settings.lookup, settings.output, announce)
    if settings.report:
        return measure_reports(settings.report, settings.output, announce)
    names, threads = _names(settings), settings.threads or torch.get_num_threads()
    settings.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        model = _model(settings, Path(name) / "model")
        half = best_precision(settings.device)
        texts = _texts(settings, Path(name))
        tokens = _tokens_per_text(model, texts)
        shapes = [_shape(text, model) for text in settings.shapes]
        torch.set_num_threads(threads)
        # First, since a precision that the model cannot have must not cost an hour of measurements.
        agreements = measure_agreement(model, read_text_file(texts), settings.agreement, settings.device, announce)
        candidates = _compete(names, settings, model, texts, threads, half) if names else []
        peaks: dict[str, float] = {
            precision: matrix_peak(precision, settings.device) for precision in dict.fromkeys(["fp32", half])
        }
        found = Findings(
            model=settings.random or model.card.name,
            texts=str(settings.texts or "synthetic posts"),
            tokens_per_text=tokens,
            threads=threads,
            peaks=peaks,
            results=candidates,
            shapes=measure_shapes(model.folder, shapes, peaks, settings.device, settings.rounds, announce)
            if shapes
            else [],
            agreements=agreements,
        )
    return write_benchmark(found, settings.output)


def _names(settings: BenchmarkSettings) -> list[str]:
    for name in settings.contestants:
        if name not in CANDIDATES:
            raise SettingsError(f"no candidate '{name}': {nearest(name, CANDIDATES)}")
    if settings.contestants or settings.peers == "none":
        return list(settings.contestants)
    return [*_OWN, *_BASIC, *(PEER_PACKAGES if settings.peers == "all" else ())]


def _compete(
    names: Sequence[str], settings: BenchmarkSettings, model: Model, texts: Path, threads: int, half: str
) -> list[Result]:
    missing = {name: why for name in names if (why := _why_missing(name, half))}
    peers = peer_python(settings.output / "peers") if set(names) & set(PEER_PACKAGES) else OWN_PYTHON
    spec = Spec(
        folder=str(model.folder),
        texts=str(texts),
        max_tokens=model.card.max_tokens,
        multi_label=model.card.task == "multi_label",
        threads=threads,
        half=half,
        device=settings.device,
    )
    measured = compete(
        [name for name in names if name not in missing],
        spec,
        settings.output,
        lambda name: peers if name in PEER_PACKAGES else OWN_PYTHON,
        settings.rounds,
        settings.round_seconds,
        announce,
    )
    by_name = {result.name: result for result in measured}
    return [by_name.get(name) or Result(name, problem=missing[name]) for name in names]


def _why_missing(name: str, half: str) -> str | None:
    if name in _ON_SPARK and importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed"
    # Half would be fp32 again.
    return "no fast half precision" if name.endswith("-half") and half == "fp32" else None


def _model(settings: BenchmarkSettings, target: Path) -> Model:
    if settings.random is None:
        return locate_model(settings.model, settings.models_dir)
    if settings.tokenizer is None:
        raise SettingsError("--random needs --tokenizer: a folder with tokenizer.json and tokenizer_config.json")
    return locate_model(str(random_checkpoint(settings.random, settings.tokenizer, target)))


def _texts(settings: BenchmarkSettings, folder: Path) -> Path:
    """Distinct texts in random order, so that the first few stand for all."""
    rng = random.Random(0)
    found = sorted(set(_synthetic(rng) if settings.texts is None else read_text_file(settings.texts)))
    rng.shuffle(found)
    target = folder / "texts.jsonl"
    write_text_file(found[: settings.documents], target)
    return target


def _synthetic(rng: random.Random) -> list[str]:
    """Posts of a few words to a few sentences in six languages."""
    from mh_batch.datasets import LANGUAGES, STATES, load_grammar

    return [
        load_grammar(rng.choice(LANGUAGES)).text((rng.choice(STATES),), rng.randint(3, 90), rng)
        for _ in range(_SYNTHETIC_TEXTS)
    ]


def _tokens_per_text(model: Model, texts: Path) -> float:
    sample = read_text_file(texts)[:_SAMPLE_FOR_TOKENS]
    return TextTokenizer(model.tokenizer_folder).encode(sample).tokens / len(sample)


def _shape(text: str, model: Model) -> tuple[int, int]:
    found = re.fullmatch("([1-9][0-9]*)x([1-9][0-9]*)", text)
    if found is None:
        raise SettingsError(f"'{text}' is no shape: write windows and tokens, such as 16x64")
    if not exact.fits(model.folder, read_config(model.folder)):
        raise SettingsError(f"no shapes of {model.card.name}: the exact engine does not know its architecture")
    windows, length = int(found[1]), int(found[2])
    if length > model.card.max_tokens:
        raise SettingsError(f"{model.card.name} takes {model.card.max_tokens:,} tokens, not {length:,}")
    return windows, length
