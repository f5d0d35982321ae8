import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import binom, norm

from mh_batch.contracts import load_contract
from mh_batch.evaluation.measures import bootstrap
from mh_batch.evaluation.measures.bootstrap import (
    Row,
    draw_weights,
    measure_predictions,
    percentile_interval,
    reliability_rows,
)
from mh_batch.evaluation.measures.metrics import COUNTS
from tests.evaluation.labelled_examples import labelled_rows, said_by


def all_draws(clusters: list[int], draws: int, seed: int = 0) -> np.ndarray:
    return np.concatenate(list(draw_weights(np.array(clusters), draws, seed)))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_rows_of_one_cluster_are_drawn_together_and_as_many_clusters_as_there_are(clusters: list[int]) -> None:
    for weights in all_draws(clusters, 20):
        times = {cluster: weights[np.array(clusters) == cluster] for cluster in clusters}
        assert all(len(set(own)) == 1 for own in times.values())
        assert sum(own[0] for own in times.values()) == len(set(clusters))


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    rows = list(range(50))
    assert (all_draws(rows, 10, 3) == all_draws(rows, 10, 3)).all()
    assert (all_draws(rows, 10, 3) != all_draws(rows, 10, 4)).any()


def test_draws_do_not_change_with_how_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(range(40))
    whole = all_draws(rows, 25)
    monkeypatch.setattr(bootstrap, "_MOST_WEIGHTS", 100)
    assert len(list(draw_weights(np.array(rows), 25, 0))) == 13
    assert (all_draws(rows, 25) == whole).all()


def test_the_interval_of_a_share_is_that_of_the_binomial_distribution() -> None:
    hits = np.arange(400) < 300
    shares = all_draws(list(range(400)), 4000) @ hits / 400
    expected = binom.ppf([0.025, 0.975], 400, 0.75) / 400
    assert percentile_interval(shares) == pytest.approx(tuple(expected), abs=0.004)


def test_there_is_no_interval_where_too_few_draws_define_the_figure() -> None:
    draws = np.arange(100, dtype=np.float64)
    draws[:5] = np.nan
    assert percentile_interval(draws) != (None, None)
    draws[:6] = np.nan
    assert percentile_interval(draws) == (None, None)


def rows_of(rows: list[Row], **wanted: str) -> list[Row]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def one(rows: list[Row], **wanted: str) -> Row:
    (found,) = rows_of(rows, **wanted)
    return found


@pytest.fixture(scope="module")
def binary() -> tuple[list[Row], list[Row]]:
    generator = np.random.default_rng(0)
    truth = (generator.random(300) < 0.4).astype(np.float64)[:, None]
    good, bad = np.clip(0.3 * generator.random((2, 300, 1)) + [[[0.5]], [[0.2]]] * truth + 0.1, 0, 1)
    data = labelled_rows(truth, ["low"], ["en", "de", "de"] * 100)
    return measure_predictions([said_by("good", good, ["low"]), said_by("bad", bad, ["low"])], data, 200, 0)


def test_groups_have_rows_that_add_up_and_a_kind_with_one_group_is_not_repeated(
    binary: tuple[list[Row], list[Row]],
) -> None:
    own = rows_of(binary[0], model="good", metric="accuracy")
    assert {(row["group_kind"], row["group"]): row["n"] for row in own} == {
        ("all", "all"): 300,
        ("language", "de"): 200,
        ("language", "en"): 100,
    }


def test_every_figure_lies_within_its_interval_and_what_says_nothing_of_quality_has_none(
    binary: tuple[list[Row], list[Row]],
) -> None:
    for row in binary[0]:
        if row["metric"] in (*COUNTS, "roc_auc_by_predicted_class"):
            assert row["low"] is row["high"] is None
        elif row["metric"] != "ece":  # the bootstrap adds noise to what is measured as a distance
            assert row["low"] - 1e-12 <= row["value"] <= row["high"] + 1e-12


def test_the_interval_of_the_accuracy_is_about_the_textbooks(binary: tuple[list[Row], list[Row]]) -> None:
    row = one(binary[0], model="bad", metric="accuracy", group_kind="all")
    half = norm.ppf(0.975) * np.sqrt(row["value"] * (1 - row["value"]) / 300)
    assert (row["high"] - row["low"]) / 2 == pytest.approx(half, rel=0.15)


def test_differences_are_those_of_the_figures_and_of_a_model_with_itself_zero() -> None:
    generator = np.random.default_rng(1)
    truth = (generator.random(200) < 0.5).astype(np.float64)[:, None]
    scores = np.clip(generator.random((200, 1)) * 0.6 + 0.4 * truth, 0, 1)
    twins = [said_by("a", scores, ["low"]), said_by("b", scores, ["low"])]
    _, same = measure_predictions(twins, labelled_rows(truth, ["low"]), 100, 0)
    assert same
    assert {(row["value"], row["low"], row["high"]) for row in same} == {(0.0, 0.0, 0.0)}


def test_a_paired_difference_is_tighter_than_two_intervals(binary: tuple[list[Row], list[Row]]) -> None:
    metrics, differences = binary
    accuracy = {name: one(metrics, model=name, metric="accuracy", group_kind="all") for name in ("good", "bad")}
    found = one(differences, metric="accuracy")
    assert found["value"] == pytest.approx(accuracy["bad"]["value"] - accuracy["good"]["value"])
    assert found["low"] < found["value"] < found["high"] < 0
    assert found["high"] - found["low"] <= sum(row["high"] - row["low"] for row in accuracy.values())


def test_unknown_labels_are_left_out_for_that_label_only() -> None:
    known = np.array([[1, 1], [0, np.nan], [1, 0], [0, np.nan]], np.float64)
    scores = np.array([[0.9, 0.9], [0.1, 0.9], [0.2, 0.1], [0.1, 0.9]])
    metrics, _ = measure_predictions(
        [said_by("m", scores, ["low", "tense"])], labelled_rows(known, ["low", "tense"]), 100, 0
    )
    low, tense = (one(metrics, label=label, metric="accuracy") for label in ("low", "tense"))
    assert (low["value"], low["n"], low["positives"]) == (0.75, 4, 2)
    assert (tense["value"], tense["n"], tense["positives"]) == (1.0, 2, 1)
    # F1: low has 2*1/(2*1+1), tense 1; macro is their mean, weighted 2:1, micro 2*2/(2*2+1).
    averages = {
        name: one(metrics, label="all", metric=f"f1_{name}")["value"] for name in ("macro", "weighted", "micro")
    }
    assert averages == pytest.approx({"macro": 5 / 6, "weighted": (2 * 2 / 3 + 1) / 3, "micro": 4 / 5})
    assert one(metrics, label="all", metric="roc_auc_macro")["value"] == 1.0


@pytest.mark.parametrize(
    ("truth", "metric", "reason"),
    [
        ([0, 0, 0], "recall", "no positives"),
        ([0, 0, 0], "roc_auc", "no positives"),
        ([1, 1, 1], "roc_auc", "no negatives"),
        ([1, 1, 1], "specificity", "no negatives"),
        ([1, 1, 0], "precision", "nothing was marked"),
        ([np.nan, np.nan, np.nan], "accuracy", "no rows"),
    ],
)
def test_what_is_not_defined_is_null_with_a_reason(truth: list[float], metric: str, reason: str) -> None:
    known = np.array([truth, [1, 0, 1]], np.float64).T
    scores = np.full((3, 2), 0.1)
    metrics, _ = measure_predictions(
        [said_by("m", scores, ["low", "other"])], labelled_rows(known, ["low", "other"]), 100, 0
    )
    row = one(metrics, label="low", metric=metric)
    assert (row["value"], row["low"], row["high"], row["reason"]) == (None, None, None, reason)


def test_authors_that_write_alike_widen_the_interval() -> None:
    generator = np.random.default_rng(2)
    truth = np.repeat(generator.random(40) < 0.5, 10).astype(np.float64)[:, None]
    scores = np.where(np.repeat(generator.random(40) < 0.8, 10)[:, None], truth, 1 - truth)
    alone = labelled_rows(truth, ["low"])
    together = labelled_rows(truth, ["low"])
    object.__setattr__(together, "clusters", np.repeat(np.arange(40), 10))
    widths = []
    for data in (alone, together):
        row = one(
            measure_predictions([said_by("m", scores, ["low"])], data, 300, 0)[0], metric="accuracy", group_kind="all"
        )
        widths.append(row["high"] - row["low"])
    # Ten rows alike count as one: the interval is about the square root of ten times as wide.
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(10), rel=0.25)


def test_rows_hold_their_contracts(binary: tuple[list[Row], list[Row]]) -> None:
    assert set(binary[0][0]) == set(load_contract("metrics").names)
    assert set(binary[1][0]) == set(load_contract("differences").names)
    known = np.array([[1.0], [0.0]])
    found = reliability_rows([said_by("m", np.array([[0.9], [0.1]]), ["low"])], labelled_rows(known, ["low"]))
    assert set(found[0]) == set(load_contract("reliability").names)
    assert [(row["n"], row["share_positive"]) for row in found] == [(1, 0.0), (1, 1.0)]
