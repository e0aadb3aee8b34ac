"""Batteries with details and aging, from a scenario file to metrics, steps and jobs."""

import numpy as np
import pandas as pd
import pytest

import sim

SCENARIO = """
schema_version: 1
name: worn
start: 2025-06-02T06:00Z
duration_h: {hours}
step_min: {step_min}
sites:
  - name: microgrid
    solar: {{series: {{file: day.csv, column: solar, unit: kW}}}}
    base_load: {{file: day.csv, column: load, unit: kW}}
    battery:
      capacity_kwh: 2000
      max_charge_kw: 1000
      max_discharge_kw: 1000
      min_soc: 0.1
      max_soc: 1.0
{battery}
    grid: {{tariff: {{energy_usd_per_kwh: 0.2}}}}
policies:
  - {{name: green, storage: self-consumption}}
"""
DETAILS = """
      resistive_loss_fraction: 0.03
      self_discharge_fraction_per_day: 0.002
      auxiliary_kw: 5
      taper_above_soc: 0.8
      taper_below_soc: 0.2
"""
AGING = "      degradation: {{aging: {aging}, replacement_usd_per_kwh: 150, {more}}}\n"


def simulate(folder, battery, *, hours=48, step_min=60):
    """Run some days of hourly sun and load."""
    hour = np.arange(hours)
    load = np.where((hour % 24 >= 8) & (hour % 24 < 20), 800.0, 400.0)
    solar = 2500.0 * np.maximum(0.0, np.sin(np.pi * (hour % 24 - 1) / 12))
    times = pd.date_range("2025-06-02T06:00", periods=hours, freq="h")
    pd.DataFrame({"time": times, "load": load, "solar": solar}).to_csv(folder / "day.csv")
    path = folder / "worn.yaml"
    path.write_text(SCENARIO.format(battery=battery, hours=hours, step_min=step_min))
    return sim.simulate(path)


def test_details_give_the_same_energies_at_5_and_at_60_minutes(tmp_path):
    coarse = simulate(tmp_path, DETAILS).metrics
    fine = simulate(tmp_path, DETAILS, step_min=5).metrics
    names = [name for name in coarse if name.endswith("_kwh") and coarse[name] is not None]
    assert {"battery_charge_kwh", "battery_discharge_kwh", "grid_import_kwh"} <= set(names)
    assert [fine[n] for n in names] == pytest.approx([coarse[n] for n in names], rel=1e-9)


def test_auxiliary_power_is_part_of_the_load(tmp_path):
    with_it = simulate(tmp_path, "      auxiliary_kw: 5\n").steps
    without = simulate(tmp_path, "").steps
    np.testing.assert_allclose(with_it["base_load_kw"], without["base_load_kw"] + 5.0, rtol=1e-12)
    np.testing.assert_allclose(with_it["facility_kw"], without["facility_kw"] + 5.0, rtol=1e-12)


def test_without_aging_there_is_no_wear(tmp_path):
    run = simulate(tmp_path, DETAILS)
    for name in ("cost_battery_wear_usd", "battery_replacements_count"):
        assert run.metrics[name] is None
    assert (run.steps["cost_battery_wear_usd"] == 0.0).all()
    assert (run.steps["battery_capacity_kwh"] == 2000.0).all()


def test_wear_fades_the_capacity_at_midnight_and_is_paid(tmp_path):
    run = simulate(tmp_path, AGING.format(aging="lfp-sony-3ah", more="temperature_c: 35"))
    capacity = run.steps.set_index("time")["battery_capacity_kwh"]
    changed = capacity.index[capacity.diff() < 0.0]
    # The steps that end at midnight, and the last of the run.
    assert [time.hour for time in changed] == [23, 23, 5]
    metrics = run.metrics
    lost = metrics["battery_calendar_fade_fraction"] + metrics["battery_cycle_fade_fraction"]
    assert metrics["battery_capacity_end_fraction"] == pytest.approx(1.0 - lost, rel=1e-12)
    assert capacity.iloc[-1] == pytest.approx(2000.0 * (1.0 - lost), rel=1e-12)
    assert metrics["battery_calendar_fade_fraction"] > 0.0
    assert metrics["battery_cycle_fade_fraction"] > 0.0
    paid = lost / 0.2 * 2000.0 * 150.0
    assert metrics["cost_battery_wear_usd"] == pytest.approx(paid, rel=1e-9)
    rest = simulate(tmp_path, "").metrics
    assert metrics["cost_total_usd"] == pytest.approx(rest["cost_total_usd"] + paid, rel=0.01)
    # Evenly over each day: 18 h to the first midnight, 24 h, 6 h.
    wear = run.steps["cost_battery_wear_usd"].to_numpy()
    assert [len(np.unique(wear[part])) for part in np.split(np.arange(48), [18, 42])] == [1, 1, 1]


def test_worn_out_cells_are_replaced_and_energy_still_balances(tmp_path):
    run = simulate(tmp_path, DETAILS + AGING.format(
        aging="lmo-xu-2018", more="end_of_life_fraction: 0.985, temperature_c: 45"
    ), hours=24 * 10)  # fmt: skip
    assert run.metrics["battery_replacements_count"] >= 1
    capacity = run.steps["battery_capacity_kwh"]
    assert capacity.max() == 2000.0
    assert (capacity.diff() > 0.0).sum() == run.metrics["battery_replacements_count"]
    assert run.steps["soc"].between(0.0, 1.0).all()


def test_a_clc_battery_ages_too(tmp_path):
    run = simulate(tmp_path, "      model: clc\n" + AGING.format(aging="nmc-pouch-50ah", more=""))
    assert 0.98 < run.metrics["battery_capacity_end_fraction"] < 1.0
