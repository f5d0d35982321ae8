"""The families of models that are measured, each from a random checkpoint of its published size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mh_batch.benchmark.checkpoints import Kind
from mh_batch.benchmark.device.bench import Bench, problem_of
from mh_batch.benchmark.device.mixed_lengths import measure_own, measure_peers
from mh_batch.benchmark.device.samples import FreshTexts, Samples, TokenizingProcesses
from mh_batch.benchmark.device.single_lengths import compare_logits, measure_lengths
from mh_batch.inference import load_tokenizer, release_memory
from mh_batch.inference.engines import Engine
from mh_batch.inference.engines.transfer import cudnn_attention
from mh_batch.inference.execution import DTYPES
from mh_batch.inference.scorer_loading import load_engine


@dataclass(frozen=True)
class ModelFamily:
    """A family of models.

    Attributes:
        kind: Random checkpoint that stands for it.
        tokenizer: Name of the folder with its vocabulary.
        shipped: Small model of the family that ships with this package.
        lengths: Tokens of the windows that are measured alone.
    """

    kind: Kind
    tokenizer: str
    shipped: str
    lengths: tuple[int, ...]


FAMILIES = {
    "xlm-roberta": ModelFamily("xlm-roberta-base", "xlm-roberta", "xlmr-depression-mini", (32, 128, 512)),
    "longformer": ModelFamily(
        "longformer-base", "roberta", "longformer-mental-health-mini", (32, 128, 512, 1024, 4096)
    ),
}


def measure_family(
    bench: Bench, corpus: Sequence[str], lengths: Sequence[int], processes: int, with_peers: bool, is_cudnn_kept: bool
) -> None:
    """Measure ours and, if asked for, the peers: on texts of many lengths, and at single lengths.

    Args:
        bench: The model on the device.
        corpus: Texts.
        lengths: Tokens of the windows that are measured alone.
        processes: Processes that tokenise.
        with_peers: Measure the peers as well.
        is_cudnn_kept: Leave cuDNN's attention to the peers also where each batch is of a new shape.
    """
    tokenizer = load_tokenizer(bench.model)
    frame = tokenizer.frame(bench.model.card.max_tokens, bench.model.card.overlap)
    fresh = FreshTexts(corpus)
    with TokenizingProcesses(bench.model.tokenizer_folder, processes) as pool:
        samples = Samples(fresh, pool, bench.config, frame)
        measure_own(bench, samples)
        ours = measure_lengths(bench, "engine", _own_engine(bench), lengths)
        release_memory()
        if with_peers:
            with cudnn_attention(is_cudnn_kept):
                measure_peers(bench, samples, tokenizer.pad_id)
            reference = _reference(bench, lengths)
            if reference is not None:
                # Shapes that stay are what cuDNN's attention is made for.
                with cudnn_attention(True):
                    compare_logits(bench, ours, measure_lengths(bench, "hugging_face", reference, lengths))
    bench.record({"distinct_in_corpus": len(set(corpus)), "given": fresh.given, "made": fresh.made}, "mixed", "texts")


def _own_engine(bench: Bench) -> Engine:
    return load_engine(bench.model, bench.execution, bench.device)


def _reference(bench: Bench, lengths: Sequence[int]) -> Engine | None:
    try:
        from mh_batch.inference.engines.huggingface import HuggingFaceEngine

        dtype = DTYPES[bench.execution.precision]
        return HuggingFaceEngine(bench.model.folder, bench.device, dtype)
    except Exception as error:  # one candidate's end is not the others'
        problem = {"problem": problem_of(error)}
    for length in lengths:
        bench.record(problem, "lengths", str(length), "hugging_face")
    return None
