"""Pages as text: the same every time, everything escaped, nothing loaded, nothing left out."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from bokeh.plotting import figure
from fake_run import fake_run

from sim.report.evidence import (
    Candidate,
    Correlation,
    Estimate,
    Evidence,
    Front,
    Ranked,
    Ranking,
    Sensitivity,
    SobolIndex,
    Swing,
)
from sim.report.page import Table, comparison_page, run_page, standing_alone, study_page
from sim.report.page.evidence import evidence_tables
from sim.report.page.parts import link_to, plain
from sim.report.page.render import validations
from tests.browser.pages import (
    OUTSIDE,
    SCRIPT,
    SEPARATOR,
    TAG,
    a_comparison_page,
    a_run_page,
    a_study_page,
    comparison_of,
)

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
MAKERS = {"run": a_run_page, "comparison": a_comparison_page, "study": a_study_page}


def scripts_of(page):
    return re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)


@pytest.mark.parametrize("name", MAKERS)
def test_page_is_the_same_every_time_whatever_bokeh_made_before(name):
    first = MAKERS[name]()
    figure().line([1, 2], [3, 4])
    assert MAKERS[name]() == first


@pytest.mark.parametrize("name", MAKERS)
def test_policy_allows_exactly_the_scripts_of_the_page(name):
    page = MAKERS[name]()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    allowed = re.findall(r"&#39;(sha256-[^&]+)&#39;", policy)
    hashes = [
        f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}"
        for script in scripts_of(page)
    ]
    assert hashes == allowed
    assert "default-src &#39;none&#39;" in policy
    assert "eval" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("name", MAKERS)
def test_page_names_no_other_host_to_load_from(name):
    page = MAKERS[name]()
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"""(?:src|href|url\()=?["']?(?:https?:)?//""", own) == []


def test_hostile_names_are_escaped_in_text_and_in_data():
    for page in (a_run_page(SCRIPT), a_comparison_page((SCRIPT, SEPARATOR)),
                 a_study_page((SCRIPT, OUTSIDE), title=TAG)):
        whole = len(re.findall("<script", page))
        blocks = re.findall(r"<script(?: type=\"application/json\" id=\"[a-z-]+\")?>", page)
        bokeh = max(scripts_of(page), key=len)
        assert whole - len(re.findall("<script", bokeh)) == len(blocks)
        assert "&lt;script&gt;alert(1)" in page
        assert "onerror=alert(2)>" not in page
        assert "\u2028" not in re.sub(r"<main.*?</main>", "", page, flags=re.DOTALL)


def test_data_in_a_script_reads_back_as_it_was():
    page = a_comparison_page((SCRIPT, SEPARATOR))
    text = re.search(r'<script type="application/json" id="table-runs">(.*?)</script>', page)[1]
    assert {row[0] for row in json.loads(text)["rows"]} == {SCRIPT, SEPARATOR}


@pytest.mark.parametrize(
    ("folder", "link"),
    [("fifo-seed1-0a", "fifo-seed1-0a/report.html"), ("../../x", ""), ("..", ""), ("", ""),
     ("a\\b", ""), ("/etc", ""), ("javascript:alert(1)", "javascript%3Aalert%281%29/report.html")],
)
def test_links_stay_below_the_page(folder, link):
    assert link_to(folder, "report.html") == link


def test_figures_become_part_of_the_page_with_words(tmp_path):
    for name in ("supply_demand.png", "my_own.png"):
        (tmp_path / name).write_bytes(PIXEL)
    (tmp_path / "drawn.svg").write_text("<svg onload='alert(1)'/>", encoding="utf-8")
    page = run_page(fake_run(), sorted(tmp_path.iterdir()))
    images = re.findall(r'<img src="(data:image/[a-z+]+;base64,[^"]+)" alt="([^"]+)">', page)
    assert [source.partition(";")[0] for source, _ in images] == [
        "data:image/svg+xml", "data:image/png", "data:image/png",
    ]
    assert images[1][1] == "My own"
    assert images[2][1].startswith("Power of each site over time")
    assert "onload='alert" not in page


def test_run_page_tells_question_versions_hashes_and_how_to_cite():
    page = a_run_page("follow the sun")
    assert "gridloom run scenario.yaml --policy &#39;follow the sun&#39; --seed 1" in page
    assert "<td>2.4</td>" in page
    assert "c" * 64 in page
    assert "@software{gridloom," in page
    assert "year = {2026}" in page
    assert "Code cccccccccccc" in page
    assert "follow the sun warns." in page


def test_run_without_timelines_brings_no_bokeh():
    run = fake_run()
    page = run_page(replace(run, steps=run.steps.iloc[:0]))
    assert len(page) < 100_000
    assert "timelines-data" not in page


def test_comparison_tells_intervals_and_what_may_be_chance():
    comparison = comparison_of(("a", "b"), (2, 4))
    outcomes = dict(comparison.outcomes)
    outcomes["cost_total_usd"] = {
        "a": replace(outcomes["cost_total_usd"]["a"], best=True),
        "b": replace(outcomes["cost_total_usd"]["b"], change_percent=-5.0, low_percent=-7.25,
                     high_percent=1.5, p_holm=0.3),
    }
    page = comparison_page(replace(comparison, outcomes=outcomes))
    assert "<small>-5.0 % [-7.2, +1.5] n.s.</small>" in page
    assert "95 % confidence interval" in page
    assert 'class="number best">1,003*' in page


def test_single_policy_has_nothing_to_compare_with():
    page = comparison_page(comparison_of(("a",), (1,)))
    assert "nothing to compare it with" in page


def test_page_standing_alone_has_no_links_to_files():
    page = a_comparison_page(pages={"fifo-seed1": "fifo-seed1/report.html"})
    assert 'href="fifo-seed1/report.html">fifo</a>' in page
    alone = standing_alone(page)
    assert re.findall(r'<a [^>]*href="(?!#)', alone) == []
    assert "fifo-seed1/report.html" not in alone
    assert 'href="#runs"' in alone


def test_table_of_a_frame_keeps_numbers_numbers():
    frame = pd.DataFrame({"name": ["a", None], "count": [1, 20_000], "share": [0.25, float("nan")],
                          "flag": [True, False], "none": [None, None]})
    table = Table.of(frame, "Things", {"count": "How many"})
    titles = [column.title for column in table.columns]
    assert titles == ["name", "How many", "share", "flag", "none"]
    assert [column.decimals for column in table.columns] == [None, 0, 3, None, None]
    assert table.rows == (("a", 1, 0.25, "True", None), (None, 20_000, None, "False", None))


def test_values_of_frames_become_plain():
    assert plain(pd.NA) is None
    assert plain(pd.NaT) is None
    assert plain(pd.Timestamp("2025-01-01")) == "2025-01-01 00:00:00"


def test_study_page_lists_axes_failures_and_many_runs():
    page = a_study_page(points=40)
    assert "0, 1, ... 39: 40 values" in page
    assert "240 and 1 failed" in page
    assert "The first 25 of 240 rows" in page
    assert "Runs that failed" in page
    assert page.count("Battery (kWh)") >= 2
    assert "Best policy of each point by Total cost (USD)" in page
    assert "The first 20; 20 more stand in study.csv." in page


def test_study_without_anything_but_runs_still_has_a_page():
    comparison = comparison_of(("a",), (1,))
    from sim.report.study_table import StudyTable

    runs = comparison.runs.assign(variant="base", point="base")
    table = StudyTable("s", "", (), "", ("a",), (1,), "cost_total_usd", runs)
    page = study_page(table)
    assert "The scenario has no description." in page
    assert "Failed" not in page


def test_statistics_become_tables():
    one = Estimate(0.5, 0.4, 0.6)
    evidence = Evidence(
        (Ranking("cost_total_usd", (Ranked("a", 1234.5, Estimate(1.0, 1.0, 1.5), 0.9),), 5, 2),),
        Front(("cost_total_usd", "jct_mean_h"),
              (Candidate("p", "a", (1.0, 2.0), on_front=True, front_fraction=0.75),
               Candidate("q", "b", (3.0, 4.0), on_front=False, front_fraction=0.0)), 5),
        (Sensitivity("cost_total_usd", "a", "sobol", (SobolIndex("x", one, Estimate(0.7)),)),
         Sensitivity("cost_total_usd", "a", "tornado",
                     (Swing("x", 1, 2, Estimate(10.0), Estimate(30.0)),)),
         Sensitivity("cost_total_usd", "a", "rank-correlation", (Correlation("x", one),))),
    )
    comparison = comparison_of(("a",), (1,))
    from sim.report.study_table import StudyTable

    study = StudyTable("s", "", (), "", ("a",), (1,), "cost_total_usd", comparison.runs)
    rows = [table.rows for table in evidence_tables(evidence, study)]
    assert rows == [
        (("a", "1,234", "1.00 (1.00 to 1.50)", "90"),),
        (("x", "0.50 (0.40 to 0.60)", "0.70"),),
        (("x", "1: 10.00", "2: 30.00", "20.00"),),
        (("x", "0.50 (0.40 to 0.60)"),),
        (("p", "a", "1.00", "2.00", "75"),),
    ]


def test_every_validation_names_a_test_that_is_there():
    root = Path(__file__).parents[2]
    assert len(validations()) > 20
    for one in validations():
        assert all(one.values())
        assert (root / one["source"]).exists()
