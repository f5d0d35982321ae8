"""The 95 % intervals cover the truth. `python -m tests.reporting.estimation.coverage` prints many more scenarios.

Not held here, as no method was found that mends it: where a label of prevalence 0.02 comes in bursts from few of the
authors who write most (`tail` 2.0, `likeness` 0.5), the interval of the share of documents covers 87 %. That of the
author share covers 94 to 95 % there, too.
"""

import pytest

from tests.reporting.estimation.coverage import MIXED, Language, Scenario, naive, report, simulate


def scenario(prevalence: float, authors: int, likeness: float, busier: float = 0) -> Scenario:
    return Scenario((Language(prevalence),), authors, likeness, busier=busier)


def name(one: Scenario) -> str:
    prevalence = "+".join(str(language.prevalence) for language in one.languages)
    return f"{prevalence}-{one.authors}-{one.likeness}" + ("-busier" if one.busier else "")


def coverage(one: Scenario) -> dict[str, float]:
    """By figure, with a standard error of 0.003 to 0.007."""
    # With many authors coverage hangs on a card of few labelled documents and is 94 to 95 %: that takes more to tell
    # from 93 %. Several languages take longer.
    corpora = 1000 if len(one.languages) > 1 else 4000 if one.authors == 2000 else 2000
    return {figure: interval.coverage for figure, interval in report(one, simulate(one, corpora, seed=20)).items()}


@pytest.mark.parametrize(
    "one",
    [
        scenario(0.1, 200, 0),
        scenario(0.1, 200, 0.3),
        scenario(0.3, 200, 0.3),
        scenario(0.6, 200, 0.5),
        scenario(0.1, 2000, 0.3),
        scenario(0.3, 2000, 0),
        scenario(0.6, 2000, 0.5),
        # Who writes more has the label more often: the truth by documents is not that by authors.
        scenario(0.1, 200, 0.3, busier=1),
        scenario(0.3, 500, 0.3, busier=1),
        Scenario(MIXED, 200, 0),
        Scenario(MIXED, 200, 0.3),
        Scenario(MIXED, 2000, 0.3),
    ],
    ids=name,
)
def test_95_percent_intervals_cover_95_percent(one: Scenario) -> None:
    assert {figure: value for figure, value in coverage(one).items() if not 0.93 <= value <= 0.97} == {}


# Here they err on the safe side, and it is known why. With 20 authors, half of whose documents are by a few, one cannot
# tell independent documents from alike ones, so that intervals wide enough for these are too wide for those. Near zero
# the truth cannot lie below an interval that starts at 0, so that only one of two errors is left.
@pytest.mark.parametrize("prevalence", [0.02, 0.1, 0.3, 0.6])
@pytest.mark.parametrize("likeness", [0, 0.5])
def test_intervals_from_20_authors_cover_at_least_93_percent(prevalence: float, likeness: float) -> None:
    assert min(coverage(scenario(prevalence, 20, likeness)).values()) >= 0.93


@pytest.mark.parametrize(
    "one",
    [
        scenario(0.02, 200, 0),
        scenario(0.02, 200, 0.3),
        scenario(0.02, 2000, 0.3),
        scenario(0.02, 200, 0.3, busier=1),
    ],
    ids=name,
)
def test_intervals_near_zero_cover_at_least_93_percent(one: Scenario) -> None:
    assert min(coverage(one).values()) >= 0.93


def test_leaving_something_out_would_show() -> None:
    one = scenario(0.1, 2000, 0.3)
    found = {left_out: interval.coverage for left_out, interval in naive(one, simulate(one, 500, seed=21)).items()}

    assert found["share, documents independent"] < 0.8
    assert found["share as prevalence"] < 0.2
    assert found["prevalence, error rates exact"] < 0.8


def test_counting_documents_as_independent_spoils_the_prevalence_of_few_authors() -> None:
    one = scenario(0.3, 200, 0.3)
    found = naive(one, simulate(one, 500, seed=22))

    assert found["prevalence, documents independent"].coverage < 0.8
