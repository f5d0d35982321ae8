from mh_batch.reporting.page.vega import Frame, time_chart


def test_dates_long_ago_reach_the_axis_unchanged() -> None:
    frame = Frame(("depressed",), ("depressed",), "share", {"all": 0.3}, ("1660-01-05", "1660-01-12"))

    spec = time_chart(frame, "time-1")

    values = spec["layer"][0]["encoding"]["x"]["axis"]["values"]
    assert values[0] == {"year": 1660, "month": 1, "date": 5, "utc": True}
