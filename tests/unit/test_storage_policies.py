"""Storage policies, by hand."""

import numpy as np
import pytest

from sim.energy.battery import BatteryLimits
from sim.policy.storage.arbitrage import Arbitrage
from sim.policy.storage.peak_shaving import PeakShaving
from sim.policy.storage.time_of_use import TimeOfUse
from sim.scenario.schema.scenario import Forecast, Policy
from sim.units import HOUR_S
from tests.worlds import job_table, run_log, site, time_grid

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


def flows_kw(use, *, hours, load_kw, price=None, limits=None, **parameters):
    """Return charge, discharge and import [kW] of each hour of a site with a battery."""
    grid = time_grid(hours, HOUR_S)
    count, first = len(grid.window_edges_s) - 1, round(-grid.window_edges_s[0] / HOUR_S)
    ahead = np.full(count, np.nan)
    columns = {"base_load_w": np.asarray(load_kw) * 1e3}
    signals = {}
    if price is not None:
        ahead[first : first + hours] = price
        columns["price_usd_per_j"] = price
        signals["price"] = grid.hourly(ahead)
    here = site(grid, battery=limits or battery(), signals=signals, **columns)
    chosen = Policy(name="tried", storage={"use": use, **parameters})
    record = run_log([here], job_table([], [], []), chosen, PERFECT).records[0]
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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Arbitrage(signal="prize"), "Did you mean price"),
        (lambda: Arbitrage(charge_fraction=0.0), "charge_fraction is 0.0"),
        (lambda: TimeOfUse(charge_hours=(0, 25)), "two hours between 0 and 24"),
        (lambda: TimeOfUse(timezone="Mars/Olympus"), "timezone 'Mars/Olympus' is unknown"),
        (lambda: PeakShaving(target_kw=-1.0), "must be 0 or more"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
