"""Timelines of pages: what is joined, stacked, added up and left out."""

import json

import numpy as np
import pandas as pd
import pytest
from fake_run import fake_run, site_steps
from hypothesis import given
from hypothesis import strategies as st

from sim.report.page.plots import document
from sim.report.page.timelines import (
    MAX_POINTS,
    MAX_VALUES,
    joined_steps,
    policy_timelines,
    run_timelines,
)


@pytest.mark.parametrize(
    ("steps", "step_s", "lines", "joined"),
    [
        (2016, 300.0, 12, 1),  # a week of five minutes as it is
        (105_120, 300.0, 12, 12),  # a year by the hour
        (105_120, 300.0, 48, 24),  # four sites: every two hours
        (8760, 3600.0, 12, 1),
        (1, 300.0, 12, 1),
        (525_600, 60.0, 12, 60),
        (43_800, 7200.0, 12, 6),  # ten years of two-hour steps: half days
        (876_000, 3600.0, 12, 120),  # a century: whole days
    ],
)
def test_points_are_parts_of_a_day_that_fit_the_page(steps, step_s, lines, joined):
    assert joined_steps(steps, step_s, lines) == joined


@given(steps=st.integers(1, 2_000_000), minutes=st.sampled_from([1, 5, 7, 15, 60, 120]),
       lines=st.integers(1, 60))
def test_points_never_exceed_what_a_page_may_hold(steps, minutes, lines):
    points = -(-steps // joined_steps(steps, 60.0 * minutes, lines))
    assert points <= MAX_POINTS
    assert points * lines <= MAX_VALUES


def test_run_shows_power_stacked_and_every_known_signal():
    lines = run_timelines(fake_run())
    assert [heading for heading, _ in lines.groups] == ["north", "south"]
    north, south = (panels for _, panels in lines.groups)
    assert [panel.title.partition(" (")[0] for panel in north] == [
        "Power", "Battery state of charge", "Energy price", "Carbon intensity", "Accelerators busy",
    ]
    assert "Battery state of charge" not in [panel.title.partition(" (")[0] for panel in south]
    kinds = {line.label: line.kind for line in north[0].lines}
    assert kinds["Solar"] == "above"
    assert kinds["Curtailed"] == "below"
    assert kinds["Facility load"] == "line"
    assert lines.note == ""


def test_only_the_largest_sites_are_shown_and_that_is_said():
    run = fake_run()
    start = "2025-06-02T00:00Z"
    steps = pd.concat([site_steps(f"s{k}", start, 48, scale=1.0 + k) for k in range(6)])
    lines = run_timelines(type(run)("f", "fifo", 1, {}, steps, run.jobs, run.info))
    assert sorted(heading for heading, _ in lines.groups) == ["s2", "s3", "s4", "s5"]
    assert lines.note == "The 4 of 6 sites with the largest load."


def test_joined_steps_are_means_and_running_sums_start_at_nothing():
    time = pd.date_range("2025-01-01", periods=105_120, freq="5min", tz="UTC")
    frame = pd.DataFrame({"time": time, "cost_total_usd": 1.0, "soc": np.arange(105_120.0),
                          "grid_import_kw": np.nan})
    lines = policy_timelines({"a": frame})
    cost, soc = lines.panels
    assert lines.width_s == 3600.0
    (cost_line,), (soc_line,) = cost.lines, soc.lines
    assert list(cost_line.values[:3]) == [0.0, 12.0, 24.0]  # noqa: PD011 - an array, no frame
    assert list(soc_line.values[:2]) == [5.5, 17.5]  # noqa: PD011
    assert lines.start_ms[1] - lines.start_ms[0] == 3.6e6
    assert pd.Timestamp(lines.start_ms[0], unit="ms", tz="UTC") == time[0]


def test_many_policies_are_cut_and_that_is_said():
    frame = fake_run().steps.iloc[:48]
    lines = policy_timelines({f"p{k}": frame for k in range(9)})
    assert [line.label for line in lines.panels[0].lines] == [f"p{k}" for k in range(6)]
    assert lines.note == "The first 6 of 9 policies."
    assert policy_timelines({}) is None


def test_document_holds_the_values_of_the_run_and_not_of_the_one_before():
    first, second = run_timelines(fake_run()), run_timelines(fake_run(seed=9))
    told = json.dumps(document(first))
    assert json.dumps(document(second)) != told
    assert json.dumps(document(first)) == told
    assert len(document(first)["roots"]) == len(first.panels) == 9
