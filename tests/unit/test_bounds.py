"""Runs held against the least cost that storage could have reached."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from sim import cli
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.errors import BalanceError
from sim.ledger.close import close_books
from sim.study.bounds import storage_metrics
from sim.units import KW, KWH
from tests.worlds import job_table, run_log, site, time_grid

BATTERY = BatteryLimits(2 * KWH, KW, KW, 1.0, 1.0, 0.0, 1.0, 0.0)
NOTHING = {
    "cost_bound_usd": None,
    "cost_idle_battery_usd": None,
    "storage_saving_captured_fraction": None,
}

SCENARIO = """
schema_version: 1
name: tiny
start: 2025-06-02T00:00Z
duration_h: 6
step_min: 30
sites:
  - name: home
    grid:
      tariff: {{energy_usd_per_kwh: 0.1, time_of_use: [
        {{energy_usd_per_kwh: 0.3, from_hour: 3, to_hour: 6}}]}}
{more}
    base_load: {{constant_kw: 10}}
    battery: {{capacity_kwh: 20, max_charge_kw: 5, max_discharge_kw: 5, initial_soc: 0.05}}
policies: [idle, self-consumption]
"""
EVENT = "      demand_response: [{from_h: 2, to_h: 3, reduce_kw: 1, baseline_kw: 10}]"


class BuyThenUse:
    """Charge in the first hour, discharge in the second."""

    def setpoint(self, obs, site):
        return (KW, 0.0) if obs.now_s < 3600.0 else (0.0, KW)


class BuyAlways:
    def setpoint(self, obs, site):
        return KW, 0.0


def two_hours(**changes):
    """Return a site with 1 kW of load at 0.1, then 0.3 USD/kWh."""
    columns = {
        "base_load_w": KW,
        "price_usd_per_j": np.array([0.1, 0.3]) / KWH,
        "battery": BATTERY,
    }
    return site(time_grid(2, 3600.0), **(columns | changes))


def held(here, policy):
    _, steps, _ = close_books(run_log([here], job_table([], [], []), policy), [])
    return storage_metrics([here], steps)


@pytest.mark.parametrize(("policy", "share"), [("idle", 0.0), (BuyThenUse, 1.0), (BuyAlways, -2.0)])
def test_share_runs_from_idle_to_perfect_and_below_zero(policy, share):
    found = held(two_hours(), policy)
    # Idle: 0.1 + 0.3. Perfect: 2 kWh at 0.1. Buying always: 2 kWh at 0.1, 2 at 0.3.
    assert found["cost_idle_battery_usd"] == pytest.approx(0.4)
    assert found["cost_bound_usd"] == pytest.approx(0.2)
    assert found["storage_saving_captured_fraction"] == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize(
    "changes",
    [
        {"battery": None},
        {"price_usd_per_j": np.nan},
        {"connection": Connection(0.0, 0.0)},
    ],
)
def test_nothing_is_said_without_a_battery_a_price_or_a_grid(changes):
    assert held(two_hours(**changes), "idle") == NOTHING


def test_no_share_where_storage_could_save_nothing():
    found = held(two_hours(price_usd_per_j=0.1 / KWH), "idle")
    assert found["cost_bound_usd"] == pytest.approx(0.2)
    assert found["storage_saving_captured_fraction"] is None


def test_no_share_where_an_idle_battery_serves_less_of_the_load():
    full = BatteryLimits(2 * KWH, KW, KW, 1.0, 1.0, 0.0, 1.0, 1.0)
    here = two_hours(battery=full, connection=Connection(0.5 * KW, math.inf))
    found = held(here, "self-consumption")
    assert found["cost_bound_usd"] == pytest.approx(0.0, abs=1e-9)
    assert found["storage_saving_captured_fraction"] is None


def test_a_site_without_a_battery_adds_its_bill_to_all():
    both = [two_hours(), replace(two_hours(battery=None), name="there")]
    _, steps, _ = close_books(run_log(both, job_table([], [], []), "idle"), [])
    found = storage_metrics(both, steps)
    assert found["cost_idle_battery_usd"] == pytest.approx(0.8)
    assert found["cost_bound_usd"] == pytest.approx(0.6)


def test_a_run_below_its_bound_is_a_defect():
    here = two_hours()
    _, steps, _ = close_books(run_log([here], job_table([], [], []), BuyThenUse), [])
    with pytest.raises(BalanceError, match="less than its lower bound"):
        storage_metrics([here], steps.assign(cost_total_usd=steps["cost_total_usd"] - 0.01))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder with one small scenario."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SCENARIO.format(more=""))
    return tmp_path / "outputs" / "tiny"


def gridloom(*arguments):
    result = CliRunner().invoke(cli.app, list(arguments))
    assert result.exit_code == 0, result.output
    return result


def rows_of(home):
    with (home / "comparison.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_bounds_stand_in_table_page_and_comparison_only_where_asked_for(here):
    plain = gridloom("run", "tiny.yaml")
    assert "Storage saving captured" not in plain.stdout
    assert "cost_bound_usd" not in rows_of(here)[0]
    asked = gridloom("run", "tiny.yaml", "--bound")
    assert "Cost with perfect storage (USD)" in asked.stdout
    assert "Storage saving captured" in (here / "comparison.html").read_text(encoding="utf-8")
    idle = rows_of(here)[0]
    # 15 kWh at 5 kW in 3 h at 0.1, 15 kWh less at 0.3, both through 0.95 twice.
    stored_kwh = 15 * 0.95
    assert float(idle["cost_idle_battery_usd"]) == pytest.approx(30 * 0.1 + 30 * 0.3)
    assert float(idle["cost_bound_usd"]) == pytest.approx(
        12.0 + 15 * 0.1 - stored_kwh * 0.95 * 0.3
    )
    assert float(idle["storage_saving_captured_fraction"]) == pytest.approx(0.0, abs=1e-9)
    assert "Storage saving captured" in gridloom("compare", str(here)).stdout


def test_bound_is_computed_once_and_again_with_the_run(here):
    gridloom("run", "tiny.yaml", "--bound", "--policy", "idle")
    (path,) = here.glob("idle-*/bound.json")
    written = path.stat().st_mtime_ns
    again = gridloom("run", "tiny.yaml", "--bound", "--policy", "idle")
    assert "Storage saving captured" in again.stdout
    assert path.stat().st_mtime_ns == written
    gridloom("run", "tiny.yaml", "--policy", "idle", "--force")
    assert not path.exists()


def test_a_cost_without_a_bound_is_told(here):
    (here.parent.parent / "tiny.yaml").write_text(SCENARIO.format(more=EVENT))
    result = gridloom("run", "tiny.yaml", "--bound")
    assert "Warning: no storage bound: site home: the cost of demand-response" in result.stderr
    (path,) = here.glob("idle-*/bound.json")
    assert json.loads(path.read_text())["metrics"] == NOTHING
