"""Results of a benchmark, as a table, as JSON and as a picture."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mh_batch.benchmark.agreement import Agreement
from mh_batch.benchmark.runner import Result, largest_difference
from mh_batch.benchmark.shapes import ShapeResult
from mh_batch.common.hardware import cores, processor, versions_of
from mh_batch.common.markdown import markdown_table

_VERSIONS_OF = ("torch", "transformers", "tokenizers", "onnxruntime", "pyspark")


@dataclass(frozen=True)
class Findings:
    """All results of one run.

    Attributes:
        model: What was run.
        texts: Where the texts came from.
        tokens_per_text: Mean over the texts.
        threads: Threads to compute with, all candidates alike.
        peaks: Floating-point operations per second of matrix products, by precision.
        results: Candidates.
        shapes: Batches of given shapes.
        agreements: Precisions against fp32.
    """

    model: str
    texts: str
    tokens_per_text: float
    threads: int
    peaks: Mapping[str, float]
    results: Sequence[Result]
    shapes: Sequence[ShapeResult]
    agreements: Sequence[Agreement]

    def rows(self) -> list[dict[str, Any]]:
        """One row per candidate: texts per second, how many times as fast as the slowest, and how it agrees."""
        first = next((result for result in self.results if result.texts_per_second), None)
        measured = [result.texts_per_second for result in self.results if result.texts_per_second]
        rows: list[dict[str, Any]] = []
        for result in self.results:
            rate = result.texts_per_second
            rows.append(
                {
                    "contestant": result.name,
                    "texts": result.texts,
                    "rounds": len(result.seconds),
                    "texts_per_second": rate,
                    "times_the_slowest": rate / min(measured) if rate else None,
                    "largest_difference": largest_difference(result, first) if rate and first else None,
                    "problem": result.problem,
                }
            )
        return rows


def write_benchmark(findings: Findings, folder: Path) -> str:
    """Write `benchmark.json`, `benchmark.md` and `benchmark.svg` into the folder; return the table."""
    machine = {
        "processor": processor(),
        "cores": cores(),
        "python": platform.python_version(),
        "versions": versions_of(_VERSIONS_OF),
    }
    whole = {
        "machine": machine,
        "model": findings.model,
        "texts": findings.texts,
        "tokens_per_text": findings.tokens_per_text,
        "threads": findings.threads,
        "matrix_peak": dict(findings.peaks),
        "contestants": [
            {**row, "seconds": result.seconds} for row, result in zip(findings.rows(), findings.results, strict=True)
        ],
        "shapes": [{**asdict(shape), "ratio": shape.ratio} for shape in findings.shapes],
        "agreements": [asdict(agreement) for agreement in findings.agreements],
    }
    (folder / "benchmark.json").write_text(json.dumps(whole, indent=2))
    table = _table(findings, machine)
    (folder / "benchmark.md").write_text(table)
    if any(result.texts_per_second for result in findings.results):
        (folder / "benchmark.svg").write_text(_picture(findings))
    return table


def _table(findings: Findings, machine: dict[str, Any]) -> str:
    peaks = ", ".join(f"{name} {speed / 1e9:,.0f} GFLOP/s" for name, speed in findings.peaks.items())
    parts = [
        f"{findings.model} on {machine['processor']}, {findings.threads} threads on {machine['cores']} cores; "
        f"matrix peak {peaks}\n"
        f"texts: {findings.texts}, {findings.tokens_per_text:.1f} tokens each on average",
        markdown_table(
            ("contestant", "texts/s", "times the slowest", "texts x rounds", "largest Δp"),
            [_candidate(row) for row in findings.rows()],
        ),
        markdown_table(
            ("batch", "precision", "tokens/s", "times Hugging Face fp32", "of the peak", "largest Δlogit"),
            [_shape(shape) for shape in findings.shapes],
        ),
        markdown_table(
            (
                "precision",
                "texts",
                "scored by one alone",
                "other labels",
                "99.9th percentile of Δp",
                "largest",
            ),
            [_agreement(agreement) for agreement in findings.agreements],
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _candidate(row: dict[str, Any]) -> list[str]:
    if row["problem"]:
        return [row["contestant"], f"not measured: {row['problem']}", "", "", ""]
    return [
        row["contestant"],
        f"{row['texts_per_second']:,.1f}",
        f"{row['times_the_slowest']:.1f}",
        f"{row['texts']:,} x {row['rounds']}",
        f"{row['largest_difference']:.1e}",
    ]


def _shape(shape: ShapeResult) -> list[str]:
    return [
        f"{shape.windows} x {shape.length}",
        shape.precision,
        f"{shape.tokens_per_second:,.0f}",
        f"{shape.ratio:.1f}",
        f"{shape.share_of_peak:.0%}",
        f"{shape.difference:.1e}",
    ]


def _agreement(found: Agreement) -> list[str]:
    return [
        found.precision,
        f"{found.texts:,}",
        f"{found.failed:,}",
        f"{found.flips:,} ({found.flips / max(found.texts, 1):.2%})",
        f"{found.percentile_999:.4f}",
        f"{found.largest:.4f}",
    ]


def _picture(findings: Findings) -> str:
    import altair as alt
    import vl_convert

    rows = [row for row in findings.rows() if row["texts_per_second"]]
    base = alt.Chart.from_dict({"data": {"values": rows}, "mark": "point"}).encode(
        x=alt.X("texts_per_second:Q", title="texts per second (logarithmic)", scale=alt.Scale(type="log")),
        y=alt.Y("contestant:N", title=None, sort="-x"),
    )
    dots = base.mark_point(filled=True, size=90, color="#2a6f97")
    names = base.mark_text(align="left", dx=9).encode(text=alt.Text("texts_per_second:Q", format=",.1f"))
    chart = (dots + names).properties(width=520, title=f"{findings.model}: texts per second")
    found: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return found
