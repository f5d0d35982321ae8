import shlex
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from mh_batch import open_run
from mh_batch.cli import main
from mh_batch.common.filesystem import Folder
from mh_batch.consent import Subjects
from mh_batch.output import OutputRoot
from mh_batch.privacy.erasure import erase
from mh_batch.publishing import Place, publish_run
from tests.interrupted_writes import Killed, killed_at
from tests.privacy.erasure.roots import ADA, MODEL, documents, key_of, needles, places_of, score
from tests.scoring.corpora import write

pytestmark = [pytest.mark.spark, pytest.mark.runs]


@pytest.fixture
def lake(root: Path, tmp_path: Path) -> Path:
    """Both runs of the root, published."""
    for run in OutputRoot.at(str(root)).published():
        publish_run(OutputRoot.at(str(root)), run, Place.named(f"delta:{tmp_path}/lake"))
    return tmp_path / "lake"


def named_commands(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    lines = capsys.readouterr().err.splitlines()
    return [shlex.split(line[line.index("mh-batch publish") :])[1:] for line in lines if "mh-batch publish" in line]


def vacuum(lake: Path) -> None:
    for name in ("scores", "rejected"):
        DeltaTable(str(lake / name)).vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)


def assert_as_in_the_root(root: Path, lake: Path) -> None:
    """Row by row and column by column, as pandas reads the run's own files."""
    for run in (open_run(str(root), name) for name in OutputRoot.at(str(root)).published()):
        table = DeltaTable(str(lake / "scores")).to_pyarrow_table(
            filters=[("run_id", "=", run.run_id), ("model", "=", MODEL)]
        )
        own = run.scores_dataset().to_table().sort_by("doc_id")
        assert table.num_rows > 0
        assert table.select(own.schema.names).sort_by("doc_id").cast(own.schema).to_pylist() == own.to_pylist()
        rows = DeltaTable(str(lake / "rejected")).to_pyarrow_table(filters=[("run_id", "=", run.run_id)])
        assert _sorted(rows.drop_columns("run_id").to_pylist()) == _sorted(
            run.rejected_dataset().to_table().to_pylist()
        )


def _sorted(rows: list[dict[str, Any]]) -> list[tuple[tuple[str, str], ...]]:
    return sorted(tuple(sorted((name, str(value)) for name, value in row.items())) for row in rows)


def test_an_erasure_names_the_commands_that_take_a_person_out_of_the_copies(
    root: Path, lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_as_in_the_root(root, lake)
    hers = needles(root)
    assert len(places_of(hers, lake)) > 2
    assert main(["erase", "--output", str(root), "--author", ADA]) == 0
    commands = named_commands(capsys)
    assert [command[command.index("--run") + 1] for command in commands] == OutputRoot.at(str(root)).published()
    assert [main(command) for command in commands] == [0, 0]
    vacuum(lake)
    assert places_of(hers, lake) == []
    assert_as_in_the_root(root, lake)


def test_runs_that_lost_nothing_are_not_named_and_retired_ones_are(
    root: Path, lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = OutputRoot.at(str(root)).published()
    OutputRoot.at(str(root)).retire(1)
    assert main(["erase", "--output", str(root), "--author", "author-who-never-wrote"]) == 0
    [command] = named_commands(capsys)
    assert command[command.index("--run") + 1] == first
    assert main(command) == 0
    assert {*DeltaTable(str(lake / "scores")).to_pyarrow_table()["run_id"].to_pylist()} == {second}
    assert main(["erase", "--output", str(root), "--author", "author-who-never-wrote"]) == 0
    assert named_commands(capsys) == []


def test_a_place_that_is_named_after_somebody_is_named_and_does_not_stop_the_erasure(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_run(OutputRoot.at(str(root)), "latest", Place.named(f"delta:{tmp_path}/{ADA}"))
    capsys.readouterr()
    assert main(["erase", "--output", str(root), "--author", ADA]) == 0
    printed = capsys.readouterr().err
    assert "since they say where runs were copied to, although they name them" in printed
    assert len(list((root / "copies").iterdir())) == 1


@pytest.mark.usefixtures("lake")
def test_copies_are_named_by_whoever_finishes_an_erasure(
    root: Path, spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_at(monkeypatch, "delete", "pending.json", 1), pytest.raises(Killed):
        erase(spark, Folder.at(str(root)), key_of(root), Subjects(authors=frozenset({ADA})))
    capsys.readouterr()
    (tmp_path / "scored").mkdir()
    score(spark, root, write(tmp_path / "in.parquet", documents(0)), tmp_path / "scored")
    assert len(named_commands(capsys)) == 2


def test_a_withdrawn_consent_names_the_copies(
    root: Path, lake: Path, spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = tmp_path / "ledger.csv"
    names = sorted({str(row["author_id"]) for row in documents(1)})
    lines = [f"{name},,research,granted,2026-01-01T00:00:00Z,1" for name in names]
    lines.append(f"{ADA},,research,withdrawn,2026-02-01T00:00:00Z,1")
    ledger.write_text("\n".join(["author_id,doc_id,scope,event,at,terms_version", *lines]) + "\n")
    (tmp_path / "scored").mkdir()
    capsys.readouterr()
    score(spark, root, write(tmp_path / "in.parquet", documents(0)), tmp_path / "scored", consent=str(ledger))
    commands = named_commands(capsys)
    assert len(commands) == 2
    hers = needles(root)
    assert [main(command) for command in commands] == [0, 0]
    vacuum(lake)
    assert places_of(hers, lake) == []


def test_another_key_names_the_copies(root: Path, lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = {*DeltaTable(str(lake / "scores")).to_pyarrow_table()["author_key"].to_pylist()}
    assert main(["rotate-key", "--output", str(root)]) == 0
    commands = named_commands(capsys)
    assert [main(command) for command in commands] == [0, 0]
    table = DeltaTable(str(lake / "scores")).to_pyarrow_table()
    assert not old & {*table["author_key"].to_pylist()}
    assert_as_in_the_root(root, lake)
