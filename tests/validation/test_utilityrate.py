"""Bills against an example worked out by hand and against PySAM's Utilityrate5.

The tariff: energy at 0.10 $/kWh, on weekdays from 14:00 to 19:00 at 0.30 $/kWh; 10 $ for the
highest kW of the month at any hour; 6 $ for the highest kW on weekdays from 14:00 to 19:00; 45 $ a
month. Local time is UTC; hourly steps.
"""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from sim.grid.tariff import (
    block_charges_usd,
    demand_charges_usd,
    energy_prices_usd_per_j,
    first_block_usd_per_j,
    fixed_charges_usd,
)
from sim.scenario.schema.tariff import DemandCharge, EnergyBlock, Tariff, TimeOfUsePeriod

HOUR_S = 3600.0
PEAK = {"from_hour": 14, "to_hour": 19, "days": "weekdays"}
TARIFF = Tariff(
    energy_usd_per_kwh=0.10,
    time_of_use=(TimeOfUsePeriod(energy_usd_per_kwh=0.30, **PEAK),),
    demand_charges=(
        DemandCharge(charge_usd_per_kw=10.0),
        DemandCharge(charge_usd_per_kw=6.0, **PEAK),
    ),
    fixed_usd_per_month=45.0,
)
MONDAY_YEAR = 2018  # 1 January is a Monday, as Utilityrate5 takes it to be


def bills_usd(tariff, load_kw, starts):
    """Return energy, demand and fixed charges of each month, shape (3, months)."""
    own = energy_prices_usd_per_j(tariff, starts)
    price_usd_per_j = first_block_usd_per_j(tariff) + (0.0 if own is None else own)
    import_w = load_kw * 1e3
    when = {"tariff": tariff, "step_s": HOUR_S}
    charges = (
        import_w * HOUR_S * price_usd_per_j + block_charges_usd(import_w * HOUR_S, starts, **when),
        demand_charges_usd(import_w, starts, **when),
        fixed_charges_usd(starts, **when),
    )
    month = np.asarray(starts.month) - 1
    return np.array([np.bincount(month, charge) for charge in charges])


def test_month_by_hand():
    # January 2018 has 31 days, of which 23 are weekdays, and 8 weekend days.
    starts = pd.date_range("2018-01-01", periods=31 * 24, freq="h", tz="UTC")
    load_kw = np.full(31 * 24, 100.0)
    load_kw[5 * 24 + 16] = 400.0  # Saturday 6th, 16:00: highest of all, outside the peak hours
    load_kw[8 * 24 + 15] = 250.0  # Tuesday 9th, 15:00: highest within them
    ((energy,), (demand,), (fixed,)) = bills_usd(TARIFF, load_kw, starts)
    # Peak hours: 23 days of 5 h at 100 kW, and 150 kW more in one of them.
    peak_kwh = 23 * 5 * 100.0 + 150.0
    other_kwh = (31 * 24 - 23 * 5) * 100.0 + 300.0
    assert energy == pytest.approx(0.30 * peak_kwh + 0.10 * other_kwh, rel=1e-12)
    assert energy == pytest.approx(3495.0 + 6320.0, rel=1e-12)
    assert demand == pytest.approx(10.0 * 400.0 + 6.0 * 250.0, rel=1e-12)
    assert fixed == pytest.approx(45.0, rel=1e-12)


def sam_bills_usd(load_kw, **rates):
    """Return energy, demand and fixed charges of each month by Utilityrate5, shape (3, 12)."""
    utility_rate = pytest.importorskip("PySAM.Utilityrate5", reason="needs the `oracle` extra")
    model = utility_rate.new()
    values = {
        "ElectricityRates": {
            "en_electricity_rates": 1,
            "ur_metering_option": 2,
            "ur_monthly_fixed_charge": 0.0,
            "ur_monthly_min_charge": 0.0,
            "ur_annual_min_charge": 0.0,
            "ur_nm_yearend_sell_rate": 0.0,
            "ur_sell_eq_buy": 0,
            "ur_en_ts_sell_rate": 0,
            "ur_en_ts_buy_rate": 0,
            "ur_dc_enable": 0,
            "ur_enable_billing_demand": 0,
            "rate_escalation": [0.0],
            "ur_ec_sched_weekday": [[1] * 24] * 12,
            "ur_ec_sched_weekend": [[1] * 24] * 12,
            "TOU_demand_single_peak": 0,
        }
        | rates,
        "SystemOutput": {"gen": [0.0] * len(load_kw), "degradation": [0.0]},
        "Load": {"load": load_kw.tolist(), "load_escalation": [0.0]},
        "Lifetime": {
            "analysis_period": 1, "inflation_rate": 0.0, "system_use_lifetime_output": 0,
        },
    }  # fmt: skip
    for group, entries in values.items():
        getattr(model, group).assign(entries)
    model.execute(0)
    out = model.Outputs
    energy = np.array(out.charge_wo_sys_ec_ym)[1]
    demand = np.array(out.charge_wo_sys_dc_fixed_ym)[1] + np.array(out.charge_wo_sys_dc_tou_ym)[1]
    return np.array([energy, demand, np.array(out.charge_wo_sys_fixed_ym)[1]])


def year_of_load():
    starts = pd.date_range(datetime(MONDAY_YEAR, 1, 1, tzinfo=UTC), periods=8760, freq="h")
    hours = np.arange(8760)
    noise = np.random.default_rng(3).uniform(0.0, 80.0, 8760)
    return 300.0 + 120.0 * np.sin(hours * 2 * np.pi / 24) + noise, starts


EVERY_HOUR = [[1] * 24] * 12
PEAK_HOURS = [[2 if 14 <= hour < 19 else 1 for hour in range(24)]] * 12
BIG = 9.9e37


def test_twelve_months_equal_utilityrate5():
    load_kw, starts = year_of_load()
    expected = sam_bills_usd(
        load_kw,
        ur_monthly_fixed_charge=45.0,
        ur_ec_sched_weekday=PEAK_HOURS,
        ur_ec_tou_mat=[[1, 1, BIG, 0, 0.10, 0.0], [2, 1, BIG, 0, 0.30, 0.0]],
        ur_dc_enable=1,
        ur_dc_sched_weekday=PEAK_HOURS,
        ur_dc_sched_weekend=EVERY_HOUR,
        ur_dc_tou_mat=[[1, 1, BIG, 0.0], [2, 1, BIG, 6.0]],
        ur_dc_flat_mat=[[month, 1, BIG, 10.0] for month in range(12)],
    )
    assert bills_usd(TARIFF, load_kw, starts) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("before_kw", [0.0, 700.0])
def test_year_with_a_ratchet_equals_utilityrate5(before_kw):
    load_kw, starts = year_of_load()
    load_kw[200 * 24 + 15] = 900.0  # in July; 80 % of it are billed in the months after
    _, expected, _ = sam_bills_usd(
        load_kw,
        ur_ec_tou_mat=[[1, 1, BIG, 0, 0.10, 0.0]],
        ur_dc_enable=1,
        ur_dc_sched_weekday=EVERY_HOUR,
        ur_dc_sched_weekend=EVERY_HOUR,
        ur_dc_tou_mat=[[1, 1, BIG, 0.0]],
        ur_dc_flat_mat=[[month, 1, BIG, 10.0] for month in range(12)],
        ur_enable_billing_demand=1,
        ur_billing_demand_minimum=0.0,
        ur_billing_demand_lookback_period=11,
        ur_billing_demand_lookback_percentages=[[80.0, 1]] * 12,
        ur_dc_billing_demand_periods=[[1, 1]],
        ur_yearzero_usage_peaks=[before_kw] * 12,
    )
    charge = DemandCharge(
        charge_usd_per_kw=10.0,
        ratchet_fraction=0.8,
        ratchet_months=11,
        ratchet_start_kw=before_kw,
    )
    tariff = Tariff(energy_usd_per_kwh=0.10, demand_charges=(charge,))
    _, demand, _ = bills_usd(tariff, load_kw, starts)
    # What a ratchet adds stands on the steps of the earlier peak: only the sum can be compared.
    assert demand.sum() == pytest.approx(expected.sum(), rel=1e-6)


def test_blocks_equal_utilityrate5():
    load_kw, starts = year_of_load()
    expected = sam_bills_usd(
        load_kw,
        ur_ec_tou_mat=[
            [1, 1, 50_000.0, 0, 0.08, 0.0], [1, 2, 150_000.0, 0, 0.11, 0.0],
            [1, 3, BIG, 0, 0.17, 0.0],
        ],
    )  # fmt: skip
    tariff = Tariff(
        blocks=(
            EnergyBlock(up_to_kwh=50_000.0, energy_usd_per_kwh=0.08),
            EnergyBlock(up_to_kwh=150_000.0, energy_usd_per_kwh=0.11),
            EnergyBlock(energy_usd_per_kwh=0.17),
        ),
    )
    assert bills_usd(tariff, load_kw, starts)[0] == pytest.approx(expected[0], rel=1e-6)
