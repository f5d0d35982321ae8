import pytest

from mh_batch.reporting.comparison.mix import OTHER, Composition, mix_rows


def test_a_value_that_one_report_does_not_show_is_among_the_others_in_both() -> None:
    now = Composition(500, {"source": {"forum": 60, "journal": 40, OTHER: 0}})
    before = Composition(500, {"source": {"forum": 50, OTHER: 50}})

    rows = mix_rows("m", now, before)

    assert {row["value"]: (row["share"], row["share_before"]) for row in rows} == {
        "forum": (0.6, 0.5),
        OTHER: (0.4, 0.5),
    }
    assert rows[0]["psi"] == pytest.approx(0.0405465, abs=1e-7)
