from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyarrow import parquet
from pyspark.sql import SparkSession

from mh_batch.common.filesystem import Folder
from mh_batch.contracts import load_contract
from mh_batch.reporting import write_report
from mh_batch.settings import ReportOptions
from tests.reporting.scored_corpus import MODELS, draw_documents, score, write_run

ONE = "one-of-two"


def report(spark: SparkSession, folder: Path, scores: dict[str, pd.DataFrame], **options: Any) -> dict[str, Any]:
    """Write a run and its report; return the tables, what the manifest says of it, and the page."""
    previous = options.pop("previous", None)
    manifest = write_run(folder, scores)
    entry = write_report(spark, Folder.at(str(folder)), manifest, ReportOptions(**options), previous)
    tables = {path.stem: pd.read_parquet(path) for path in (folder / "report").glob("*.parquet")}
    return {**tables, "entry": entry, "page": (folder / "report" / "index.html").read_text("utf-8")}


def total(tables: dict[str, Any], label: str = "depressed") -> dict[str, Any]:
    table = tables["prevalence"]
    rows: list[dict[str, Any]] = table[(table["label"] == label) & (table["by"] == "all")].to_dict("records")
    return rows[0]


@pytest.fixture(scope="module")
def documents() -> pd.DataFrame:
    return draw_documents(6_000, seed=5)


@pytest.fixture(scope="module")
def scores(documents: pd.DataFrame) -> pd.DataFrame:
    return score(documents, MODELS[ONE], seed=6)


@pytest.mark.spark
def test_tables_keep_their_contracts(spark: SparkSession, scores: pd.DataFrame, tmp_path: Path) -> None:
    report(spark, tmp_path / "before", {ONE: scores[:5000]})
    report(spark, tmp_path / "now", {ONE: scores}, previous=Folder.at(str(tmp_path / "before")))

    for path in (tmp_path / "now" / "report").glob("*.parquet"):
        schema = load_contract(path.stem).arrow_schema()
        table = parquet.read_table(path)
        assert table.schema.equals(schema), path.stem
        assert table.num_rows or path.stem == "cooccurrence"
        for column in schema:
            assert column.nullable or not table[column.name].null_count, (path.stem, column.name)


@pytest.mark.spark
def test_a_corpus_without_authors_is_guarded_by_documents(
    spark: SparkSession, scores: pd.DataFrame, tmp_path: Path
) -> None:
    tables = report(spark, tmp_path / "run", {ONE: scores.assign(author_key=None)})

    assert tables["entry"]["counted_as_authors"] == "documents"
    row = total(tables)
    assert row["authors"] == 0
    assert row["design_effect"] == 1
    assert pd.isna(row["author_share"])
    assert pd.isna(row["any_positive"])
    table = tables["prevalence"]
    assert (table["documents"].dropna() >= 20).all()
    assert (table["suppressed"] == "small").any()


@pytest.mark.spark
def test_a_corpus_of_few_authors_shows_nothing(spark: SparkSession, scores: pd.DataFrame, tmp_path: Path) -> None:
    few = scores[scores["author_key"].isin(scores["author_key"].dropna().unique()[:15])]

    tables = report(spark, tmp_path / "run", {ONE: few})

    table = tables["prevalence"]
    assert table["suppressed"].notna().all()
    assert table[["documents", "authors", "share", "prevalence", "q50"]].isna().all(axis=None)
    assert tables["distribution"].empty
    assert "suppressed" in tables["page"]


@pytest.mark.spark
def test_counts_are_rounded_where_asked(spark: SparkSession, scores: pd.DataFrame, tmp_path: Path) -> None:
    tables = report(spark, tmp_path / "run", {ONE: scores}, round_to=10)

    shown = tables["prevalence"].dropna(subset="documents")
    for column in ("documents", "authors", "positives", "positive_authors"):
        assert (shown[column] % 10 == 0).all()
    assert (shown["share"] == shown["positives"] / shown["documents"]).all()
    assert (tables["distribution"]["documents"] % 10 == 0).all()
    assert (tables["quality"]["documents"].dropna() % 10 == 0).all()
    assert tables["entry"]["round_to"] == 10


@pytest.mark.spark
def test_a_model_that_scored_nothing_does_not_break_the_report(
    spark: SparkSession, documents: pd.DataFrame, scores: pd.DataFrame, tmp_path: Path
) -> None:
    tables = report(spark, tmp_path / "run", {ONE: scores, "several": score(documents, MODELS["several"], seed=7)[:0]})

    assert set(tables["prevalence"]["model"]) == {ONE}
    assert "scored no texts" in tables["page"]


@pytest.mark.spark
def test_what_changed_is_reported_and_flagged(
    spark: SparkSession, documents: pd.DataFrame, scores: pd.DataFrame, tmp_path: Path
) -> None:
    worse = score(documents.assign(mood=(documents["mood"] + 0.25).clip(0, 1)), MODELS[ONE], seed=6)
    moved = worse[(worse["source"] != "forum") | (worse.index % 4 == 0)]
    report(spark, tmp_path / "before", {ONE: scores})

    same = report(spark, tmp_path / "same", {ONE: scores}, previous=Folder.at(str(tmp_path / "before")))
    other = report(spark, tmp_path / "other", {ONE: moved}, previous=Folder.at(str(tmp_path / "before")))

    assert same["entry"]["flags"] == []
    assert same["change"]["difference"].abs().max() == 0
    assert any("depressed, all languages" in flag for flag in other["entry"]["flags"])
    assert any("sources changed" in flag for flag in other["entry"]["flags"])
    assert other["entry"]["against"] == "before"
    [row] = other["change"].query("label == 'depressed' and language == 'all'").to_dict("records")
    share = {
        name: frame["labels"].map(lambda given: "depressed" in given).mean() for name, frame in _both(moved, scores)
    }
    assert (row["share"], row["share_before"]) == pytest.approx((share["now"], share["before"]))
    assert row["difference_low"] > 0


def _both(now: pd.DataFrame, before: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [("now", now), ("before", before)]


@pytest.mark.spark
def test_a_language_that_one_report_hides_is_not_compared(
    spark: SparkSession, scores: pd.DataFrame, tmp_path: Path
) -> None:
    authors = scores.loc[scores["language"] == "pt", "author_key"].dropna().unique()
    fewer = scores[(scores["language"] != "pt") | scores["author_key"].isin(authors[:5])]
    report(spark, tmp_path / "before", {ONE: fewer})

    tables = report(spark, tmp_path / "now", {ONE: scores}, previous=Folder.at(str(tmp_path / "before")))

    hidden = set(
        pd.read_parquet(tmp_path / "before" / "report" / "quality.parquet").query("suppressed.notna()")["value"]
    )
    assert "pt" in hidden
    assert not hidden & set(tables["change"]["language"])
    assert not hidden & set(tables["mix"]["value"])


@pytest.mark.spark
def test_a_private_report_holds_noisy_authors_and_nothing_else(
    spark: SparkSession, scores: pd.DataFrame, tmp_path: Path
) -> None:
    tables = report(spark, tmp_path / "run", {ONE: scores}, dp_epsilon=8.0, dp_max_groups=2)

    table, privacy = tables["prevalence"], tables["entry"]["privacy"]
    assert privacy["spent"] == pytest.approx(8.0)
    assert set(table["label"]) == {"depressed"}
    filled = {"model", "label", "by", "period", "language", "region", "source", "authors", "positive_authors"}
    filled |= {"any_positive", "any_positive_low", "any_positive_high", "author_band"}
    assert set(table.columns[table.notna().any()]) == filled
    assert all(tables[name].empty for name in ("distribution", "cooccurrence", "quality"))
    assert total(tables)["authors"] == pytest.approx(scores["author_key"].nunique(), abs=20)


@pytest.mark.spark
def test_a_private_report_says_what_was_spent_on_this_run_before(
    spark: SparkSession, scores: pd.DataFrame, tmp_path: Path
) -> None:
    first = report(spark, tmp_path / "run", {ONE: scores}, dp_epsilon=1.0)["entry"]
    manifest = {**write_run(tmp_path / "again", {ONE: scores}), "report": first}

    second = write_report(spark, Folder.at(str(tmp_path / "again")), manifest, ReportOptions(dp_epsilon=0.5))

    assert second["privacy"]["spent"] == pytest.approx(0.5)
    assert second["epsilon_spent"] == pytest.approx(1.5)
