"""The page in a real browser, which may load nothing but the file."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mh_batch.reporting.page import render_page
from tests.reporting.made_up import LANGUAGES, MODELS, manifest, prevalence

pytestmark = pytest.mark.browser

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def dom(tmp_path_factory: pytest.TempPathFactory) -> str:
    browser = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if browser is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on PATH")
    assert browser, "CI must have a Chromium on PATH"
    folder = tmp_path_factory.mktemp("browser")
    page = folder / "index.html"
    page.write_text(render_page(prevalence(), manifest(), "week"), encoding="utf-8")
    return _dump(browser, page, folder / "profile")


def _dump(browser: str, page: Path, profile: Path) -> str:
    # A proxy where nobody listens: whatever the page asked of the network would fail.
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--proxy-server=127.0.0.1:9", f"--user-data-dir={profile}"]
    command = [browser, *quiet, "--virtual-time-budget=20000", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=180, check=True).stdout


def test_every_chart_is_drawn(dom: str) -> None:
    drawn = re.findall(r'data-chart="([^"]+)"[^>]*><svg', dom)

    assert len(drawn) == len(MODELS) * (2 + len(LANGUAGES))
    assert "could not be drawn" not in dom.partition("<script")[0]


def test_charts_show_dates_labels_and_a_description(dom: str) -> None:
    chart = dom[dom.index('data-chart="time-1"') :].partition("</svg>")[0]

    assert ">2 Mar 2026</text>" in chart
    assert ">depressed</text>" in chart
    assert 'aria-label="Share of documents by week' in chart
