import subprocess
import sys
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from fake_run import fake_run, site_steps

from sim.report.comparison import Comparison, Outcome
from sim.report.labels import HEADLINES
from sim.report.run_figures import write_run_figures
from sim.report.run_figures.signals import signals
from sim.report.run_figures.supply import supply_and_demand
from sim.report.study_figures.comparison import bars, cumulative
from sim.report.style import save
from sim.report.timeline import Timeline, span, steps_per_point

FLOWS = (
    "facility_kw", "solar_kw", "wind_kw", "battery_charge_kw", "battery_discharge_kw",
    "grid_import_kw", "grid_export_kw", "curtailed_kw", "unserved_kw",
)


def constant_run(**flows_kw):
    """Return a run of one site whose flows never change; flows not given are zero."""
    run = fake_run()
    steps = run.steps[run.steps["site"] == "north"].copy()
    for name in FLOWS:
        steps[name] = flows_kw.get(name, 0.0)
    return replace(run, steps=steps)


def labels(axes):
    return [label for _, label in zip(*axes.get_legend_handles_labels(), strict=True)]


def compared(**costs_by_policy):
    policies = tuple(costs_by_policy)
    outcomes = {
        metric.name: {
            policy: Outcome(cost, None if policy == policies[0] else -12.5, best=policy == "b")
            for policy, cost in costs_by_policy.items()
        }
        for metric in HEADLINES
    }
    return Comparison("fake", policies, (1,), outcomes, pd.DataFrame())


def totals(costs):
    time = pd.date_range("2025-06-02", periods=len(costs), freq="1h", tz="UTC")
    return pd.DataFrame(
        {"time": time, "cost_total_usd": costs, "carbon_operational_location_kg": 2 * costs}
    )


@pytest.mark.parametrize(
    ("steps_count", "step_min", "joined"),
    [
        (2016, 5, 1),  # a week
        (8640, 5, 6),  # 30 days: 20 min would leave 2160 points, 30 min leave 1440
        (105120, 5, 288),  # a year: hours would leave 8760 points, so days
        (8760, 60, 24),
        (20160, 12, 120),  # 168 days: 4032 hours are too many
        (10000, 12, 5),  # 2000 hours
    ],
)
def test_long_runs_are_joined_to_hours_at_most_or_to_whole_days(steps_count, step_min, joined):
    assert steps_per_point(steps_count, 60.0 * step_min) == joined


def test_points_hold_means_and_running_sums_the_last_point_of_fewer_steps():
    frame = pd.DataFrame({"x": [1.0, 3.0, 5.0, 9.0, 4.0]})
    line = Timeline(frame, 60.0, 2, np.arange(4.0))
    assert line.mean("x").tolist() == [2.0, 7.0, 4.0]
    assert line.cumulative("x").tolist() == [0.0, 4.0, 18.0, 22.0]


@pytest.mark.parametrize(
    ("width_s", "text"), [(300.0, "5 min"), (3600.0, "1 h"), (172800.0, "2 d")]
)
def test_span_is_told_in_the_largest_unit(width_s, text):
    assert span(width_s) == text


def test_stack_reaches_from_all_uses_below_zero_to_all_sources_above():
    run = constant_run(
        solar_kw=100.0, wind_kw=50.0, battery_discharge_kw=5.0, grid_import_kw=30.0,
        facility_kw=150.0, battery_charge_kw=20.0, grid_export_kw=10.0, curtailed_kw=5.0,
    )
    axes = supply_and_demand(run).axes[0]
    heights = [one.get_paths()[0].vertices[:, 1] for one in axes.collections]
    assert [(low.min(), low.max()) for low in heights] == [
        (0.0, 100.0), (100.0, 150.0), (150.0, 155.0), (155.0, 185.0),
        (-20.0, 0.0), (-30.0, -20.0), (-35.0, -30.0),
    ]
    assert labels(axes) == [
        "Solar", "Wind", "Battery discharge", "Grid import", "Battery charge", "Grid export",
        "Curtailed", "Facility load",
    ]


def test_flows_that_are_only_rounding_are_not_in_the_legend():
    axes = supply_and_demand(constant_run(solar_kw=1.0, facility_kw=1.0, unserved_kw=1e-12)).axes[0]
    assert labels(axes) == ["Solar", "Facility load"]


def test_state_of_charge_is_drawn_only_where_there_is_a_battery():
    assert len(supply_and_demand(fake_run()).axes) == 3  # north with, south without
    assert len(supply_and_demand(fake_run(battery=False)).axes) == 2


def test_axes_name_their_units_and_the_zone():
    axes = supply_and_demand(fake_run()).axes
    assert [one.get_ylabel().partition("\n")[0] for one in axes] == [
        "Power (kW)", "Battery", "Power (kW)",
    ]
    assert axes[-1].get_xlabel() == "Time (UTC)"


def test_large_sites_are_drawn_in_megawatts():
    axes = supply_and_demand(constant_run(grid_import_kw=3e4, facility_kw=3e4)).axes[0]
    assert axes.get_ylabel().startswith("Power (MW)")
    assert axes.yaxis.get_major_formatter()(20_000.0) == "20"


def test_only_the_four_largest_sites_are_drawn_and_the_title_says_so():
    run = fake_run()
    sites = [site_steps(name, "2025-06-02T00:00Z", 48, battery=False, scale=scale)
             for name, scale in zip("abcde", (1.0, 2.0, 0.1, 3.0, 4.0), strict=True)]
    figure = supply_and_demand(replace(run, steps=pd.concat(sites, ignore_index=True)))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b", "d", "e"]
    assert "(4 of 5 sites)" in figure.texts[0].get_text()


def test_signals_show_price_carbon_and_a_marker_for_every_job_that_started():
    price, carbon, jobs = signals(fake_run()).axes[:3]
    assert labels(price) == ["Energy price"]
    assert labels(carbon) == ["Average carbon intensity", "Marginal carbon intensity"]
    offsets = jobs.collections[0].get_offsets()
    assert sorted(offsets[:, 1].tolist()) == [8.0, 8.0, 64.0]  # the fourth never started
    assert len(set(jobs.collections[0].get_sizes().tolist())) == 2


def test_starts_of_many_jobs_are_summed_by_the_hour():
    run = fake_run()
    jobs = pd.DataFrame({"site": "north", "start_s": np.full(500, 5400.0), "gpus_count": 2})
    axes = signals(replace(run, jobs=jobs)).axes[2]
    assert axes.collections[0].get_paths()[0].vertices[:, 1].max() == 1000.0
    assert axes.get_ylabel() == "Job starts\n(accel. per 1 h)"


def test_island_without_jobs_has_no_signals_to_draw(tmp_path):
    run = fake_run(grid=False)
    run = replace(run, jobs=run.jobs.iloc[:0])
    assert signals(run) is None
    assert [path.name for path in write_run_figures(run, tmp_path)] == ["supply_demand.png"]


def test_year_is_drawn_in_daily_means():
    figure = supply_and_demand(fake_run(steps_count=17520))
    assert all(len(line.get_xdata()) <= 2 * 365 for axes in figure.axes for line in axes.lines)
    assert figure.axes[-1].get_xlabel() == "Time (UTC); means over 1 d"


def test_figure_files_have_the_same_bytes_whatever_the_users_style(tmp_path):
    plain = write_run_figures(fake_run(), tmp_path)
    before = [path.read_bytes() for path in plain]
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 20.0}):
        after = [path.read_bytes() for path in write_run_figures(fake_run(), tmp_path)]
    assert before == after


def test_bars_say_value_and_change_and_print_the_best_bold():
    axes = bars(compared(a=200.0, b=175.0)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["200.0", "175.0  -12.5 %"]
    assert [text.get_fontweight() for text in axes.texts] == ["normal", "bold"]
    assert [patch.get_width() for patch in axes.patches] == [200.0, 175.0]


def test_bars_of_many_policies_differ_in_more_than_colour():
    axes = bars(compared(a=1.0, b=2.0, c=3.0)).axes[0]
    assert len({patch.get_hatch() for patch in axes.patches}) == 3


def test_bars_leave_out_metrics_without_meaning():
    assert bars(compared(a=None, b=None)).axes == []


def test_running_totals_end_at_the_sum_and_differences_start_from_the_baseline():
    figure = cumulative(
        compared(a=6.0, b=3.0),
        {"a": totals(np.array([1.0, 2.0, 3.0])), "b": totals(np.array([1.0, 1.0, 1.0]))},
    )
    cost, difference = figure.axes[:2]
    assert [line.get_ydata()[-1] for line in cost.lines] == [6.0, 3.0]
    assert difference.lines[1].get_ydata().tolist() == [0.0, 0.0, -1.0, -3.0]
    assert len({line.get_linestyle() for line in cost.lines}) == 2


def test_single_policy_has_running_totals_without_differences():
    assert len(cumulative(compared(a=6.0), {"a": totals(np.ones(3))}).axes) == 2


def test_nothing_is_drawn_when_neither_cost_nor_carbon_is_known():
    assert cumulative(compared(a=None), {"a": totals(np.ones(3))}) is None


def test_saved_figure_is_a_png(tmp_path):
    path = save(supply_and_demand(fake_run()), tmp_path / "x.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_drawing_needs_no_pyplot():
    code = "import sys, sim.report.run_figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
