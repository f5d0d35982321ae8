import json
import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest

from mh_batch.reporting.page import render_page
from mh_batch.reporting.report_tables import ReportTables
from tests.reporting.page.synthetic_corpus import Shape
from tests.reporting.page.synthetic_report import MODELS, manifest, nameless_tables, private_tables, tables
from tests.reporting.page.synthetic_rows import as_table

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'\""
PRIVACY = {"epsilon": 1.0, "spent": 1.0, "max_groups": 4, "mechanism": "discrete Laplace"}
_VOID = {"meta", "input", "br", "img", "link"}


class _Page(HTMLParser):
    """Notes what a browser would load, link to, draw and read out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.places: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.loads += [named[name] for name in ("src", "href", "srcset", "data") if name in named and tag != "a"]
        self.links += [named["href"]] if tag == "a" else []
        self.places += [named] if "data-chart" in named else []
        self.ids += [named["id"]] if "id" in named else []
        assert not any(name.startswith("on") for name in named)

    def handle_data(self, data: str) -> None:
        self.text += "" if self.tags[-1:] in (["script"], ["style"]) else data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def report_tables() -> ReportTables:
    return tables()


@pytest.fixture(scope="module")
def html(report_tables: ReportTables) -> str:
    return render_page(report_tables, manifest())


@pytest.fixture(scope="module")
def page(html: str) -> _Page:
    return _Page(html)


def _script(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="charts">(.*?)</script>', html, re.DOTALL)
    assert found
    held: dict[str, Any] = json.loads(found[1])
    return held


def _words(tables_: ReportTables, said: dict[str, Any]) -> str:
    return _Page(render_page(tables_, said)).words


def test_the_disclaimer_and_the_help_stand_before_any_figure(page: _Page) -> None:
    words = ["An indicator, not a diagnosis", "local emergency number", "findahelpline.com", "In short", " %"]

    places = [page.text.find(word) for word in words]

    assert -1 not in places
    assert places == sorted(places)


def test_the_page_loads_nothing(html: str, page: _Page) -> None:
    assert page.loads == []
    styles = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert "@import" not in styles
    assert "url(" not in styles
    assert "default-src 'none'" in html


def test_links_within_the_page_lead_somewhere(page: _Page) -> None:
    inner = {link.removeprefix("#") for link in page.links if link.startswith("#")}

    assert inner <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_headings_follow_each_other_in_order(page: _Page) -> None:
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h[1-6]", tag)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_the_page_has_its_landmarks(html: str, page: _Page) -> None:
    assert '<html lang="en">' in html
    assert {"header", "nav", "main", "footer", "form"} <= set(page.tags)


def test_each_chart_has_its_specification_its_rows_its_words_and_its_table(html: str, page: _Page) -> None:
    held = _script(html)

    assert {place["data-chart"] for place in page.places} == set(held["specs"])
    assert {spec["data"]["name"] for spec in held["specs"].values()} == set(held["data"])
    assert all(place["role"] == "img" for place in page.places)
    assert all("A table with all figures follows" in place["aria-label"] for place in page.places)
    figures = html.count("Figures as a table")
    # Panels share the table of the chart over time.
    assert figures == len(held["specs"]) - sum(name.startswith("panel") for name in held["specs"]) + 1


def test_descriptions_say_what_is_drawn(page: _Page) -> None:
    described = {place["data-chart"]: place["aria-label"] for place in page.places}

    assert re.search(r"by week, 9 weeks from 2 Mar 2026\. Latest, from 27 Apr 2026: depressed \d", described["time-2"])
    assert "Suppressed: Welsh, Spanish." in described["language-2"]
    assert "cells suppressed" in described["heat-1"]


def test_the_headline_names_prevalence_share_and_authors(report_tables: ReportTables, page: _Page) -> None:
    total = report_tables.prevalence.filter(
        (pa.compute.field("by") == "all") & (pa.compute.field("label") == "depressed")
    )
    row = total.filter(pa.compute.field("model") == MODELS[1]["name"]).to_pylist()[0]

    for column in ("prevalence", "share", "author_prevalence", "any_positive"):
        assert f"{100 * row[column]:.1f}\N{NO-BREAK SPACE}%" in page.text
    assert f"{row['documents']:,} texts by {row['authors']:,} authors" in page.words
    assert "assumes that the classifier errs here as often as on the texts that it was measured on" in page.words


def test_a_model_without_error_rates_is_never_said_to_give_prevalence() -> None:
    words = _words(tables(MODELS[2:]), manifest(MODELS[2:]))

    assert "These are a classifier\N{RIGHT SINGLE QUOTATION MARK}s counts, not prevalence." in words
    assert "mh-batch evaluate measures them" in words
    assert "a count that is not adjusted for its errors" in words
    assert "depressed: sensitivity" not in words


def test_what_is_suppressed_says_so_and_shows_no_figures(html: str, page: _Page) -> None:
    assert "suppressed: fewer than 20 authors" in page.words
    assert "suppressed: with the totals it would give a small group away" in page.words
    assert 'id="hatch"' in html
    welsh = re.search(r'<tr class="G">\s*<th scope="row">Welsh</th>(.*?)</tr>', html, re.DOTALL)
    assert welsh
    assert "%" not in welsh[1]


def test_all_figures_may_be_suppressed(report_tables: ReportTables) -> None:
    keys = ("model", "label", "by", "period", "language", "region", "source")
    rows = [{**{key: row[key] for key in keys}, "suppressed": "small"} for row in report_tables.prevalence.to_pylist()]

    words = _words(replace(report_tables, prevalence=as_table("prevalence", rows)), manifest())

    assert "No figures. Suppressed: fewer than 20 authors." in words


def test_the_row_counts_add_up_on_the_page(page: _Page) -> None:
    read = manifest()["counts"]["read"]

    assert f"Texts read{read:,}" in page.words
    assert "Rejected: no consent979797" in page.words
    assert "Read, less scored and rejected000" in page.words


def test_what_changed_is_put_into_words(page: _Page) -> None:
    assert "Worth a look: depressed (xlmr-depression), all languages" in page.words
    assert "Not comparable. The run before used another model, precision or thresholds" in page.words


def test_without_a_run_before_the_page_says_so(report_tables: ReportTables) -> None:
    words = _words(replace(report_tables, change=None, mix=None), manifest(against=None, flags=[]))

    assert "There is no earlier run to compare with." in words


def test_under_differential_privacy_authors_lead_and_the_rest_is_withheld() -> None:
    html = render_page(private_tables(), manifest(privacy=PRIVACY, against=None, flags=[]))
    words = _Page(html).words

    assert "Protected by differential privacy." in words
    assert "This report spends a budget of ε = 1 (discrete Laplace)" in words
    assert "Withheld: all figures of texts" in words
    assert "Counts of texts are withheld" in words
    assert "Throughput" not in words
    assert str(manifest()["counts"]["read"]) not in words.replace(",", "")
    assert "Marked by the classifier" not in words
    assert {name.split("-")[0] for name in _script(html)["specs"]} == {"time", "language"}


def test_a_corpus_without_authors_warns_loudly() -> None:
    words = _words(nameless_tables(), manifest(counted_as_authors="documents", round_to=5))

    assert words.index("The corpus names no authors.") < words.index("In short")
    assert "suppressed: fewer than 20 texts" in words
    assert "rounded to multiples of 5" in words


def test_an_example_reads_the_first_headline_number_aloud(page: _Page) -> None:
    assert re.search(r"For example\. The classifier marked [\d,]+ of [\d,]+ texts as “depressed”", page.words)
    assert "found 90 of 100 that deserve the label, and marked 5 of 100 that do not" in page.words


def test_what_a_manifest_and_a_corpus_say_cannot_become_markup(report_tables: ReportTables) -> None:
    model = {**MODELS[1], "name": HOSTILE, "title": HOSTILE, "labels": ["not_depressed", HOSTILE], "limits": HOSTILE}
    hostile = manifest([{**model, "error_rates": []}], flags=[HOSTILE], against=HOSTILE)
    hostile |= {"consent_basis": HOSTILE, "inputs": [HOSTILE], "settings": {HOSTILE: HOSTILE}}
    replaced = {
        "model": "xlmr-depression",
        "label": "depressed",
        "region": "North",
        "source": "forum",
        "language": "de",
    }
    names = {
        field.name: _renamed(getattr(report_tables, field.name), replaced)
        for field in report_tables.__dataclass_fields__.values()
    }

    html = render_page(ReportTables(**names), hostile)

    assert "<script>alert" not in html
    assert _Page(html).tags.count("script") == 4
    assert "img" not in _Page(html).tags
    assert "time-1" in _script(html)["specs"]


def test_undated_texts_get_charts_by_group_and_none_over_time() -> None:
    html = render_page(tables(MODELS[:1], dated=False), manifest(MODELS[:1]))

    kinds = {name.split("-")[0] for name in _script(html)["specs"]}
    assert not kinds & {"time", "panel", "heat"}
    assert {"region", "source", "scores"} <= kinds
    assert "None of the texts carries a date" in html


def test_a_model_without_documents_is_named_and_draws_nothing() -> None:
    html = render_page(tables(MODELS[:1]), manifest(MODELS[:2]))

    assert html.count("This model scored no texts.") == 2
    assert not any(name.endswith("-2") for name in _script(html)["specs"])


def test_the_page_says_on_what_ground_texts_were_used(report_tables: ReportTables) -> None:
    said = {**manifest(), "consent_basis": "ethics vote 17/2026"}

    assert "ethics vote 17/2026" in render_page(report_tables, said)

    ledger = {"ledger": "/study/ledger.csv", "digest": "sha256:0a1b", "as_of": "2026-03-01T06:00:00+00:00"}
    html = render_page(report_tables, {**manifest(), "consent": ledger})
    assert "/study/ledger.csv" in html
    assert "sha256:0a1b" in html
    assert "2026-03-01 06:00 UTC" in html


def test_of_hundreds_of_regions_the_largest_are_shown() -> None:
    shape = Shape(documents=6_000, weeks=2, regions={f"Region {i:03}": 1 / (i + 3) for i in range(300)})

    html = render_page(tables(MODELS[1:2], shape=shape), manifest(MODELS[1:2], shape))

    assert len(set(re.findall(r"Region \d{3}", html))) == 20
    assert "The 20 regions with most texts are shown, of" in html
    assert "<code>prevalence.csv</code> has all" in html


def test_the_page_is_small_enough_to_mail(html: str) -> None:
    assert len(html.encode()) < 2_000_000


def test_a_page_as_full_as_it_may_be_can_still_be_mailed(report_tables: ReportTables) -> None:
    weeks = [(date(2020, 1, 6) + timedelta(weeks=week)).isoformat() for week in range(1_000)]
    like = {row["by"]: row for row in report_tables.prevalence.to_pylist() if row["model"] == MODELS[1]["name"]}
    base = {**like["all"], "label": "depressed", "prevalence": 0.12345, "prevalence_low": 0.1, "prevalence_high": 0.15}
    cells = [{**base, "by": "week", "period": week} for week in weeks]
    cells += [
        {**base, "by": "week,region", "period": week, "region": f"A region of some length {region:02}"}
        for week in weeks
        for region in range(20)
    ]
    totals = [{**cell, "by": "region", "period": "all"} for cell in cells[len(weeks) : len(weeks) + 20]]

    html = render_page(
        replace(report_tables, prevalence=as_table("prevalence", [base, *totals, *cells])), manifest(MODELS[1:2])
    )

    assert "Shown from" in html
    assert len(html.encode()) < 5_000_000


def _renamed(table: pa.Table, names: dict[str, str]) -> pa.Table:
    """The table with these values replaced by markup."""
    for column, name in names.items():
        if column in table.column_names:
            values = [HOSTILE if value == name else value for value in table[column].to_pylist()]
            table = table.set_column(table.column_names.index(column), table.schema.field(column), [values])
    return table
