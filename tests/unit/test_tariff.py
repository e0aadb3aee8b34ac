"""Energy prices, demand charges, blocks and fixed charges against bills worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.grid.demand import charges_of, periods_of
from sim.grid.tariff import (
    billing_months,
    block_charges_usd,
    demand_charges_usd,
    demand_periods,
    energy_prices_usd_per_j,
    first_block_usd_per_j,
    fixed_charges_usd,
    top_up_usd,
)
from sim.scenario.schema.grid import DemandCharge, EnergyBlock, Tariff, TimeOfUsePeriod

HOUR_S = 3600.0
EASTERN = "America/New_York"
PEAK = TimeOfUsePeriod(energy_usd_per_kwh=0.30, from_hour=14, to_hour=19, days="weekdays")


def hours(start, n):
    return pd.date_range(start, periods=n, freq="h", tz="UTC")


def usd_per_kwh(tariff, starts):
    return (energy_prices_usd_per_j(tariff, starts) * 3.6e6).round(9).tolist()


def charges(import_kw, starts, *, step_min=60, **tariff):
    tariff = Tariff(demand_charge_usd_per_kw=10.0, **tariff)
    import_w = np.asarray(import_kw, dtype=float) * 1e3
    return demand_charges_usd(import_w, starts, tariff=tariff, step_s=step_min * 60.0)


def test_tariff_without_an_energy_price_has_none():
    tariff = Tariff(delivery_usd_per_kwh=0.02)
    assert energy_prices_usd_per_j(tariff, hours("2025-06-02", 3)) is None


def test_flat_price_holds_in_every_step_without_the_delivery_charge():
    tariff = Tariff(energy_usd_per_kwh=0.12, delivery_usd_per_kwh=0.02)
    assert usd_per_kwh(tariff, hours("2025-06-02", 3)) == [0.12, 0.12, 0.12]


def test_periods_follow_the_local_clock_in_summer_and_in_winter():
    tariff = Tariff(timezone=EASTERN, energy_usd_per_kwh=0.10, time_of_use=(PEAK,))
    # 14:00 in New York is 18:00 UTC in July (UTC-4) and 19:00 UTC in January (UTC-5).
    july = usd_per_kwh(tariff, hours("2025-07-01T17:00", 7))
    january = usd_per_kwh(tariff, hours("2025-01-07T17:00", 7))
    assert july == [0.10, 0.30, 0.30, 0.30, 0.30, 0.30, 0.10]
    assert january == [0.10, 0.10, 0.30, 0.30, 0.30, 0.30, 0.30]


def test_periods_keep_to_their_days_and_months():
    weekend = TimeOfUsePeriod(energy_usd_per_kwh=0.05, from_hour=0, to_hour=24, days="weekends")
    summer = TimeOfUsePeriod(energy_usd_per_kwh=0.20, from_hour=0, to_hour=24, months=(7, 8))
    tariff = Tariff(energy_usd_per_kwh=0.10, time_of_use=(weekend, summer))
    days = pd.DatetimeIndex(["2025-06-27", "2025-06-28", "2025-07-01", "2025-07-05"], tz="UTC")
    # Friday in June, Saturday in June, Tuesday in July, Saturday in July: the weekend stands first.
    assert usd_per_kwh(tariff, days) == [0.10, 0.05, 0.20, 0.05]


def test_first_matching_period_counts():
    wide = TimeOfUsePeriod(energy_usd_per_kwh=0.20, from_hour=12, to_hour=20)
    starts = hours("2025-06-02T14:00", 1)
    for periods, price in [((PEAK, wide), 0.30), ((wide, PEAK), 0.20)]:
        tariff = Tariff(energy_usd_per_kwh=0.10, time_of_use=periods)
        assert usd_per_kwh(tariff, starts) == [price]


def test_period_may_run_past_midnight():
    night = TimeOfUsePeriod(energy_usd_per_kwh=0.04, from_hour=22, to_hour=6)
    tariff = Tariff(energy_usd_per_kwh=0.10, time_of_use=(night,))
    prices = usd_per_kwh(tariff, hours("2025-06-02T20:00", 12))
    assert prices == [0.10] * 2 + [0.04] * 8 + [0.10] * 2


def test_billing_months_change_at_local_midnight_and_over_the_year_end():
    starts = hours("2025-01-01T04:00", 2)  # 23:00 on 31 December, then midnight in New York
    months = billing_months(starts, EASTERN)
    assert months.tolist() == [2024 * 12 + 11, 2025 * 12]
    assert billing_months(starts, "UTC").tolist() == [2025 * 12] * 2


def test_full_month_pays_the_full_charge_on_the_peak_hour():
    import_kw = np.full(30 * 24, 100.0)
    import_kw[500] = 250.0
    charged = charges(import_kw, hours("2025-06-01", 30 * 24))
    assert charged[500] == pytest.approx(2500.0)  # 250 kW at 10 $/kW
    assert charged.sum() == pytest.approx(2500.0)


@pytest.mark.parametrize(
    ("first_hour_utc", "hours_in_month"),
    [("2025-03-01T05:00", 31 * 24 - 1), ("2025-11-01T04:00", 30 * 24 + 1)],
)
def test_month_in_which_the_clocks_change_is_a_full_month(first_hour_utc, hours_in_month):
    starts = hours(first_hour_utc, hours_in_month)
    charged = charges(np.full(hours_in_month, 80.0), starts, timezone=EASTERN)
    assert charged.sum() == pytest.approx(800.0, rel=1e-12)
    one_less = charges(np.full(hours_in_month - 1, 80.0), starts[:-1], timezone=EASTERN)
    assert one_less.sum() == pytest.approx(800.0 * (1 - 1 / hours_in_month), rel=1e-12)


def test_run_over_two_part_months_pays_each_month_for_its_part():
    starts = hours("2025-06-21", 25 * 24)  # 10 of June's 30 days, 15 of July's 31
    import_kw = np.full(25 * 24, 50.0)
    import_kw[3 * 24] = 120.0  # in June
    import_kw[20 * 24] = 310.0  # in July
    charged = charges(import_kw, starts)
    assert charged[3 * 24] == pytest.approx(1200.0 * 10 / 30)
    assert charged[20 * 24] == pytest.approx(3100.0 * 15 / 31)
    assert np.count_nonzero(charged) == 2


def test_peak_is_the_mean_of_a_quarter_hour_and_its_steps_share_the_charge():
    # 5-min steps of one hour: quarter-hour means 20, 30, 25 and 10 kW
    import_kw = [60, 0, 0, 10, 20, 60, 25, 25, 25, 10, 10, 10]
    starts = pd.date_range("2025-06-01", periods=12, freq="5min", tz="UTC")
    charged = charges(import_kw, starts, step_min=5)
    bill_usd = 30.0 * 10.0 / (30 * 24)  # one hour of June
    assert charged[3:6] == pytest.approx(np.array([10, 20, 60]) / 90 * bill_usd)
    assert charged.sum() == pytest.approx(bill_usd)


def test_intervals_are_aligned_to_the_hour_not_to_the_start_of_the_run():
    # The run starts at 00:10: its first quarter hour has one 5-min step, its second has three.
    starts = pd.date_range("2025-06-01T00:10", periods=4, freq="5min", tz="UTC")
    charged = charges([30.0, 40.0, 0.0, 0.0], starts, step_min=5)
    assert charged[0] == pytest.approx(30.0 * 10.0 * (4 / 12) / (30 * 24))
    assert np.count_nonzero(charged) == 1


def test_interval_that_is_no_whole_number_of_steps_lasts_one_step_more():
    # 20 min in steps of 15: half-hour means 20 and 25 kW
    starts = pd.date_range("2025-06-01", periods=4, freq="15min", tz="UTC")
    charged = charges([40.0, 0.0, 20.0, 30.0], starts, step_min=15, demand_interval_min=20)
    assert charged == pytest.approx(np.array([0, 0, 20, 30]) / 50 * 25.0 * 10.0 / (30 * 24))


def test_intervals_follow_the_local_hour_where_zones_are_off_by_half_an_hour():
    # 60-min intervals in India (UTC+5:30) begin at :30 UTC.
    starts = pd.date_range("2025-06-01T00:00", periods=4, freq="30min", tz="UTC")
    options = {"step_min": 30, "demand_interval_min": 60}
    india = charges([90.0, 30.0, 30.0, 40.0], starts, timezone="Asia/Kolkata", **options)
    utc = charges([90.0, 30.0, 30.0, 40.0], starts, **options)
    assert np.flatnonzero(india).tolist() == [0]
    assert np.flatnonzero(utc).tolist() == [0, 1]


def test_interval_shorter_than_a_step_lasts_a_step():
    charged = charges([1.0, 3.0], hours("2025-06-01", 2), demand_interval_min=15)
    assert charged[1] == pytest.approx(30.0 * 2 / (30 * 24))


def test_first_of_several_equal_peaks_is_charged():
    charged = charges([0.0, 7.0, 7.0], hours("2025-06-01", 3))
    assert np.flatnonzero(charged).tolist() == [1]


def test_no_import_and_no_charge_cost_nothing():
    starts = hours("2025-06-01", 3)
    assert not charges([0.0, 0.0, 0.0], starts).any()
    free = demand_charges_usd(np.ones(3), starts, tariff=Tariff(), step_s=HOUR_S)
    assert not free.any()


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="import_w has 2 steps, but starts_utc has 3"):
        charges([1.0, 2.0], hours("2025-06-01", 3))


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=200), st.integers(0, 2000))
def test_charge_falls_on_importing_steps_and_never_exceeds_the_months_peaks(import_kw, shift_h):
    starts = hours(pd.Timestamp("2025-01-30") + pd.Timedelta(hours=shift_h), len(import_kw))
    charged = charges(import_kw, starts, timezone=EASTERN)
    assert (charged >= 0).all()
    assert not charged[np.asarray(import_kw) == 0].any()
    months_count = len(np.unique(billing_months(starts, EASTERN)))
    assert charged.sum() <= 10.0 * max(import_kw) * months_count * (1 + 1e-12)


def several(import_kw, starts, *demand_charges, step_min=60, **tariff):
    tariff = Tariff(demand_charges=demand_charges, **tariff)
    import_w = np.asarray(import_kw, dtype=float) * 1e3
    return demand_charges_usd(import_w, starts, tariff=tariff, step_s=step_min * 60.0)


JUNE = hours("2025-06-01", 30 * 24)  # a Sunday


def test_charges_within_hours_of_weekdays_look_at_those_alone():
    import_kw = np.full(30 * 24, 50.0)
    import_kw[15] = 400.0  # Sunday 1 June, 15:00
    import_kw[24 + 20] = 300.0  # Monday, 20:00
    import_kw[48 + 14] = 200.0  # Tuesday, 14:00
    peak = DemandCharge(charge_usd_per_kw=6.0, from_hour=14, to_hour=19, days="weekdays")
    charged = several(import_kw, JUNE, peak)
    assert np.flatnonzero(charged).tolist() == [48 + 14]
    assert charged[48 + 14] == pytest.approx(1200.0)


def test_hours_of_a_charge_follow_the_local_clock():
    import_kw = np.arange(24.0)  # rises through the day, UTC
    peak = DemandCharge(charge_usd_per_kw=1.0, from_hour=8, to_hour=10)
    charged = several(import_kw, hours("2025-07-01", 24), peak, timezone=EASTERN)
    assert np.flatnonzero(charged).tolist() == [13]  # 09:00 in New York


def test_charges_of_other_months_are_not_due():
    summer = DemandCharge(charge_usd_per_kw=5.0, months=(7, 8))
    starts = hours("2025-06-01", 61 * 24)
    charged = several(np.full(61 * 24, 10.0), starts, summer)
    assert np.flatnonzero(charged).tolist() == [30 * 24]  # July's first hour
    assert charged.sum() == pytest.approx(50.0)


def test_all_charges_of_a_tariff_are_due_with_the_short_spelling():
    import_kw = np.full(30 * 24, 50.0)
    import_kw[15] = 400.0
    import_kw[30] = 80.0  # Monday, 06:00
    morning = DemandCharge(charge_usd_per_kw=2.0, from_hour=6, to_hour=7)
    charged = several(import_kw, JUNE, morning, demand_charge_usd_per_kw=10.0)
    assert charged[15] == pytest.approx(4000.0)
    assert charged[30] == pytest.approx(160.0)
    assert charged.sum() == pytest.approx(4160.0)


RATCHET = DemandCharge(charge_usd_per_kw=10.0, ratchet_fraction=0.8, ratchet_months=2)


def test_ratchet_bills_a_share_of_an_earlier_peak_on_the_steps_that_set_it():
    # June 100 kW, July to September 20 kW: July and August are billed 80 kW, September is not.
    starts = hours("2025-06-01", (30 + 31 + 31 + 30) * 24)
    import_kw = np.full(len(starts), 20.0)
    import_kw[5] = 100.0
    charged = several(import_kw, starts, RATCHET)
    months = billing_months(starts, "UTC")
    own = [charged[months == month].max() for month in np.unique(months)]
    # June's peak bears its own 1000 and twice what its ratchet adds, (80 - 20) kW.
    assert own == pytest.approx([1000.0 + 2 * 600.0, 200.0, 200.0, 200.0])
    assert charged.sum() == pytest.approx(1000.0 + 800.0 + 800.0 + 200.0)


def test_ratchet_of_a_peak_before_the_run_lies_evenly_on_the_month():
    charge = RATCHET.model_copy(update={"ratchet_start_kw": 100.0})
    import_kw = np.full(30 * 24, 20.0)
    import_kw[7] = 30.0
    charged = several(import_kw, JUNE, charge)
    even = (80.0 - 30.0) * 10.0 / (30 * 24)
    assert charged[8] == pytest.approx(even)
    assert charged[7] == pytest.approx(300.0 + even)
    assert charged.sum() == pytest.approx(800.0)


def test_ratchet_below_the_months_own_peak_adds_nothing():
    charge = RATCHET.model_copy(update={"ratchet_start_kw": 20.0})
    charged = several(np.full(30 * 24, 20.0), JUNE, charge)
    assert np.flatnonzero(charged).tolist() == [0]
    assert charged.sum() == pytest.approx(200.0)


def test_demand_periods_give_a_solver_intervals_months_and_charges():
    tariff = Tariff(demand_charge_usd_per_kw=10.0, demand_interval_min=30)
    starts = pd.date_range("2025-06-30T23:00", periods=8, freq="15min", tz="UTC")
    periods = demand_periods(starts, tariff=tariff, step_s=900.0)
    assert periods.interval_of_step.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert periods.month_of_interval.tolist() == [0, 0, 1, 1]
    assert periods.counted.all()
    # an hour of June's 720, and one of July's 744, at 0.01 $/W
    assert periods.charge_usd_per_w == pytest.approx([0.01 / 720, 0.01 / 744])
    assert periods.means_w(np.arange(8.0)).tolist() == [0.5, 2.5, 4.5, 6.5]


def test_intervals_outside_the_hours_of_a_charge_are_not_counted():
    tariff = Tariff(demand_charges=(DemandCharge(charge_usd_per_kw=1.0, from_hour=1, to_hour=3),))
    charge = charges_of(tariff)[1]
    periods = periods_of(charge, hours("2025-06-02", 4), timezone="UTC", step_s=HOUR_S)
    assert periods.counted.tolist() == [False, True, True, False]
    july = charge.model_copy(update={"months": (7,)})
    periods = periods_of(july, hours("2025-06-30T22:00", 4), timezone="UTC", step_s=HOUR_S)
    assert periods.charge_usd_per_w == pytest.approx([0.0, 2 / 744 * 0.001])


BLOCKS = Tariff(
    blocks=(
        EnergyBlock(up_to_kwh=1000.0, energy_usd_per_kwh=0.10),
        EnergyBlock(up_to_kwh=3000.0, energy_usd_per_kwh=0.20),
        EnergyBlock(energy_usd_per_kwh=0.50),
    )
)


def block_costs(import_kwh, starts, tariff=BLOCKS, step_s=HOUR_S):
    import_j = np.asarray(import_kwh, dtype=float) * 3.6e6
    first_usd = import_j * first_block_usd_per_j(tariff)
    return first_usd + block_charges_usd(import_j, starts, tariff=tariff, step_s=step_s)


def test_blocks_are_billed_by_the_import_since_the_month_began():
    import_kwh = np.zeros(30 * 24)
    import_kwh[[3, 10, 20]] = [800.0, 700.0, 2500.0]
    costs = block_costs(import_kwh, JUNE)
    # 800; then 200 of the first block and 500 of the second; then 1500 and 1000 of the third
    assert costs[3] == pytest.approx(80.0)
    assert costs[10] == pytest.approx(20.0 + 100.0)
    assert costs[20] == pytest.approx(300.0 + 500.0)
    assert np.count_nonzero(costs) == 3


def test_blocks_begin_anew_each_month_and_shrink_with_the_part_that_the_run_has():
    starts = hours("2025-06-16", 46 * 24)  # half of June, all of July
    import_kwh = np.zeros(len(starts))
    import_kwh[[0, 15 * 24]] = [600.0, 600.0]
    costs = block_costs(import_kwh, starts)
    assert costs[0] == pytest.approx(500.0 * 0.10 + 100.0 * 0.20)
    assert costs[15 * 24] == pytest.approx(60.0)


def test_blocks_that_get_cheaper_are_billed_too():
    tariff = Tariff(
        blocks=(
            EnergyBlock(up_to_kwh=10.0, energy_usd_per_kwh=0.3),
            EnergyBlock(energy_usd_per_kwh=0.1),
        )
    )
    costs = block_costs(np.r_[np.full(2, 8.0), np.zeros(718)], JUNE, tariff)
    assert costs[:2] == pytest.approx([2.4, 2 * 0.3 + 6 * 0.1])


def test_one_block_needs_no_charge_beyond_its_price():
    tariff = Tariff(blocks=(EnergyBlock(energy_usd_per_kwh=0.25),))
    assert block_costs(np.full(720, 2.0), JUNE, tariff) == pytest.approx(np.full(720, 0.5))
    assert first_block_usd_per_j(Tariff()) == 0.0


def test_fixed_charge_lies_evenly_on_the_steps_of_each_month():
    starts = hours("2025-06-21", 25 * 24)  # 10 of June's 30 days, 15 of July's 31
    fixed = fixed_charges_usd(starts, tariff=Tariff(fixed_usd_per_month=90.0), step_s=HOUR_S)
    assert fixed[:240] == pytest.approx(np.full(240, 90.0 / 720))
    assert fixed[240:] == pytest.approx(np.full(360, 90.0 / 744))
    assert fixed.sum() == pytest.approx(90.0 * 10 / 30 + 90.0 * 15 / 31)
    assert not fixed_charges_usd(starts, tariff=Tariff(), step_s=HOUR_S).any()


def test_bill_below_the_minimum_is_topped_up_month_by_month():
    starts = hours("2025-06-01", (30 + 31) * 24)
    bill_usd = np.zeros(len(starts))
    bill_usd[100] = 70.0  # June
    bill_usd[800] = 200.0  # July
    tariff = Tariff(minimum_usd_per_month=100.0)
    added = top_up_usd(bill_usd, starts, tariff=tariff, step_s=HOUR_S)
    assert added[:720] == pytest.approx(np.full(720, 30.0 / 720))
    assert not added[720:].any()


def test_minimum_shrinks_with_the_part_of_the_month_and_counts_credits():
    bill_usd = np.full(240, -0.1)  # exports earned 24 $ in ten days of June
    tariff = Tariff(minimum_usd_per_month=30.0)
    added = top_up_usd(bill_usd, hours("2025-06-01", 240), tariff=tariff, step_s=HOUR_S)
    assert added.sum() == pytest.approx(10.0 + 24.0)
