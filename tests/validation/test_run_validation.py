import pytest

from mh_batch.validation import Reconciliation


@pytest.mark.parametrize(("read", "missing"), [(10, 0), (11, 1), (9, -1)])
def test_rows_that_are_lost_or_counted_twice_are_noticed(read: int, missing: int) -> None:
    counted = Reconciliation("m", read, 7, {"empty_text": 2, "no_consent": 1})
    assert counted.missing == missing
    assert (counted.problem() is None) == (missing == 0)


def test_the_problem_names_the_figures() -> None:
    problem = Reconciliation("m", 12, 7, {"empty_text": 3}).problem()
    assert problem == "m: 12 rows read, but 7 scored and 3 rejected (+2 unaccounted for)"
