"""Freezes an output root, its ledger and its corpora as another version of mh-batch writes them.

    git worktree add ../before 548555c
    python tests/frozen/make.py ../before tests/frozen/before-0.1.0.tar.gz

The commands of that checkout run one after the other in an empty folder, where they are given relative paths only, so
that nothing of the machine stands in what they write. All texts are made up. What the tests know of them is below.
"""

import csv
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MODELS = ("xlmr-depression-mini", "longformer-mental-health-mini")
AUTHORS = [f"author-{number}" for number in range(10)]
# Before the root was frozen, one was erased, one took back the consent to be helped, and one never agreed to it.
ERASED, NOT_HELPED, NEVER_HELPED = AUTHORS[-1], AUTHORS[-2], AUTHORS[-3]
FIRST, SECOND = "2026-03-01", "2026-03-02"
LEDGER = ("author_id", "doc_id", "scope", "event", "at")

_DOINGS = (
    "a walk by the lake",
    "a long letter",
    "soup and bread",
    "the garden in the rain",
    "a song on the radio",
    "tea",
)
_POLICY = """
name: frozen
rules:
  - name: two-texts-in-a-week
    model: xlmr-depression-mini
    label: depressed
    threshold: 0.0001
    documents: 2
    within_days: 7
    cool_down_days: 10
    max_age_days: 30
    scope: self_help
    action: send-self-help
    language: en
    country: US
"""
# What draws the charts of a page is most of its size, and nothing of the run.
_LIBRARY = re.compile(r"<script>(?:(?!</script>).){500000,}</script>", re.DOTALL)
_SCORE = ("--model", *MODELS, "--precision", "fp32", "--device", "cpu", "--partitions", "2", "--min-authors", "2")
_GROUPS = ("--group-by", "region,source", "--consent", "ledger.csv")


def documents(now: datetime, number: int) -> Iterator[dict[str, Any]]:
    """The documents of a corpus of so many per author, the newest of each written on the day before.

    Args:
        now: When the root is frozen.
        number: Texts of each author; those of a smaller number are the first of a larger one.
    """
    for who, author in enumerate(AUTHORS):
        for which in range(number):
            yield {
                "doc_id": f"{author}-{which}",
                "text": f"Note {which} of number {who}: {_DOINGS[(who + which) % len(_DOINGS)]}, and then to bed.",
                "author_id": author,
                "created_at": now - timedelta(days=1 + which),
                "language": "en",
                "region": ("North", "South")[who % 2],
                "source": ("journal", "letters")[which % 2],
            }
    yield {"doc_id": "empty", "text": " ", "author_id": AUTHORS[0], "created_at": now}


def consents() -> Iterator[tuple[str, ...]]:
    """The rows of the ledger."""
    for author in AUTHORS:
        yield author, "", "research", "granted", "2026-01-01T00:00:00Z"
        if author != NEVER_HELPED:
            yield author, "", "self_help", "granted", "2026-01-01T00:00:00Z"
    yield NOT_HELPED, "", "self_help", "withdrawn", "2026-01-02T00:00:00Z"


def write_inputs(folder: Path, now: datetime) -> None:
    """Write two nights' corpora, the ledger and the policy."""
    schema = pa.schema({name: pa.string() for name in ("doc_id", "text", "author_id", "language", "region", "source")})
    schema = schema.append(pa.field("created_at", pa.timestamp("us", "UTC")))
    (folder / "in").mkdir()
    for date, number in ((FIRST, 4), (SECOND, 6)):
        pq.write_table(pa.Table.from_pylist(list(documents(now, number)), schema), folder / "in" / f"{date}.parquet")
    with (folder / "ledger.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([LEDGER, *consents()])
    (folder / "policy.yaml").write_text(_POLICY)


def commands() -> Iterator[list[str]]:
    """The work of the other version: two runs, an erasure, a rotation, a follow-up and its delivery."""
    root = ["--output", "out"]
    yield ["score", "--input", f"in/{FIRST}.parquet", *root, *_SCORE, *_GROUPS]
    yield ["nightly", "--input", "in/{date}.parquet", "--date", SECOND, *root, *_SCORE, *_GROUPS]
    yield ["erase", *root, "--author", ERASED]
    yield ["rotate-key", *root]
    yield ["followup", *root, "--policy", "policy.yaml", "--consent", "ledger.csv", "--issued-by", "study"]
    yield ["deliver", *root, "--consent", "ledger.csv", "--delivered-by", "study"]


def make(checkout: Path, archive: Path) -> None:
    """Run the commands of a checkout, and pack what is there afterwards."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_inputs(folder, datetime.now(UTC).replace(microsecond=0))
        environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
        for command in commands():
            subprocess.run([sys.executable, "-m", "mh_batch.cli", *command], cwd=folder, env=environment, check=True)
        with tarfile.open(archive, "w:gz") as packed:
            for page in folder.glob("out/runs/*/report/index.html"):
                page.write_text(_LIBRARY.sub("<script></script>", page.read_text("utf-8")), "utf-8")
            for name in ("in", "ledger.csv", "policy.yaml", "out"):
                packed.add(folder / name, name, filter=_of_nobody)


def _of_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, "", ""
    return entry


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
