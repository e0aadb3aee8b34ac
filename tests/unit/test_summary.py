"""A study summed up: what stands in the folder, what the terminal shows, what Python reads."""

import json

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

import sim
from sim.cli import app
from sim.report.study_tables import (
    MOST_POINTS,
    best_points,
    heading,
    points_table,
    print_study,
    variant_table,
)
from sim.study.dataset.read import study_table
from sim.study.dataset.record import read_origin
from sim.study.statistics import evidence_of
from sim.study.summary.summarise import summarise
from sim.study.summary.totals import policy_totals
from tests.studies import made_plan, write_study

WIDE = Console(width=300)
BIG = "variants:\n  - {name: big, sites: [{name: here, battery: {capacity_kwh: 500}}]}\n"


@pytest.fixture(scope="module")
def summed(tmp_path_factory):
    """Return the folder of a swept study, summed up, and its summary."""
    folder = tmp_path_factory.mktemp("study")
    home = folder / "made-up"
    write_study(home, made_plan(folder))
    (home / "failed").mkdir()
    (home / "failed" / "x.json").write_text(json.dumps(
        {"point": "p", "policy": "fifo", "seed": 9, "traceback": "Boom\nValueError: <b>bad</b>"}
    ))
    return home, summarise(home)


def compare(home):
    result = CliRunner().invoke(app, ["compare", str(home)], terminal_width=200)
    assert result.exit_code == 0, result.output
    return result


def test_csv_has_a_row_per_run_with_axes_and_metrics(summed):
    home, summary = summed
    frame = pd.read_csv(home / "study.csv")
    assert len(frame) == 24
    assert list(frame.columns) == list(summary.results.table.runs.columns)
    cheapest = frame.loc[frame["cost_total_usd"].idxmin()]
    assert cheapest[["battery_kwh", "import_kw", "policy"]].tolist() == [900, 500, "cheap"]


def test_page_and_figures_stand_in_the_folder_and_the_page_escapes_what_it_shows(summed):
    home, summary = summed
    page = (home / "study.html").read_text(encoding="utf-8")
    assert "Does a larger battery pay?" in page
    assert "<b>bad</b>" not in page
    assert {path.parent for path in summary.figures} == {home / "figures"}
    assert "heat_map.png" in {path.name for path in summary.figures}
    assert all(path.stat().st_size > 1000 for path in summary.figures)


def test_best_point_comes_first_with_the_change_against_the_baseline_there(summed):
    table = summed[1].results.table
    best = best_points(table)
    # cheap: 1000 - 0.2 x 900 + 0.01 x 500 + 1.5; fifo there: 1000 - 0.1 x 900 + 5 + 1.5 = 916.5
    assert best["cost_total_usd"].iloc[0] == pytest.approx(826.5)
    assert best["change_percent"].iloc[0] == pytest.approx(100 * (826.5 / 916.5 - 1))
    assert best["cost_total_usd"].is_monotonic_increasing
    assert best["policy"].tolist() == ["cheap"] * 6


def test_where_more_is_better_the_most_comes_first_and_the_baseline_has_no_change(tmp_path):
    home = tmp_path / "made-up"
    write_study(home, made_plan(tmp_path), main_metric="jobs_completed_count")
    best = best_points(study_table(home))
    assert best["jobs_completed_count"].tolist() == [21.5] * 6
    assert best["policy"].tolist() == ["fifo"] * 6  # all alike: the baseline, which comes first
    assert best["change_percent"].isna().all()


def test_many_points_show_the_top_and_say_where_the_rest_is(tmp_path, capsys):
    home = tmp_path / "made-up"
    write_study(home, made_plan(tmp_path, batteries=25, imports=2, seeds=1))
    table = study_table(home)
    assert points_table(table, WIDE).row_count == MOST_POINTS == 20
    print_study(table, evidence_of(table), WIDE, cautions=["They did not do the same work."])
    shown = capsys.readouterr().out
    assert "30 more points: study.csv, study.html and `gridloom query` have all." in shown
    assert "Caution: They did not do the same work." in shown


def test_table_of_points_drops_metrics_that_do_not_fit(summed):
    table = summed[1].results.table
    wide, narrow = points_table(table, WIDE), points_table(table, Console(width=70))
    assert len(narrow.columns) < len(wide.columns)
    assert str(narrow.columns[3].header).startswith("Total cost")


def test_heading_counts_runs_points_policies_seeds_and_what_failed(summed):
    assert heading(summed[1].results.table) == (
        "made-up: 24 runs at 6 points over battery_kwh, import_kw (grid), 2 policies, 2 seeds, "
        "1 run failed"
    )


def test_compare_sums_a_study_up_again_to_the_same_bytes(summed):
    home, summary = summed
    files = [home / "study.csv", *summary.figures]
    before = [path.read_bytes() for path in files]
    for path in files:
        path.unlink()
    result = compare(home)
    assert [path.read_bytes() for path in files] == before
    first = next(line for line in result.stdout.splitlines() if line.startswith("900"))
    assert first.split()[:4] == ["900", "500", "cheap", "826.5"]
    assert "What total cost depends on" in result.stdout
    assert "Caution: 1 run failed" in result.stdout
    assert f"Page: {home / 'study.html'}" in result.stdout


def test_a_study_of_one_point_compares_its_policies(tmp_path):
    home = tmp_path / "made-up"
    write_study(home, made_plan(tmp_path, rest=""))
    (home / "figures").mkdir()
    (home / "figures" / "heat_map.png").write_bytes(b"of an earlier sweep")
    shown = compare(home).stdout
    # mean over the seeds at 100 kWh and 900 kW: fifo 1000 - 10 + 9 + 1.5, cheap 1000 - 20 + 9 + 1.5
    cost = next(line for line in shown.splitlines() if line.startswith("Total cost"))
    assert "1,000" in cost
    assert "990*" in cost
    assert "-1.0 %" in cost
    assert not (home / "figures" / "heat_map.png").exists()  # it shows nothing of this study


def test_variants_without_a_sweep_stand_side_by_side(tmp_path):
    home = tmp_path / "made-up"
    write_study(home, made_plan(tmp_path, rest=BIG))
    table = study_table(home)
    assert table.points == ("base", "big")
    means = {(row.variant, row.policy): row.means["cost_total_usd"]
             for row in variant_table(table).rows}
    assert means["big", "cheap"] == pytest.approx(1000.0 - 20.0 + 9.0 + 1.5)
    assert set(means) == {(variant, policy) for variant in ("base", "big")
                          for policy in ("fifo", "cheap")}
    shown = compare(home).stdout
    assert "big" in shown
    assert shown.count("Caution: 2 seeds cannot show") == 1


def test_python_reads_a_study_in_one_line(summed):
    home, _ = summed
    frame = sim.read_study(home)
    means = frame.groupby("policy")["cost_total_usd"].mean()
    assert means["cheap"] < means["fifo"]


def test_a_plain_folder_of_runs_can_be_read_and_ranked_as_well(tmp_path):
    home = tmp_path / "made-up"
    write_study(home, made_plan(tmp_path, rest=""))
    for name in ("study.json", "plan.parquet"):
        (home / name).unlink()  # as `gridloom run` leaves it
    table = study_table(home)
    assert (len(table.runs), table.policies, table.main_metric) == (
        4, ("fifo", "cheap"), "cost_total_usd",
    )
    assert evidence_of(table).rankings[0].rows[0].policy == "cheap"


def test_a_study_knows_its_scenario_and_versions(summed):
    versions, scenario_yaml = read_origin(summed[0])
    assert versions["gridloom_version"] == sim.__version__
    assert "capacity_kwh: 100" in scenario_yaml
    assert read_origin(summed[0] / "failed") == ({}, "")


def test_totals_are_summed_over_sites_and_averaged_over_seeds(tmp_path):
    folders = []
    for seed, scale in ((1, 1.0), (2, 3.0)):
        times = pd.date_range("2025-06-02", periods=2, freq="h", tz="UTC")
        frame = pd.DataFrame({
            "site": ["a", "a", "b", "b"], "time": [*times, *times],
            "cost_total_usd": [scale, 2.0, 10.0, 20.0], "grid_import_kw": 5.0,
            "carbon_operational_location_kg": [1.0, float("nan"), 1.0, float("nan")],
            "soc": [0.5, 0.7, float("nan"), 0.9],
        })
        folder = tmp_path / str(seed)
        folder.mkdir()
        frame.to_parquet(folder / "steps.parquet")
        folders.append(("fifo", folder))
    (total,) = policy_totals(folders).values()
    assert total["cost_total_usd"].tolist() == [12.0, 22.0]
    assert total["grid_import_kw"].tolist() == [10.0, 10.0]
    assert total["soc"].tolist() == [0.5, pytest.approx(0.8)]
    assert total["carbon_operational_location_kg"].isna().tolist() == [False, True]
