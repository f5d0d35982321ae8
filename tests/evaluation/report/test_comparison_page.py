import json
import re
from pathlib import Path
from typing import Any

import pytest

from mh_batch.evaluation.report.text_tables import INDICATOR
from tests.evaluation.labelled_examples import labelled_texts
from tests.texts import files_with

# One process makes the evaluation that they look at.
pytestmark = pytest.mark.xdist_group("evaluation")


def test_the_comparison_says_how_it_was_measured_and_shows_the_published_figures(whole: Path) -> None:
    text = (whole / "comparison.md").read_text()
    assert INDICATOR in text
    assert "thresholds by recall>=0.9 on" in text
    assert "longformer-mental-health-mini is for en; 40 rows are in other languages" in text
    assert "100 bootstrap samples of authors with all they wrote" in text
    assert "| xlmr-depression, ONNX quantised | published, not reproduced here | 0.9871 |" in text
    assert "not by P(class 1)" in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_no_file_holds_a_text_and_the_page_loads_nothing(whole: Path) -> None:
    assert files_with(whole, tuple(labelled_texts()["text"])) == []
    html = (whole / "index.html").read_text()
    assert "default-src 'none'" in html
    without_scripts = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img|iframe)\b", without_scripts)
    assert not re.search(r"<script [^>]*src", html)
    places = re.findall(r'data-chart="([^"]+)"', html)
    specs = json.loads(re.search(r'id="charts">(.*?)</script>', html, re.DOTALL)[1])["specs"]  # type: ignore[index]
    assert set(places) == set(specs)
    assert {"roc-1", "pr-1", "reliability-1", "models-1", "language-1", "length_band-1"} <= set(specs)
    assert all(row["y"] <= 1 for row in specs["roc-1"]["datasets"]["rows"])


@pytest.mark.browser
def test_a_browser_draws_every_chart_and_asks_for_nothing_else(whole: Path, browser: Any) -> None:
    page, complaints, requests = browser.new_page(), [], []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((whole / "index.html").as_uri())
    places = page.locator("[data-chart]").all()
    assert len(places) > 5
    for place in places:
        place.locator("svg path").first.wait_for(state="attached")
    assert complaints == []
    assert requests == [(whole / "index.html").as_uri()]
