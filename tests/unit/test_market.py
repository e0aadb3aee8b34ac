"""The regional market: prices and intensities by hand, and the fleets against published figures."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import table
from sim.energy.solar import PvArray, ac_power_w
from sim.energy.wind import farm_power_w, load_turbine
from sim.grid.market import Blocks, Demand, Fleet, clear, demand_w, load_fleet
from sim.units import MW, MWH, POUND_KG
from sim.weather import WeatherSlice, read_tmy, slice_window

STATIONS = {
    "us-carolinas": "greensboro-nc",
    "us-florida": "miami-fl",
    "sand-point-ak": "sand-point-ak",
}

# Subregions SRVC (with Virginia) and FRCC: EPA GHG Emission Factors Hub 2026, Table 6 (eGRID2024).
EGRID_LB_PER_MWH = {"us-carolinas": 637.4, "us-florida": 763.7}

FLAT = Demand("UTC", np.ones((2, 24)), 100 * MW, 0.0, 15.0, 0.0, 20.0)


def fleet(demand=FLAT, *, solar_mw=0.0, wind_mw=0.0):
    """100 MW of demand, 30 MW nuclear that must run, 40 MW coal (10 must run), 50 MW gas."""
    blocks = Blocks(
        available_w=np.array([30.0, 40.0, 50.0]) * MW,
        must_run_w=np.array([30.0, 10.0, 0.0]) * MW,
        cost_usd_per_j=np.array([9.0, 40.0, 30.0]) / MWH,
        emission_kg_per_j=np.array([0.0, 1000.0, 400.0]) / MWH,
    )
    return Fleet("test", demand, blocks, solar_mw * MW, wind_mw * MW, 5000.0 / MWH)


def weather(temp_air, start="2025-06-02T00:00"):
    temp_air = np.asarray(temp_air, dtype=float)
    zero = np.zeros(len(temp_air))
    return WeatherSlice(
        name="test", source="test", latitude_deg=0.0, longitude_deg=0.0, altitude_m=0.0,
        utc_offset_h=0.0, wind_height_m=10.0, ghi=zero, dni=zero, dhi=zero, temp_air=temp_air,
        wind_speed=zero, pressure=zero + 101325.0,
        time_utc=pd.date_range(start, periods=len(temp_air), freq="h", tz="UTC"),
    )  # fmt: skip


def cleared(region, *, solar=(0.0,), wind=None, carbon_price=0.0):
    solar = np.asarray(solar, dtype=float)
    wind = np.zeros_like(solar) if wind is None else np.asarray(wind, dtype=float)
    return clear(
        region,
        weather(np.full(len(solar), 17.0)),
        carbon_price_usd_per_t=carbon_price,
        solar_fraction=solar,
        wind_fraction=wind,
    )


@cache
def year(name):
    """Return a nominal year of a catalog fleet with the sun and wind of its weather station."""
    span = slice_window(read_tmy(STATIONS[name]), datetime(2025, 1, 1, 5, tzinfo=UTC), 8760)
    array = PvArray(1.3e6, 25.0, 180.0, 1.3, -0.0037, 0.1408, 0.96, 0.2)
    turbine = load_turbine("vestas-v82-1650")
    wind_w = farm_power_w(span, turbine, count=1, hub_height_m=50.0, shear_exponent=0.14)
    return clear(
        load_fleet(name),
        span,
        carbon_price_usd_per_t=0.0,
        solar_fraction=np.clip(ac_power_w(span, array) / 1e6, 0.0, 1.0),
        wind_fraction=np.clip(wind_w / turbine.rated_power_w, 0.0, 1.0),
    )


def test_last_block_sets_price_and_marginal_intensity():
    # 40 MW must run; gas is cheaper than coal: 50 MW gas, then 10 of coal's 30 free MW.
    result = cleared(fleet())
    assert result.price_usd_per_j * MWH == pytest.approx([40.0])
    assert result.marginal_carbon_intensity_kg_per_j * MWH == pytest.approx([1000.0])
    # (10 + 10) MW coal at 1000 kg/MWh and 50 MW gas at 400 kg/MWh over 100 MW; 30 MW nuclear
    assert result.average_carbon_intensity_kg_per_j * MWH == pytest.approx([400.0])
    assert result.carbon_free_fraction == pytest.approx([0.30])
    assert result.shortage_hours_count == 0


def test_sun_displaces_the_dearest_block_first():
    result = cleared(fleet(solar_mw=40.0), solar=[0.0, 0.25, 0.5])
    assert result.price_usd_per_j * MWH == pytest.approx([40.0, 30.0, 30.0])
    # with 10 MW sun: 10 MW coal must run, 50 MW gas, 30 nuclear
    expected = [400.0, (10 * 1000 + 50 * 400) / 100, (10 * 1000 + 40 * 400) / 100]
    assert result.average_carbon_intensity_kg_per_j * MWH == pytest.approx(expected)
    assert result.carbon_free_fraction == pytest.approx([0.30, 0.40, 0.50])


def test_surplus_is_curtailed_at_price_zero_and_what_must_run_keeps_its_emissions():
    result = cleared(fleet(wind_mw=80.0), wind=[1.0])
    assert result.price_usd_per_j.tolist() == [0.0]
    assert result.marginal_carbon_intensity_kg_per_j.tolist() == [0.0]
    assert result.curtailed_w == pytest.approx([20 * MW])
    assert result.generation_w == pytest.approx([100 * MW])
    assert result.average_carbon_intensity_kg_per_j * MWH == pytest.approx([10 * 1000 / 100])
    assert result.carbon_free_fraction == pytest.approx([0.90])


def test_what_must_run_is_cut_when_it_alone_exceeds_the_demand():
    small = Demand("UTC", np.ones((2, 24)), 20 * MW, 0.0, 15.0, 0.0, 20.0)
    result = cleared(fleet(small, wind_mw=10.0), wind=[1.0])
    assert result.generation_w == pytest.approx([20 * MW])
    assert result.curtailed_w == pytest.approx([10 * MW])
    assert result.carbon_free_fraction == pytest.approx([0.75])


def test_demand_equal_to_what_must_run_is_no_surplus():
    exact = Demand("UTC", np.ones((2, 24)), 40 * MW, 0.0, 15.0, 0.0, 20.0)
    result = cleared(fleet(exact))
    assert result.price_usd_per_j * MWH == pytest.approx([30.0])
    assert result.marginal_carbon_intensity_kg_per_j * MWH == pytest.approx([400.0])


def test_shortage_costs_the_value_of_lost_load_and_is_counted():
    large = Demand("UTC", np.ones((2, 24)), 150 * MW, 0.0, 15.0, 0.0, 20.0)
    result = cleared(fleet(large))
    assert result.price_usd_per_j * MWH == pytest.approx([5000.0])
    assert result.marginal_carbon_intensity_kg_per_j * MWH == pytest.approx([1000.0])
    assert result.generation_w == pytest.approx([120 * MW])
    assert result.average_carbon_intensity_kg_per_j * MWH == pytest.approx([60_000 / 120])
    assert result.shortage_hours_count == 1


def test_demand_equal_to_all_supply_is_no_shortage():
    exact = Demand("UTC", np.ones((2, 24)), 120 * MW, 0.0, 15.0, 0.0, 20.0)
    result = cleared(fleet(exact))
    assert result.price_usd_per_j * MWH == pytest.approx([40.0])
    assert result.shortage_hours_count == 0


def test_carbon_price_turns_the_order_and_is_paid_by_the_marginal_block():
    cheap_coal = fleet()
    cheap_coal.blocks.cost_usd_per_j[1] = 25.0 / MWH
    before = cleared(cheap_coal)
    after = cleared(cheap_coal, carbon_price=50.0)
    # before: coal 25 then gas 30; after: gas 30 + 0.4 t * 50 = 50, coal 25 + 1 t * 50 = 75
    assert before.price_usd_per_j * MWH == pytest.approx([30.0])
    assert after.price_usd_per_j * MWH == pytest.approx([75.0])
    assert before.average_carbon_intensity_kg_per_j > after.average_carbon_intensity_kg_per_j


def test_blocks_of_equal_cost_run_in_the_catalogs_order():
    level = fleet()
    level.blocks.cost_usd_per_j[:] = 30.0 / MWH
    # coal's 30 free MW come first, so gas gives only 30 of its 50 MW
    expected = (40 * 1000 + 30 * 400) / 100
    result = cleared(level)
    assert result.average_carbon_intensity_kg_per_j * MWH == pytest.approx([expected])


def test_demand_follows_local_hour_day_and_temperature():
    shape = np.vstack([np.linspace(0.8, 1.2, 24), np.full(24, 0.9)])
    demand = Demand("America/New_York", shape, 100.0, 0.02, 15.0, 0.05, 20.0)
    times = pd.DatetimeIndex(
        ["2025-06-02T04:00", "2025-06-03T03:00", "2025-06-01T12:00", "2025-01-06T05:00"], tz="UTC"
    )  # Monday 00:00 and 23:00, Sunday 08:00, Monday 00:00 in winter
    load = demand_w(demand, times, np.array([17.0, 30.0, 17.0, 5.0]))
    assert load == pytest.approx([80.0, 120.0 + 50.0, 90.0, 80.0 + 20.0])


def test_wrong_fractions_are_refused_by_name():
    with pytest.raises(ValueError, match=r"solar_fraction\[1\] is 1.5, not between 0 and 1"):
        cleared(fleet(), solar=[0.5, 1.5])
    with pytest.raises(ValueError, match=r"wind_fraction\[0\] is nan"):
        cleared(fleet(), wind=[np.nan])
    with pytest.raises(ValueError, match=r"wind_fraction has shape \(2,\), but the weather has 1"):
        cleared(fleet(), wind=[0.1, 0.2])


def test_unknown_fleet_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean us-carolinas"):
        load_fleet("us-carolina")


def test_generators_split_into_blocks_around_their_heat_rate():
    # combined cycle: 8,900 MW, 93 % available, 6 blocks around 7.2 MMBtu/MWh by 8 %
    blocks = load_fleet("us-carolinas").blocks
    gas = np.isclose(blocks.available_w, 8900 * MW * 0.93 / 6)
    heat_rate = blocks.emission_kg_per_j[gas] * MWH / 53.06
    assert heat_rate == pytest.approx(7.2 * (1 + 0.08 * np.array([-5, -3, -1, 1, 3, 5]) / 6))
    assert blocks.cost_usd_per_j[gas] * MWH == pytest.approx(heat_rate * 4.21 + 2.3)


def test_nuclear_comes_first_and_must_run_and_a_fifth_of_the_coal_must_too():
    blocks = load_fleet("us-carolinas").blocks
    assert blocks.must_run_w[0] == blocks.available_w[0] == pytest.approx(11744 * MW * 0.94)
    coal = np.isclose(blocks.available_w, 15007 * MW * 0.88 / 8)
    assert coal.sum() == 8
    assert blocks.must_run_w[coal] == pytest.approx(0.2 * blocks.available_w[coal])


@pytest.mark.parametrize("name", STATIONS)
def test_nominal_year_has_the_published_peak_and_energy(name):
    facts = table("fleets").set_index("fleet").loc[name]
    result = year(name)
    assert result.demand_w.max() / MW == pytest.approx(facts.peak_demand_mw, rel=0.01)
    energy_gwh = result.demand_w.sum() * 3600 / MWH / 1e3
    assert energy_gwh == pytest.approx(facts.annual_demand_gwh, rel=0.01)
    assert result.shortage_hours_count == 0


@pytest.mark.parametrize("name", EGRID_LB_PER_MWH)
def test_annual_average_intensity_lies_within_15_percent_of_egrid(name):
    result = year(name)
    emitted_kg = (result.average_carbon_intensity_kg_per_j * result.generation_w).sum() * 3600
    lb_per_mwh = emitted_kg / POUND_KG / (result.generation_w.sum() * 3600 / MWH)
    assert lb_per_mwh == pytest.approx(EGRID_LB_PER_MWH[name], rel=0.15)


def test_an_hour_does_not_depend_on_what_else_the_run_covers():
    region = load_fleet("us-carolinas")
    long = weather(np.linspace(-10, 35, 72))
    short = weather(long.temp_air[24:48], start=long.time_utc[24])
    options = {"carbon_price_usd_per_t": 10.0}
    night = np.zeros(72)
    whole = clear(region, long, solar_fraction=night, wind_fraction=night, **options)
    part = clear(region, short, solar_fraction=night[:24], wind_fraction=night[:24], **options)
    for column in ("price_usd_per_j", "average_carbon_intensity_kg_per_j", "demand_w"):
        assert np.array_equal(getattr(whole, column)[24:48], getattr(part, column))


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=48),
    st.sampled_from(sorted(STATIONS)),
    st.floats(0, 300),
    st.floats(-30, 45),
)
def test_generation_meets_demand_and_intensities_lie_between_those_of_the_blocks(
    fractions, name, carbon_price, temp_air
):
    region = load_fleet(name)
    supply = np.asarray(fractions)
    result = clear(
        region,
        weather(np.full(len(supply), temp_air)),
        carbon_price_usd_per_t=carbon_price,
        solar_fraction=supply,
        wind_fraction=supply[::-1],
    )
    lost = result.demand_w - result.generation_w
    assert (lost >= -1e-9 * result.demand_w).all()
    assert (lost > 1e-9 * result.demand_w).sum() == result.shortage_hours_count
    dearest = region.blocks.emission_kg_per_j.max()
    for column in ("average_carbon_intensity_kg_per_j", "marginal_carbon_intensity_kg_per_j"):
        assert ((getattr(result, column) >= 0) & (getattr(result, column) <= dearest)).all()
    assert ((result.carbon_free_fraction >= 0) & (result.carbon_free_fraction <= 1)).all()
    potential_w = region.solar_capacity_w * supply + region.wind_capacity_w * supply[::-1]
    assert (result.curtailed_w <= potential_w * (1 + 1e-12)).all()
