import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch.common.filesystem import Folder
from mh_batch.consent import SCOPES, LedgerFiles, keep_out, read_events, research_consent
from mh_batch.errors import LedgerError
from tests.consent.histories import Event, frame, may_be_used, moment
from tests.texts import files_with

pytestmark = pytest.mark.spark

NOT_LISTED = "not in the document's consent"
SCHEMA = "doc_id string, author_key string, consent array<string>, kept_out string"


@dataclass(frozen=True)
class Document:
    doc: str
    author: str | None
    consent: tuple[str, ...] | None = None  # None: the corpus has no such column

    def row(self) -> tuple[str, str | None, list[str] | None, str | None]:
        refused = self.consent is not None and "research" not in self.consent
        key = None if self.author is None else pseudonym(self.author.encode())
        return self.doc, key, None if self.consent is None else list(self.consent), NOT_LISTED if refused else None


def pseudonym(author: bytes) -> str:
    return author.decode()[::-1]


def rules(
    spark: SparkSession, folder: Path, events: list[Event], documents: list[Document], as_of: float, now: float
) -> dict[str, str | None]:
    """By which rule Spark keeps each document out."""
    path = folder / "ledger.parquet"
    pq.write_table(pa.Table.from_pandas(frame(events)), path)
    read = read_events(spark, LedgerFiles.at(str(path)), pseudonym, Folder.at(str(folder / "work")))
    rows = spark.createDataFrame([document.row() for document in documents], SCHEMA)
    decided = keep_out(rows, research_consent(read, moment(as_of), moment(now))).collect()
    assert len(decided) == len(documents)
    return {row["doc_id"]: row["kept_out"] for row in decided}


@pytest.mark.parametrize(("seed", "as_of"), [(1, 6.5), (2, 3.5)])
def test_what_may_be_used_is_what_random_histories_say_when_they_are_told_day_by_day(
    spark: SparkSession, tmp_path: Path, seed: int, as_of: float
) -> None:
    chance = random.Random(seed)
    events: list[Event] = []
    documents: list[Document] = []
    for world in range(150):  # whose people know nothing of each other, so that one ledger holds them all
        events += _history(chance, world)
        documents += _documents(world)
    found = rules(spark, tmp_path, events, documents, as_of, now=6.5)
    by_world: dict[str, list[Event]] = {}
    for event in events:
        by_world.setdefault(event.subject[1].split()[0], []).append(event)
    for document in documents:
        who = ("research", document.author, document.doc, document.consent)
        usable = [may_be_used(by_world.get(document.doc.split()[0], []), *who, day) for day in (int(as_of), 6)]
        assert (found[document.doc] is None) == all(usable), "what is withdrawn now stays out whatever the moment"
    assert set(found.values()) == {
        *(None, "withdrawn by author", "withdrawn for document", NOT_LISTED, "not granted"),
    }


def _history(chance: random.Random, world: int) -> Iterator[Event]:
    subjects = [("author_id", f"{world} ada"), *(("doc_id", document.doc) for document in _documents(world))]
    said = set()
    for _ in range(chance.randrange(12)):
        subject, scope = chance.choice(subjects), "research" if chance.random() < 0.8 else chance.choice(SCOPES)
        said.add(Event(subject, scope, chance.choice(["granted", "withdrawn"]), chance.randrange(8)))
    yield from sorted(said, key=repr)


def _documents(world: int) -> list[Document]:
    consents: list[tuple[str, ...] | None] = [None, ("research", "self_help"), ("self_help",), ()]
    combined = product((f"{world} ada", None), consents)
    return [Document(f"{world} d{i}", author, consent) for i, (author, consent) in enumerate(combined)]


def test_the_first_rule_that_holds_is_named(spark: SparkSession, tmp_path: Path) -> None:
    history = [
        Event(("author_id", "ada"), "research", "withdrawn", 0),
        Event(("author_id", "bob"), "research", "granted", 0),
        Event(("author_id", "bob"), "self_help", "withdrawn", 1),
        Event(("doc_id", "d1"), "research", "withdrawn", 0),
        Event(("doc_id", "d3"), "research", "withdrawn", 9),
    ]
    documents = [
        Document("d0", "ada", ("research",)),
        Document("d1", "bob", ("self_help",)),
        Document("d2", "bob", ("self_help",)),
        Document("d3", "bob"),
        Document("d4", None),
        Document("d5", None, ("research",)),
    ]
    found = rules(spark, tmp_path, history, documents, 1, 1)
    assert found["d0"] == "withdrawn by author"
    assert found["d1"] == "withdrawn for document"
    assert found["d2"] == "not in the document's consent"
    assert found["d3"] is None, "what is withdrawn later, or for another use, does not count"
    assert found["d4"] == "not granted"
    assert found["d5"] is None, "a document's own consent does without the ledger"


def test_the_copy_of_a_ledger_names_no_author_and_repeated_rows_are_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    line = "wilhelmina,,research,granted,2026-01-01T00:00:00Z\n"
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("author_id,doc_id,scope,event,at\n" + line)
    one, both = (LedgerFiles.at(str(tmp_path / name)) for name in ("a.csv", "."))
    read = read_events(spark, one, lambda author: "0f" * 16, Folder.at(str(tmp_path / "work")))
    assert [row["author_key"] for row in read.collect()] == ["0f" * 16]
    assert files_with(tmp_path, ("wilhelmina",)) == [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    with pytest.raises(LedgerError, match=r"b\.csv is no sound consent ledger.*\n.*stands there twice: row 1$"):
        read_events(spark, both, pseudonym, Folder.at(str(tmp_path / "both")))
