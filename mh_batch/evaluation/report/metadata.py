"""Metadata of an evaluation, needed to read its figures: in sentences for people, in full for machines."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mh_batch._version import __version__
from mh_batch.common.hardware import cores, processor, versions_of
from mh_batch.evaluation.contenders import Predictions
from mh_batch.evaluation.data.labelled_data import LabelledData
from mh_batch.evaluation.data.labelled_texts import LabelledTexts
from mh_batch.evaluation.measures.speed import Speed
from mh_batch.evaluation.report.published_comparison import published_table
from mh_batch.models.labels import thresholds_of
from mh_batch.settings import EvaluationSettings

_VERSIONS_OF = ("torch", "onnxruntime", "transformers", "tokenizers", "numpy", "pyarrow", "pyspark")


def remarks_on(
    labelled: LabelledTexts, data: LabelledData, said: Sequence[Predictions], settings: EvaluationSettings
) -> list[str]:
    """Return what was measured on, and by which rules, in sentences.

    Args:
        labelled: All that was read.
        data: The rows that were measured on.
        said: Predictions of each contender.
        settings: Of the evaluation.
    """
    return [
        *_on_data(labelled, data, settings),
        *dict.fromkeys(remark for one in said for remark in _on_labels(one, data)),
        *_on_thresholds(said, settings),
        f"Intervals are 95 % percentile intervals of {settings.draws:,} bootstrap samples of "
        + ("authors with all they wrote." if len(set(data.clusters)) < len(data.clusters) else "rows."),
    ]


def _on_data(labelled: LabelledTexts, data: LabelledData, settings: EvaluationSettings) -> Iterator[str]:
    left_out = labelled.files.count - len(data.doc_ids)
    yield (
        f"Data: {', '.join(settings.data)}, {len(data.doc_ids):,} rows"
        + (f" ({left_out:,} more without a text or a label, or not scored by all models)" if left_out else "")
        + f"; labels: {labelled.how}."
    )
    if labelled.detected:
        yield "Languages that the data does not name were detected among those that the model cards name."
    if settings.reproduces:
        expected = published_table(settings.reproduces).rows
        if expected != labelled.files.count:
            yield (
                f"Given as the data of the published table {settings.reproduces}, which has {expected:,} rows; this "
                f"has {labelled.files.count:,}, so it is not the same."
            )


def _on_labels(one: Predictions, data: LabelledData) -> Iterator[str]:
    name = one.contender.model.card.name
    for mapping in one.contender.mappings:
        if not mapping.is_own:
            yield f"{name}: {' or '.join(mapping.sources)} stands for {mapping.label}, as its card says."
    languages = one.contender.model.card.languages
    foreign = int((~np.isin(data.groups["language"], languages)).sum()) if languages else 0
    if foreign:
        yield (
            f"{name} is for {', '.join(languages)}; {foreign:,} rows are in other languages. They count in its "
            "figures, so that models are compared on the same rows, but not in its error rates."
        )
    if silent := [label for label in data.labels if label not in one.contender.labels]:
        yield f"{name} says nothing of {', '.join(silent)}."


def _on_thresholds(said: Sequence[Predictions], settings: EvaluationSettings) -> Iterator[str]:
    if settings.threshold_criterion is None:
        yield "Thresholds are those of the cards; where a card names none, the most probable label is given."
        return
    for one in said:
        chosen = ", ".join(f"{label} from {value:.4f}" for label, value in one.thresholds.items())
        yield (
            f"{one.contender.title}: thresholds by {settings.threshold_criterion} on "
            f"{', '.join(settings.validation)}: {chosen}."
        )


def evaluation_metadata(
    labelled: LabelledTexts,
    data: LabelledData,
    said: Sequence[Predictions],
    speeds: Mapping[str, Speed],
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """Return what `evaluation.json` holds.

    Args:
        labelled: All that was read.
        data: The rows that were measured on.
        said: Predictions of each contender.
        speeds: By contender's title.
        settings: Of the evaluation.
    """
    return {
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": settings.model_dump(mode="json"),
        "versions": {"mh_batch": __version__, "python": platform.python_version(), **versions_of(_VERSIONS_OF)},
        "machine": {"processor": processor(), "cores": cores()},
        "data": {
            "files": list(labelled.files.files),
            "sha256": labelled.files.digest,
            "rows_read": labelled.files.count,
            "rows_measured": len(data.doc_ids),
            "labels": labelled.how,
            "languages_detected": labelled.detected,
        },
        "contenders": [_contender(one, speeds.get(one.contender.title)) for one in said],
    }


def _contender(one: Predictions, speed: Speed | None) -> dict[str, Any]:
    model, execution = one.contender.model, one.contender.execution
    return {
        **one.contender.key,
        "fingerprint": model.fingerprint(execution.precision),
        "origin": model.origin,
        "reads": {mapping.label: list(mapping.sources) for mapping in one.contender.mappings},
        "thresholds": one.thresholds or thresholds_of(model.card, {}),
        "thresholds_from": "criterion" if one.thresholds else "card",
        "speed": speed and {**asdict(speed), "texts_per_second": speed.texts_per_second},
    }
