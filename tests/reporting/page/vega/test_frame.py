from typing import Any

import pytest

from mh_batch.reporting.page.vega import Frame, heat_map, interval_chart, time_chart, top_of_scale

FRAME = Frame(("depressed",), ("depressed",), "share of texts", {"all": 0.3}, ("2026-03-02", "2026-03-09"))


def _figure(value: float | None, high: float, few: bool = False) -> dict[str, Any]:
    return {"value": value, "high": high, "few": few}


def test_the_wide_interval_of_a_small_group_does_not_stretch_the_scale() -> None:
    rows = [_figure(0.1, 0.2), _figure(0.0, 0.79, few=True)]

    assert top_of_scale(rows) == pytest.approx(0.216)


def test_a_scale_has_a_height_even_if_all_shares_are_zero_or_suppressed() -> None:
    assert top_of_scale([_figure(0.0, 0.0, few=True)]) == 1.0
    assert top_of_scale([_figure(None, 0.2)]) == 1.0


@pytest.mark.parametrize(
    "spec",
    [
        time_chart(FRAME, "data"),
        heat_map(FRAME, "data", ["North"]),
        interval_chart(FRAME, "data", ["German"], "language"),
    ],
    ids=["time", "heat", "interval"],
)
def test_every_chart_hears_the_filters_and_hatches_what_is_suppressed(spec: dict[str, Any]) -> None:
    assert {"labels", "language"} <= {param["name"] for param in spec["params"]}
    assert spec["data"] == {"name": "data"}
    marks = [layer["mark"] for layer in spec["layer"]]
    assert any("url(#hatch)" in str(mark.get("fill")) for mark in marks)
    assert not {"config", "$schema"} & set(spec)
