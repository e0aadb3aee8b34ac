"""Speed of weather, sun and wind for a site and year: CPU seconds, printed; ratios, asserted.

Run with `make bench`; the figures are printed.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from pvlib.solarposition import get_solarposition

from sim.energy.solar import PvArray, ac_power_w
from sim.energy.wind import farm_power_w, load_turbine
from sim.streams import stream
from sim.weather import read_tmy, resampled, slice_window
from sim.weather.psychrometrics import wet_bulb_c

pytestmark = pytest.mark.bench

REPEATS = 5
PVWATTS = PvArray(
    dc_capacity_w=1000.0,
    surface_tilt=30.0,
    surface_azimuth=180.0,
    dc_ac_ratio=1.2,
    temperature_coefficient_per_k=-0.0037,
    losses_fraction=0.14,
    inverter_efficiency=0.96,
    albedo=0.2,
)
CEC = {"model": "cec", "module": "Canadian_Solar_Inc__CS5P_220M",
       "inverter": "SMA_America__SB3800TL_US_22__240V_"}  # fmt: skip


@pytest.fixture(scope="module")
def weather():
    return slice_window(read_tmy("greensboro-nc"), datetime(2025, 1, 1, tzinfo=UTC), 8760)


def cpu_s(work):
    """Return the least CPU time of several runs. [s]"""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def reference_s(weather):
    """Return what the sun's positions alone cost: the one thing that nobody can leave out. [s]"""
    times = weather.time_utc + pd.Timedelta(minutes=30)
    return cpu_s(lambda: get_solarposition(times, weather.latitude_deg, weather.longitude_deg))


@pytest.mark.parametrize(
    "changed", [{}, CEC, {"tracking": "single-axis"}, {**CEC, "tracking": "single-axis"}],
    ids=["pvwatts", "cec", "pvwatts tracking", "cec tracking"],
)  # fmt: skip
def test_solar_year_costs_a_few_times_the_positions_of_the_sun(weather, changed, request):
    array = replace(PVWATTS, **changed)

    def work():
        ac_power_w(replace(weather), array)  # a new slice, whose sun is not known yet

    first = time.process_time()
    work()
    first = time.process_time() - first
    spent = cpu_s(work)
    print(f"\nsolar {request.node.callspec.id}: {spent:.3f} CPU s a year, {first:.3f} the first")
    assert spent < 6 * reference_s(weather)


def test_wind_year_costs_little_beside_the_arithmetic_it_needs(weather):
    turbine = load_turbine("vestas-v90-3000")
    spent = cpu_s(
        lambda: farm_power_w(weather, turbine, count=3, hub_height_m=80.0, shear_exponent=0.2)
    )
    speed, curve = weather.wind_speed, (turbine.speed_m_per_s, turbine.power_w)
    bare = cpu_s(lambda: np.interp(speed**0.33, *curve))
    print(f"\nwind: {1e3 * spent:.2f} CPU ms a year (bare curve {1e3 * bare:.2f})")
    assert spent < 20 * bare


def test_drawn_year_and_wet_bulb_cost_less_than_the_positions_of_the_sun(weather):
    year = read_tmy("greensboro-nc")
    drawn = cpu_s(lambda: resampled(year, stream(1, "bench")))
    air = (year.temp_air, year.relative_humidity)
    wet = cpu_s(lambda: wet_bulb_c(*air, pressure=year.pressure))
    print(f"\nresampled year: {1e3 * drawn:.1f} CPU ms, wet bulb: {1e3 * wet:.1f} CPU ms")
    assert drawn + wet < 3 * reference_s(weather)
