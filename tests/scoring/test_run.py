import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession, functions as F

from mh_batch import PublishedRun, ScoreSettings, open_run, score_corpus
from mh_batch.common.filesystem import Folder
from mh_batch.corpus import examine, read_corpus, texts_of
from mh_batch.errors import SettingsError, UsageError, ValidationError
from mh_batch.inference import Execution, load_scorer
from mh_batch.models import Model
from mh_batch.output import OutputRoot, ScoreStore
from mh_batch.pseudonyms import read_key
from mh_batch.scoring import model_scoring, run as run_module
from mh_batch.scoring.inference.batch_inference import BatchInference
from mh_batch.scoring.model_scoring import look_up
from mh_batch.scoring.tables import is_eligible, scores_table
from mh_batch.spark import Placement
from tests.scoring.abandoned_leases import left_behind
from tests.scoring.corpora import BROKEN, document, sound_documents, write
from tests.texts import PLANTED, SAMPLES, files_with

pytestmark = [pytest.mark.spark, pytest.mark.runs]

XLMR, LONGFORMER = "xlmr-depression-mini", "longformer-mental-health-mini"
POLISH = [document("polish", "To był spokojny dzień.", language="pl")]


def settings(corpus: str, output: Path, **changes: Any) -> ScoreSettings:
    plain = {
        "input": corpus,
        "output": str(output),
        "model": XLMR,
        "precision": "fp32",
        "device": "cpu",
        "max_text_chars": 10_000,
    }
    return ScoreSettings(**{**plain, "min_authors": 1, **changes})


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("corpus")
    write(folder / "part-0.parquet", sound_documents())
    write(folder / "part-1.parquet", [row for _, row in BROKEN] + POLISH)
    return str(folder)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def published(spark: SparkSession, corpus: str, root: Path) -> PublishedRun:
    return score_corpus(spark, settings(corpus, root, model=(XLMR, LONGFORMER)))


def test_every_row_is_scored_or_rejected_with_its_reason(published: PublishedRun) -> None:
    expected = Counter(reason for reason, _ in BROKEN)
    counts = published.manifest["counts"]
    assert counts["read"] == len(sound_documents()) + len(BROKEN) + 1
    assert counts["rejected"] == expected
    assert counts["models"][XLMR]["scored"] == len(sound_documents())
    assert counts["models"][XLMR]["rejected"] == {"unknown_language": 1}
    rejected = published.rejected_pandas()
    assert Counter(rejected.reason[rejected.model.isna()]) == expected


def test_a_model_rejects_the_languages_that_it_does_not_know(published: PublishedRun) -> None:
    english = [
        row["doc_id"] for row in sound_documents() if row["doc_id"].startswith(("en", "long", "copy", "planted-0"))
    ]
    assert sorted(published.scores_pandas(LONGFORMER).doc_id) == sorted(english)
    rejected = published.rejected_pandas()
    foreign = rejected[rejected.model == LONGFORMER]
    assert set(foreign.reason) == {"unknown_language"}
    assert Counter(foreign.detail)["de"] == 3
    assert Counter(foreign.detail)["pl"] == 1


@pytest.mark.parametrize(("choice", "undetermined"), [("score", "scored"), ("reject", "undetermined")])
def test_other_languages_are_rejected_by_code_and_undetermined_texts_as_is_set(
    spark: SparkSession, tmp_path: Path, choice: str, undetermined: str
) -> None:
    texts = {
        "en": "This morning I walked along the river.",
        "tr": "Artık dayanamıyorum, lütfen biri bana yardım etsin.",
        "nl": "Ik slaap al weken nauwelijks en niemand merkt het.",
        "undetermined": "ok",
    }
    rows = [{**document(code, text), "language": None} for code, text in texts.items()]
    write(tmp_path / "corpus.parquet", rows)
    chosen = settings(str(tmp_path / "corpus.parquet"), tmp_path / "out", undetermined_language=choice)
    run = score_corpus(spark, chosen)
    scores, rejected = run.scores_pandas(XLMR), run.rejected_pandas()
    assert list(scores.doc_id) == list(scores.language)
    outcome = {**dict.fromkeys(scores.doc_id, "scored"), **dict(zip(rejected.doc_id, rejected.detail, strict=True))}
    assert outcome == {"en": "scored", "tr": "tr", "nl": "nl", "undetermined": undetermined}
    assert run.manifest["settings"]["undetermined_language"] == choice


def test_the_scores_are_those_of_the_model_without_spark(published: PublishedRun, xlmr_mini: Model) -> None:
    texts = {row["doc_id"]: row["text"] for row in sound_documents()}
    scores = published.scores_pandas(XLMR).set_index("doc_id")
    expected = load_scorer(xlmr_mini).score(list(texts.values()))
    for doc_id, score in zip(texts, expected, strict=True):
        assert score.probabilities is not None
        assert scores.p_depressed[doc_id] == pytest.approx(score.probabilities[1], abs=1e-5)
        assert (scores.n_tokens[doc_id], scores.n_windows[doc_id]) == (score.n_tokens, score.n_windows)
    assert scores.n_windows["long"] > 1


def test_documents_keep_what_the_corpus_says_of_them_and_authors_become_keys(published: PublishedRun) -> None:
    scores = published.scores_pandas(XLMR).set_index("doc_id")
    given = {row["doc_id"]: row for row in sound_documents()}
    assert scores.created_at.to_dict() == {doc_id: pd.Timestamp(row["created_at"]) for doc_id, row in given.items()}
    assert set(scores.region) == {"North"}
    assert scores.language["de-2"] == "de"
    assert scores.author_key.nunique() == len({row["author_id"] for row in given.values()})
    assert not {row["author_id"] for row in given.values()} & set(scores.author_key)


def test_equal_texts_are_scored_once_and_agree(published: PublishedRun) -> None:
    manifest = published.manifest
    assert manifest["throughput"][XLMR]["texts"] == len(sound_documents()) - 1
    assert manifest["counts"]["models"][XLMR]["duplicate_texts"] == 1
    scores = published.scores_pandas(XLMR).set_index("doc_id")
    assert scores.content_key["copy"] == scores.content_key["en-0"]
    assert scores.p_depressed["copy"] == scores.p_depressed["en-0"]


def test_the_tables_open_in_spark_and_in_pandas(published: PublishedRun, spark: SparkSession, root: Path) -> None:
    run = open_run(str(root), "latest", spark)
    assert run.run_id == published.run_id
    assert run.scores(XLMR).count() == len(run.scores_pandas(XLMR)) == len(sound_documents())
    assert run.rejected().count() == len(run.rejected_pandas())
    with pytest.raises(UsageError, match="name one of them"):
        run.scores()
    with pytest.raises(UsageError, match="without a Spark session"):
        open_run(str(root)).scores(XLMR)


def test_the_manifest_says_what_ran(published: PublishedRun, xlmr_mini: Model) -> None:
    manifest = published.manifest
    assert manifest["validation"]["success"] is True
    assert manifest["validation"]["expectations"] > 30
    assert manifest["versions"]["torch"]
    assert [model["name"] for model in manifest["models"]] == [XLMR, LONGFORMER]
    assert all(len(model["fingerprint"]) == 16 for model in manifest["models"])
    weights = (xlmr_mini.folder / "model.safetensors").read_bytes()
    assert manifest["models"][0]["sha256"]["model.safetensors"] == hashlib.sha256(weights).hexdigest()
    assert manifest["models"][1]["thresholds"].keys() == {"neutral", "depressed", "anxious", "stressed"}
    assert [(model["device"], model["gpus"]) for model in manifest["models"]] == [("cpu", [])] * 2
    assert manifest["started_at"] <= manifest["finished_at"]


def test_the_report_counts_what_the_scores_say(published: PublishedRun) -> None:
    table, scores = published.prevalence(), published.scores_pandas(XLMR)
    [row] = table[(table["model"] == XLMR) & (table["label"] == "depressed") & (table["by"] == "all")].itertuples()
    assert row.documents == len(scores)
    assert row.positives == sum("depressed" in labels for labels in scores.labels)
    assert "not a diagnosis" in published.report_page.read_bytes().decode()


def test_no_text_is_in_anything_that_a_run_writes(published: PublishedRun, root: Path, corpus: str) -> None:
    needles = (*PLANTED, *[text for samples in SAMPLES.values() for text in samples])
    assert files_with(Path(corpus), needles), "the search itself must work"
    assert files_with(root, needles) == []


def test_nothing_is_left_behind_but_store_runs_and_key(published: PublishedRun, root: Path) -> None:
    assert sorted(path.name for path in root.iterdir()) == ["leases", "pseudonym.key", "runs", "store", "work"]
    assert [list((root / name).iterdir()) for name in ("leases", "work")] == [[], []]


def test_nobody_but_its_owner_may_read_what_a_run_writes(published: PublishedRun, root: Path) -> None:
    written = list(root.rglob("*"))
    assert {path.suffix for path in written} >= {".parquet", ".crc", ".json", ".html", ".csv", ".key"}
    assert [str(path) for path in written if path.stat().st_mode & 0o077] == []


def test_what_was_scored_is_not_scored_again_and_a_threshold_costs_nothing(
    published: PublishedRun, spark: SparkSession, corpus: str, root: Path
) -> None:
    again = score_corpus(spark, settings(corpus, root, threshold={"depressed": 0.000001}))
    assert again.manifest["throughput"][XLMR]["texts"] == 0
    before, after = published.scores_pandas(XLMR), again.scores_pandas()
    columns = ["doc_id", "p_depressed", "n_tokens", "content_key", "author_key"]
    pd.testing.assert_frame_equal(
        before[columns].sort_values("doc_id", ignore_index=True),
        after[columns].sort_values("doc_id", ignore_index=True),
    )
    assert {tuple(labels) for labels in after.labels} == {("depressed",)}


def test_two_runs_into_one_root_at_once_do_not_harm_each_other(spark: SparkSession, corpus: str, output: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: score_corpus(spark, settings(corpus, output)), range(2)))
    assert len({run.run_id for run in runs}) == 2
    first, second = (run.scores_pandas().sort_values("doc_id", ignore_index=True) for run in runs)
    pd.testing.assert_frame_equal(first, second)
    assert len(first) == len(sound_documents())


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_scores_do_not_depend_on_the_partitioning(
    spark: SparkSession, corpus: str, xlmr_mini: Model, published: PublishedRun, tmp_path: Path, partitions: int
) -> None:
    chosen = settings(corpus, tmp_path, partitions=partitions)
    texts = read_corpus(spark, chosen.input, {}, None)
    key = read_key(Path(published.folder.uri).parents[1] / "pseudonym.key")
    documents = examine(texts.documents, key, xlmr_mini.card.languages, chosen.max_text_chars)
    store = ScoreStore(spark, OutputRoot.at(str(tmp_path)), "f")
    eligible = documents.where(is_eligible(xlmr_mini.card, score_undetermined=True))
    _, lacking = look_up(eligible, 100, store, "r", Folder.at(str(tmp_path / "work")))
    inference = BatchInference(spark, xlmr_mini, Execution("exact", "fp32"), Placement(), "scoring")
    with closing(inference.tokenise(texts_of(texts, lacking, key), lacking, partitions)) as tokenised:
        done = inference.score(tokenised, lambda rows: store.append(rows, "r"))
    assert done.effort.model_loads <= spark.sparkContext.defaultParallelism, (
        "loaded once for each worker, not for each task"
    )
    found = {row["content_key"]: row["probabilities"] for row in store.of_run("r").collect()}
    expected = published.scores_pandas(XLMR)
    for row in expected.itertuples():
        assert np.abs(np.array(found[row.content_key]) - [row.p_not_depressed, row.p_depressed]).max() <= 1e-5


def test_a_run_that_breaks_a_contract_is_not_published(
    spark: SparkSession, corpus: str, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound_table = scores_table

    def losing_table(*arguments: Any) -> DataFrame:
        table = sound_table(*arguments)
        return table.where("doc_id != 'en-0'").withColumn("p_depressed", F.lit(1.5))

    monkeypatch.setattr(model_scoring, "scores_table", losing_table)
    with pytest.raises(ValidationError) as error:
        score_corpus(spark, settings(corpus, output))
    message = str(error.value)
    assert error.value.exit_code == 3
    assert f"scores of {XLMR}.p_depressed: ExpectColumnValuesToBeBetween: 16 unexpected" in message
    assert f"scores of {XLMR}: probabilities sum to one: 16 unexpected" in message
    assert f"scores of {XLMR}: ExpectTableRowCountToEqual: 1 unexpected" in message
    assert f"{18 + len(BROKEN)} rows read, but 16 scored and {1 + len(BROKEN)} rejected (+1 unaccounted for)" in message
    assert list((output / "runs").iterdir()) == []
    failed = list((output / "failed").iterdir())
    assert len(failed) == 1
    assert (failed[0] / "manifest.json").exists()
    assert files_with(output, PLANTED) == []


def test_a_run_that_fails_midway_leaves_no_run(
    spark: SparkSession, corpus: str, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(run_module, "write_report", fail)
    with pytest.raises(RuntimeError, match="the disk is full"):
        score_corpus(spark, settings(corpus, output))
    assert list((output / "runs").iterdir()) == []
    assert list((output / "work").iterdir()) == []


def test_what_a_killed_run_left_is_cleared_away(spark: SparkSession, corpus: str, output: Path) -> None:
    left_behind(output, "run", "killed")
    for left in (output / "work" / "killed" / "documents", output / "runs" / "killed" / "scores"):
        left.mkdir(parents=True)
    run = score_corpus(spark, settings(corpus, output))
    assert [folder.name for folder in (output / "runs").iterdir()] == [run.run_id]
    assert list((output / "work").iterdir()) == []
    assert list((output / "leases").iterdir()) == []


def test_without_consent_column_the_basis_is_recorded(spark: SparkSession, tmp_path: Path, output: Path) -> None:
    path = str(tmp_path / "plain.parquet")
    pd.DataFrame({"id": [1, 2], "body": [SAMPLES["en"][0], None]}).to_parquet(path)
    columns = {"doc_id": "id", "text": "body"}
    run = score_corpus(spark, settings(path, output, columns=columns, consent_basis="written by ourselves"))
    assert run.manifest["consent_basis"] == "written by ourselves"
    assert run.scores_pandas().doc_id.tolist() == ["1"]
    assert run.rejected_pandas().reason.tolist() == ["null_text"]
    assert run.prevalence().by.unique().tolist() == ["all", "language"]


def test_two_models_of_one_name_are_refused(spark: SparkSession, corpus: str, output: Path, xlmr_mini: Model) -> None:
    with pytest.raises(SettingsError, match="two models have the same name"):
        score_corpus(spark, settings(corpus, output, model=(XLMR, str(xlmr_mini.folder))))
    assert not output.exists()


def test_a_key_file_of_ones_own_is_used_and_never_made(spark: SparkSession, corpus: str, output: Path) -> None:
    with pytest.raises(UsageError, match=r"mine\.key holds no key"):
        score_corpus(spark, settings(corpus, output, key_file=output / "mine.key"))
    assert not output.exists()
