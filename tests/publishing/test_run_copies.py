import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from mh_batch._version import __version__
from mh_batch.cli import main
from mh_batch.errors import BusyError, ErasureError, PublishingError, RotationError, RunNotFoundError, UsageError
from mh_batch.output import Leases, OutputRoot, copies_in, rotation_marker
from mh_batch.publishing import Place, delta_runs, publish_run, remove_run
from tests.interrupted_writes import Killed, killed_at
from tests.privacy.erasure.roots import places_of
from tests.publishing.roots import LABELS, LATER, MOODS, RUN, SADNESS, own_rows, sorted_rows, write_run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_run(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def publish(root: Path, lake: Path, run: str = "latest") -> None:
    publish_run(OutputRoot.at(str(root)), run, Place.named(f"delta:{lake}"))


def published(lake: Path, table: str = "scores") -> list[dict[str, Any]]:
    return sorted_rows(DeltaTable(str(lake / table)).to_pyarrow_table().to_pylist())


def known_of(root: Path) -> list[tuple[str, dict[str, int]]]:
    return [(copy.run_id, dict(copy.versions)) for copy in copies_in(OutputRoot.at(str(root)))]


def test_a_published_run_is_read_whole_by_each_reader(root: Path, lake: Path) -> None:
    publish(root, lake)
    wanted = own_rows(root / "runs" / RUN, [MOODS, SADNESS])
    assert len(wanted) == 6
    assert published(lake) == wanted
    assert sorted_rows(pl.scan_delta(str(lake / "scores")).collect().to_dicts()) == wanted
    connection = duckdb.connect()
    connection.register("scores", DeltaTable(str(lake / "scores")).to_pyarrow_dataset())
    assert sorted_rows(connection.sql("SELECT * FROM scores").to_arrow_table().to_pylist()) == wanted
    assert connection.sql("SELECT count(*) FROM scores WHERE model = '007' AND p_sad >= 0.2").fetchall() == [(2,)]


def test_what_was_rejected_lies_beside_it(root: Path, lake: Path) -> None:
    publish(root, lake)
    assert published(lake, "rejected") == [
        {"doc_id": "four", "reason": "empty_text", "run_id": RUN},
        {"doc_id": "five", "reason": "empty_text", "run_id": RUN, "model": MOODS},
    ]


def test_partition_columns_stand_in_no_file_and_no_name_holds_a_dot(root: Path, lake: Path) -> None:
    publish(root, lake)
    columns = {path: pq.ParquetFile(path).schema_arrow.names for path in lake.rglob("*.parquet")}
    assert {path.relative_to(lake).parts[0] for path in columns} == {"scores", "rejected"}
    for path, names in columns.items():
        partitions = {part.partition("=")[0] for part in path.relative_to(lake).parts if "=" in part}
        assert partitions == ({"run_id", "model"} if "scores" in path.parts else {"run_id"})
        assert not partitions & set(names)
        assert all(name.replace("_", "").isalnum() and name == name.lower() for name in names)


def test_times_are_utc_to_the_microsecond(root: Path, lake: Path) -> None:
    publish(root, lake)
    table = DeltaTable(str(lake / "scores")).to_pyarrow_table()
    assert table.schema.field("created_at").type == pa.timestamp("us", "UTC")


def test_publishing_again_changes_no_row(root: Path, lake: Path) -> None:
    publish(root, lake)
    before = published(lake), published(lake, "rejected")
    publish(root, lake)
    assert (published(lake), published(lake, "rejected")) == before
    assert known_of(root) == [(RUN, {"rejected": 2, "scores": 2})]


def test_a_run_is_one_commit_that_says_which(root: Path, lake: Path) -> None:
    publish(root, lake)
    newest, created = DeltaTable(str(lake / "scores")).history()
    assert created["operation"] == "CREATE TABLE"
    said = {name: value for name, value in newest.items() if name.startswith("mh_batch_")}
    assert said == {
        "mh_batch_run": RUN,
        "mh_batch_finished_at": "2026-03-01T01:10:00+00:00",
        "mh_batch_run_version": "0.0.9",
        "mh_batch_models": "moods-1.5 print-moods-1.5, 007 print-007",
        "mh_batch_version": __version__,
    }
    assert DeltaTable(str(lake / "scores"), version=0).to_pyarrow_table().num_rows == 0


def test_the_log_holds_no_identifiers(root: Path, lake: Path) -> None:
    publish(root, lake)
    logs = b"".join(path.read_bytes() for path in lake.rglob("*.json"))
    assert b"numRecords" in logs
    assert not [word for word in (b"three", b"key-of", b"text-of", b"five", b"diary") if word in logs]


def test_runs_with_other_labels_share_one_table(root: Path, lake: Path) -> None:
    publish(root, lake)
    write_run(root, LATER, {"new": ("Calm", "don't know", "A-", "1.5")}, ["one", "six"])
    publish(root, lake)
    table = DeltaTable(str(lake / "scores"))
    assert {field.name for field in table.schema().fields if field.name.startswith("p_")} == {
        *("p_calm", "p_tense", "p_sad", "p_don_t_know", "p_a_", "p_1_5")
    }
    rows = [row for row in published(lake) if row["run_id"] == LATER]
    assert [(row["doc_id"], row["p_calm"], row["p_don_t_know"], row["labels"]) for row in rows] == [
        ("one", 0.1, 0.1, ["Calm"]),
        ("six", 0.2, 0.2, ["Calm"]),
    ]
    assert [row for row in published(lake) if row["run_id"] == RUN] == own_rows(root / "runs" / RUN, [*LABELS])


def test_a_run_that_lost_rows_or_a_model_is_replaced_alone(root: Path, lake: Path) -> None:
    write_run(root, LATER)
    publish(root, lake, RUN)
    publish(root, lake, LATER)
    write_run(root, LATER, {SADNESS: LABELS[SADNESS]}, ["two"])
    publish(root, lake, LATER)
    wanted = [*own_rows(root / "runs" / RUN, [*LABELS]), *own_rows(root / "runs" / LATER, [SADNESS])]
    assert len(wanted) == 7
    assert published(lake) == wanted
    write_run(root, LATER, {SADNESS: LABELS[SADNESS]}, [])
    publish(root, lake, LATER)
    assert published(lake) == own_rows(root / "runs" / RUN, [*LABELS])


def test_a_run_of_before_the_contract_grew_is_published(root: Path, lake: Path) -> None:
    write_run(root, without=["author_key"])
    publish(root, lake)
    assert [row["doc_id"] for row in published(lake, "rejected")] == ["four", "five"]


PUBLISHING = """
import sys
from mh_batch.publishing import Place, publish_run
from mh_batch.output.layout import OutputRoot
publish_run(OutputRoot.at(sys.argv[1]), sys.argv[2], Place.named(sys.argv[3]))
"""


def test_processes_that_publish_at_once_all_succeed(root: Path, lake: Path) -> None:
    runs = [f"2026030{day}T010000Z-cccccc" for day in range(1, 3)]
    for number, run in enumerate(runs):
        write_run(root, run, {MOODS: (f"label_{number}",)})
    started = [
        subprocess.Popen([sys.executable, "-c", PUBLISHING, str(root), run, f"delta:{lake}"], stderr=subprocess.PIPE)
        for run in [*runs, runs[0]]
    ]
    errors = [process.communicate()[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 3, errors
    assert published(lake) == [row for run in runs for row in own_rows(root / "runs" / run, [MOODS])]


def test_who_comes_second_writes_again(root: Path, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(root, lake)
    monkeypatch.setattr(delta_runs, "pauses", lambda: [0.0])
    whole, left = write_deltalake, [1]

    def overtaken(*arguments: Any, **named: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise CommitFailedError("Metadata changed since last commit.")
        whole(*arguments, **named)

    monkeypatch.setattr("deltalake.write_deltalake", overtaken)
    publish(root, lake)
    assert published(lake) == own_rows(root / "runs" / RUN, [*LABELS])
    monkeypatch.setattr("deltalake.write_deltalake", lambda *_, **__: (_ for _ in ()).throw(CommitFailedError("no")))
    with pytest.raises(PublishingError, match=r"scores|rejected"):
        publish(root, lake)


@pytest.mark.parametrize("number", [1, 2])
def test_a_copy_is_remembered_before_it_may_exist(
    root: Path, lake: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with killed_at(monkeypatch, "write_bytes", f"copies/{RUN}", number), pytest.raises(Killed):
        publish(root, lake)
    if number == 1:
        assert (known_of(root), lake.exists()) == ([], False)
    else:
        assert known_of(root) == [(RUN, {})]
        assert published(lake) == own_rows(root / "runs" / RUN, [*LABELS])
    publish(root, lake)
    assert [run for run, _ in known_of(root)] == [RUN]
    assert published(lake) == own_rows(root / "runs" / RUN, [*LABELS])


def test_a_first_write_that_fails_shows_nothing_and_is_done_again(root: Path, lake: Path) -> None:
    file = next((root / "runs" / RUN / "scores" / f"model={SADNESS}").glob("part-00001*.parquet"))
    whole = file.read_bytes()
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    file.write_bytes(b"\xff" * (len(whole) - footer) + whole[-footer:])
    with pytest.raises(PublishingError, match="cannot be written"):
        publish(root, lake)
    assert published(lake) == []
    file.write_bytes(whole)
    publish(root, lake)
    assert published(lake) == own_rows(root / "runs" / RUN, [*LABELS])


FOREIGN: list[tuple[dict[str, pa.Array], list[str], str]] = [
    ({"id": pa.array([1])}, [], "columns id"),
    ({"id": pa.array([1]), "run_id": pa.array(["x"])}, ["run_id"], "is no table of scores as mh-batch publishes them"),
]


@pytest.mark.parametrize(("columns", "partitions", "message"), FOREIGN)
def test_a_table_of_others_is_refused_and_left_as_it_was(
    root: Path, lake: Path, columns: dict[str, pa.Array], partitions: list[str], message: str
) -> None:
    write_deltalake(str(lake / "scores"), pa.table(columns), partition_by=partitions or None)
    before = {path: path.read_bytes() for path in lake.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="name another place") as refused:
        publish(root, lake)
    assert message.split()[-1] in str(refused.value)
    assert {path: path.read_bytes() for path in lake.rglob("*") if path.is_file()} == before
    assert known_of(root) == []


def test_our_columns_otherwise_partitioned_or_typed_are_refused(root: Path, lake: Path, tmp_path: Path) -> None:
    publish(root, lake)
    table = DeltaTable(str(lake / "scores")).to_pyarrow_table()
    write_deltalake(str(tmp_path / "flat" / "scores"), table)
    with pytest.raises(UsageError, match="not partitioned by run_id and model"):
        publish(root, tmp_path / "flat")
    other = table.set_column(table.schema.get_field_index("p_sad"), "p_sad", table["p_sad"].cast(pa.string()))
    write_deltalake(str(tmp_path / "other" / "scores"), other, partition_by=["run_id", "model"])
    with pytest.raises(UsageError, match="by its columns p_sad"):
        publish(root, tmp_path / "other")


def test_files_that_are_no_delta_table_are_refused(root: Path, lake: Path) -> None:
    (lake / "scores").mkdir(parents=True)
    (lake / "scores" / "theirs.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="no Delta table"):
        publish(root, lake)
    assert [path.name for path in (lake / "scores").iterdir()] == ["theirs.parquet"]
    assert not (lake / "rejected").exists()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("lake", "'lake' is no place to publish to, such as delta:PATH_OR_URI"),
        ("dleta:lake", "did you mean 'delta'?"),
        ("delta:", "no place to publish to"),
        ("delta:s3://key:secret@bucket/mh", "leave credentials out"),
        ("delta:https://account/container?sig=secret", "leave credentials out"),
        ("delta:/data/my tables", "with ' '"),
        ("delta:/data/a%20b", "with '%'"),
    ],
)
def test_places_that_cannot_be_are_refused_without_a_secret(place: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        Place.named(place)
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_place_is_told_as_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(Place.named("delta:lake/")) == f"delta:{tmp_path}/lake"
    assert str(Place.named("delta:abfss://tables@account.dfs.core.windows.net/mh")).endswith("net/mh")
    assert Place.named("delta:s3://bucket/mh").table("scores") == "s3://bucket/mh/scores"


def test_a_place_in_the_output_root_is_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="part of the output root"):
        publish(root, root / "lake")
    assert not (root / "lake").exists()


def test_a_run_is_not_published_while_somebody_erases(root: Path, lake: Path) -> None:
    with Leases(OutputRoot.at(str(root)).folder).held("maintenance", "erase"), pytest.raises(BusyError):
        publish(root, lake)
    assert not lake.exists()


def test_a_run_is_not_published_in_the_midst_of_an_erasure_or_a_rotation(root: Path, lake: Path) -> None:
    marker = rotation_marker(OutputRoot.at(str(root)))
    marker.write_json({})
    with pytest.raises(RotationError):
        publish(root, lake)
    marker.delete()
    (root / "erased").mkdir()
    order = {"id": "1", "at": "2026", "authors": [], "documents": [], "losses": {}}
    (root / "erased" / "pending.json").write_text(json.dumps(order))
    with pytest.raises(ErasureError, match="mh-batch erase"):
        publish(root, lake)
    assert not lake.exists()


def test_a_run_is_taken_out_also_when_it_was_retired(root: Path, lake: Path) -> None:
    write_run(root, LATER)
    publish(root, lake, RUN)
    publish(root, lake, LATER)
    assert OutputRoot.at(str(root)).retire(1) == [RUN]
    place = Place.named(f"delta:{lake}")
    assert remove_run(OutputRoot.at(str(root)), RUN, place).versions == {"rejected": 3, "scores": 3}
    assert {row["run_id"] for row in [*published(lake), *published(lake, "rejected")]} == {LATER}
    assert [run for run, _ in known_of(root)] == [LATER]
    with pytest.raises(RunNotFoundError, match="no copy of run"):
        remove_run(OutputRoot.at(str(root)), RUN, place)


def test_vacuum_leaves_nothing_of_rows_that_were_replaced(root: Path, lake: Path) -> None:
    publish(root, lake)
    write_run(root, documents=["one", "two"])
    publish(root, lake)
    gone = [b"key-of-three", b"text-of-three"]
    assert places_of(gone, lake)
    for name in ("scores", "rejected"):
        DeltaTable(str(lake / name)).vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)
    assert places_of(gone, lake) == []
    assert published(lake) == own_rows(root / "runs" / RUN, [*LABELS])


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_tables_on_a_local_disk_are_for_their_owner_only(root: Path, lake: Path) -> None:
    publish(root, lake)
    assert {path.stat().st_mode & 0o077 for path in lake.rglob("*")} == {0}


def test_the_command_publishes_and_removes(root: Path, lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["publish", "--output", str(root), "--to", f"delta:{lake}"]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert f"run {RUN} is in delta:{lake}" in printed.out
    assert "scores: 6 rows, since version 1" in printed.out
    assert "6 of 6 rows" in printed.err
    assert main([*arguments, "--remove"]) == 0
    assert f"run {RUN} was taken out of delta:{lake}" in capsys.readouterr().out
    assert published(lake) == []
    assert main([*arguments, "--run", "gone"]) == 2


def test_a_missing_package_is_named(
    root: Path, lake: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    assert main(["publish", "--output", str(root), "--to", f"delta:{lake}"]) == 2
    assert "pip install 'mh-batch[delta]'" in capsys.readouterr().err
    assert known_of(root) == []
