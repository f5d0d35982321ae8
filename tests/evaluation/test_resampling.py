import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import binom

from mh_batch.evaluation import resampling
from mh_batch.evaluation.resampling import draw_weights, interval


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
    monkeypatch.setattr(resampling, "_MOST_WEIGHTS", 100)
    assert len(list(draw_weights(np.array(rows), 25, 0))) == 13
    assert (all_draws(rows, 25) == whole).all()


def test_the_interval_of_a_share_is_that_of_the_binomial_distribution() -> None:
    hits = np.arange(400) < 300
    shares = all_draws(list(range(400)), 4000) @ hits / 400
    expected = binom.ppf([0.025, 0.975], 400, 0.75) / 400
    assert interval(shares) == pytest.approx(tuple(expected), abs=0.004)


def test_there_is_no_interval_where_too_few_draws_define_the_figure() -> None:
    draws = np.arange(100, dtype=np.float64)
    draws[:5] = np.nan
    assert interval(draws) != (None, None)
    draws[:6] = np.nan
    assert interval(draws) == (None, None)
