"""Storage policies, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.energy.battery import BatteryLimits
from sim.policy.storage.arbitrage import Arbitrage
from sim.policy.storage.backup_reserve import BackupReserve
from sim.policy.storage.peak_shaving import PeakShaving
from sim.policy.storage.time_of_use import TimeOfUse
from sim.scenario.schema.scenario import Forecast, Policy
from sim.units import HOUR_S
from tests.worlds import cluster, job_table, run_log, site, time_grid

PERFECT = Forecast(model="perfect", horizon_h=24, refresh_h=1)


def battery(capacity_kwh=1000.0, power_kw=100.0, efficiency=1.0, soc=0.0):
    return BatteryLimits(
        capacity_j=capacity_kwh * 3.6e6,
        max_charge_w=power_kw * 1e3,
        max_discharge_w=power_kw * 1e3,
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
        min_soc=0.0,
        max_soc=1.0,
        initial_soc=soc,
    )


def record_of(
    use, *, hours, load_kw, price=None, limits=None, solar_kw=0.0, out_h=(), **parameters
):
    """Return what a site with a battery did, hour by hour."""
    grid = time_grid(hours, HOUR_S)
    count, first = len(grid.window_edges_s) - 1, round(-grid.window_edges_s[0] / HOUR_S)
    ahead = np.full(count, np.nan)
    columns = {"base_load_w": np.asarray(load_kw) * 1e3, "solar_w": np.asarray(solar_kw) * 1e3}
    signals = {}
    if price is not None:
        ahead[first : first + hours] = price
        columns["price_usd_per_j"] = price
        signals["price"] = grid.hourly(ahead)
    here = site(grid, battery=limits or battery(), signals=signals, **columns)
    here = replace(here, outages_s=tuple((a * HOUR_S, b * HOUR_S) for a, b in out_h))
    chosen = Policy(name="tried", storage={"use": use, **parameters})
    return run_log([here], job_table([], [], []), chosen, PERFECT).records[0]


def flows_kw(use, **given):
    """Return charge, discharge and import [kW] of each hour of a site with a battery."""
    record = record_of(use, **given)
    return [(column / 1e3).tolist() for column in
            (record.charge_w, record.discharge_w, record.import_w)]


def test_arbitrage_charges_in_the_cheapest_hours_and_serves_load_in_the_dearest():
    price = np.array([1, 5, 5, 9, 9, 5, 5, 5], dtype=float)
    charge, discharge, imported = flows_kw(
        "arbitrage", hours=8, load_kw=40, price=price, charge_fraction=0.1, discharge_fraction=0.2
    )
    # At the second and third hour 5 is the least of what is still to come.
    assert charge == [100, 100, 100, 0, 0, 0, 0, 0]
    assert discharge[3:5] == [40, 40]
    assert imported[:4] == [140, 140, 140, 0]


def test_arbitrage_rests_where_the_spread_does_not_pay_for_the_losses():
    price = np.array([8, 9, 9, 10, 10, 9, 9, 9], dtype=float)
    lossy = battery(efficiency=0.8)  # 1 kWh out costs 1/0.64 in: 8 against 10 * 0.64
    charge, discharge, _ = flows_kw("arbitrage", hours=8, load_kw=40, price=price, limits=lossy)
    assert sum(charge) == sum(discharge) == 0


def test_arbitrage_without_a_forecast_rests():
    nothing = np.full(4, np.nan)
    charge, discharge, _ = flows_kw("arbitrage", hours=4, load_kw=40, price=nothing)
    assert sum(charge) == sum(discharge) == 0


def test_time_of_use_keeps_its_hours_in_local_time():
    # 2 June 2025, 00:00 UTC is 20:00 of the day before in New York.
    charge, discharge, _ = flows_kw(
        "time-of-use", hours=8, load_kw=40, limits=battery(soc=0.5),
        charge_hours=[22, 1], discharge_hours=[2, 4], timezone="America/New_York",
    )
    assert charge == [0, 0, 100, 100, 100, 0, 0, 0]
    assert discharge == [0, 0, 0, 0, 0, 0, 40, 40]


def test_peak_shaving_holds_the_import_at_its_target():
    load = [40, 40, 90, 90, 90, 40]
    charge, discharge, imported = flows_kw(
        "peak-shaving", hours=6, load_kw=load, limits=battery(soc=0.5), target_kw=60
    )
    assert discharge == [0, 0, 30, 30, 30, 0]
    assert charge == [20, 20, 0, 0, 0, 20]
    assert imported == [60] * 6


def test_peak_shaving_shaves_no_more_than_to_the_peak_that_the_month_has_had():
    # The battery gives 20 kWh in the first hour; the second hour's 90 then is the floor.
    load = [80, 90, 90, 40, 85, 85]
    _, discharge, imported = flows_kw(
        "peak-shaving", hours=6, load_kw=load, limits=battery(capacity_kwh=20, soc=1.0),
        target_kw=60,
    )
    assert imported[1] == 90
    assert sum(discharge[1:]) == 0
    assert max(imported) == 90


def test_peak_shaving_refills_below_its_target():
    charge, _, imported = flows_kw("peak-shaving", hours=3, load_kw=40, target_kw=60)
    assert charge == [20, 20, 20]
    assert imported == [60, 60, 60]


def test_a_backup_reserve_is_kept_and_the_rest_is_used():
    # 100 kWh full, half of it kept: 40 and 10 kWh are given, then the grid serves the load.
    full = battery(capacity_kwh=100, soc=1.0)
    charge, discharge, imported = flows_kw("backup-reserve", hours=4, load_kw=40, limits=full)
    assert charge == [0] * 4
    assert discharge == pytest.approx([40, 10, 0, 0], abs=1e-9)
    assert imported == pytest.approx([0, 30, 40, 40], abs=1e-9)


def test_a_backup_reserve_can_be_hours_of_load():
    full = battery(capacity_kwh=200, soc=1.0, efficiency=0.8)
    # Two hours of 40 kW take 100 kWh out of the cells: 100 kWh of 200 are left for 80 kWh of load.
    _, discharge, _ = flows_kw(
        "backup-reserve", hours=5, load_kw=40, limits=full, reserve_soc=0.0, reserve_h=2
    )
    assert discharge == pytest.approx([40, 40, 0, 0, 0], abs=1e-9)


def test_a_backup_reserve_refills_to_itself_and_then_only_from_surplus():
    empty = battery(capacity_kwh=150, power_kw=50, soc=0.0)
    solar = [0, 0, 0, 60]
    charge, _, imported = flows_kw(
        "backup-reserve", hours=4, load_kw=40, limits=empty, solar_kw=solar
    )
    assert charge == [50, 25, 0, 20]
    assert imported == [90, 65, 40, 0]


@pytest.mark.parametrize(
    ("use", "unserved"),
    [
        # Idle never discharges; self-consumption has used its 120 kWh after three hours.
        ("idle", [0, 0, 20, 40, 40, 0]),
        ("self-consumption", [0, 0, 0, 40, 40, 0]),
        ("backup-reserve", [0] * 6),
    ],
)
def test_a_backup_reserve_rides_through_an_outage(use, unserved):
    # 120 kWh hold out for 3 h; the outage begins in the middle of a step and lasts 2.5 h.
    given = {"reserve_soc": 0.9} if use == "backup-reserve" else {}
    full = battery(capacity_kwh=120, soc=1.0)
    record = record_of(use, hours=6, load_kw=40, limits=full, out_h=[(2.5, 5)], **given)
    assert record.unserved_w / 1e3 == pytest.approx(unserved, abs=1e-9)
    if use == "backup-reserve":
        assert record.discharge_w / 1e3 == pytest.approx([12, 0, 20, 40, 40, 0], abs=1e-9)
        assert record.charge_w[5] / 1e3 == 100.0


def test_what_a_reserve_serves_in_an_outage_is_no_reason_to_suspend_jobs():
    grid = time_grid(4, HOUR_S)
    here = site(grid, battery=battery(capacity_kwh=100, soc=1.0), clusters=[cluster(10)])
    here = replace(here, outages_s=((HOUR_S, 2 * HOUR_S),))
    jobs = job_table([0.0], [3 * HOUR_S], [10], power_w=5e3, interruptible=True)
    idle = run_log([here], jobs, Policy(name="idle", storage="idle"))
    assert idle.suspensions_count.tolist() == [1]
    kept = run_log([here], jobs, Policy(name="kept", storage="backup-reserve"))
    assert kept.suspensions_count.tolist() == [0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Arbitrage(signal="prize"), "Did you mean price"),
        (lambda: Arbitrage(charge_fraction=0.0), "charge_fraction is 0.0"),
        (lambda: TimeOfUse(charge_hours=(0, 25)), "two hours between 0 and 24"),
        (lambda: TimeOfUse(timezone="Mars/Olympus"), "timezone 'Mars/Olympus' is unknown"),
        (lambda: PeakShaving(target_kw=-1.0), "must be 0 or more"),
        (lambda: BackupReserve(reserve_soc=1.2), "reserve_soc is 1.2"),
        (lambda: BackupReserve(reserve_h=-1.0), "reserve_h is -1.0"),
        (lambda: BackupReserve(inner="idel"), "Did you mean idle"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
