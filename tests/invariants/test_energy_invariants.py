"""Energy invariants over random sites: balance, battery limits, independence of the step length."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.energy.battery import Battery, BatteryLimits
from sim.energy.dispatch import FOLLOW, Connection, settle
from sim.errors import BalanceError
from sim.ledger.close import close_books
from sim.ledger.ledger import check_balance
from sim.scenario.schema.scenario import Policy
from tests.worlds import cluster, job_table, run_log, site, time_grid

POWER_W = st.floats(0.0, 1e7, allow_subnormal=False)
FRACTION = st.floats(0.05, 1.0)
SELF_CONSUMPTION = Policy(name="green", storage="self-consumption")


@st.composite
def limits(draw):
    """Draw a battery."""
    low, high = sorted((draw(st.floats(0.0, 1.0)), draw(st.floats(0.0, 1.0))))
    return BatteryLimits(
        capacity_j=draw(st.floats(1e3, 1e11)),
        max_charge_w=draw(POWER_W),
        max_discharge_w=draw(POWER_W),
        charge_efficiency=draw(FRACTION),
        discharge_efficiency=draw(FRACTION),
        min_soc=low,
        max_soc=high,
        initial_soc=draw(st.floats(low, high)),
    )


setpoints = st.one_of(
    st.just(FOLLOW), POWER_W.map(lambda w: (w, 0.0)), POWER_W.map(lambda w: (0.0, w))
)
LIMIT_W = POWER_W | st.just(math.inf)
connections = st.builds(
    lambda i, e, most, least: Connection(i, e, max(most, least), min(most, least)),
    LIMIT_W,
    LIMIT_W,
    st.just(0.0) | POWER_W,
    POWER_W,
)


@given(
    limits=limits(),
    connection=connections,
    steps=st.lists(st.tuples(st.floats(-1e7, 1e7), setpoints), min_size=1, max_size=40),
    dt_s=st.sampled_from([60.0, 300.0, 3600.0]),
)
def test_every_step_balances_and_the_battery_stays_within_its_limits(
    limits, connection, steps, dt_s
):
    battery = Battery(limits)
    for net_w, setpoint in steps:
        before_j = battery.stored_j
        flows = settle(net_w, battery, setpoint, connection, dt_s)
        assert min(flows) >= 0.0
        gap_w = net_w + flows.discharge_w + flows.import_w + flows.unserved_w + flows.backup_w
        gap_w -= flows.charge_w + flows.export_w + flows.curtailed_w
        assert abs(gap_w) <= 1e-9 * max(1.0, abs(net_w), *flows)
        assert flows.charge_w == 0.0 or flows.discharge_w == 0.0
        assert flows.import_w <= connection.import_limit_w
        assert flows.export_w <= connection.export_limit_w
        assert flows.backup_w <= connection.backup_limit_w
        assert flows.charge_w <= limits.max_charge_w
        assert flows.discharge_w <= limits.max_discharge_w
        through_j = flows.charge_w * limits.charge_efficiency * dt_s
        through_j -= flows.discharge_w / limits.discharge_efficiency * dt_s
        assert battery.stored_j - before_j == pytest.approx(
            through_j, rel=1e-9, abs=1e-9 * limits.capacity_j
        )
        soc_tolerance = 1e-12
        assert limits.min_soc - soc_tolerance <= battery.soc <= limits.max_soc + soc_tolerance


@given(
    limits=limits(),
    connection=connections,
    net_kw=st.lists(st.integers(-9000, 9000), min_size=1, max_size=24),
)
def test_the_same_energies_at_5_and_at_60_minutes_where_inputs_are_constant_in_the_hour(
    limits, connection, net_kw
):
    def energies_j(step_s):
        battery, total = Battery(limits), np.zeros(7)
        for net in net_kw:
            for _ in range(round(3600.0 / step_s)):
                flows = settle(net * 1e3, battery, FOLLOW, connection, step_s)
                total += np.array(flows) * step_s
        return np.append(total, battery.stored_j)

    scale = 3.6e6 * max(1.0, sum(abs(net) for net in net_kw)) + limits.capacity_j
    np.testing.assert_allclose(energies_j(300.0), energies_j(3600.0), rtol=1e-9, atol=1e-12 * scale)


def a_day(**changes):
    """Return the log of a day with sun, a battery, and jobs."""
    grid = time_grid(24)
    hours = np.arange(grid.n_steps) / 12
    here = site(
        grid,
        solar_w=4e4 * np.maximum(0.0, np.sin((hours - 6) * np.pi / 12)),
        base_load_w=3e3,
        pue=1.3,
        price_usd_per_j=1e-8 * (2.0 + np.sin(hours)),
        average_carbon_kg_per_j=1e-7 * (2.0 + np.cos(hours)),
        marginal_carbon_kg_per_j=2e-7,
        battery=BatteryLimits(2e8, 2e4, 2e4, 0.9, 0.9, 0.1, 0.9, 0.5),
        clusters=[cluster(32, idle_w=70.0)],
    )
    rng = np.random.default_rng(2)
    jobs = job_table(
        np.sort(rng.uniform(0, 80_000, 60)), rng.uniform(60, 20_000, 60), rng.integers(1, 9, 60)
    )
    return run_log([here], jobs, SELF_CONSUMPTION)


def test_jobs_and_the_idle_share_add_up_to_the_sites_totals():
    log = a_day()
    metrics, steps, jobs = close_books(log, ["training"])
    busy = jobs["energy_it_kwh"].sum()
    assert busy + metrics["energy_idle_it_kwh"] == pytest.approx(
        metrics["energy_it_kwh"], rel=1e-12
    )
    # Idle accelerators by hand: 32 less those that are busy, 70 W each, over 24 h.
    idle_kwh = float(((32 - steps["gpus_busy_count"]) * 0.07 / 12).sum())
    assert metrics["energy_idle_it_kwh"] == pytest.approx(idle_kwh, rel=1e-9)
    assert 0 < jobs["cost_usd"].sum() < metrics["cost_total_usd"]


def test_a_job_pays_what_its_power_cost_over_its_exact_run_time():
    grid = time_grid(3, 3600.0)
    here = site(
        grid,
        price_usd_per_j=[1e-6, 2e-6, 4e-6],
        average_carbon_kg_per_j=[1e-6, 1e-6, 3e-6],
        pue=1.5,
        clusters=[cluster(4)],
    )
    jobs = job_table([1800.0], [5400.0], [1], power_w=100.0)
    _, _, rows = close_books(run_log([here], jobs), ["training"])
    # 100 W IT are 150 W of import: half an hour at 1, an hour at 2 USD/MJ.
    assert rows["cost_usd"].iloc[0] == pytest.approx(150 * (1800 * 1e-6 + 3600 * 2e-6), rel=1e-12)
    assert rows["carbon_location_kg"].iloc[0] == pytest.approx(150 * 5400 * 1e-6, rel=1e-12)
    assert rows["energy_it_kwh"].iloc[0] == pytest.approx(0.15, rel=1e-12)


def test_a_job_that_never_ran_costs_nothing_and_one_cut_off_pays_for_its_time():
    grid = time_grid(2, 3600.0)
    here = site(grid, price_usd_per_j=1e-6, clusters=[cluster(1)])
    jobs = job_table([0.0, 10.0], [9000.0, 10.0], [1, 1], power_w=100.0)
    _, _, rows = close_books(run_log([here], jobs), ["training"])
    assert rows["outcome"].tolist() == ["unfinished", "waiting"]
    assert rows["cost_usd"].tolist() == pytest.approx([100 * 7200 * 1e-6, 0.0], rel=1e-12)


def test_a_leaky_battery_is_caught():
    log = a_day()
    record = log.records[0]
    leaky = replace(record, stored_j=record.stored_j - np.linspace(0.0, 1e4, len(record.stored_j)))
    with pytest.raises(BalanceError, match=r"stored energy .* does not balance in step 1 "):
        check_balance(log.sites[0], leaky)


def test_a_flow_that_went_missing_is_caught():
    log = a_day()
    record = log.records[0]
    import_w = record.import_w.copy()
    import_w[100] += 0.01
    with pytest.raises(BalanceError, match=r"power .* does not balance in step 100 "):
        check_balance(log.sites[0], replace(record, import_w=import_w))


def test_a_job_billed_twice_is_caught():
    log = a_day()
    twice = replace(
        log,
        segment_job=np.append(log.segment_job, log.segment_job[5]),
        segment_start_s=np.append(log.segment_start_s, log.segment_start_s[5]),
        segment_end_s=np.append(log.segment_end_s, log.segment_end_s[5]),
        segment_power_w=np.append(log.segment_power_w, log.segment_power_w[5]),
        segment_gpus_count=np.append(log.segment_gpus_count, log.segment_gpus_count[5]),
    )
    with pytest.raises(BalanceError, match=r"IT power .* of jobs, services and idle accelerators"):
        close_books(twice, ["training"])
