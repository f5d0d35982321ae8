import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from mh_batch.reporting.page import render_page
from tests.reporting.made_up import LANGUAGES, MODELS, WEEKS, manifest, prevalence

HOSTILE = "</script><script>alert(1)</script>"


class _Page(HTMLParser):
    """Notes what a browser would load, link to and draw."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.charts: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.loads += [named[name] for name in ("src", "href", "srcset", "data") if name in named and tag != "a"]
        self.charts += [named["data-chart"]] if "data-chart" in named else []

    def handle_data(self, data: str) -> None:
        self.text += "" if self.tags[-1:] in (["script"], ["style"]) else data


@pytest.fixture(scope="module")
def html() -> str:
    return render_page(prevalence(), manifest(), "week")


@pytest.fixture(scope="module")
def page(html: str) -> _Page:
    return _Page(html)


def _specs(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="charts">(.*?)</script>', html, re.DOTALL)
    assert found
    specs: dict[str, Any] = json.loads(found[1])
    return specs


def test_the_disclaimer_and_the_help_stand_before_any_figure(page: _Page) -> None:
    words = ["An indicator, not a diagnosis", "local emergency number", "findahelpline.com", "In short", "12."]

    places = [page.text.find(word) for word in words]

    assert -1 not in places
    assert places == sorted(places)


def test_the_page_loads_nothing(html: str, page: _Page) -> None:
    assert page.loads == []
    styles = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert "@import" not in styles
    assert "url(" not in styles
    assert "default-src 'none'" in html


def test_the_page_is_small_enough_to_mail(html: str) -> None:
    assert len(html.encode()) < 5_000_000


def test_each_chart_has_its_place_its_description_and_its_table(html: str, page: _Page) -> None:
    specs = _specs(html)

    assert sorted(specs) == sorted(page.charts)
    assert len(specs) == len(MODELS) * (2 + len(LANGUAGES))
    assert all("Share of documents" in spec["description"] for spec in specs.values())
    assert page.tags.count("details") == 3 * len(MODELS)


def test_the_tables_hold_every_group_that_the_charts_draw(html: str) -> None:
    rows = len(MODELS) * (WEEKS + len(LANGUAGES) + WEEKS * len(LANGUAGES))

    assert len(re.findall(r'<tr><th scope="row">', html)) >= rows


def test_the_books_balance_on_the_page(page: _Page) -> None:
    assert re.search(r"Documents read\s*6,206", page.text)
    assert re.search(r"Rejected: no consent\s*97", page.text)
    assert re.search(r"Read, less scored and rejected\s*0", page.text)


def test_what_a_manifest_says_cannot_become_markup() -> None:
    model = {**MODELS[1], "name": HOSTILE, "title": HOSTILE, "labels": ["not_depressed", HOSTILE], "limits": HOSTILE}
    hostile = {**manifest([model]), "consent_basis": HOSTILE, "inputs": [HOSTILE], "settings": {HOSTILE: HOSTILE}}
    table = prevalence([{**MODELS[1], "name": HOSTILE}])
    labels = [HOSTILE if label == "depressed" else label for label in table["label"].to_pylist()]
    table = table.set_column(1, table.schema.field("label"), [labels])

    html = render_page(table, hostile, "week")

    assert "<script>alert" not in html
    assert _Page(html).tags.count("script") == 3
    assert "time-1" in _specs(html)


def test_undated_documents_get_a_chart_by_language_and_none_over_time() -> None:
    html = render_page(prevalence(MODELS[:1], dated=False), manifest(MODELS[:1]), "week")

    assert sorted(_specs(html)) == ["language-1"]
    assert "None of the documents carries a date" in html


def test_a_model_without_documents_is_named_and_draws_nothing() -> None:
    html = render_page(prevalence(MODELS[:1]), manifest(MODELS[:2]), "week")

    assert html.count("This model scored no documents.") == 2
    assert {name for name in _specs(html) if "-2" in name and not name.startswith("panel-1")} == set()


def test_the_page_says_on_what_ground_texts_were_used() -> None:
    assert "ethics vote 17/2026" in render_page(
        prevalence(), {**manifest(), "consent_basis": "ethics vote 17/2026"}, "week"
    )
