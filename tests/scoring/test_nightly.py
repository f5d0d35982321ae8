import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from mh_batch import PublishedRun
from mh_batch.errors import BusyError, CorpusError
from mh_batch.output import MANIFEST, Leases, OutputRoot
from mh_batch.scoring.nightly import Night, published_night, run_night, tables_read
from mh_batch.settings import NightlySettings
from tests.scoring.abandoned_leases import left_behind
from tests.scoring.corpora import document, write
from tests.scoring.recording_loader import RecordingLoader, scored_texts

pytestmark = [pytest.mark.spark, pytest.mark.runs]


class Nights:
    """Nights over `in/<date>.parquet` into one output root, with a stand-in for the model."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.folder, self.log = spark, folder, folder / "scored"
        self.log.mkdir()
        self.sessions = 0

    def deliver(self, date: str, *texts: str) -> None:
        write(self.folder / "in" / f"{date}.parquet", [document(f"{date}-{i}", text) for i, text in enumerate(texts)])

    def settings(self, date: str, **changes: Any) -> NightlySettings:
        given: dict[str, Any] = {
            "input": str(self.folder / "in" / "{date}.parquet"),
            "output": str(self.folder / "out"),
        }
        given |= {"model": "xlmr-depression-mini", "precision": "fp32", "min_authors": 1, "date": date}
        return NightlySettings.model_validate({**given, **changes})

    def run(self, date: str, **changes: Any) -> Night:
        return run_night(self.settings(date, **changes), self._session, RecordingLoader(self.log))

    def _session(self) -> AbstractContextManager[SparkSession]:
        self.sessions += 1
        return nullcontext(self.spark)

    @property
    def root(self) -> OutputRoot:
        return OutputRoot.at(str(self.folder / "out"))


@pytest.fixture
def nights(spark: SparkSession, tmp_path: Path) -> Nights:
    return Nights(spark, tmp_path)


def test_nights_are_carried_out_once_each_compared_and_retired(nights: Nights) -> None:
    nights.deliver("2026-03-01", "A walk.", "A swim.")
    nights.deliver("2026-03-02", "A ride.", "A walk.", "A sail.")
    left_behind(nights.folder / "out", "nightly", "2026-03-01")  # its holder was killed

    metrics = nights.folder / "metrics.jsonl"
    first = nights.run("2026-03-01", metrics=str(metrics))
    assert not first.done_before
    assert set(first.run.scores_pandas()["doc_id"]) == {"2026-03-01-0", "2026-03-01-1"}
    assert Leases(nights.root.folder).holders() == []
    _has_a_line_for_each_stage(metrics, first.run.run_id)

    again = nights.run("2026-03-01", metrics="-")
    assert (again.done_before, again.run.run_id, nights.sessions) == (True, first.run.run_id, 1)

    second = nights.run("2026-03-02")
    assert len(scored_texts(nights.log)) == 4, "the text of both nights is scored once"
    assert second.run.manifest["previous"] == first.run.run_id
    _tells_the_change(second.run, first.run)

    strict = nights.run("2026-03-02", threshold={"depressed": 0.9}, keep_runs=2)
    assert not strict.done_before, "other settings make another night"
    change = strict.run.change()
    assert change is not None
    assert not change["comparable"].any()
    assert strict.retired == [first.run.run_id]
    assert nights.root.published() == [second.run.run_id, strict.run.run_id]
    assert not nights.root.run(first.run.run_id).exists()
    assert len(scored_texts(nights.log)) == 4, "another threshold costs nothing"


def _has_a_line_for_each_stage(metrics: Path, run_id: str) -> None:
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [line["stage"] for line in lines] == [
        *("examine", "look up", "tokenise", "inference", "scores", "rejected", "validate", "report", "publish")
    ]
    assert {line["run_id"] for line in lines} == {run_id}
    assert (lines[0]["rows"], lines[2]["texts"], lines[2]["model"]) == (2, 2, "xlmr-depression-mini")
    assert all(line["seconds"] >= 0 for line in lines)


def _tells_the_change(second: PublishedRun, first: PublishedRun) -> None:
    assert first.change() is None
    change = second.change()
    assert change is not None
    row = change[(change["label"] == "depressed") & (change["language"] == "all")].iloc[0]
    shares = [(run.scores_pandas()["p_depressed"] >= 0.5).mean() for run in (first, second)]
    assert (row["documents_before"], row["documents"], row["run_before"]) == (2, 3, first.run_id)
    assert [row["share_before"], row["share"]] == pytest.approx(shares)
    assert row["difference"] == pytest.approx(shares[1] - shares[0])
    assert row["comparable"]


def test_a_night_whose_input_was_named_after_somebody_erased_is_still_done(
    nights: Nights,
) -> None:
    published = {
        "a": "/corpus/[erased]/2026-03-01",
        "b": "/corpus/notes/2026-03-01",
        "c": "/corpus/[erased]/2026-03-01",
    }
    for run, name in published.items():
        settings = nights.settings("2026-03-01", input=name).model_dump(mode="json")
        (nights.root.run(run) / MANIFEST).write_json({"settings": settings})

    def done(name: str, **changes: Any) -> str | None:
        return published_night(nights.root, nights.settings("2026-03-01", input=name, **changes))

    assert done("/corpus/posts/2026-03-01") == "c"
    assert done("/corpus/notes/2026-03-01") == "b", "what is named in full goes before"
    assert done("/corpus/posts/2026-03-02") is None
    assert done("/corpus/posts/more/2026-03-01") is None
    assert done("/corpus/posts/2026-03-01", threshold={"depressed": 0.9}) is None


def test_nights_over_a_growing_table_read_what_is_new(nights: Nights) -> None:
    table = nights.folder / "in"
    into = {"input": f"delta:{table}"}

    def deliver(*texts: str) -> None:
        ids = [f"d{len(texts)}-{number}" for number in range(len(texts))]
        write_deltalake(
            table, pa.table({"doc_id": ids, "text": texts, "consent": [["research"]] * len(ids)}), mode="append"
        )

    deliver("A walk.", "A swim.")
    first = nights.run("2026-03-01", **into).run
    deliver("A ride.", "A walk.", "A sail.")
    DeltaTable(table).delete("text = 'A swim.'")
    DeltaTable(table).optimize.compact()
    second = nights.run("2026-03-02", **into).run
    assert sorted(second.scores_pandas()["doc_id"]) == ["d3-0", "d3-1", "d3-2"]
    assert (len(first.manifest["tables"]), first.manifest["tables"][0]["since"]) == (1, None)
    assert second.manifest["tables"][0]["since"] == first.manifest["tables"][0]["version"]
    third = nights.run("2026-03-03", **into).run
    assert third.manifest["counts"]["read"] == 0, "a night without news is published, and the next goes on from there"
    assert len(scored_texts(nights.log)) == 4, "each text is scored once"
    whole = nights.run("2026-03-04", **into, table_rows="all").run
    assert sorted(whole.scores_pandas()["doc_id"]) == ["d2-0", "d3-0", "d3-1", "d3-2"]
    assert nights.run("2026-03-03", **into).done_before


def test_a_night_with_other_settings_reads_again_what_was_new_in_it(nights: Nights) -> None:
    name = f"delta:{nights.folder / 'in'}"

    def published(date: str, version: int, **changes: Any) -> None:
        manifest: dict[str, Any] = {"settings": nights.settings(date, input=name).model_dump(mode="json")}
        manifest["tables"] = [{"input": name, "version": {"table_id": "t", "version": version}, **changes}]
        (nights.root.run(f"{date}-{version}") / MANIFEST).write_json(manifest)

    def read(date: str) -> list[int]:
        return [one.version for one in tables_read(nights.root, nights.settings(date, input=name))]

    published("2026-03-01", 3)
    published("2026-03-02", 5, input=name.replace("in", "[erased]"))
    assert (read("2026-03-01"), read("2026-03-02"), read("2026-03-03")) == ([], [3], [5])
    others = nights.settings("2026-03-03", input=name, model="longformer-mental-health-mini")
    assert tables_read(nights.root, others) == []


def test_a_night_of_before_there_was_a_setting_is_done_for_the_default_of_it(nights: Nights) -> None:
    recorded = nights.settings("2026-03-01", threshold={"depressed": 0.6}).model_dump(mode="json")
    for setting in ("undetermined_language", "columns", "max_text_chars", "consent"):
        del recorded[setting]
    (nights.root.run("a") / MANIFEST).write_json({"settings": recorded})

    def done(**changes: Any) -> str | None:
        return published_night(
            nights.root, nights.settings("2026-03-01", **{"threshold": {"depressed": 0.6}, **changes})
        )

    assert done() == done(undetermined_language="score") == "a"
    assert done(undetermined_language="reject") is None
    assert done(columns={"text": "body"}) is None
    assert done(threshold={}) is None


def test_a_second_start_is_told_who_is_at_work(nights: Nights) -> None:
    nights.deliver("2026-03-01", "A walk.")
    with (
        Leases(nights.root.folder).held("nightly", "2026-03-01"),
        pytest.raises(BusyError, match=r"held by nightly 2026-03-01, process \d+ on "),
    ):
        nights.run("2026-03-01")
    assert nights.sessions == 0


def test_a_date_without_files_is_an_error_that_names_them(nights: Nights) -> None:
    with pytest.raises(CorpusError, match=r"2026-03-09\.parquet cannot be read as Parquet: there is no such file"):
        nights.run("2026-03-09")
