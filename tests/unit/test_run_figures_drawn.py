"""The figures of a run as they are drawn: what they hold, when there are none, what fits."""

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake_run import fake_run, site_steps
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle

from sim.report import style
from sim.report.run_figures import BASIC, RUN_FIGURES, gantt, write_run_figures

NEW = [name for name in RUN_FIGURES if name not in BASIC]


def with_forecasts(run):
    """Return the run as if a policy had looked at the price of one site, with quantiles."""
    start = pd.Timestamp("2025-06-02T00:00Z")
    lead = np.tile(np.arange(36), 10)
    issue = np.repeat(np.arange(10) * 24, 36)
    price = 0.1 + 0.02 * np.sin((issue + lead) / 4)
    frame = pd.DataFrame(
        {
            "site": "north", "signal": "price", "unit": "USD/kWh",
            "issued_at": start + pd.to_timedelta(issue, unit="h"),
            "valid_at": start + pd.to_timedelta(issue + lead, unit="h"), "actual": price,
            "point": price + 0.01, "quantile_0.1": price - 0.02, "quantile_0.9": price + 0.02,
        }
    )
    return replace(run, forecasts=frame)


@functools.cache
def whole_run(sites_count=1, steps_count=480):
    """Return a run that has something to show in every figure but that of services."""
    names = ("north", "a-rather-long-name", "south", "west", "east")[:sites_count]
    start = "2025-06-02T00:00Z"
    steps = pd.concat([site_steps(name, start, steps_count) for name in names], ignore_index=True)
    steps = steps.assign(site=steps["site"].astype("category"), battery_capacity_kwh=np.linspace(
        2000.0, 1900.0, len(steps)))
    run = fake_run()
    jobs = run.jobs.assign(site="north", deadline_s=[0.0, *[np.nan] * 4])
    info = run.info | {"duration_h": steps_count / 2, "timezones": {"north": "America/New_York"}}
    return with_forecasts(replace(run, steps=steps, jobs=jobs, info=info))


def drawn(name, run, size="screen"):
    with style.sized(size):
        return RUN_FIGURES[name].draw(run)


def texts(figure):
    """Return every text that is to be seen."""
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in figure.axes:
        if axes.axison:
            found += [axes.xaxis.label, axes.yaxis.label, axes.title, axes._left_title]
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                found += [tick.label1 for tick in axis.get_major_ticks()
                          if low <= tick.get_loc() <= high and tick.label1.get_visible()]
                found += [tick.label2 for tick in axis.get_major_ticks()
                          if low <= tick.get_loc() <= high and tick.label2.get_visible()]
        found += axes.texts
    return [text for text in found if text.get_text() and text.get_visible()]


def words(figure):
    return " ".join(text.get_text() for text in texts(figure))


def test_every_figure_has_a_title_and_says_what_it_shows():
    assert all(figure.title and len(figure.alt) > 40 for figure in RUN_FIGURES.values())


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize(
    ("size", "sites_count"), [("screen", 3), ("single", 3), ("double", 1)]
)
def test_no_word_of_a_figure_is_cut_off(name, size, sites_count):
    figure = drawn(name, whole_run(sites_count), size)
    figure.draw_without_rendering()
    box = figure.bbox
    for text in texts(figure):
        extent = text.get_window_extent()
        where = (text.get_text(), extent.bounds, box.bounds)
        assert min(extent.x0, extent.y0) >= -1.0, where
        assert extent.x1 <= box.width + 1.0, where
        assert extent.y1 <= box.height + 1.0, where


@pytest.mark.parametrize("name", NEW)
def test_a_figure_tells_run_policy_and_what_stands_on_its_axes(name):
    figure = drawn(name, whole_run(1))
    assert figure.get_label().startswith("fake, fifo, seed 1: ")
    units = ("kW", "USD/kWh", "gCO2e/kWh", "Accelerators", "(-)")
    assert any(unit in words(figure) for unit in units)


@pytest.mark.parametrize("name", ["day", "weeks", "duration", "gantt", "carbon_price"])
def test_of_five_sites_four_are_shown_and_the_title_says_so(name):
    run = whole_run(5)
    jobs = run.jobs.assign(site=["north", "a-rather-long-name", "south", "west", "east"])
    jobs["start_s"] = 0.0
    assert "(4 of 5 sites)" in drawn(name, replace(run, jobs=jobs)).get_label()


def test_local_hours_are_named_and_mixed_ones_too():
    assert "local, America/New York" in words(drawn("day", whole_run(1)))
    assert "each site's own zone" in words(drawn("day", whole_run(2)))
    assert "Hour of the day (UTC)" in words(drawn("day", fake_run()))


def test_a_run_without_jobs_has_no_figure_of_them():
    run = whole_run(1)
    idle = replace(run, jobs=run.jobs.iloc[:0])
    assert RUN_FIGURES["gantt"].draw(idle) is None
    assert RUN_FIGURES["carbon_price"].draw(idle) is None


@pytest.mark.parametrize("name", ["carbon_price"])
def test_a_run_without_a_grid_has_no_plane(name):
    assert RUN_FIGURES[name].draw(fake_run(grid=False)) is None


def test_a_price_that_never_changes_makes_no_plane():
    run = whole_run(1)
    flat = run.steps.assign(price_usd_per_kwh=0.1)
    assert RUN_FIGURES["carbon_price"].draw(replace(run, steps=flat)) is None


@pytest.mark.parametrize("name", ["sankey", "day", "duration", "weeks", "gantt"])
def test_a_run_off_the_grid_is_drawn_without_its_signals(name):
    figure = drawn(name, fake_run(grid=False, battery=False))
    assert "carbon" not in words(figure).lower()


def test_a_run_without_batteries_or_forecasts_has_none_of_their_figures():
    assert RUN_FIGURES["battery"].draw(fake_run(battery=False)) is None
    assert RUN_FIGURES["forecasts"].draw(fake_run()) is None


def test_signals_that_are_always_nothing_are_left_out_of_the_forecasts():
    run = whole_run(1)
    nothing = run.forecasts.assign(signal="wind", point=0.0, actual=0.0)
    both = replace(run, forecasts=pd.concat([nothing, run.forecasts], ignore_index=True))
    assert "wind" not in words(drawn("forecasts", both))
    assert RUN_FIGURES["forecasts"].draw(replace(run, forecasts=nothing)) is None


def test_the_calendar_is_for_runs_longer_than_the_week_that_the_weekly_map_shows():
    assert RUN_FIGURES["calendar"].draw(fake_run(steps_count=48 * 7)) is None
    assert drawn("calendar", whole_run(1)).axes


def test_bands_of_the_sankey_are_as_wide_on_the_left_as_on_the_right():
    (axes,) = drawn("sankey", whole_run(1)).axes
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    bus = next(box for box in boxes if 0.45 < box.get_x() < 0.5)
    left = sum(box.get_height() for box in boxes if box.get_x() < 0.4)
    right = sum(box.get_height() for box in boxes if box.get_x() > 0.6)
    assert left == pytest.approx(bus.get_height(), rel=1e-9)
    assert right == pytest.approx(bus.get_height(), rel=1e-9)


def test_labels_of_the_sankey_tell_kwh_and_never_overlap():
    run = whole_run(1)
    (axes,) = (figure := drawn("sankey", run)).axes
    solar_kwh = run.steps["solar_kw"].sum() * 0.5
    assert f"Solar\n{solar_kwh:,.0f} kWh" in words(figure)
    figure.draw_without_rendering()
    flows = [text for text in axes.texts if "%" in text.get_text()]
    assert len(flows) > 6
    for place, one in enumerate(flows):
        for other in flows[place + 1 :]:
            assert not one.get_window_extent().overlaps(other.get_window_extent())


def test_each_job_is_a_bar_from_its_start_to_its_end():
    run = fake_run()
    north = drawn("gantt", run).axes[0]
    (bars,) = (one for one in north.collections if isinstance(one, PolyCollection))
    assert len(bars.get_paths()) == 3  # the one that never started is none
    first = bars.get_paths()[0].vertices
    day_s = (first[:, 0] - first[:, 0].min()).max() * 86_400.0
    assert day_s == pytest.approx(3600.0)
    assert np.ptp(first[:, 1]) == 8


def test_missed_deadlines_are_outlined():
    assert "Deadline missed" in words(drawn("gantt", whole_run(1)))
    assert "Deadline missed" not in words(drawn("gantt", fake_run()))


def test_too_many_jobs_are_added_up_and_the_figure_says_so(monkeypatch):
    monkeypatch.setattr(gantt, "MOST_BARS", 2)
    figure = drawn("gantt", fake_run())
    assert "north: 3 stretches, added up in 30 min" in words(figure)
    assert "added up" not in figure.axes[1].get_title(loc="left")
    (area,) = figure.axes[0].collections
    assert area.get_datalim(figure.axes[0].transData).y1 == pytest.approx(64.0)


def test_streams_beyond_the_sixth_share_a_colour():
    run = whole_run(1)
    jobs = pd.concat([run.jobs.assign(workload=f"stream-{number}") for number in range(9)])
    found = words(drawn("gantt", replace(run, jobs=jobs.assign(job_id=range(len(jobs))))))
    assert "4 other streams" in found


def test_the_highest_bar_of_a_heat_map_is_the_largest_mean():
    run = fake_run()
    figure = drawn("weeks", run)
    north = run.steps[run.steps["site"] == "north"]["facility_kw"].to_numpy()
    (mesh,) = figure.axes[0].collections
    assert mesh.get_array().max() == pytest.approx(north.reshape(24, 2).mean(axis=1).max())
    assert mesh.get_clim()[1] == pytest.approx(mesh.get_array().max())


def test_only_the_basic_figures_are_drawn_with_a_run(tmp_path):
    written = write_run_figures(whole_run(1), tmp_path)
    assert [path.stem for path in written] == ["supply_demand", "signals"]


def test_a_job_that_only_moves_its_data_has_no_bar():
    run = fake_run()
    parts = pd.DataFrame(
        {
            "job_id": [0, 0], "site": ["north", "north"], "start_s": [600.0, 900.0],
            "end_s": [900.0, 4200.0], "power_it_kw": [1.0, 8.0], "gpus_count": [0, 8],
        }
    )
    (bars,) = drawn("gantt", replace(run, stretches=parts)).axes[0].collections
    assert len(bars.get_paths()) == 3
