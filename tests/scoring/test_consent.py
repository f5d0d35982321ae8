import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch import PublishedRun, ScoreSettings, score_corpus
from mh_batch.consent import Subjects
from mh_batch.errors import LedgerError, UsageError
from mh_batch.scoring import consent
from mh_batch.scoring.layout import OutputRoot
from tests.consent.histories import START, Event
from tests.scoring.corpora import SCHEMA, document
from tests.scoring.told import ToldLoader

pytestmark = pytest.mark.spark

XLMR = "xlmr-depression-mini"


class Study:
    """A corpus and a ledger that grow, and runs over them with a stand-in for the model."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        self.ledger = folder / "ledger.csv"
        self.ledger.write_text("author_id,doc_id,scope,event,at\n")
        (folder / "told").mkdir()
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
        return score_corpus(self.spark, settings, load=ToldLoader(self.folder / "told"))

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
    study.writes("bare", by("ada", "a1", "a2") + by("bob", "b1") + by("cyd", "c1", "c2"))
    study.writes("own", by("ada", "a3") + by("ada", "a4", consent=["self_help"]) + by("dan", "d1"), own_consent=True)
    study.hears(
        says("author_id", "ada", "granted"),
        says("doc_id", "a2", "withdrawn", 1),
        says("author_id", "bob", "granted"),
        says("author_id", "bob", "withdrawn", 1),
        says("doc_id", "c1", "granted"),
    )
    run = study.run()
    assert set(run.scores_pandas()["doc_id"]) == {"a1", "a3", "c1", "d1"}
    rejected = run.rejected_pandas()
    assert set(rejected["reason"]) == {"no_consent"}
    assert dict(zip(rejected["doc_id"], rejected["detail"], strict=True)) == {
        "a2": "part.parquet, row 1; withdrawn for document",
        "b1": "part.parquet, row 2; withdrawn by author",
        "c2": "part.parquet, row 4; not granted",
        "a4": "part.parquet, row 1; not in the document's consent",
    }
    said = run.manifest["consent"]
    rules = ("withdrawn by author", "withdrawn for document", "not in the document's consent", "not granted")
    assert said["kept_out"] == dict.fromkeys(rules, 1)
    assert said["ledger"] == str(study.ledger)
    assert said["digest"] == f"sha256:{hashlib.sha256(study.ledger.read_bytes()).hexdigest()}"
    assert said["as_of"][:16] == run.manifest["started_at"][:16]
    assert run.manifest["counts"]["rejected"] == {"no_consent": 4}


def test_a_ledger_may_be_read_as_of_a_day_but_what_was_withdrawn_since_stays_out(study: Study) -> None:
    study.writes("bare", by("ada", "a1") + by("bob", "b1") + by("cyd", "c1"))
    study.hears(
        says("author_id", "ada", "granted"),
        says("author_id", "bob", "granted"),
        says("author_id", "bob", "withdrawn", 5),
        says("author_id", "cyd", "granted", 5),
    )
    run = study.run(consent_as_of=START + timedelta(days=3))
    assert set(run.scores_pandas()["doc_id"]) == {"a1"}
    assert run.manifest["consent"]["as_of"] == "2026-01-04T00:00:00+00:00"
    assert run.manifest["consent"]["kept_out"] == {"withdrawn by author": 1, "not granted": 1}


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
    assert not list((study.folder / "told").iterdir())
    assert list((study.folder / "out" / "work").iterdir()) == []


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[Subjects]:
    """Whose rows a run wants removed, instead of their removal."""
    asked: list[Subjects] = []
    monkeypatch.setattr(consent, "remove", lambda spark, root, key, subjects: asked.append(subjects))
    return asked


def test_a_run_finds_who_withdrew_of_those_whose_texts_were_scored(study: Study, removed: list[Subjects]) -> None:
    study.writes("bare", by("ada", "a1", "a2") + by("bob", "b1") + by("cyd", "c1"))
    people = ("ada", "bob", "cyd")
    study.hears(*[says("author_id", who, "granted") for who in people])
    study.run()
    assert removed == []
    study.hears(
        says("author_id", "bob", "withdrawn", 1),
        says("author_id", "cyd", "withdrawn", 1),
        says("author_id", "cyd", "granted", 2),
        says("author_id", "ada", "withdrawn", 1, scope="self_help"),
        says("author_id", "eve", "withdrawn", 1),
        says("doc_id", "a2", "withdrawn", 1),
        says("doc_id", "unheard of", "withdrawn", 1),
    )
    study.run()
    assert removed == [Subjects(frozenset({"bob"}), frozenset({"a2"}))]
