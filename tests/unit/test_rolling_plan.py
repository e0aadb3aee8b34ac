"""The rolling plan as a policy: what it knows of its site, what it makes of jobs and battery."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.errors import PolicyError, ScenarioError
from sim.grid.demand import periods_of
from sim.ledger.close import close_books
from sim.policy.base import Forecast as Issued
from sim.policy.build import build, chosen_roles
from sim.policy.plan.hours import filled, next_hours
from sim.policy.plan.loads import in_turn
from sim.policy.plan.peaks import PeaksSoFar
from sim.policy.plan.rolling import RollingPlan
from sim.policy.plan.usual import UsualPower
from sim.scenario.load import load_scenario
from sim.scenario.schema.forecast import Forecast
from sim.scenario.schema.scenario import Policy, Role
from sim.scenario.schema.tariff import DemandCharge, Tariff
from sim.scenario.series.piecewise import Series
from sim.units import DAY_S, HOUR_S, KW, KWH
from tests.worlds import cluster, job_table, run_log, site, time_grid

PERFECT = Forecast(model="perfect", refresh_h=1)
BATTERY = BatteryLimits(4 * KWH, 2 * KW, 2 * KW, 1.0, 1.0, 0.0, 1.0, 0.0)


def issued(values, *, levels=(), quantiles=None, valid_from_s=0.0):
    return Issued(np.array(values, dtype=float), quantiles, valid_from_s, valid_from_s, HOUR_S,
                  np.array(levels))


def day_of(grid, prices):
    """Return a series with the same prices every day."""
    hour = (grid.window_edges_s[:-1] // HOUR_S).astype(int) % 24
    return Series(grid.window_edges_s, np.array(prices)[hour] / KWH)


def place(hours, prices, **more):
    grid = time_grid(hours, more.pop("step_s", HOUR_S))
    price = day_of(grid, prices)
    return site(
        grid, price_usd_per_j=price.mean_over(grid.edges_s), signals={"price": price}, **more
    )


def ran(here, jobs, policy="rolling-lp"):
    return close_books(run_log([here], jobs, policy, PERFECT), ["work"])


CHEAP_AT_NOON = [0.3] * 10 + [0.1] * 4 + [0.3] * 10


def test_next_hours_start_now_and_repeat_the_day_beyond_the_forecast():
    ahead = next_hours(issued(range(30)), 3 * HOUR_S, 30)
    assert ahead.tolist() == [*range(3, 30), 6, 7, 8]
    half = next_hours(issued([0, 2, 4, 6]), 0.5 * HOUR_S, 2)
    assert half.tolist() == [1, 3]
    assert filled(np.array([5.0, np.nan]), 3).tolist() == [5, 5, 5]
    assert np.isnan(filled(np.array([np.nan]), 2)).all()


def test_a_quantile_that_is_not_there_is_asked_for():
    table = np.array([[1.0, 3.0]])
    assert next_hours(issued([2], levels=(0.1, 0.9), quantiles=table), 0.0, 1, level=0.9) == [3.0]
    with pytest.raises(ValueError, match=r"have no quantile 0.95 \(they have 0.1, 0.9\)"):
        next_hours(issued([2], levels=(0.1, 0.9), quantiles=table), 0.0, 1, level=0.95)


CHARGES = (
    DemandCharge(charge_usd_per_kw=5.0, from_hour=14, to_hour=20, days="weekdays"),
    DemandCharge(charge_usd_per_kw=2.0, months=(6,), interval_min=30),
)


@pytest.mark.parametrize("step_s", [300.0, 900.0])
def test_peaks_so_far_are_those_that_are_billed(step_s):
    start = datetime(2025, 5, 30, 4, tzinfo=UTC)
    tariff = Tariff(timezone="America/New_York", demand_charges=CHARGES)
    steps = round(5 * DAY_S / step_s)
    import_w = np.random.default_rng(5).uniform(0, 1000, steps) * KW
    peaks = PeaksSoFar(tariff, start, step_s)
    for step, power_w in enumerate(import_w.tolist()):
        peaks.add(step * step_s, power_w, load_w=2.0 * power_w)
    starts = pd.date_range(start, periods=steps, freq=pd.Timedelta(seconds=step_s))
    known = peaks.ahead(5 * DAY_S, np.zeros(48))
    assert len(known) == 2
    for charge, peak in zip(CHARGES, known, strict=True):
        periods = periods_of(charge, starts, timezone=tariff.timezone, step_s=step_s)
        june = (periods.month_of_interval == 1) & periods.counted
        assert peak.floor_w[0] == pytest.approx(periods.means_w(import_w)[june].max())
        highest_w = periods.means_w(2.0 * import_w)[periods.counted].max()
        assert peak.load_w.tolist() == pytest.approx([highest_w] * 2)
        hours = pd.date_range(start + timedelta(days=5), periods=48, freq="h")
        ahead = periods_of(charge, hours, timezone=tariff.timezone, step_s=HOUR_S)
        assert peak.counts[0].tolist() == ahead.counted.tolist()


def test_a_peak_counts_by_how_much_of_its_month_will_have_passed():
    tariff = Tariff(demand_charge_usd_per_kw=30.0)
    peaks = PeaksSoFar(tariff, datetime(2025, 6, 1, tzinfo=UTC), HOUR_S)
    hours_w = np.zeros(48)
    first = peaks.ahead(0.0, hours_w)[0]
    assert first.cost_per_w * KW == pytest.approx([2.0, 0.0])
    assert first.beyond_per_w * KW == pytest.approx([30.0, 30.0])
    assert peaks.ahead(28 * DAY_S, hours_w)[0].cost_per_w * KW == pytest.approx([30.0, 0.0])
    late = peaks.ahead(29 * DAY_S, hours_w)[0]  # one of its two days lies in July, of 31 days
    assert late.cost_per_w * KW == pytest.approx([30.0, 30.0 / 31])
    assert late.counts.sum(axis=1).tolist() == [24, 24]
    # A run that begins in the middle of June pays for half of it.
    peaks = PeaksSoFar(tariff, datetime(2025, 6, 16, tzinfo=UTC), HOUR_S)
    assert peaks.ahead(13 * DAY_S, hours_w)[0].cost_per_w[0] * KW == pytest.approx(15.0)


def test_a_ratchet_is_a_floor_from_the_start():
    charge = DemandCharge(charge_usd_per_kw=1.0, ratchet_fraction=0.5, ratchet_start_kw=100.0)
    tariff = Tariff(demand_charges=(charge,))
    peaks = PeaksSoFar(tariff, datetime(2025, 6, 1, tzinfo=UTC), HOUR_S)
    assert peaks.ahead(0.0, np.zeros(24))[0].floor_w.tolist() == [50e3, 50e3]
    peaks.add(0.0, 300e3, load_w=300e3)
    assert peaks.ahead(HOUR_S, np.zeros(24))[0].floor_w.tolist() == [300e3, 150e3]


def test_the_peak_of_the_load_is_the_highest_so_far_or_ahead_in_hours_that_count():
    charge = DemandCharge(charge_usd_per_kw=1.0, from_hour=12, to_hour=13)
    tariff = Tariff(demand_charges=(charge,))
    peaks = PeaksSoFar(tariff, datetime(2025, 6, 1, tzinfo=UTC), HOUR_S)
    peaks.add(11 * HOUR_S, 9.0, load_w=99.0)
    peaks.add(12 * HOUR_S, 9.0, load_w=20.0)  # its import is 9 W, for the battery serves the rest
    hours_w = np.zeros(24)
    assert peaks.ahead(13 * HOUR_S, hours_w)[0].load_w.tolist() == [20.0, 20.0]
    hours_w[[22, 23]] = 77.0, 30.0
    assert peaks.ahead(13 * HOUR_S, hours_w)[0].load_w.tolist() == [30.0, 30.0]


def test_jobs_for_which_nothing_is_free_go_on_in_their_turn():
    # 8 and 4 accelerators are wanted, 6 there: 2 wait for an hour. Each draws 10 W, the last 5 W.
    held, held_w = in_turn(np.array([8.0, 4.0, 0.0]), np.array([80.0, 20.0, 0.0]), np.full(3, 6.0))
    assert held.tolist() == [6.0, 6.0, 0.0]
    assert held_w.tolist() == pytest.approx([60.0, 40.0, 0.0])
    some = in_turn(np.array([8.0, 0.0]), np.array([80.0, 0.0]), np.array([0.0, 6.0]))
    assert [one.tolist() for one in some] == [[0.0, 6.0], [0.0, 60.0]]


@pytest.mark.parametrize("arrival_h", [2.0, 2.25])
def test_a_battery_charges_less_when_a_job_comes_within_the_hour(arrival_h):
    # The first job makes a peak of 1 kW. While the battery charges below that in the cheap hours,
    # another one begins, at once or in the middle of the hour.
    jobs = job_table([0.0, arrival_h * HOUR_S], HOUR_S, 1, power_w=KW,
                     deadline_s=np.array([1.0, arrival_h + 1.0]) * HOUR_S)
    here = place(24, [0.3, 0.3] + [0.1] * 4 + [0.5] * 18, clusters=[cluster(4)],
                 base_load_w=0.1 * KW, battery=replace(BATTERY, initial_soc=0.0))
    load = Series.constant(0.1 * KW, *here.grid.window_edges_s[[0, -1]].tolist())
    here = replace(
        here, signals={**here.signals, "load": load},
        tariff=Tariff(demand_charge_usd_per_kw=60.0),
    )
    _, steps, frame = ran(here, jobs)
    assert frame["start_s"].tolist() == [0.0, arrival_h * HOUR_S]
    assert steps["battery_charge_kw"].max() > 0.5
    assert steps["grid_import_kw"].max() == pytest.approx(1.1)


def test_usual_power_is_learned_by_the_hour_of_the_day():
    usual = UsualPower()
    for hour in range(49):
        usual.add(hour * HOUR_S, 100.0 if hour % 24 == 3 else 50.0)
    assert usual.ahead(2 * DAY_S + 2 * HOUR_S, 3).tolist() == [50.0, 100.0, 50.0]
    assert UsualPower().ahead(0.0, 2).tolist() == [0.0, 0.0]


def test_jobs_spread_below_an_import_limit():
    # Ten jobs of an hour and 1 kW, of which three at a time can be fed.
    jobs = job_table(np.zeros(10), HOUR_S, 1, power_w=KW, deadline_s=24 * HOUR_S)
    here = place(48, CHEAP_AT_NOON, clusters=[cluster(100)], connection=Connection(3 * KW, 0.0))
    _, steps, frame = ran(here, jobs)
    in_cheap = frame["start_s"].between(10 * HOUR_S, 14 * HOUR_S - 1)
    assert in_cheap.sum() == 10
    assert steps["grid_import_kw"].max() == pytest.approx(3.0)
    assert steps["unserved_kw"].max() == 0.0


def test_a_plan_on_quantiles_keeps_the_import_limit_more_often():
    # The load of the evening is above the limit, by how much is drawn anew each day; yesterday's is
    # the forecast. What the battery holds for it is what the plan expects, or what a quantile says.
    rng, grid = np.random.default_rng(0), time_grid(20 * 24, HOUR_S)
    hour = (grid.window_edges_s[:-1] // HOUR_S).astype(int)
    evening_kw = rng.uniform(1.0, 2.4, len(hour))[hour // 24]
    load = Series(grid.window_edges_s, np.where(hour % 24 == 18, evening_kw, 0.5) * KW)
    price = day_of(grid, [0.1] * 24)
    lossy = replace(BATTERY, charge_efficiency=0.9, discharge_efficiency=0.9)
    here = site(
        grid, base_load_w=load.mean_over(grid.edges_s), price_usd_per_j=0.1 / KWH, battery=lossy,
        connection=Connection(KW, 0.0), signals={"load": load, "price": price},
    )
    forecast = Forecast(model="seasonal-naive", refresh_h=1, quantiles=(0.1, 0.9))
    unserved_kwh = {}
    for quantile in (None, 0.9):
        plan = Policy(name="plan", joint=Role(use="rolling-lp", quantile=quantile))
        log = run_log([here], job_table([], [], []), plan, forecast)
        unserved_kwh[quantile] = float(log.records[0].unserved_w.sum()) / KW
    assert unserved_kwh[None] > 3.0
    assert unserved_kwh[0.9] < 0.4 * unserved_kwh[None]


def test_battery_follows_the_sun_within_the_hour():
    # The plan charges a surplus of 1 kW; in its second half there is none.
    grid = time_grid(2, HOUR_S / 2)
    solar_w = np.array([2.0, 0.0, 0.0, 0.0]) * KW
    edges_s = grid.window_edges_s
    sun = Series(edges_s, np.where((edges_s[:-1] >= 0) & (edges_s[:-1] < HOUR_S), KW, 0.0))
    here = replace(
        site(grid, solar_w=solar_w, price_usd_per_j=0.3 / KWH, battery=BATTERY,
             signals={"solar": sun, "price": day_of(grid, [0.3] * 24)}),
    )
    _, steps, _ = ran(here, job_table([], [], []))
    assert steps["grid_import_kw"].max() == 0.0
    assert steps["battery_charge_kw"].tolist()[1] == 0.0


def test_a_battery_is_charged_while_energy_is_paid_for_and_never_does_both():
    prices = [-0.05] * 4 + [0.2] * 20
    here = place(24, prices, base_load_w=KW, battery=BATTERY)
    load = Series.constant(KW, *here.grid.window_edges_s[[0, -1]].tolist())
    here = replace(here, signals={**here.signals, "load": load})
    _, steps, _ = ran(here, job_table([], [], []))
    assert (steps["battery_charge_kw"] * steps["battery_discharge_kw"] == 0.0).all()
    # 1 kWh an hour, 4 more while it is paid for, and those are used while it is not.
    assert steps["cost_total_usd"].sum() == pytest.approx(-0.05 * 8 + 0.2 * 16)


def test_caps_slow_jobs_that_have_time_and_no_others():
    here = place(24, [0.2] * 24, clusters=[cluster(8)])
    policy = Policy(name="c", joint=Role(use="rolling-lp", cap=True))
    free = job_table([0.0], [4 * HOUR_S], [8], deadline_s=DAY_S)
    tight = job_table([0.0], [4 * HOUR_S], [8], deadline_s=4 * HOUR_S)
    assert ran(here, free, policy)[2]["energy_it_kwh"][0] < 0.8 * 4 * 8 * 0.7
    late = ran(here, tight, policy)[2]
    assert late["energy_it_kwh"][0] == pytest.approx(4 * 8 * 0.7)
    assert late["end_s"][0] == pytest.approx(4 * HOUR_S)


def test_a_joint_policy_takes_the_roles_that_are_left_to_it():
    whole = build("rolling-lp")
    assert isinstance(whole.shift, RollingPlan)
    assert whole.shift is whole.storage is whole.power
    part = Policy(name="p", order="edf", storage="self-consumption", joint="rolling-lp")
    assert chosen_roles(part) == {
        "order": "edf", "shift": "rolling-lp", "place": "home", "power": "rolling-lp",
        "storage": "self-consumption",
    }
    assert not isinstance(build(part).storage, RollingPlan)
    assert set(chosen_roles("rolling-lp").values()) == {"fifo", "home", "rolling-lp"}


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"horizon_h": 1}, "horizon_h is 1"),
        ({"resolve_h": -1.0}, "resolve_h is -1"),
        ({"carbon_signal": "mean"}, "must be average or marginal"),
        ({"carbon_usd_per_t": -5.0}, "must be 0 or more"),
        ({"quantile": 0.3}, "between 0.5 and 1"),
    ],
)
def test_a_wrong_parameter_is_told(given, what):
    with pytest.raises(PolicyError, match=what):
        build(Policy(name="p", joint=Role(use="rolling-lp", **given)))


SCENARIO = """
schema_version: 1
name: tiny
start: 2025-06-02T00:00Z
duration_h: 6
sites: [{{name: home, grid: {{tariff: {{energy_usd_per_kwh: 0.1}}}}}}]
policies: [{policy}]
"""


def test_a_joint_policy_of_a_scenario_is_checked(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(SCENARIO.format(policy="{name: a, joint: {use: rolling-lp, horizon_h: 24}}"))
    assert load_scenario(path).spec.policies[0].joint.parameters == {"horizon_h": 24}
    path.write_text(SCENARIO.format(policy="{name: a, joint: roling-lp}"))
    with pytest.raises(ScenarioError, match=r'no joint policy "roling-lp"\. Did you mean'):
        load_scenario(path)
    path.write_text(SCENARIO.format(policy="{name: a, joint: {use: rolling-lp, horizon: 24}}"))
    with pytest.raises(ScenarioError, match="horizon_h"):
        load_scenario(path)
