"""An output root of the version before is read, continued, reported, erased and rotated by this one. See `make.py`."""

import json
import shutil
import tarfile
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mh_batch import PublishedRun, ScoreSettings, open_run, score_corpus
from mh_batch.cli import main
from mh_batch.consent import ConsentLedger
from mh_batch.followup import Outbox, follow_up, load_policy
from mh_batch.output import OutputRoot
from mh_batch.pseudonyms import author_key, read_key
from tests.frozen.make import AUTHORS, ERASED, MODELS, NEVER_HELPED, NOT_HELPED, SECOND, commands
from tests.privacy.erasure.roots import places_of
from tests.scoring.corpora import document, write
from tests.scoring.recording_loader import RecordingLoader, scored_texts

pytestmark = [pytest.mark.spark, pytest.mark.runs]

ARCHIVE = Path(__file__).with_name("before-0.1.0.tar.gz")
LEFT = [author for author in AUTHORS if author != ERASED]
OUT = ["--output", "out"]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen")
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(folder, filter="data")
    return folder


@pytest.fixture
def root(unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OutputRoot:
    """The root `out`, in a folder that the commands run in as those of the version before did."""
    folder = Path(shutil.copytree(unpacked, tmp_path / "frozen"))
    monkeypatch.chdir(folder)
    return OutputRoot.at("out")


def runs(root: OutputRoot) -> list[PublishedRun]:
    return [PublishedRun(root.run(run)) for run in root.published()]


def documents_of(run: PublishedRun) -> set[str]:
    return set(run.scores_pandas(MODELS[0])["doc_id"])


def written_by(authors: list[str], number: int) -> set[str]:
    return {f"{author}-{which}" for author in authors for which in range(number)}


def test_runs_are_listed_and_validated_and_a_night_is_known_to_be_done(
    spark: SparkSession, root: OutputRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [documents_of(run) for run in runs(root)] == [written_by(LEFT, 4), written_by(LEFT, 6)]
    assert main(["runs", *OUT]) == 0
    listed = capsys.readouterr().out
    assert all(run in listed for run in root.published())
    for run in root.published():
        assert main(["validate", *OUT, "--run", run]) == 0
    night = next(command for command in commands() if command[0] == "nightly")
    before = root.published()
    assert main(night) == 0
    assert SECOND in night
    assert root.published() == before


def test_a_report_is_written_again_as_it_was(spark: SparkSession, root: OutputRoot) -> None:
    second = runs(root)[-1]
    before = {table.name: pd.read_parquet(table) for table in Path(second.folder.uri, "report").glob("*.parquet")}
    page = Path(second.report_page.uri)
    page.unlink()
    groups = ["--group-by", "region,source", "--min-authors", "2"]
    assert main(["report", *OUT, *groups]) == 0
    assert "</html>" in page.read_text("utf-8")
    assert {"prevalence", "change", "mix"} <= {Path(name).stem for name in before}
    for name, expected in before.items():
        again = pd.read_parquet(page.with_name(name))
        if "by" in again:  # a later version may count further crossings
            again = again[again["by"].isin(expected["by"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(again, expected)


def test_a_run_goes_on_where_the_version_before_was_and_applies_a_withdrawal(
    spark: SparkSession, root: OutputRoot, tmp_path: Path
) -> None:
    stays, gone, left = LEFT[0], LEFT[1], [LEFT[0], *LEFT[2:]]
    with Path("ledger.csv").open("a") as ledger:
        ledger.write(f"{gone},,research,withdrawn,2026-01-03T00:00:00Z\n")
    news = write(tmp_path / "in.parquet", [document("new", "A text that nobody has seen.", author_id=stays)])
    given: dict[str, Any] = {"output": "out", "model": MODELS, "precision": "fp32", "consent": "ledger.csv"}
    given |= {"input": [f"in/{SECOND}.parquet", news], "group_by": "region,source", "min_authors": 2, "partitions": 2}
    (tmp_path / "scored").mkdir()
    run = score_corpus(spark, ScoreSettings.model_validate(given), load=RecordingLoader(tmp_path / "scored"))
    assert len(scored_texts(tmp_path / "scored")) == len(MODELS), "only the new text is scored, once by each model"
    first, second, third = runs(root)
    assert [documents_of(first), documents_of(second)] == [written_by(left, 4), written_by(left, 6)]
    assert documents_of(third) == {*written_by(left, 6), "new"}
    assert run.manifest["counts"]["rejected"] == {"empty_text": 1, "erased": 6, "no_consent": 6}
    columns = ["doc_id", "author_key", "content_key", "p_depressed"]
    for model in MODELS:
        known = [one.scores_pandas(model)[columns].sort_values("doc_id") for one in (second, third)]
        known[1] = known[1][known[1]["doc_id"] != "new"]
        assert known[0].to_numpy().tolist() == known[1].to_numpy().tolist()
    assert third.change() is not None


def test_an_outbox_goes_on_and_nothing_is_issued_or_delivered_twice(
    spark: SparkSession, root: OutputRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    key, ledger, outbox = read_key(Path("out/pseudonym.key")), ConsentLedger.open("ledger.csv"), Outbox(root)
    issued = outbox.rows()
    helped = {author_key(key, author) for author in LEFT if author not in {NOT_HELPED, NEVER_HELPED}}
    assert {row.author_key for row in issued} == helped
    assert {attempt.outbox_id for attempt in outbox.attempts()} == {row.outbox_id for row in issued}

    def again(moment: datetime) -> int:
        run, policy = open_run("out"), load_policy(Path("policy.yaml"))
        followed = follow_up(lambda: nullcontext(spark), root, run, policy, ledger, key, moment=moment)
        assert set(followed.candidates.values()) == {len(helped)}
        return len(followed.rows)

    assert again(issued[0].issued_at + timedelta(days=1)) == 0
    assert main(["deliver", *OUT, "--consent", "ledger.csv"]) == 0
    assert capsys.readouterr().out == "nothing to deliver\n"
    assert len(outbox.rows()) == len(outbox.attempts()) == len(helped)


def test_a_person_is_erased_and_then_the_key_rotated(spark: SparkSession, root: OutputRoot) -> None:
    key = read_key(Path("out/pseudonym.key"))
    hers = [author_key(key, LEFT[0]).encode(), LEFT[0].encode()]
    assert len(places_of(hers, Path("out"))) > 5, "the search itself must work"
    assert main(["erase", *OUT, "--author", LEFT[0]]) == 0
    assert places_of(hers, Path("out")) == []
    assert [documents_of(run) for run in runs(root)] == [written_by(LEFT[1:], 4), written_by(LEFT[1:], 6)]
    assert len(json.loads(Path(runs(root)[0].folder.uri, "manifest.json").read_text())["erasures"]) == 2
    tombstones = pq.read_table("out/erased", columns=["subject"])["subject"].to_pylist()
    assert tombstones.count("author") == 2, "who was erased before, and she"

    assert main(["rotate-key", *OUT]) == 0
    rotated = read_key(Path("out/pseudonym.key"))
    assert rotated.links[:-1] == key.links
    expected = {author_key(rotated, author) for author in LEFT[1:]}
    for run in runs(root):
        assert set(run.scores_pandas(MODELS[1])["author_key"]) == expected
    assert {row.author_key for row in Outbox(root).rows()} < expected
    assert main(["validate", *OUT]) == 0
