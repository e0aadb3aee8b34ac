"""Runs held against the least cost and carbon that could have been reached."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from sim import cli
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.errors import BalanceError
from sim.ledger.close import close_books
from sim.optimize.ran import Freedom
from sim.optimize.replay import Replay
from sim.policy.build import build
from sim.scenario.schema.scenario import Policy
from sim.site.node import MarketNode
from sim.study.bound.bounds import bounds_of, captured
from sim.study.bound.freedom import freedom_of
from sim.study.bound.ran import ran_of
from sim.units import HOUR_S, KW, KWH
from tests.worlds import cluster, job_table, run_log, site, time_grid

BATTERY = BatteryLimits(2 * KWH, KW, KW, 1.0, 1.0, 0.0, 1.0, 0.0)

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
UNKNOWN = "      average_carbon_intensity: {constant_g_per_kwh: 200}"


class BuyThenUse:
    """Charge in the first hour, discharge in the second."""

    def setpoint(self, obs, site):
        return (KW, 0.0) if obs.now_s < 3600.0 else (0.0, KW)


def two_hours(**changes):
    """Return a site with 1 kW of load at 0.1, then 0.3 USD/kWh."""
    columns = {
        "base_load_w": KW,
        "price_usd_per_j": np.array([0.1, 0.3]) / KWH,
        "average_carbon_kg_per_j": np.array([0.5, 0.2]) / KWH,
        "battery": BATTERY,
    }
    return site(time_grid(2, 3600.0), **(columns | changes))


NO_JOBS = job_table([], [], [])


NO_FREEDOM = Freedom()


def held(sites, policy="idle", jobs=NO_JOBS, freedom=NO_FREEDOM, **changes):
    _, steps, frame = close_books(run_log(sites, jobs, policy), ["work"])
    ran = ran_of(sites, steps.assign(**{k: steps[k] + v for k, v in changes.items()}), frame)
    return bounds_of(Replay(sites, jobs, ran, freedom))


def test_storage_and_carbon_have_their_own_bounds():
    found, note, _ = held([two_hours()])
    # All 2 kWh at 0.1; and no kWh is moved to where it emits more.
    assert found == {
        "bound_cost_usd": pytest.approx(0.2),
        "bound_carbon_kg": pytest.approx(0.5 + 0.2),
    }
    assert note == ""


def test_work_moves_to_where_it_costs_least_within_its_window():
    grid = time_grid(6, 3600.0)
    price = np.array([0.5, 0.4, 0.1, 0.3, 0.2, 0.1])
    here = site(grid, clusters=[cluster(4)], price_usd_per_j=price / KWH)
    # 2 kW for 2 hours from the start, done by hour 5: at best in hours 2 and 4.
    jobs = job_table([0.0], [2 * HOUR_S], [1], power_w=2 * KW, deadline_s=5 * HOUR_S)
    assert held([here], "fifo", jobs)[0]["bound_cost_usd"] == pytest.approx(2 * (0.1 + 0.2))
    late = job_table([0.0], [2 * HOUR_S], [1], power_w=2 * KW, deadline_s=2 * HOUR_S)
    assert held([here], "fifo", late)[0]["bound_cost_usd"] == pytest.approx(2 * (0.5 + 0.4))


def test_accelerators_limit_the_work_of_an_hour():
    here = site(
        time_grid(3, 3600.0), clusters=[cluster(1)], price_usd_per_j=np.array([0.5, 0.1, 0.3]) / KWH
    )
    jobs = job_table([0.0, 0.0], [HOUR_S, HOUR_S], [1, 1], power_w=KW)
    assert held([here], "fifo", jobs)[0]["bound_cost_usd"] == pytest.approx(0.1 + 0.3)


def test_work_done_in_part_counts_for_that_part():
    here = site(time_grid(2, 3600.0), clusters=[cluster(1)], price_usd_per_j=[0.2 / KWH, 0.1 / KWH])
    jobs = job_table([HOUR_S / 2], [4 * HOUR_S], [1], power_w=KW)
    # It has run for 1.5 of 4 hours: an hour of that at 0.1, half an hour at 0.2.
    found, _, told = held([here], "fifo", jobs)
    assert found["bound_cost_usd"] == pytest.approx(0.2)
    assert told["work_gpu_h"] == pytest.approx(1.5)


def test_another_site_is_used_only_where_a_policy_may_place_jobs():
    grid = time_grid(2, 3600.0)
    dear, cheap = (
        replace(site(grid, clusters=[cluster(2)], price_usd_per_j=usd / KWH), name=name)
        for name, usd in (("dear", 0.4), ("cheap", 0.1))
    )
    jobs = job_table([0.0], [HOUR_S], [1], power_w=KW)
    assert held([dear, cheap], "fifo", jobs)[0]["bound_cost_usd"] == pytest.approx(0.4)
    free = held([dear, cheap], "fifo", jobs, Freedom(place=True))[0]
    assert free["bound_cost_usd"] == pytest.approx(0.1)


def test_caps_save_energy_only_where_a_policy_may_set_them():
    here = site(time_grid(4, 3600.0), clusters=[cluster(1)], price_usd_per_j=1.0 / KWH)
    jobs = job_table([0.0], [HOUR_S], [1], deadline_s=4 * HOUR_S)
    assert held([here], "fifo", jobs)[0]["bound_cost_usd"] == pytest.approx(0.7)
    # At half the power a training job draws 0.5 x 0.961 = 0.48 of it and, by the same fit, runs at
    # r = 1 / (0.5 + 0.5 / sqrt(2/7)) = 0.697: 0.689 of the energy; the best cap is no better than
    # 0.65 of it.
    saved = held([here], "fifo", jobs, Freedom(cap=True))[0]["bound_cost_usd"]
    assert 0.65 * 0.7 < saved < 0.69 * 0.7


def test_freedom_is_what_the_policies_and_the_sites_ask_for():
    def freedom(*choices, place=None):
        return freedom_of([build(choice) for choice in choices], [place or two_hours()])

    assert freedom("fifo", "lowest-window") == Freedom(cap=False, place=False)
    assert freedom("fifo", Policy(name="p", power="fixed-cap")) == Freedom(cap=True, place=False)
    assert freedom("cheapest") == Freedom(cap=False, place=True)
    limited = replace(two_hours(), connection=Connection(KW, 0.0))
    assert freedom("fifo", place=limited) == Freedom(cap=True, place=False)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"price_usd_per_j": np.nan}, ""),
        ({"node": MarketNode("1", None, None, None, 0.0)}, "a market that answers to its load"),
    ],
)
def test_what_is_unknown_or_has_no_bound_is_left_out(changes, why):
    here = replace(two_hours(), **{k: v for k, v in changes.items() if k == "node"})
    if "price_usd_per_j" in changes:
        here = two_hours(**changes)
    _, steps, frame = close_books(run_log([two_hours()], NO_JOBS, "idle"), [])
    steps = steps.assign(cost_total_usd=steps["cost_total_usd"] if why else np.nan)
    found, note, _ = bounds_of(Replay([here], NO_JOBS, ran_of([here], steps, frame), Freedom()))
    assert found["bound_cost_usd"] is None
    assert found["bound_carbon_kg"] is not None
    assert why in note
    assert bool(note) == bool(why)


def test_a_run_below_its_bound_is_a_defect():
    with pytest.raises(BalanceError, match="less than its bound_cost_usd"):
        held([two_hours()], BuyThenUse, cost_total_usd=-0.01)


def known(cost, *, bound=10.0, work=5.0, unserved=0.0):
    return {
        "cost_total_usd": cost, "carbon_operational_location_kg": None, "bound_cost_usd": bound,
        "work_gpu_h": work, "unserved_kwh": unserved, "requests_served_count": None,
    }


@pytest.mark.parametrize(
    ("run", "share"),
    [
        (known(20.0), 0.0),
        (known(10.0), 1.0),
        (known(25.0), -0.5),
        (known(15.0, work=4.9), None),
        (known(15.0, unserved=1.0), None),
        (known(20.0, bound=20.0), None),
        (known(15.0, bound=None), None),
    ],
)
def test_share_runs_from_the_baseline_to_the_bound(run, share):
    found = captured(run, known(20.0))
    assert found == {"captured_cost_fraction": share, "captured_carbon_fraction": None}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder with one small scenario."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SCENARIO.format(more=UNKNOWN))
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
    assert "Cost saving captured" not in plain.stdout
    assert "bound_cost_usd" not in rows_of(here)[0]
    asked = gridloom("run", "tiny.yaml", "--bound")
    assert "Least cost possible (USD)" in asked.stdout
    assert "Carbon saving captured" in (here / "comparison.html").read_text(encoding="utf-8")
    idle = rows_of(here)[0]
    # 15 kWh at 5 kW in 3 h at 0.1, 15 kWh less at 0.3, both through 0.95 twice.
    stored_kwh = 15 * 0.95
    assert float(idle["bound_cost_usd"]) == pytest.approx(12.0 + 15 * 0.1 - stored_kwh * 0.95 * 0.3)
    assert float(idle["captured_cost_fraction"]) == pytest.approx(0.0, abs=1e-9)
    # The battery may be empty at the end, but it was at the start; 60 kWh at 0.2 kg/kWh.
    assert float(idle["bound_carbon_kg"]) == pytest.approx(12.0)
    assert idle["captured_carbon_fraction"] == ""
    assert "Cost saving captured" in gridloom("compare", str(here)).stdout


def test_bound_is_computed_once_and_again_with_the_run(here):
    gridloom("run", "tiny.yaml", "--bound", "--policy", "idle")
    (path,) = here.glob("idle-*/bound.json")
    written = path.stat().st_mtime_ns
    again = gridloom("run", "tiny.yaml", "--bound", "--policy", "idle")
    assert "Least cost possible" in again.stdout
    assert path.stat().st_mtime_ns == written
    gridloom("run", "tiny.yaml", "--policy", "idle", "--force")
    assert not path.exists()


def test_the_share_is_written_once_there_is_a_baseline(here):
    gridloom("run", "tiny.yaml", "--bound", "--policy", "self-consumption")
    (path,) = here.glob("self-consumption-*/bound.json")
    assert json.loads(path.read_text())["metrics"]["captured_cost_fraction"] is None
    gridloom("run", "tiny.yaml", "--bound")
    told = json.loads(path.read_text())
    assert told["metrics"]["captured_cost_fraction"] == pytest.approx(0.0, abs=1e-9)
    assert told["basis"]["baseline"].startswith("idle-seed1-")
