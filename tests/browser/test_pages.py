"""Pages in a real browser: they load without faults, zoom, sort, filter, and let nobody in."""

import pytest

from sim.report.page import run_page
from tests.browser.conftest import Opened
from tests.browser.pages import (
    OUTSIDE,
    SCRIPT,
    SEPARATOR,
    TAG,
    a_comparison_page,
    a_run_page,
    a_study_page,
    year_run,
)

PAGES = {"run": a_run_page, "comparison": a_comparison_page, "study": a_study_page}
DAY_MS = 86_400_000.0


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Write each page once."""
    folder = tmp_path_factory.mktemp("pages")
    for name, make in PAGES.items():
        (folder / f"{name}.html").write_text(make(), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.fixture(scope="module")
def loaded(browser, files):
    """Open each page once, for tests that only look."""
    tabs = {name: Opened(browser, path).drawn() for name, path in files.items()}
    yield tabs
    for one in tabs.values():
        one.context.close()


def first_paint_ms(page, path, attempts=4):
    """Return the quickest of several loads: the machine may be busy with something else."""
    told = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    found = [page.tab.evaluate(told)]
    while len(found) < attempts and min(found) > 1500.0:
        page.tab.goto(path.as_uri())
        page.drawn()
        found.append(page.tab.evaluate(told))
    return min(found)


def test_page_of_a_year_is_small_quick_and_without_faults(opened, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(run_page(year_run()), encoding="utf-8")
    assert path.stat().st_size < 3.5e6  # all figures of a run come to 1.1 MB more
    page = opened(path).drawn()
    assert first_paint_ms(page, path) < 2000.0
    assert page.faults == []
    assert page.range()[1] - page.range()[0] == pytest.approx(365 * DAY_MS)
    points = page.tab.evaluate(
        "Bokeh.documents[0].get_model_by_name('values').get_column('time').length"
    )
    assert points == 8760


@pytest.mark.parametrize("name", PAGES)
def test_page_asks_for_nothing_but_itself(loaded, files, name):
    page = loaded[name]
    assert [url for url in page.requests if not url.startswith("data:")] == [files[name].as_uri()]
    assert page.faults == []


def test_buttons_zoom_and_pan_all_panels_from_the_keyboard(opened, files):
    page = opened(files["run"]).drawn()
    first, last, *_ = page.range()
    page.tab.get_by_role("button", name="Zoom in").focus()
    page.tab.keyboard.press("Enter")
    start, end, *_ = page.range()
    assert (start, end) == (first + DAY_MS / 4, last - DAY_MS / 4)
    page.tab.keyboard.press("Tab")  # zoom out
    page.tab.keyboard.press("Tab")
    page.tab.keyboard.press("Space")  # earlier
    assert page.range()[0] == first
    page.tab.get_by_role("button", name="All").click()
    assert page.range()[:2] == [first, last]
    ranges = page.tab.evaluate(
        "Bokeh.documents[0].roots().map((plot) => plot.x_range.id)"
    )
    assert len(ranges) > 3
    assert len(set(ranges)) == 1
    page.until(
        "document.getElementById('shown').textContent.includes('2 Jun 2025, 00:00 to 3 Jun 2025')"
    )


def middle(page):
    box = page.tab.locator("#plot-0").bounding_box()
    return box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]


def test_wheel_with_ctrl_zooms_and_without_scrolls_the_page(opened, files):
    page = opened(files["run"]).drawn()
    page.tab.locator("#plot-0").scroll_into_view_if_needed()
    whole = page.range()
    page.tab.mouse.move(*middle(page))
    page.tab.mouse.wheel(0, -200)
    page.tab.wait_for_timeout(200)
    assert page.range() == whole
    page.tab.locator("#plot-0").scroll_into_view_if_needed()
    page.tab.mouse.move(*middle(page))
    page.tab.keyboard.down("Control")
    page.tab.mouse.wheel(0, -200)
    page.tab.keyboard.up("Control")
    page.until(f"Bokeh.documents[0].get_model_by_name('time').start > {whole[0]}")


def test_a_box_zooms_and_dragging_moves_when_asked(opened, files):
    page = opened(files["run"]).drawn()
    page.tab.locator("#plot-0").scroll_into_view_if_needed()

    def drag(distance_px):
        whole, (x, y) = page.range(), middle(page)
        page.tab.mouse.move(x, y)
        page.tab.mouse.down()
        page.tab.mouse.move(x + distance_px, y + 4, steps=5)
        page.tab.mouse.up()
        page.until(f"Bokeh.documents[0].get_model_by_name('time').start !== {whole[0]}")

    whole = page.range()
    drag(200)
    boxed = page.range()
    assert boxed[0] > whole[0]
    assert boxed[1] < whole[1]
    button = page.tab.get_by_role("button", name="Drag to move")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    page.tab.locator("#plot-0").scroll_into_view_if_needed()
    drag(-100)
    moved = page.range()
    assert moved[0] > boxed[0]
    assert moved[1] - moved[0] == pytest.approx(boxed[1] - boxed[0])


def cells(page, column):
    return page.tab.locator(f".data tbody tr > :nth-child({column})").all_inner_texts()


def test_table_sorts_by_mouse_and_keyboard_and_says_so(opened, files):
    page = opened(files["comparison"])
    head = page.tab.locator(".data thead th", has_text="Total cost")
    page.tab.get_by_role("button", name="Total cost").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert cells(page, 3) == ["1,001", "1,002", "1,003", "2,001", "2,002", "2,003"]
    page.tab.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert cells(page, 1) == ["edf"] * 3 + ["fifo"] * 3
    page.tab.get_by_role("button", name="Policy").click()
    assert head.get_attribute("aria-sort") is None
    assert cells(page, 1) == ["edf"] * 3 + ["fifo"] * 3


def test_table_filters_and_shows_more(opened, files):
    page = opened(files["study"])
    assert len(cells(page, 1)) == 25
    page.tab.get_by_role("button", name="Show more rows").click()
    assert len(cells(page, 1)) == 100
    page.tab.get_by_role("searchbox", name="Filter").fill("edf 3,900")
    assert cells(page, 1) == ["edf"] * 3
    assert page.tab.locator(".data .count").inner_text() == "3 of 240 rows shown"
    assert page.tab.get_by_role("button", name="Show more rows").is_hidden()
    page.tab.get_by_role("searchbox", name="Filter").fill("nobody")
    assert cells(page, 1) == []


WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.mark.parametrize(
    ("scheme", "kind", "values"),
    [("light", "tag", WCAG), ("dark", "rule", ["color-contrast"])],  # nothing else is darker
)
@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_barrier_that_axe_finds(loaded, name, scheme, kind, values):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    page = loaded[name].look(scheme=scheme)
    found = axe.Axe().run(page.tab, options={"runOnly": {"type": kind, "values": values}})
    told = [(one["id"], [node["html"] for node in one["nodes"]][:3])
            for one in found.response["violations"]]
    assert told == []


@pytest.mark.parametrize("name", PAGES)
def test_page_does_not_scroll_sideways_on_a_phone_or_on_paper(loaded, name):
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    page = loaded[name].look(width=360)
    page.until("document.querySelector('.plot canvas, .plot *').clientWidth < 360")
    assert page.tab.evaluate(overflow) == 0
    page.look(width=680, media="print")
    assert page.tab.evaluate(overflow) == 0
    assert page.tab.locator(".timeline").first.is_hidden()
    assert page.tab.locator("header").is_hidden()
    assert page.tab.locator("section h2").first.is_visible()


def test_first_tab_offers_to_skip_to_the_content(opened, files):
    page = opened(files["run"])
    page.tab.keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.tab.keyboard.press("Enter")
    assert page.tab.evaluate("document.activeElement.id") == "main"


def test_black_lines_turn_white_in_the_dark(loaded):
    page = loaded["run"].look()
    ink = ("Bokeh.documents[0].roots()[0].renderers.map((one) => one.glyph)"
           ".find((one) => one.tags.includes('ink')).line_color.value")
    page.until(f"{ink} === '#1a1a1a'")
    page.look(scheme="dark")
    page.until(f"{ink} === '#e8eaed'")


@pytest.mark.parametrize("name", PAGES)
def test_hostile_names_are_text_and_open_no_dialog(opened, tmp_path, name):
    policies = (SCRIPT, OUTSIDE, SEPARATOR)
    made = {
        "run": lambda: a_run_page(SCRIPT + SEPARATOR + OUTSIDE),
        "comparison": lambda: a_comparison_page(policies),
        "study": lambda: a_study_page(policies, title=TAG),
    }[name]()
    path = tmp_path / "page.html"
    path.write_text(made, encoding="utf-8")
    page = opened(path).drawn()
    page.tab.mouse.move(*middle(page))
    page.tab.wait_for_timeout(100)
    text = page.tab.locator("main").inner_text()
    assert page.dialogs == []
    assert page.faults == []
    assert SCRIPT in text
    assert OUTSIDE in text
    assert TAG in text
    assert page.tab.locator("main script, main img").count() == 0
    assert page.tab.locator(".data tbody a").count() == 0


def test_policy_of_the_page_stops_a_script_that_got_in(opened, files):
    page = opened(files["run"])
    page.tab.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.gotIn = true";
        document.body.append(script);
    }""")
    assert page.tab.evaluate("window.gotIn") is None
    assert "Content Security Policy" in page.faults[0]


def test_page_tells_the_same_without_javascript(opened, files):
    page = opened(files["comparison"], java_script_enabled=False)
    assert len(cells(page, 1)) == 6
    assert page.tab.locator(".tools").is_hidden()
    assert "need JavaScript" in page.tab.locator("noscript").inner_text()
