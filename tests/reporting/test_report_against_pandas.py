"""Every figure of the tables, on 55,000 documents of two models, against plain pandas."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession
from scipy.optimize import brentq
from scipy.stats import ks_2samp

from mh_batch.common.filesystem import Folder
from mh_batch.reporting import write_report
from mh_batch.settings import ReportOptions
from tests.reporting.reference_figures import DIMENSIONS, counts_of, groups_of, prepared, wilson
from tests.reporting.scored_corpus import MODELS, draw_documents, score, write_run

pytestmark = pytest.mark.spark

CROSSINGS = {
    "all": (),
    "week": ("period",),
    "language": ("language",),
    "region": ("region",),
    "source": ("source",),
    "week,language": ("period", "language"),
    "week,region": ("period", "region"),
    "language,source": ("language", "source"),
}
ALL = ("all",) * 5
EXACT = ("documents", "authors", "positives", "positive_authors")
CLOSE = ("share", "author_share", "any_positive", "mean_probability")


@pytest.fixture(scope="module")
def scores() -> dict[str, pd.DataFrame]:
    documents = draw_documents(55_000, seed=1)
    return {name: score(documents, model, seed=i) for i, (name, model) in enumerate(MODELS.items())}


@pytest.fixture(scope="module")
def report(
    spark: SparkSession,
    compiled_queries: None,
    scores: dict[str, pd.DataFrame],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    folder, before = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("before")
    previous = write_run(before, {"one-of-two": before_that(scores["one-of-two"])})
    write_report(spark, Folder.at(str(before)), previous, ReportOptions())
    manifest, options = write_run(folder, scores), ReportOptions(group_by=("source,language",))
    entry = write_report(spark, Folder.at(str(folder)), manifest, options, Folder.at(str(before)))
    tables = {path.stem: pd.read_parquet(path) for path in (folder / "report").glob("*.parquet")}
    return {**tables, "entry": entry, "before": before.name}


def before_that(scores: pd.DataFrame) -> pd.DataFrame:
    """What an earlier run scored: part of the documents, fewer from forums."""
    return scores[(scores.index % 5 != 0) & ((scores["source"] != "forum") | (scores.index % 2 == 0))]


@pytest.fixture(scope="module")
def expected(scores: dict[str, pd.DataFrame]) -> dict[tuple[str, ...], pd.DataFrame]:
    """The documents of every group, by model, label, crossing and values."""
    return {
        (name, label, by, *values): group
        for name, frame in scores.items()
        for label in MODELS[name]["labels"]
        for by, crossing in CROSSINGS.items()
        for values, group in groups_of(prepared(frame, label), crossing).items()
    }


@pytest.fixture(scope="module")
def rows(report: dict[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    keys = ["model", "label", "by", *DIMENSIONS]
    return {tuple(row[key] for key in keys): row for row in report["prevalence"].to_dict("records")}


def test_there_is_one_row_for_each_group_and_no_other(
    rows: dict[tuple[str, ...], dict[str, Any]], expected: dict[tuple[str, ...], pd.DataFrame], report: dict[str, Any]
) -> None:
    assert set(rows) == set(expected)
    assert len(report["prevalence"]) == len(rows)


def test_groups_of_few_authors_are_suppressed_and_most_others_shown(
    rows: dict[tuple[str, ...], dict[str, Any]], expected: dict[tuple[str, ...], pd.DataFrame]
) -> None:
    for key, row in rows.items():
        authors = expected[key].loc[expected[key]["named"], "author"].nunique()
        assert (row["suppressed"] == "small") == (authors < 20), key
    hidden = [row["suppressed"] for row in rows.values()]
    assert hidden.count("complementary") < 0.5 * hidden.count("small")


def test_counts_shares_and_quantiles_are_those_of_pandas(
    rows: dict[tuple[str, ...], dict[str, Any]], expected: dict[tuple[str, ...], pd.DataFrame]
) -> None:
    checked = 0
    for key, row in rows.items():
        if row["suppressed"]:
            assert all(pd.isna(value) for name, value in row.items() if name not in (*_KEYS, "suppressed"))
            continue
        counted = counts_of(expected[key])
        assert {name: row[name] for name in EXACT} == {name: counted[name] for name in EXACT}, key
        for name in CLOSE:
            assert row[name] == pytest.approx(counted[name], abs=1e-7), (key, name)
        for name in ("q05", "q25", "q50", "q75", "q95"):
            assert row[name] == pytest.approx(counted[name], abs=0.0025 + 1e-9), (key, name)
        checked += 1
    assert checked > 500


_KEYS = ("model", "label", "by", *DIMENSIONS)


def test_intervals_reckon_with_authors(
    rows: dict[tuple[str, ...], dict[str, Any]], expected: dict[tuple[str, ...], pd.DataFrame]
) -> None:
    key = ("one-of-two", "depressed", *ALL)
    row, group = rows[key], expected[key]
    by_author = group.groupby("author")["x"].agg(["sum", "count"])
    residuals = by_author["sum"] - row["share"] * by_author["count"]
    variance = len(by_author) / (len(by_author) - 1) * (residuals**2).sum() / len(group) ** 2
    design_effect = variance / (row["share"] * (1 - row["share"]) / len(group))

    assert row["design_effect"] == pytest.approx(design_effect, rel=0.02)
    low, high = wilson(row["share"], len(group) / design_effect)
    assert (row["share_low"], row["share_high"]) == pytest.approx((low, high), abs=2e-4)
    assert row["share_high"] - row["share_low"] > 1.3 * np.subtract(*wilson(row["share"], len(group))[::-1])


def test_authors_with_any_positive_document_have_wilsons_interval(rows: dict[tuple[str, ...], dict[str, Any]]) -> None:
    for row in rows.values():
        if not row["suppressed"]:
            found = (row["any_positive_low"], row["any_positive_high"])
            assert found == pytest.approx(wilson(row["any_positive"], row["authors"]), abs=1e-9)


def test_reliability_is_the_part_of_the_differences_that_is_not_chance(report: dict[str, Any]) -> None:
    shown = report["prevalence"].query("suppressed.isna()")
    for (_, _, by), groups in shown.groupby(["model", "label", "by"]):
        if len(groups) < 3:
            assert groups["reliability"].isna().all(), by
            continue
        trials = np.array([trials_of(row) for row in groups.to_dict("records")])
        smoothed = (groups["share"] * trials + 1) / (trials + 2)
        chance = smoothed * (1 - smoothed) / trials
        beyond = max(groups["share"].var() - chance.mean(), 0)
        assert groups["reliability"].to_numpy() == pytest.approx((beyond / (beyond + chance)).to_numpy(), abs=1e-6), by


def trials_of(row: dict[str, Any]) -> float:
    """How many independent documents have Wilson's interval of this width."""
    width = row["share_high"] - row["share_low"]
    return float(brentq(lambda trials: np.subtract(*wilson(row["share"], trials)[::-1]) - width, 0.1, 1e7, xtol=1e-10))


def test_prevalence_of_one_language_is_rogan_and_gladens(rows: dict[tuple[str, ...], dict[str, Any]]) -> None:
    for language, sensitivity, specificity in [("en", 0.95, 0.97), ("de", 0.90, 0.94), ("it", 0.93, 0.95)]:
        row = rows["one-of-two", "depressed", "language", "all", language, "all", "all"]
        wanted = (row["share"] + specificity - 1) / (sensitivity + specificity - 1)
        assert row["prevalence"] == pytest.approx(wanted, abs=1e-9)
        assert (row["sensitivity"], row["specificity"]) == pytest.approx((sensitivity, specificity))
        assert row["prevalence_low"] < row["prevalence"] < row["prevalence_high"]
        by_author = (row["author_share"] + specificity - 1) / (sensitivity + specificity - 1)
        assert row["author_prevalence"] == pytest.approx(by_author, abs=1e-9)


def test_prevalence_of_all_languages_is_their_weighted_mean(
    rows: dict[tuple[str, ...], dict[str, Any]], expected: dict[tuple[str, ...], pd.DataFrame]
) -> None:
    rates = {rate["language"]: rate for rate in MODELS["one-of-two"]["error_rates"]}
    total = 0.0
    for language, group in expected["one-of-two", "depressed", *ALL].groupby("language"):
        rate = rates.get(str(language), rates["all"])
        sensitivity, specificity = rate["sensitivity"], rate["specificity"]
        total += len(group) * (group["x"].mean() + specificity - 1) / (sensitivity + specificity - 1)

    row = rows["one-of-two", "depressed", *ALL]
    assert row["prevalence"] == pytest.approx(total / row["documents"], abs=1e-9)


def test_without_error_rates_nothing_is_called_prevalence(report: dict[str, Any]) -> None:
    table = report["prevalence"]
    unadjusted = table[table["model"] == "several"]

    assert unadjusted[["prevalence", "prevalence_low", "author_prevalence", "prevalence_em"]].isna().all(axis=None)


def test_of_two_labels_the_one_prevalence_is_what_the_other_leaves(
    rows: dict[tuple[str, ...], dict[str, Any]],
) -> None:
    for by in ("all", "language"):
        for (model, label, *group), row in rows.items():
            if (model, label, group[0]) == ("one-of-two", "depressed", by) and not row["suppressed"]:
                other = rows["one-of-two", "not_depressed", *group]
                assert other["prevalence"] == pytest.approx(1 - row["prevalence"], abs=1e-9)
                assert other["prevalence_low"] == pytest.approx(1 - row["prevalence_high"], abs=2e-3)


def test_histograms_count_every_document_of_what_is_shown(
    report: dict[str, Any], scores: dict[str, pd.DataFrame]
) -> None:
    table = report["distribution"]
    for (model, label, language), bins in table.groupby(["model", "label", "language"]):
        own = scores[model]
        own = own if language == "all" else own[own["language"].fillna("unknown") == language]
        counted, _ = np.histogram(own[f"p_{label}"], bins=20, range=(0, 1))
        assert bins.sort_values("low")["documents"].tolist() == counted.tolist()
    assert set(table["language"]) >= {"all", "en", "de"}


def test_labels_that_go_together_are_counted_in_pairs(report: dict[str, Any], scores: dict[str, pd.DataFrame]) -> None:
    table, frame = report["cooccurrence"], scores["several"]
    assert set(table["model"]) == {"several"}
    pairs = list(combinations(MODELS["several"]["labels"], 2))
    assert [tuple(pair) for pair in table[["label", "other"]].to_numpy()] == pairs
    for row in table.to_dict("records"):
        one, two = ([name in given for given in frame["labels"]] for name in (row["label"], row["other"]))
        both = frame[np.logical_and(one, two)]
        assert row["documents"] == len(both)
        assert row["authors"] == both["author_key"].nunique()
        assert row["expected"] == pytest.approx(sum(one) * sum(two) / len(frame))
        assert row["lift"] == pytest.approx(len(both) * len(frame) / (sum(one) * sum(two)))


def test_the_quality_table_says_what_the_figures_rest_on(
    report: dict[str, Any], scores: dict[str, pd.DataFrame]
) -> None:
    table, frame = report["quality"], scores["one-of-two"]
    own = table[table["model"] == "one-of-two"].set_index(["aspect", "value"])["documents"]

    assert own["read", "all"] == 60_000
    assert own["scored", "all"] == 55_000
    assert own["rejected"].to_dict() == {"inference_failed": 2, "no_consent": 9}
    assert own["duplicates", "all"] == 5
    assert own["unattributed", "all"] == frame["author_key"].isna().sum()
    assert own["source"].to_dict() == frame["source"].value_counts().to_dict()
    languages = frame["language"].fillna("unknown").value_counts().to_dict()
    shown = own["language"].dropna().to_dict()
    assert shown == {language: languages[language] for language in shown}
    assert set(languages) - set(shown) == set(own["language"].index[own["language"].isna()])
    bands = pd.cut(frame["n_windows"], [0, 1, 2, 4, 8], labels=["1", "2", "3 to 4", "5 to 8"])
    assert own["windows"].to_dict() == bands.value_counts().to_dict()


def test_the_manifest_says_what_was_suppressed(report: dict[str, Any]) -> None:
    entry, table = report["entry"], report["prevalence"]
    one_label = table[table["label"] == "depressed"]

    assert entry["suppressed"] == one_label["suppressed"].value_counts().to_dict()
    assert entry["counted_as_authors"] == "authors"
    assert entry["against"] == report["before"]


def test_changes_are_those_of_pandas(report: dict[str, Any], scores: dict[str, pd.DataFrame]) -> None:
    now = scores["one-of-two"]
    before = before_that(now)
    compared = report["change"].query("label == 'depressed'").set_index("language")
    assert {"all", "en", "de"} <= set(compared.index)
    for language, row in compared.iterrows():
        runs = [run if language == "all" else run[run["language"] == language] for run in (now, before)]
        sides = [prepared(run, "depressed") for run in runs]
        shares = [side["x"].mean() for side in sides]
        assert (row["documents"], row["documents_before"]) == tuple(map(len, sides))
        assert (row["share"], row["share_before"]) == pytest.approx(tuple(shares))
        added = [
            sign * (side["x"] - share).groupby(side["author"]).sum() / len(side)
            for side, share, sign in zip(sides, shares, (1, -1), strict=True)
        ]
        error = (added[0].add(added[1], fill_value=0) ** 2).sum() ** 0.5
        low, high = (shares[0] - shares[1] + side * 1.96 * error for side in (-1, 1))
        assert (row["difference_low"], row["difference_high"]) == pytest.approx((low, high), abs=2e-5 + 0.01 * error)
        counts = [np.histogram(side["p"], bins=20, range=(0, 1))[0] for side in sides]
        one, two = (np.maximum(count, 0.5) / count.sum() for count in counts)
        either = (counts[0] > 0) | (counts[1] > 0)
        assert row["psi"] == pytest.approx(((one - two) * np.log(one / two))[either].sum(), abs=1e-9)
        assert row["ks"] == pytest.approx(ks_2samp(sides[0]["p"], sides[1]["p"]).statistic, abs=0.005)


def test_the_mix_is_that_of_pandas(report: dict[str, Any], scores: dict[str, pd.DataFrame]) -> None:
    now, mix = scores["one-of-two"], report["mix"]
    sources = mix[mix["dimension"] == "source"].set_index("value")

    assert sources["share"].to_dict() == pytest.approx(now["source"].value_counts(normalize=True).to_dict())
    earlier = before_that(now)["source"].value_counts(normalize=True).to_dict()
    assert sources["share_before"].to_dict() == pytest.approx(earlier)
    assert sources["flagged"].all()
    assert any("sources changed" in flag for flag in report["entry"]["flags"])
