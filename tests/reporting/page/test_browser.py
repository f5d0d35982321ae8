"""The page in a real browser, which may load nothing but the file."""

from pathlib import Path
from typing import Any

import pytest

from mh_batch.reporting.page import render_page
from tests.reporting.page.synthetic_report import MODELS, manifest, tables

Page = Any

pytestmark = pytest.mark.browser

_PHONE = {"width": 360, "height": 740}
_DESKTOP = {"width": 1280, "height": 900}

# The ratio of WCAG 2.2 for every element that has words of its own, against the colour behind it.
_CONTRASTS = Path(__file__).with_name("contrasts.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(render_page(tables(), manifest()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    return []


@pytest.fixture(scope="module")
def requests() -> list[str]:
    return []


@pytest.fixture(scope="module")
def opened(browser: Any, file: Path, complaints: list[str], requests: list[str]) -> Page:
    page = browser.new_page(viewport=_DESKTOP)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    return _open(page, file)


@pytest.fixture
def page(opened: Page) -> Page:
    """The page as it is when it opens, whatever a test before has chosen."""
    opened.emulate_media(media="screen")
    opened.get_by_role("button", name="Show all").click()
    _wait_for(opened, "All labels; all languages.")
    return opened


def _open(page: Page, file: Path) -> Page:
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-drawn]", timeout=90_000)
    return page


def _wait_for(page: Page, words: str) -> None:
    page.wait_for_selector(f'body[data-shown="{words}"]', state="attached")


def _only(page: Page, label: str) -> None:
    for box in page.locator("[name=label]").all():
        box.set_checked(box.get_attribute("value") == label)
    _wait_for(page, f"Only {label}; all languages.")


def _marks(page: Page, chart: str, kind: str = "symbol") -> int:
    count: int = page.locator(f'[data-chart="{chart}"] svg .mark-{kind} path').count()
    return count


def test_the_page_asks_for_nothing_but_itself_and_nothing_fails(
    page: Page, file: Path, complaints: list[str], requests: list[str]
) -> None:
    assert requests == [file.as_uri()]
    assert complaints == []


def test_every_chart_is_drawn(page: Page) -> None:
    places = page.locator("[data-chart]").all()

    assert len(places) == int(page.locator("body").get_attribute("data-drawn"))
    for place in places:
        assert place.locator("svg .mark-symbol path, svg .mark-rect path").count() > 0
    assert "could not be drawn" not in page.inner_text("main")


def test_charts_show_dates_and_hatch_what_is_suppressed(page: Page) -> None:
    chart = page.locator('[data-chart="heat-2"]')

    assert "2 Mar" in chart.inner_text()
    assert page.locator('[data-chart="heat-2"] path[fill^="url(#hatch)"]').count() > 0
    assert page.locator('[data-chart="language-2"]').get_by_text("suppressed: too small").count() == 1


def test_a_chosen_label_alone_is_drawn_and_listed(page: Page) -> None:
    all_marks = _marks(page, "time-1")

    _only(page, "anxious")

    assert _marks(page, "time-1") == all_marks / 3
    assert page.locator("[data-label=anxious]").first.is_visible()
    assert not page.locator('[data-label="depressed"]').first.is_visible()
    assert not page.locator('[data-chart="heat-1"]').first.is_visible()
    assert page.locator("#status").inner_text() == "Only anxious; all languages."
    assert page.get_by_text("This model has none of the chosen labels.").nth(1).is_visible()


def test_a_chosen_language_is_drawn_and_listed_and_what_cannot_follow_says_so(page: Page) -> None:
    chart = page.locator('[data-chart="time-2"]')
    before = chart.inner_html()

    page.locator("[name=language]").select_option(label="Portuguese")
    _wait_for(page, "All labels; only Portuguese.")

    assert chart.inner_html() != before
    assert page.locator('[data-chart="time-2"] path[fill^="url(#hatch)"]').count() > 0
    assert page.get_by_text("Regions are not split by language: this is over all languages.").first.is_visible()
    table = page.locator("table", has_text="By week: prevalence, adjusted").nth(1)
    table.evaluate("table => { table.closest('details').open = true; }")
    assert {row.inner_text().split("\t")[0] for row in table.locator("tbody tr:visible").all()} == {"Portuguese"}


def test_everything_comes_back(page: Page) -> None:
    before = _marks(page, "time-1")
    _only(page, "stressed")

    page.get_by_role("button", name="Show all").click()
    _wait_for(page, "All labels; all languages.")

    assert _marks(page, "time-1") == before
    assert page.locator("[name=language]").input_value() == "all"


def test_hovering_shows_the_figures(page: Page) -> None:
    point = page.locator('[data-chart="time-2"] svg .mark-symbol path').last
    point.scroll_into_view_if_needed()

    point.hover(force=True)

    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    words = tooltip.inner_text()
    assert "depressed" in words
    assert "95 % interval" in words
    assert "week from" in words


def test_the_filters_are_reached_and_used_by_keyboard(page: Page) -> None:
    page.locator("nav a").last.focus()
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.value || document.activeElement.textContent.trim()"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"

    assert reached == ["depressed", "anxious", "stressed", "all", "Show all"]

    page.locator("[name=label]").first.focus()
    page.keyboard.press("Space")

    _wait_for(page, "Only anxious, stressed; all languages.")


def test_words_are_dark_enough_everywhere(page: Page) -> None:
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")

    low = [found for found in page.evaluate(_CONTRASTS) if found["ratio"] < 4.5]

    assert low == []


def test_on_paper_tables_are_open_and_filters_are_not_shown(page: Page) -> None:
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = false")

    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("#filters").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


def test_paper_is_wide_enough_for_all(browser: Any, file: Path) -> None:
    # A4 less its margins, at 96 dots per inch.
    page = _open(browser.new_page(viewport={"width": 673, "height": 900}), file)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert page.evaluate("document.documentElement.scrollWidth") <= 673
    page.close()


def test_a_phone_does_not_scroll_sideways(browser: Any, file: Path) -> None:
    page = _open(browser.new_page(viewport=_PHONE), file)
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_without_javascript_the_tables_are_there(browser: Any, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())

    assert page.get_by_text("The charts and filters need JavaScript").is_visible()
    assert not page.locator("#filters").is_visible()
    assert page.locator("table").count() > 10 * len(MODELS)
    context.close()
