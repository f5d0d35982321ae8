from typing import Any

import pytest

from mh_batch.reporting.comparison.compare import flag, in_words
from mh_batch.reporting.comparison.mix import OTHER, Composition, mix_rows


def change(label: str, difference: float, p_value: float, **more: Any) -> dict[str, Any]:
    shares = {"share": 0.2 + difference, "share_before": 0.2, "difference": difference}
    span = {"difference_low": difference - 0.01, "difference_high": difference + 0.01}
    counts = {"documents": 1000, "documents_before": 900, "psi": 0.01, "psi_p_value": 0.9, "ks": 0.02}
    plain = {"model": "m", "label": label, "language": "all", "p_value": p_value, "comparable": True}
    return {**plain, **shares, **span, **counts, **more}


def flagged(*changes: dict[str, Any]) -> list[str]:
    table, _ = flag(changes, [], "before")
    return [row["label"] for row in table.to_pylist() if row["flagged"]]


def test_q_values_are_those_of_a_hand_calculation() -> None:
    # Six p-values: 0.01, 0.02, 0.04 and three of 0.9; times 6 over the rank, and no larger than the next.
    table, _ = flag([change("a", 0.05, 0.01), change("b", 0.05, 0.02), change("c", 0.05, 0.04)], [], "before")

    assert table["q_value"].to_pylist() == pytest.approx([0.06, 0.06, 0.08])


def test_a_large_and_certain_difference_is_flagged_and_no_other() -> None:
    assert flagged(change("large", 0.05, 1e-6), change("tiny", 0.005, 1e-9), change("chance", 0.05, 0.3)) == ["large"]


def test_a_shift_of_the_scores_is_flagged_even_where_the_share_stands_still() -> None:
    shifted = change("a", 0.0, 1.0, psi=0.3, psi_p_value=1e-8)
    by_chance = change("b", 0.0, 1.0, psi=0.3, psi_p_value=0.4)

    assert flagged(shifted, by_chance) == ["a"]


def test_what_another_model_said_is_not_compared() -> None:
    table, _ = flag([change("a", 0.3, 1e-9, comparable=False)], [], "before")

    row = table.to_pylist()[0]
    assert (row["q_value"], row["psi_q_value"], row["flagged"]) == (None, None, False)


def test_flags_are_sentences() -> None:
    mixes = mix_rows("m", Composition(900, {"language": {"en": 500}}), Composition(900, {"language": {"en": 500}}))
    assert mixes  # one language only: nothing can have changed
    now = Composition(900, {"language": {"en": 800, "de": 200, OTHER: 0}})
    before = Composition(900, {"language": {"en": 500, "de": 500, OTHER: 0}})

    said = in_words(*flag([change("depressed", 0.05, 1e-9)], mix_rows("m", now, before), "before"))

    assert said[0].startswith("m, depressed, all languages: 25.0")
    assert "(+5.0 points, 95 % interval +4.0 to +6.0;" in said[0]
    assert said[1] == "m: the documents' languages changed (stability index 0.42)"
