"""The numbers behind the figures of a run, by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake_run import fake_run

from sim.report.run_figures.battery import full_cycles, use_by_price
from sim.report.run_figures.canvas import site_frames
from sim.report.run_figures.day import mean_day
from sim.report.run_figures.duration import duration_curve
from sim.report.run_figures.flows import energy_flows
from sim.report.run_figures.forecasts import coverage, error_by_lead, middle_week
from sim.report.run_figures.lanes import laid_out
from sim.report.run_figures.layers import SOURCES, USES
from sim.report.run_figures.plane import plane
from sim.report.run_figures.sankey import largest_scale
from sim.report.run_figures.weeks import by_date, by_weekday
from sim.report.run_figures.work import energy_by_step_kwh, job_bars, mean_busy

NEW_YORK = "America/New_York"  # four hours behind UTC in June


def hourly(start, values, column="facility_kw"):
    time = pd.date_range(start, periods=len(values), freq="h")
    return pd.DataFrame({"time": time, column: np.asarray(values, dtype=float)})


def stretches(*rows):
    columns = ["site", "workload", "gpus_count", "start_s", "end_s", "power_it_kw"]
    return pd.DataFrame([("north", "training", *row) for row in rows], columns=columns)


def test_a_duration_curve_falls_from_the_highest_value_to_the_lowest():
    share, values = duration_curve(np.array([1.0, 3.0, np.nan, 2.0]))
    assert values.tolist() == [3.0, 2.0, 1.0]
    assert share.tolist() == [0.0, 50.0, 100.0]


def test_a_long_duration_curve_keeps_its_ends_and_its_middle():
    share, values = duration_curve(np.random.default_rng(1).permutation(105_121).astype(float))
    assert len(values) == 2000
    assert (values[0], values[-1]) == (105_120.0, 0.0)
    assert np.interp(50.0, share, values) == pytest.approx(52_560.0, abs=60.0)


def test_the_mean_day_is_that_of_the_sites_own_clock():
    frame = hourly("2025-06-02T00:00Z", [*range(24), *range(100, 124)], "solar_kw")
    local = mean_day(frame, NEW_YORK)["solar_kw"]
    assert local[20] == pytest.approx((0 + 100) / 2)  # midnight UTC, on both days
    assert mean_day(frame, "UTC")["solar_kw"][5] == pytest.approx((5 + 105) / 2)


def test_a_chosen_day_is_one_of_the_sites_own_calendar():
    frame = hourly("2025-06-02T00:00Z", range(48), "solar_kw")
    day = mean_day(frame, NEW_YORK, day=pd.Timestamp("2025-06-02").date())["solar_kw"]
    assert day.index.tolist() == list(range(24))
    assert day[0] == 4.0
    assert not len(mean_day(frame, "UTC", day=pd.Timestamp("2025-07-01").date()))


def test_sources_of_the_mean_day_equal_its_uses_in_every_hour():
    for frame in site_frames(fake_run()).values():
        day = mean_day(frame, "UTC")
        sources, uses = (
            sum(day[layer.column] for layer in layers if layer.column in day)
            for layers in (SOURCES, USES)
        )
        np.testing.assert_allclose(sources, uses, rtol=1e-12)


def test_cells_of_the_weekly_map_are_means_over_the_weeks():
    values = np.zeros(8 * 24)
    values[5], values[7 * 24 + 5] = 10.0, 30.0  # five o'clock on two Mondays
    values[24 + 5] = 8.0
    means = by_weekday(hourly("2025-06-02T00:00Z", values), "facility_kw", "UTC").means
    assert means.shape == (7, 24)
    assert means[0, 5] == 20.0
    assert means[1, 5] == 8.0


def test_hours_without_a_value_stay_empty():
    means = by_weekday(hourly("2025-06-02T00:00Z", [4.0, np.nan, 6.0]), "facility_kw", "UTC").means
    assert np.isfinite(means).sum() == 2
    assert means[0, 0] == 4.0


def test_cells_of_the_calendar_are_means_over_the_hour_of_a_local_date():
    time = pd.date_range("2025-06-02T03:00Z", periods=4, freq="30min")
    frame = pd.DataFrame({"time": time, "facility_kw": [1.0, 3.0, 10.0, 30.0]})
    found = by_date(frame, "facility_kw", NEW_YORK)
    assert [day.day for day in found.dates] == [1, 2]
    assert found.means[0, 23] == 2.0
    assert found.means[1, 0] == 20.0


def test_bars_take_free_lanes_and_as_few_as_were_ever_held():
    bars = stretches((4, 0.0, 10.0, 1.0), (2, 0.0, 30.0, 1.0), (3, 10.0, 20.0, 1.0))
    found, lanes_count = laid_out(bars)
    assert lanes_count == 6
    assert [(bar.row, bar.lane, bar.lanes_count) for bar in found] == [
        (0, 0, 4), (1, 4, 2), (2, 0, 3)
    ]


def test_a_gang_without_a_gap_of_its_size_is_split():
    bars = stretches((1, 0.0, 10.0, 1.0), (1, 0.0, 30.0, 1.0), (1, 0.0, 10.0, 1.0),
                     (2, 10.0, 20.0, 1.0))
    found, lanes_count = laid_out(bars)
    assert lanes_count == 3
    assert [(bar.lane, bar.lanes_count) for bar in found if bar.row == 3] == [(0, 1), (2, 1)]


def test_no_two_bars_overlap():
    random = np.random.default_rng(7)
    start = np.sort(random.integers(0, 500, 80)).astype(float)
    rows = zip(random.integers(1, 9, 80), start, start + random.integers(1, 99, 80), strict=True)
    bars = stretches(*((int(gang), begin, end, 1.0) for gang, begin, end in rows))
    found, lanes_count = laid_out(bars)
    held = np.zeros((lanes_count, 600))
    for bar in found:
        held[bar.lane : bar.lane + bar.lanes_count, int(bar.start_s) : int(bar.end_s)] += 1
    assert held.max() == 1
    area = ((bars["end_s"] - bars["start_s"]) * bars["gpus_count"]).sum()
    assert held.sum() == area


def test_stretches_stand_for_jobs_that_had_several():
    run = fake_run()
    parts = pd.DataFrame(
        {
            "job_id": [1, 1, 1], "site": ["north", "north", "south"],
            "start_s": [7200.0, 9000.0, 9600.0], "end_s": [9000.0, 9600.0, 21600.0],
            "power_it_kw": [60.0, 5.0, 30.0], "gpus_count": [64, 0, 32],
        }
    )
    bars = job_bars(replace(run, stretches=parts))
    assert bars["gpus_count"].tolist() == [8, 64, 0, 32, 32, 8]
    assert bars["site"].tolist() == ["north", "north", "north", "south", "south", "north"]
    assert bars["power_it_kw"].tolist() == pytest.approx([8.0, 60.0, 5.0, 30.0, 30.0, 8.0])


def test_a_job_that_still_runs_ends_with_the_run_and_has_missed_its_deadline():
    run = fake_run()
    jobs = run.jobs.assign(deadline_s=[4200.0, 21599.0, np.nan, 70_000.0, np.nan])
    jobs.loc[3, "end_s"] = np.nan
    bars = job_bars(replace(run, jobs=jobs))
    assert bars["end_s"].tolist() == [4200.0, 21600.0, 37200.0, 86400.0]
    assert bars["is_late"].tolist() == [False, True, False, True]


def test_the_energy_of_jobs_is_shared_among_the_steps_they_ran_in():
    run = fake_run()
    bars = stretches((8, 900.0, 4500.0, 4.0), (8, 0.0, 3600.0, 2.0))
    energy = energy_by_step_kwh(run, bars, 48)
    assert energy[:4].tolist() == pytest.approx([2.0, 3.0, 1.0, 0.0])  # half-hour steps
    assert energy.sum() == pytest.approx(4.0 + 2.0)


def test_accelerators_in_use_are_means_between_edges():
    bars = stretches((8, 0.0, 100.0, 1.0), (4, 50.0, 150.0, 1.0))
    assert mean_busy(bars, np.array([0.0, 100.0, 200.0])).tolist() == pytest.approx([10.0, 2.0])


def test_the_plane_counts_hours_and_energy_in_their_cells():
    frame = pd.DataFrame(
        {
            "price_usd_per_kwh": [0.1, 0.1, 0.3, np.nan],
            "average_carbon_intensity_g_per_kwh": [100.0, 300.0, 300.0, 300.0],
        }
    )
    edges = (np.array([0.0, 0.2, 0.4]), np.array([0.0, 200.0, 400.0]))
    found = plane(frame, np.array([5.0, 6.0, 7.0, 8.0]), step_h=0.5, edges=edges)
    assert found.hours.tolist() == [[0.5, 0.5], [0.0, 0.5]]
    assert found.energy_kwh.tolist() == [[5.0, 6.0], [0.0, 7.0]]


def test_full_cycles_count_what_is_drawn_from_the_cells():
    frame = pd.DataFrame(  # 8 kWh out of 10 from the cells
        {
            "battery_discharge_kw": [8.0, 0.0, 8.0, 8.0], "battery_capacity_kwh": 100.0,
            "soc": [0.4, 0.6, 0.5, 0.4],
        }
    )
    assert full_cycles(frame, 1.0).tolist() == pytest.approx([0.1, 0.1, 0.2, 0.3])


def test_battery_use_has_a_class_for_each_of_few_prices():
    frame = pd.DataFrame(
        {
            "price_usd_per_kwh": [0.2, 0.1, 0.1, np.nan],
            "battery_charge_kw": [0.0, 10.0, 20.0, 99.0],
            "battery_discharge_kw": [30.0, 0.0, 0.0, 99.0],
        }
    )
    use = use_by_price(frame)
    assert use.price_usd_per_kwh.tolist() == [0.1, 0.2]
    assert use.charge_kw.tolist() == [15.0, 0.0]
    assert use.discharge_kw.tolist() == [0.0, 30.0]


def test_battery_use_has_ten_classes_of_many_prices():
    price = np.arange(1000.0)
    frame = pd.DataFrame({"price_usd_per_kwh": price, "battery_charge_kw": price,
                          "battery_discharge_kw": 0.0})
    use = use_by_price(frame)
    assert use.charge_kw.tolist() == [49.5 + 100.0 * place for place in range(10)]


def test_sources_of_energy_equal_its_uses():
    steps = fake_run(steps_count=96).steps
    flows = energy_flows(replace(fake_run(), steps=steps.assign(battery_capacity_kwh=2000.0)))
    total = sum(flow.energy_kwh for flow in flows.sources)
    assert total == pytest.approx(sum(flow.energy_kwh for flow in flows.uses), rel=1e-12)
    assert total > 10_000.0
    found = {flow.label: flow.energy_kwh for flow in (*flows.sources, *flows.uses)}
    assert found["Solar"] == pytest.approx(steps["solar_kw"].sum() * 0.5)
    assert found["Compute"] == pytest.approx(steps["it_kw"].sum() * 0.5)
    assert flows.place == "All sites"


def test_a_battery_takes_its_losses_and_what_it_holds_more():
    steps = fake_run().steps
    north = steps[steps["site"] == "north"].iloc[:4].assign(
        battery_charge_kw=[20.0, 20.0, 0.0, 0.0], battery_discharge_kw=[0.0, 0.0, 0.0, 8.0],
        soc=[0.59, 0.68, 0.68, 0.63], battery_capacity_kwh=100.0,
    )
    flows = energy_flows(replace(fake_run(), steps=north))
    uses = {flow.label: flow.energy_kwh for flow in flows.uses}
    assert uses["Left in batteries"] == pytest.approx(10.0 + 4.0)  # the first step counts whole
    assert uses["Battery losses"] == pytest.approx(20.0 - 4.0 - 14.0)
    assert flows.place == "north"


def test_bands_fill_the_height_and_leave_each_label_its_room():
    flows = np.array([90.0, 1.0, 9.0])
    scale = largest_scale(flows, 10.0, least=1.0)
    assert scale == pytest.approx(8.0 / 90.0)
    assert np.maximum(flows * scale, 1.0).sum() == pytest.approx(10.0)
    assert largest_scale(flows, 100.0, least=0.5) == pytest.approx(1.0)


def issued(issues, horizon, *, point=0.0, **quantiles):
    """Return hourly forecasts issued at these hours of a run; what comes is the hour's number."""
    start = pd.Timestamp("2025-06-02T00:00Z")
    rows = [(issue, issue + lead) for issue in issues for lead in range(horizon)]
    at, valid = (np.array(column) for column in zip(*rows, strict=True))
    frame = pd.DataFrame(
        {
            "issued_at": start + pd.to_timedelta(at, unit="h"),
            "valid_at": start + pd.to_timedelta(valid, unit="h"),
            "actual": valid.astype(float), "point": valid + point * (valid - at),
        }
    )
    return frame.assign(**{f"quantile_{level}": frame["actual"] + offset
                           for level, offset in quantiles.items()})


def test_the_error_of_a_forecast_is_the_mean_over_the_issues_by_lead_time():
    frame = issued([0, 24], 36, point=2.0)
    frame.loc[frame["valid_at"] >= pd.Timestamp("2025-06-03T20:00Z"), "actual"] = np.nan
    error = error_by_lead(frame)
    assert error[0] == 0.0
    assert error[3] == 6.0
    assert error.index.max() == 35
    frame.loc[frame["issued_at"] == frame["issued_at"].min(), "point"] += 1.0
    assert error_by_lead(frame)[3] == (7.0 + 6.0) / 2


def test_the_fan_shows_the_latest_issue_of_each_hour_of_a_week_in_the_middle():
    frame = issued([24 * day for day in range(30)], 48, point=1.0)
    week = middle_week(frame)
    assert len(week) == 7 * 24
    assert week.index[0] == pd.Timestamp("2025-06-14T00:00Z")  # of 31 days, 12 before
    assert (week["point"] - week["actual"]).max() == 23.0


def test_hours_that_no_issue_reaches_are_gaps_in_the_fan():
    week = middle_week(issued([0, 24], 12))
    assert len(week) == 36
    assert week["point"].isna().sum() == 12


def test_coverage_is_the_share_between_the_outermost_quantiles():
    frame = issued([0], 10, **{"0.1": -1.0, "0.9": 1.0})
    frame.loc[:2, "quantile_0.9"] = -0.5
    wanted, held = coverage(frame)
    assert wanted == pytest.approx(0.8)
    assert held == pytest.approx(0.7)
    assert coverage(issued([0], 10)) is None
