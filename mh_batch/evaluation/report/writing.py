"""The writer of an evaluation: tables for machines, Markdown and a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.evaluation.data.labelled_data import ALL
from mh_batch.evaluation.measures.error_rates import error_rates_as_yaml
from mh_batch.evaluation.report.comparison_page import labels_shown, render_evaluation_page, render_markdown
from mh_batch.evaluation.report.text_tables import INDICATOR, formatted
from mh_batch.evaluation.result import Evaluation

_SAID_FIRST = ("accuracy", "precision", "recall", "f1", "roc_auc", "f1_macro", "f1_micro")


def write_evaluation(found: Evaluation, output: Path, keep_predictions: bool) -> list[Path]:
    """Write everything into a folder; return what people and machines will look for. `evaluation.json` comes last.

    Args:
        found: The evaluation.
        output: The folder.
        keep_predictions: Also write probabilities by `doc_id`.
    """
    folder = Folder.at(str(output))
    for name in ("metrics", "differences", "reliability"):
        _write_table(pa.Table.from_pylist(list(getattr(found, name)), load_contract(name).arrow_schema()), output, name)
    if keep_predictions:
        parts = list(_prediction_tables(found))
        _write_table(pa.concat_tables(parts), output, "predictions")
    (folder / "comparison.md").write_bytes(render_markdown(found).encode())
    (folder / "index.html").write_bytes(render_evaluation_page(found).encode())
    (folder / "evaluation.json").write_json(found.metadata)
    return [output / name for name in ("index.html", "comparison.md", "metrics.parquet")]


def _write_table(table: pa.Table, output: Path, name: str) -> None:
    output.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, output / f"{name}.parquet")


def _prediction_tables(found: Evaluation) -> Iterator[pa.Table]:
    schema = load_contract("predictions").arrow_schema()
    rows = len(found.data.doc_ids)
    for one in found.predictions:
        for column, label in enumerate(one.contender.labels):
            known = found.data.known[:, found.data.labels.index(label)]
            own = {
                **{name: [value] * rows for name, value in one.contender.key.items()},
                "doc_id": found.data.doc_ids,
                "label": [label] * rows,
                "truth": pa.array(known == 1, mask=np.isnan(known)),
                "probability": one.probabilities[:, column],
                "said": one.said[:, column],
            }
            yield pa.table(own, schema=schema)


def evaluation_summary(found: Evaluation, written: Sequence[Path]) -> str:
    """Return what a person wants to know first, and where the rest is."""
    lines = [*found.remarks]
    for one in found.contenders:
        lines.append(one.title)
        for label in (*labels_shown(found), ALL):
            rows = {name: found.overall(one, label, name) for name in _SAID_FIRST}
            said = [f"{name} {formatted(row)}" for name, row in rows.items() if row]
            lines += [f"  {label}: {', '.join(said)}"] if said else []
        if speed := found.speeds.get(one.title):
            lines.append(
                f"  one text: {speed.latency.mean:.2f} ms (sd {speed.latency.sd:.2f}, p95 {speed.latency.p95:.2f}); "
                f"{speed.texts_per_second:,.0f} texts/s over the data"
            )
    first = found.contenders[0].title
    if found.rates[first]:
        lines.append(f"for the card of {first}:\n{error_rates_as_yaml(found.rates[first]).rstrip()}")
    lines += [f"written: {path}" for path in written]
    return "\n".join([*lines, INDICATOR])
