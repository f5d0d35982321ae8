import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from hypothesis import given, settings, strategies as st

from mh_batch.consent import SCOPES, ConsentLedger, LedgerFiles, Subjects
from mh_batch.errors import LedgerError, UsageError
from tests.consent.histories import AUTHORS, DOCS, Event, frame, histories, may_be_used, moment

SOUND = {"author_id": "ada", "doc_id": None, "scope": "research", "event": "granted", "at": "2026-01-01T00:00:00Z"}
# Machines that are busy take longer for one example now and then.
UNHURRIED = settings(deadline=None, max_examples=60)

HEADER = "author_id,doc_id,scope,event,at\n"


def rows(*changes: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{**SOUND, **change} for change in changes])


@UNHURRIED
@given(histories(), st.integers(-1, 7))
def test_each_subject_has_granted_or_withdrawn_by_its_last_word(events: list[Event], day: int) -> None:
    standing = ConsentLedger.of(frame(events)).at(moment(day + 0.5))
    for scope in SCOPES:
        authors = {name for name in AUTHORS if may_be_used(events, scope, name, "unheard of", None, day)}
        docs = {name for name in DOCS if may_be_used(events, scope, None, name, None, day)}
        heard = {event.subject for event in events if event.scope == scope and event.day <= day}
        refused = heard - {("author_id", name) for name in authors} - {("doc_id", name) for name in docs}
        assert standing.granted(scope) == Subjects(frozenset(authors), frozenset(docs))
        assert standing.withdrawn(scope) == Subjects(
            frozenset(name for kind, name in refused if kind == "author_id"),
            frozenset(name for kind, name in refused if kind == "doc_id"),
        )


def test_a_moment_is_an_instant_whatever_the_zone_it_is_written_in() -> None:
    ledger = ConsentLedger.of(rows({"at": "2026-01-01T01:00:00+02:00"}))
    assert not ledger.at(datetime(2025, 12, 31, 22, 59, tzinfo=UTC)).granted("research")
    assert ledger.at(datetime(2025, 12, 31, 23, tzinfo=UTC)).granted("research")


def test_csv_and_parquet_say_the_same_and_ids_stay_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "note,author_id,doc_id,scope,event,at\n"
        "x,007,,research,granted,2026-01-01T00:00:00Z\n"
        ',,"4,2",self_help,withdrawn,2026-01-02 12:00+01:00\n'
    )
    at = pa.array([datetime(2026, 1, 1), datetime(2026, 1, 2, 11)], pa.timestamp("ns", "UTC"))
    table = {"author_id": ["007", None], "doc_id": [None, "4,2"], "scope": ["research", "self_help"]}
    pq.write_table(pa.table({**table, "event": ["granted", "withdrawn"], "at": at}), tmp_path / "a.parquet")
    written, packed = (ConsentLedger.open(str(tmp_path / name)) for name in ("a.csv", "a.parquet"))
    pd.testing.assert_frame_equal(written.events, packed.events)
    standing = written.at(datetime(2026, 1, 2, 11, tzinfo=UTC))
    assert standing.granted("research") == Subjects(frozenset(["007"]), frozenset())
    assert standing.withdrawn("self_help") == Subjects(frozenset(), frozenset(["4,2"]))


def test_the_instants_that_spark_writes_without_a_zone_are_utc(tmp_path: Path) -> None:
    at = pa.array([datetime(2026, 1, 1)], pa.timestamp("us"))
    table = pa.table({"author_id": [7], "scope": ["research"], "event": ["granted"], "at": at})
    pq.write_table(table, tmp_path / "spark.parquet", use_deprecated_int96_timestamps=True)
    assert ConsentLedger.open(str(tmp_path)).at(moment(0)).granted("research").authors == {"7"}
    pq.write_table(table, tmp_path / "naive.parquet")
    with pytest.raises(LedgerError, match=r"naive\.parquet: the times in 'at' name no time zone"):
        ConsentLedger.open(str(tmp_path / "naive.parquet"))


def test_a_ledger_may_be_a_folder_and_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(HEADER + "ada,,research,granted,2026-01-01T00:00:00Z\n")
    (tmp_path / "2.csv").write_text(HEADER + "ada,,research,withdrawn,2026-01-02T00:00:00Z\n")
    for passed_over in ("_SUCCESS", ".1.csv.crc"):
        (tmp_path / passed_over).write_text("not of the ledger")
    ledger = ConsentLedger.open(str(tmp_path))
    assert [ledger.at(moment(day)).granted("research").authors for day in (0, 1)] == [{"ada"}, set()]
    both = (tmp_path / "1.csv").read_bytes() + (tmp_path / "2.csv").read_bytes()
    assert LedgerFiles.at(str(tmp_path)).digest() == hashlib.sha256(both).hexdigest()
    (tmp_path / "none.csv").write_text(HEADER)
    assert not ConsentLedger.open(str(tmp_path / "none.csv")).at(moment(9)).granted("research")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([{"scope": "reserch"}], "'scope' is none of research, .*: row 2$"),
        ([{"scope": None}], "'scope' is none of"),
        ([{"event": "revoked"}], "'event' is none of granted, withdrawn: row 2$"),
        ([{"doc_id": "d"}], "both 'author_id' and 'doc_id' are given.*: row 2$"),
        ([{"author_id": None}], "neither 'author_id' nor 'doc_id' is given: row 2$"),
        ([{"author_id": ""}], "neither"),
        ([{"at": None}], "'at' is missing: row 2$"),
        ([{"at": "2026-01-01T00:00:00"}], "'at' names no time zone: row 2$"),
        ([{"at": "2026-01-01"}], "'at' names no time zone: row 2$"),
        ([{"at": datetime(2026, 1, 2)}], "'at' names no time zone: row 2$"),
        ([{"at": "tomorrow"}], "'at' is no time in ISO 8601: row 2$"),
        ([{"at": "2026-02-30T00:00:00Z"}], "'at' is no time in ISO 8601: row 2$"),
        ([{"at": pd.NaT}], "'at' is missing: row 2$"),
        ([{}, {"author_id": "bob"}, {}], "the row stands there twice: rows 2, 4$"),
        ([{"at": "2026-01-01T01:00:00+01:00"}], "the row stands there twice: row 2$"),
        ([{"scope": "x"}] * 12, "rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and others"),
    ],
)
def test_what_is_wrong_is_told_by_row_and_never_by_id(changes: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(LedgerError, match=said) as caught:
        ConsentLedger.of(rows({}, *changes))
    assert "ada" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("author_id,scope,event\nada,research,granted\n", "has no column 'at'"),
        ("person,scope,event,at\nada,research,granted,2026-01-01T00:00:00Z\n", "neither a column 'author_id' nor"),
        (HEADER + "ada,research,granted,2026-01-01T00:00:00Z\n", "cannot be read as a csv file"),
        (HEADER.encode() + b"ad\xe4,,research,granted,2026-01-01T00:00:00Z\n", "cannot be read as a csv file"),
        ("", "cannot be read as a csv file"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_without_its_rows(tmp_path: Path, content: str | bytes, said: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(LedgerError, match=said) as caught:
        ConsentLedger.open(str(tmp_path / "bad.csv"))
    assert "ada" not in str(caught.value)


def test_a_location_without_a_ledger_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="expected a Parquet or CSV file"):
        ConsentLedger.open(str(tmp_path / "gone.csv"))


@pytest.mark.parametrize("name", ["2026/more.csv.gz", "withdrawn.CSV", "readme.txt", "_log/0.json", "rows"])
def test_a_folder_with_files_of_other_kinds_is_refused_since_they_may_hold_withdrawals(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "1.csv").write_text(HEADER)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    with pytest.raises(LedgerError, match=rf"such as {Path(name).name}: .* put it elsewhere"):
        ConsentLedger.open(str(tmp_path))


@pytest.mark.parametrize("log", ["_delta_log/0.json", "metadata/v1.metadata.json", ".hoodie/hoodie.properties"])
def test_a_ledger_in_a_table_with_a_log_is_refused_from_wherever_it_is_named(tmp_path: Path, log: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.csv").write_text(HEADER)
    (tmp_path / log).parent.mkdir()
    (tmp_path / log).write_text("")
    for place in (tmp_path, tmp_path / "in", tmp_path / "in" / "1.csv"):
        with pytest.raises(LedgerError, match=r"a (Delta|Hudi) table|an Iceberg table"):
            LedgerFiles.at(str(place))


def test_a_link_into_a_table_with_a_log_is_refused(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "delta", pa.table({"author_id": ["ada"]}))
    (tmp_path / "ledger.parquet").symlink_to(next((tmp_path / "delta").glob("*.parquet")))
    with pytest.raises(LedgerError, match="a Delta table"):
        LedgerFiles.at(str(tmp_path / "ledger.parquet"))


def test_a_file_that_links_lead_to_twice_is_read_once_and_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(HEADER + "ada,,research,granted,2026-01-01T00:00:00Z\n")
    (tmp_path / "0.csv").symlink_to("1.csv")
    (tmp_path / "loop").symlink_to(".")
    assert ConsentLedger.open(str(tmp_path)).events["author_id"].to_list() == ["ada"]
    (tmp_path / "withdrawn.csv").symlink_to("nowhere.csv")
    with pytest.raises(LedgerError, match=r"withdrawn\.csv: it is a link to what is not there"):
        LedgerFiles.at(str(tmp_path))


@pytest.mark.parametrize("name", ["_old/1.csv", ".ipynb_checkpoints/1-checkpoint.csv", "_a/b/1.parquet"])
def test_a_table_in_a_hidden_folder_is_neither_read_nor_passed_over_in_silence(tmp_path: Path, name: str) -> None:
    (tmp_path / "1.csv").write_text(HEADER)
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(HEADER)
    with pytest.raises(LedgerError, match=rf"begin with _ or \., such as {re.escape(name)}: rename"):
        LedgerFiles.at(str(tmp_path))


@pytest.mark.parametrize("name", ["_old.csv", ".1.csv", "2026/_old.parquet", ".csv", "_old.CSV"])
def test_a_table_of_a_hidden_name_is_neither_read_nor_passed_over_in_silence(tmp_path: Path, name: str) -> None:
    (tmp_path / "1.csv").write_text(HEADER)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(HEADER)
    with pytest.raises(LedgerError, match=rf"begin with _ or \., such as {re.escape(Path(name).name)}: rename"):
        ConsentLedger.open(str(tmp_path))


def test_a_file_of_another_kind_may_stay_under_the_name_that_the_error_asks_for(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(HEADER)
    (tmp_path / "readme.txt").write_text("")
    with pytest.raises(LedgerError, match=r"if it is neither, let its name begin with _ or \. to be passed over"):
        LedgerFiles.at(str(tmp_path))
    (tmp_path / "readme.txt").rename(tmp_path / "_readme.txt")
    assert [file.base_name for file in LedgerFiles.at(str(tmp_path)).files] == ["1.csv"]


@pytest.mark.parametrize("name", ["part-0.csv", "_part-0.parquet", ".part-0.csv"])
def test_what_spark_has_not_finished_is_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / "1.csv").write_text(HEADER)
    (tmp_path / "_temporary" / "0").mkdir(parents=True)
    (tmp_path / "_temporary" / "0" / name).write_text("half a fi")
    assert [file.base_name for file in LedgerFiles.at(str(tmp_path)).files] == ["1.csv"]


def test_a_single_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "_ledger.csv").write_text(HEADER + "ada,,research,granted,2026-01-01T00:00:00Z\n")
    assert ConsentLedger.open(str(tmp_path / "_ledger.csv")).at(moment(0)).granted("research").authors == {"ada"}


def test_a_ledger_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER)
    files = LedgerFiles.at(str(tmp_path))
    (tmp_path / "a.csv").write_text(HEADER + "ada,,research,granted,2026-01-01T00:00:00Z\n")
    with pytest.raises(LedgerError, match="changed while it was being read"):
        list(files.tables())


def test_ids_stay_out_of_what_is_printed_and_a_wrong_scope_is_named() -> None:
    ledger = ConsentLedger.of(rows({}))
    standing = ledger.at(moment(1))
    assert "ada" not in f"{ledger!r} {standing!r} {standing.granted('research')!r}"
    with pytest.raises(UsageError, match="did you mean 'self_help'"):
        standing.granted("selfhelp")
    with pytest.raises(UsageError, match="needs a time zone"):
        ledger.at(datetime(2026, 1, 1))
