import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch import PublishedRun, ScoreSettings, score_corpus
from mh_batch.common.filesystem import Folder
from mh_batch.consent import LedgerFiles, Subjects
from mh_batch.errors import LedgerError, UsageError
from mh_batch.output import OutputRoot
from mh_batch.privacy import withdrawal as consent
from mh_batch.privacy.withdrawal import RunLedger
from mh_batch.pseudonyms import PseudonymKey, author_key
from tests.consent.histories import START, Event, may_be_used
from tests.scoring.corpora import SCHEMA, document
from tests.scoring.recording_loader import RecordingLoader

pytestmark = [pytest.mark.spark, pytest.mark.runs]

XLMR = "xlmr-depression-mini"


class Study:
    """A corpus and a ledger that grow, and runs over them with a stand-in for the model."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        self.ledger = folder / "ledger.csv"
        self.ledger.write_text("author_id,doc_id,scope,event,at\n")
        (folder / "scored").mkdir()
        (folder / "corpus").mkdir()

    def writes(self, name: str, rows: Sequence[Mapping[str, Any]], own_consent: bool = False) -> None:
        """Put documents into a part of the corpus, with a consent column or without."""
        schema = SCHEMA if own_consent else SCHEMA.remove(SCHEMA.get_field_index("consent"))
        (self.folder / "corpus" / name).mkdir(exist_ok=True)
        path = self.folder / "corpus" / name / "part.parquet"
        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=schema), path)

    def hears(self, *events: Event) -> None:
        lines = [",".join(str(value or "") for value in event.row().values()) for event in events]
        with self.ledger.open("a") as stream:
            stream.writelines(f"{line}\n" for line in lines)

    def run(self, **changes: Any) -> PublishedRun:
        inputs = [str(path) for path in sorted((self.folder / "corpus").iterdir())]
        given: dict[str, Any] = {"input": inputs, "output": str(self.folder / "out"), "consent": str(self.ledger)}
        given |= {"model": XLMR, "precision": "fp32", "min_authors": 1}
        settings = ScoreSettings.model_validate({**given, **changes})
        return score_corpus(self.spark, settings, load=RecordingLoader(self.folder / "scored"))

    @property
    def root(self) -> OutputRoot:
        return OutputRoot.at(str(self.folder / "out"))


@pytest.fixture
def study(spark: SparkSession, tmp_path: Path) -> Study:
    return Study(spark, tmp_path)


def by(author: str, *docs: str, **changes: Any) -> list[dict[str, Any]]:
    return [document(doc, f"A note called {doc}.", author_id=author, language="en", **changes) for doc in docs]


def says(kind: str, who: str, event: str, day: int = 0, scope: str = "research") -> Event:
    return Event((kind, who), scope, event, day)


def test_a_run_scores_what_the_ledger_lets_it_and_counts_what_each_rule_kept_out(study: Study) -> None:
    study.writes("bare", by("ada", "a1", "a2") + by("bob", "b1") + by("cyd", "c1", "c2") + by("eve", "e1"))
    study.writes("own", by("ada", "a3") + by("ada", "a4", consent=["self_help"]) + by("dan", "d1"), own_consent=True)
    study.hears(
        says("author_id", "ada", "granted"),
        says("doc_id", "a2", "withdrawn", 1),
        says("author_id", "bob", "granted"),
        says("author_id", "bob", "withdrawn", 1),
        says("doc_id", "c1", "granted", 3),
        says("doc_id", "c2", "granted", 4),  # too late for this run
        says("author_id", "eve", "granted", 1),
        says("author_id", "eve", "withdrawn", 9),  # later, and yet it counts
    )
    run = study.run(consent_as_of=START + timedelta(days=3))
    assert set(run.scores_pandas()["doc_id"]) == {"a1", "a3", "c1", "d1"}
    rejected = run.rejected_pandas()
    assert set(rejected["reason"]) == {"no_consent"}
    assert dict(zip(rejected["doc_id"], rejected["detail"], strict=True)) == {
        "a2": "part.parquet, row 1; withdrawn for document",
        "b1": "part.parquet, row 2; withdrawn by author",
        "c2": "part.parquet, row 4; not granted",
        "e1": "part.parquet, row 5; withdrawn by author",
        "a4": "part.parquet, row 1; not in the document's consent",
    }
    said, counts = run.manifest["consent"], run.manifest["counts"]
    assert counts["rejected"] == {"no_consent": 5}
    assert counts["kept_out"] == {
        "withdrawn by author": 2,
        "withdrawn for document": 1,
        "not in the document's consent": 1,
        "not granted": 1,
    }
    assert said["ledger"] == str(study.ledger)
    assert said["digest"] == f"sha256:{hashlib.sha256(study.ledger.read_bytes()).hexdigest()}"
    assert said["as_of"] == "2026-01-04T00:00:00+00:00"


def test_a_broken_ledger_stops_a_run_before_it_reads_a_text(study: Study) -> None:
    study.writes("bare", by("ada", "a1"))
    study.hears(says("author_id", "ada", "granted"), says("author_id", "ada", "granted"))
    with pytest.raises(LedgerError, match=r"the row stands there twice: row 2$"):
        study.run()
    study.hears(says("author_id", "ada", "granted", scope="reserch"))
    with pytest.raises(LedgerError, match=r"'scope' is none of .*: row 3$"):
        study.run()
    with pytest.raises(UsageError, match="lies in the future"):
        study.run(consent_as_of=START + timedelta(days=36_500))
    assert not list((study.folder / "scored").iterdir())
    assert list((study.folder / "out" / "work").iterdir()) == []


KEY = PseudonymKey((bytes(32),))


def test_who_withdrew_is_sought_in_runs_failed_runs_and_the_outbox(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = study.folder / "out"
    _writes(out / "runs" / "r1" / "scores" / "model=m", [("ada", "a1"), ("bob", "b1"), ("cyd", "c1"), (None, "n1")])
    (out / "runs" / "r1" / "manifest.json").write_text("{}")
    _writes(out / "failed" / "r2" / "scores" / "model=m", [("dan", "d1")])
    issued = {"author_key": [author_key(KEY, "eve")], "evidence": [[{"doc_id": "e1", "p": 0.9}]]}
    (out / "outbox" / "issued").mkdir(parents=True)
    pq.write_table(pa.table(issued), out / "outbox" / "issued" / "rows.parquet")
    study.hears(
        *[says("author_id", who, "withdrawn", 1) for who in ("bob", "cyd", "dan", "eve", "fay")],
        says("author_id", "cyd", "granted", 2),
        says("author_id", "ada", "withdrawn", 1, scope="self_help"),
        *[says("doc_id", doc, "withdrawn", 1) for doc in ("n1", "e1", "unheard of")],
    )
    asked: list[Subjects] = []
    monkeypatch.setattr(consent, "remove", lambda spark, root, key, subjects: asked.append(subjects))
    ledger = RunLedger(LedgerFiles.at(str(study.ledger)), "", START, START + timedelta(days=9))
    work = Folder.at(str(study.folder / "work"))
    said = ledger.apply_withdrawals(study.spark, study.root, KEY, work)
    assert asked == [Subjects(frozenset({"bob", "dan", "eve"}), frozenset({"n1", "e1"}))]
    assert said.docs.count() == 3


def _writes(folder: Path, scored: Sequence[tuple[str | None, str]]) -> None:
    folder.mkdir(parents=True)
    keys = [author and author_key(KEY, author) for author, _ in scored]
    table = pa.table({"author_key": pa.array(keys, pa.string()), "doc_id": [doc for _, doc in scored]})
    pq.write_table(table, folder / "part.parquet")


def test_nothing_is_scored_counted_or_kept_without_the_consent_it_needs(study: Study) -> None:
    chance = random.Random(24)
    owners: dict[str, tuple[str | None, tuple[str, ...] | None]] = {}
    for i in range(40):
        listed = chance.choice([None, None, ("research",), ("self_help",)])
        owners[f"d{i}"] = (chance.choice([None, *(f"author-{k}" for k in range(12))]), listed)
    for name, own in (("bare", False), ("own", True)):
        docs = [doc for doc, (_, listed) in owners.items() if (listed is not None) == own]
        study.writes(name, [_written(doc, *owners[doc]) for doc in docs], own)
    events: list[Event] = []
    expected: list[set[str]] = []
    gone: set[str] = set()
    for day in range(3):
        new = list(_said_on(chance, day, owners))
        events += new
        study.hears(*new)
        study.run()
        withdrawn = {doc for doc, (author, _) in owners.items() if _has_withdrawn(events, author, doc)}
        may = {doc for doc, (author, own) in owners.items() if may_be_used(events, "research", author, doc, own, day)}
        gone |= withdrawn & set().union(*expected)
        expected = [docs - withdrawn for docs in expected] + [may]
        assert _scored(study) == expected
    assert len(gone) > 5, "scored texts must have been withdrawn"
    assert gone & expected[-1], "and some granted again"


def _said_on(chance: random.Random, day: int, owners: Mapping[str, Any]) -> Iterator[Event]:
    for kind, names in (("author_id", [f"author-{k}" for k in range(12)]), ("doc_id", list(owners))):
        for name in names:
            if chance.random() < (0.7 if kind == "author_id" else 0.15):
                yield says(kind, name, chance.choice(["granted", "granted", "withdrawn"]), day)


def _has_withdrawn(events: Sequence[Event], author: str | None, doc: str) -> bool:
    last = {event.subject: event.event for event in events}
    return "withdrawn" in (last.get(("author_id", author or "")), last.get(("doc_id", doc)))


def _written(doc: str, author: str | None, consent: tuple[str, ...] | None) -> dict[str, Any]:
    return document(doc, f"A note called {doc}.", author_id=author, language="en", consent=consent and list(consent))


def _scored(study: Study) -> list[set[str]]:
    """The documents of each run, oldest first; its report counts as many, and the store holds no more."""
    found = []
    for run_id in study.root.published():
        run = PublishedRun(study.root.run(run_id))
        scores, table = run.scores_pandas(), run.prevalence()
        [row] = table[(table["label"] == "depressed") & (table["by"] == "all")].itertuples()
        counts = run.manifest["counts"]
        assert row.documents == len(scores) == counts["models"][XLMR]["scored"]
        assert counts["read"] - len(scores) == counts["rejected"]["no_consent"] == sum(counts["kept_out"].values())
        found.append(set(scores["doc_id"]))
    kept = ds.dataset(f"{study.root.folder.uri}/store", partitioning="hive").to_table()["content_key"].to_pylist()
    assert len(set(kept)) == len(set().union(*found))
    return found
