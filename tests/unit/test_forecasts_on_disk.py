"""The issued forecasts that a run keeps: one issue a day, beside what came."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from desk_world import GRID, WAVE, H, desk
from fake_run import fake_run

import sim
from forecasting import ForecastSet, ModelCard
from sim.engine.forecasts.issued import Issued, issued_frame
from sim.errors import DataError
from sim.study.disk.store import FORECASTS, read_manifest, read_run, write_run

START = datetime(2025, 6, 2, tzinfo=UTC)
USD_PER_KWH_IN_SI = 1.0 / 3.6e6


def forecasts(issues_h, horizon, *, quantiles=None, levels=()):
    """Return forecasts whose point is a hundred times the issue plus the lead time, in USD/kWh."""
    issued_s = np.asarray(issues_h, dtype=float) * H
    point = (100.0 * np.arange(len(issues_h))[:, None] + np.arange(horizon)) * USD_PER_KWH_IN_SI
    return ForecastSet(
        issued_at_s=issued_s, valid_start_s=issued_s, step_s=H, point=point,
        card=ModelCard("Mine", {}, None, ""), quantile_levels=np.array(levels),
        quantiles=None if quantiles is None else point[..., None] * np.array(quantiles),
    )


def frame_of(made, signal="price", *, values=None, end_h=48):
    values = np.arange(200.0) * USD_PER_KWH_IN_SI if values is None else values
    return issued_frame([Issued("lab", signal, made, values, -24 * H)], START, end_s=end_h * H)


def test_one_issue_a_day_is_kept_the_first():
    frame = frame_of(forecasts([0, 6, 12, 18, 24, 30], 3))
    assert frame["issued_at"].dt.hour.tolist() == [0] * 6
    assert frame["issued_at"].dt.day.tolist() == [2, 2, 2, 3, 3, 3]
    assert frame["point"].tolist() == pytest.approx([0, 1, 2, 400, 401, 402])
    assert frame["valid_at"].iloc[4] == pd.Timestamp("2025-06-03T01:00Z")


def test_what_came_stands_beside_it_in_the_same_unit_and_ends_with_the_run():
    frame = frame_of(forecasts([0, 24], 30))
    assert frame["actual"].iloc[:3].tolist() == pytest.approx([24, 25, 26])  # a day of history
    assert frame["actual"].iloc[30] == pytest.approx(48)
    late = frame["valid_at"] >= pd.Timestamp("2025-06-04T00:00Z")
    assert frame.loc[late, "actual"].isna().all()
    assert late.sum() == 6
    assert not frame.loc[~late, "actual"].isna().any()
    assert set(frame["unit"]) == {"USD/kWh"}


def test_an_hour_that_the_run_only_begins_has_not_come():
    assert frame_of(forecasts([0], 48), end_h=24.5)["actual"].notna().sum() == 24


@pytest.mark.parametrize(
    ("signal", "unit", "si"),
    [("solar", "kW", 1000.0), ("marginal_carbon_intensity", "gCO2e/kWh", 1e-3 / 3.6e6)],
)
def test_units_are_those_people_say(signal, unit, si):
    frame = frame_of(forecasts([0], 3), signal, values=np.full(200, 7.0 * si))
    assert set(frame["unit"]) == {unit}
    assert frame["actual"].tolist() == pytest.approx([7.0] * 3)


def test_quantiles_have_a_column_each_and_are_empty_for_signals_without():
    with_bands = forecasts([0], 3, quantiles=[0.5, 2.0], levels=(0.1, 0.9))
    values = np.zeros(200)
    frame = issued_frame(
        [Issued("lab", "price", with_bands, values, 0.0),
         Issued("lab", "wind", forecasts([0], 3), values, 0.0)],
        START, end_s=48 * H,
    )
    assert list(frame)[-2:] == ["quantile_0.1", "quantile_0.9"]
    assert frame["quantile_0.9"].iloc[:3].tolist() == pytest.approx([0, 2, 4])
    assert frame["quantile_0.9"].iloc[3:].isna().all()


def test_a_desk_keeps_only_what_was_asked_for():
    one = desk(model="persistence", refresh_h=6)
    assert one.issued().empty
    one.latest(0, "price", 0.0)
    frame = one.issued()
    assert set(frame["signal"]) == {"price"}
    assert len(frame) == 10 * 48  # ten days
    hour = frame["valid_at"] == pd.Timestamp(GRID.start) + pd.Timedelta(hours=30)
    came = WAVE[int(30 - GRID.window_edges_s[0] / H)] / USD_PER_KWH_IN_SI
    assert frame.loc[hour, "actual"].tolist() == pytest.approx([came, came])


def test_a_run_keeps_its_forecasts_and_reads_them_back(tmp_path):
    made = frame_of(forecasts([0, 24], 30))
    folder = tmp_path / "run"
    write_run(replace(fake_run(), forecasts=made), folder, scenario_yaml="", manifest={})
    assert FORECASTS in read_manifest(folder)["files"]
    pd.testing.assert_frame_equal(read_run(folder).forecasts, made)
    (folder / FORECASTS).write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match=r"forecasts\.parquet: not what the run wrote"):
        read_run(folder)


def test_a_run_without_forecasts_has_no_such_file(tmp_path):
    write_run(fake_run(), tmp_path / "run", scenario_yaml="", manifest={})
    assert not (tmp_path / "run" / FORECASTS).exists()
    assert read_run(tmp_path / "run").forecasts.empty


def test_a_simulated_run_keeps_what_its_policy_looked_at(tmp_path):
    text = """\
schema_version: 1
name: small
start: 2025-06-02T00:00Z
duration_h: 72
step_min: 60
sites:
  - name: lab
    weather: {tmy: greensboro-nc}
    grid: {market: us-carolinas, tariff: {timezone: America/New_York}}
    datacenter: {clusters: [{name: main, accelerator: h100-sxm, nodes: 2}], pue: 1.2}
workload:
  - type: training
    arrivals: {poisson_per_h: 1}
    gpus: 8
    duration: {median_h: 2}
    slack: {max_h: 12}
forecast: {model: seasonal-naive, refresh_h: 6, quantiles: [0.1, 0.9]}
policies:
  - fifo
  - {name: shifty, shift: {use: lowest-window, signal: price}}
"""
    path = tmp_path / "small.yaml"
    path.write_text(text)
    blind, shifty = (sim.simulate(path, policy=name) for name in ("fifo", "shifty"))
    assert blind.forecasts.empty
    assert set(shifty.forecasts["signal"]) == {"price"}
    assert shifty.forecasts["issued_at"].nunique() == 3
    steps = shifty.steps.set_index("time")["price_usd_per_kwh"]
    came = shifty.forecasts.dropna(subset="actual")
    np.testing.assert_allclose(came["actual"], steps.loc[came["valid_at"]], rtol=1e-6)
    assert (came["quantile_0.1"] <= came["quantile_0.9"]).all()
    assert shifty.info["timezones"] == {"lab": "America/New_York"}
