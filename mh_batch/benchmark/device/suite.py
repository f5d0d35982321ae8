"""The whole benchmark of a device, part by part."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from mh_batch.benchmark.agreement import measure_agreement
from mh_batch.benchmark.checkpoints import random_checkpoint
from mh_batch.benchmark.device.bench import Bench, FindingsFile
from mh_batch.benchmark.device.families import FAMILIES, ModelFamily, measure_family
from mh_batch.benchmark.device.rounds import Pace
from mh_batch.benchmark.peak import matrix_speeds
from mh_batch.benchmark.text_files import read_text_file
from mh_batch.common.console import announce
from mh_batch.common.hardware import cores, processor, versions_of
from mh_batch.errors import PlatformError, SettingsError
from mh_batch.inference import Precision, best_precision, choose_execution
from mh_batch.models import locate_model
from mh_batch.models.checkpoint import read_config
from mh_batch.settings import DeviceBenchmarkSettings

_VERSIONS_OF = ("torch", "triton", "tokenizers", "safetensors", "numpy", "transformers", "sentence-transformers")
_NOTES = {
    "fresh": "No text, and no batch of ids, is given twice in a family. When the corpus is used up, texts are made of "
    "the first half of one and the second half of another of about as many words.",
    "precision": "All candidates compute in the same precision.",
    "share_of_peak": "Operations of the matrix products that the architecture defines for each window by its own "
    "length, padding not counted, against the fastest matrix product; over the wall time, tokenising included where a "
    "candidate starts from texts.",
    "cudnn_attention": "Peers on mixed texts run without cuDNN's attention, which would plan for each new shape, "
    "unless --cudnn-attention is given; at single lengths with it.",
}
_STARTED = time.perf_counter()
_SMALL_LENGTHS = (8, 32)


def measure_device(settings: DeviceBenchmarkSettings) -> None:
    """Measure what the settings ask for; the findings so far are in their output file at any time.

    Raises:
        SettingsError: the texts or a tokenizer cannot be read.
        PlatformError: the device is not there.
    """
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise PlatformError("PyTorch finds no GPU here: --device cpu measures the processor")
    corpora = _corpora(settings)
    tokenizers = {name: _tokenizer(settings, FAMILIES[name]) for name in FAMILIES if name in settings.only}
    device = "cuda:0" if settings.device == "cuda" else "cpu"
    precision: Precision = best_precision(device) if settings.precision == "auto" else settings.precision
    findings = FindingsFile(settings.output)
    findings.record(_machine(device), "machine")
    findings.record(settings.model_dump(mode="json"), "settings")
    findings.record(_NOTES, "notes")
    _say(f"matrix products in {precision}")
    speeds = matrix_speeds(precision, device, 0.05 if settings.small else 1.0)
    peak = max(speeds.values())
    findings.record({"precision": precision, "operations_per_second": peak, "products": speeds}, "matrix_peak")
    _say(f"  {peak / 1e12:,.2f} TFLOP/s")
    for name, tokenizer in tokenizers.items():
        _family(settings, name, tokenizer, corpora[name], precision, device, peak, findings)
    if "agreement" in settings.only and precision != "fp32":
        _agreements(settings, corpora, precision, device, findings)
    findings.record(time.perf_counter() - _STARTED, "seconds")


def _family(
    settings: DeviceBenchmarkSettings,
    name: str,
    tokenizer: Path,
    corpus: Sequence[str],
    precision: Precision,
    device: str,
    peak: float,
    findings: FindingsFile,
) -> None:
    family = FAMILIES[name]
    with tempfile.TemporaryDirectory() as folder:
        _say(f"{name}: random weights")
        model = locate_model(str(random_checkpoint(family.kind, tokenizer, Path(folder) / family.kind, settings.small)))
        bench = Bench(
            name=name,
            model=model,
            config=read_config(model.folder),
            execution=choose_execution(model, "auto", precision),
            device=device,
            batch_tokens=256 if settings.small else settings.batch_tokens,
            pace=Pace(settings.rounds, settings.seconds, peak),
            first_texts=256 if device != "cpu" else 8,
            most_texts=32 if settings.small else settings.most_texts,
            findings=findings,
            say=_say,
        )
        bench.record({key: bench.config[key] for key in sorted(bench.config) if key != "architectures"}, "config")
        lengths = _SMALL_LENGTHS if settings.small else family.lengths
        processes = settings.processes or cores()
        measure_family(bench, corpus, lengths, processes, settings.peers == "all", settings.cudnn_attention)


def _agreements(
    settings: DeviceBenchmarkSettings,
    corpora: dict[str, list[str]],
    precision: Precision,
    device: str,
    findings: FindingsFile,
) -> None:
    found: list[dict[str, Any]] = []
    for name in settings.models:
        model = locate_model(name)
        is_long = read_config(model.folder).get("model_type") == "longformer"
        texts = corpora["longformer" if is_long else "xlm-roberta"]
        (agreement,) = measure_agreement(model, texts, [precision], device, _say)
        found.append({"model": model.card.name, **asdict(agreement)})
        findings.record(found, "agreements")


def _corpora(settings: DeviceBenchmarkSettings) -> dict[str, list[str]]:
    texts = read_text_file(settings.texts)
    return {"xlm-roberta": texts, "longformer": read_text_file(settings.long_texts) if settings.long_texts else texts}


def _tokenizer(settings: DeviceBenchmarkSettings, family: ModelFamily) -> Path:
    if settings.tokenizers is None:
        return locate_model(family.shipped).tokenizer_folder
    folder = settings.tokenizers / family.tokenizer
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if not (folder / name).is_file():
            raise SettingsError(f"{folder} holds no {name}")
    return folder


def _machine(device: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "device": processor(),
        "processor": processor(),
        "cores": cores(),
        "python": platform.python_version(),
        "versions": versions_of(_VERSIONS_OF),
    }
    if device != "cpu":
        about = torch.cuda.get_device_properties(device)
        found |= {"device": about.name, "device_memory": about.total_memory, "cuda": torch.version.cuda}
    return found


def _say(message: str) -> None:
    announce(f"[{time.perf_counter() - _STARTED:5.0f} s] {message}")
