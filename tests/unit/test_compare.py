import csv
import re
from dataclasses import replace

import pandas as pd
import pytest
from fake_run import fake_run

from sim.errors import DataError
from sim.report.labels import decimals, percent, written
from sim.report.page import run_page
from sim.report.tables import comparison_tables, open_console
from sim.study.compare import compare, compare_folder, write_comparison
from sim.study.outcomes import cautions, findings, outcomes
from sim.study.store import write_run


def table(**values_by_policy):
    """Return one row per run, with the given values of one metric under cost_total_usd."""
    rows = [
        {"policy": policy, "seed": seed, "cost_total_usd": value}
        for policy, values in values_by_policy.items()
        for seed, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, dtype=object)


def costs(**values_by_policy):
    return outcomes(table(**values_by_policy))["cost_total_usd"]


def stored(home, run, *, study="s", written_at="2025-01-01", order=("fifo", "follow-carbon")):
    folder = home / f"{run.policy}-seed{run.seed}-{study}"
    manifest = {"study_hash": study, "written_at": written_at, "policies": list(order)}
    return write_run(run, folder, scenario_yaml="", manifest=manifest)


def test_change_is_the_mean_of_paired_differences_with_its_student_interval():
    other = costs(base=[100.0, 110.0, 120.0], other=[90.0, 100.0, 105.0])["other"]
    # Differences -10, -10, -15: mean -35/3, sample standard deviation sqrt(25/3); t(0.975, 2) is
    # 4.302653 (any t table), so the half width is 4.302653 * sqrt(25/3) / sqrt(3) = 7.171088.
    assert other.mean == pytest.approx(295.0 / 3.0)
    assert other.change_percent == pytest.approx(-35.0 / 3.0 / 110.0 * 100.0)
    assert other.half_width_percent == pytest.approx(7.171088 / 110.0 * 100.0, rel=1e-6)


def test_single_seed_has_a_change_but_no_interval():
    other = costs(base=[200.0], other=[150.0])["other"]
    assert other.change_percent == pytest.approx(-25.0)
    assert other.half_width_percent is None


def test_baseline_has_no_change_against_itself():
    assert costs(base=[1.0], other=[2.0])["base"].change_percent is None


@pytest.mark.parametrize("base", [0.0, 0, None])
def test_no_percentage_of_a_baseline_of_zero_or_without_meaning(base):
    other = costs(base=[base], other=[5.0])["other"]
    assert (other.mean, other.change_percent) == (5.0, None)


def test_earning_more_than_a_baseline_that_earns_is_a_negative_change_of_cost():
    assert costs(base=[-100.0], other=[-120.0])["other"].change_percent == pytest.approx(-20.0)


def test_only_seeds_that_both_have_are_paired():
    other = costs(base=[100.0, 300.0], other=[110.0])["other"]
    assert other.change_percent == pytest.approx(10.0)


def test_metric_without_meaning_is_none_and_never_best():
    found = costs(base=[None], other=[3.0], third=[4.0])
    assert found["base"].mean is None
    assert [policy for policy, one in found.items() if one.best] == ["other"]


def test_all_that_share_the_best_value_are_marked_but_not_if_all_are_alike():
    assert [p for p, one in costs(a=[2.0], b=[1.0], c=[1.0]).items() if one.best] == ["b", "c"]
    assert not any(one.best for one in costs(a=[1.0], b=[1.0]).values())


def test_more_completed_jobs_are_better():
    runs = table(a=[5], b=[7]).rename(columns={"cost_total_usd": "jobs_completed_count"})
    found = outcomes(runs)["jobs_completed_count"]
    assert (found["a"].best, found["b"].best, found["b"].mean) == (False, True, 7)


def test_findings_name_the_cheapest_policy_with_its_saving():
    assert findings(outcomes(table(base=[200.0], other=[150.0]))) == (
        "Costs least: other (-25.0 %).",
    )


@pytest.mark.parametrize(("done", "warned"), [(98, True), (99.5, False)])
def test_caution_when_policies_did_different_work(done, warned):
    runs = table(a=[100], b=[done]).rename(columns={"cost_total_usd": "jobs_completed_count"})
    said = cautions(runs)
    assert bool(said) is warned
    if warned:
        assert "jobs completed differ by 2.0 % (b least, a most)" in said[0]


def test_comparison_table_has_every_metric_of_every_run(tmp_path):
    runs = [fake_run(), fake_run("follow-carbon")]
    write_comparison(tmp_path, [stored(tmp_path, run) for run in runs])
    with (tmp_path / "comparison.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["policy"] for row in rows] == ["fifo", "follow-carbon"]
    assert set(runs[0].metrics) < set(rows[0])
    assert rows[0]["jobs_completed_count"] == "4"
    assert rows[0]["wue_l_per_kwh"] == ""
    assert float(rows[1]["cost_total_usd"]) == runs[1].metrics["cost_total_usd"]
    # Accelerators times hours of the four completed jobs.
    assert float(rows[0]["work_done_gpu_h"]) == pytest.approx(8 * 1 + 64 * 4 + 32 * 2 + 8 * 0.5)


def test_every_link_of_the_comparison_page_leads_to_a_file(tmp_path):
    folders = [stored(tmp_path, run) for run in (fake_run(), fake_run("edf"))]
    for folder in folders:
        (folder / "report.html").touch()
    write_comparison(tmp_path, folders)
    page = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(links) == 5  # the table, two figures, two runs
    assert all((tmp_path / link).is_file() for link in links)


def test_page_escapes_what_comes_from_outside():
    run = fake_run()
    page = run_page(replace(run, info=run.info | {"warnings": ["<script>x</script>"]}), [])
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_folder_is_compared_in_the_order_of_the_scenario(tmp_path):
    for policy in ("edf", "fifo", "follow-carbon"):
        stored(tmp_path, fake_run(policy), order=("follow-carbon", "fifo", "edf"))
    comparison, notes = compare_folder(tmp_path)
    assert comparison.policies == ("follow-carbon", "fifo", "edf")
    assert notes == ()


def test_runs_of_an_earlier_version_are_left_out_and_that_is_said(tmp_path):
    stored(tmp_path, fake_run("edf"), study="old", written_at="2024-01-01")
    stored(tmp_path, fake_run(), study="new", written_at="2025-01-01")
    comparison, notes = compare_folder(tmp_path)
    assert comparison.policies == ("fifo",)
    assert notes == ("1 run of earlier versions of the scenario or the code left out.",)


def test_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"holds no runs"):
        compare_folder(tmp_path)


def test_misspelt_folder_gets_a_suggestion(tmp_path):
    stored(tmp_path / "quickstart", fake_run())
    with pytest.raises(DataError, match=r"no such folder\. Did you mean quickstart\?"):
        compare_folder(tmp_path / "quickstrat")


def test_table_splits_when_the_terminal_is_too_narrow(tmp_path):
    policies = ("fifo", "follow-carbon", "edf")
    comparison = compare([stored(tmp_path, fake_run(policy)) for policy in policies])
    console = open_console()
    console.width = 100
    assert [len(one.columns) for one in comparison_tables(comparison, console)] == [4]
    console.width = 55
    assert [len(one.columns) for one in comparison_tables(comparison, console)] == [3, 3]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (12345.6, "12,346"), (123.46, "123.5"), (1.234, "1.23"), (0.1234, "0.123"),
     (0.0, "0"), (7, "7"), (-1e-9, "0.000")],
)
def test_numbers_are_written_to_about_four_digits(value, text):
    assert written(value, decimals([value])) == text


@pytest.mark.parametrize(
    ("change", "half_width", "text"),
    [(None, None, ""), (-12.34, None, "-12.3 %"), (3.0, 0.44, "+3.0 ± 0.4 %"),
     (-0.01, None, "0.0 %"), (-10.04, None, "-10.0 %")],
)
def test_changes_are_written_with_sign_and_interval(change, half_width, text):
    assert percent(change, half_width) == text
