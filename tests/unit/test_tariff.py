"""Time-of-use prices and demand charges against bills worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.grid.tariff import billing_months, demand_charges_usd, energy_prices_usd_per_j
from sim.scenario.grid_schema import Tariff, TimeOfUsePeriod

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
