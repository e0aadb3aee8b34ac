"""Our solar chains against pvlib's own ModelChain, put together from its classes."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from pvlib.location import Location
from pvlib.modelchain import ModelChain
from pvlib.pvsystem import Array, FixedMount, PVSystem, SingleAxisTrackerMount, retrieve_sam

from sim.energy.solar import PvArray, ac_power_w
from sim.weather import read_tmy, slice_window

MODULE, INVERTER = "Canadian_Solar_Inc__CS5P_220M", "SMA_America__SB3800TL_US_22__240V_"
PVWATTS = PvArray(
    dc_capacity_w=1000.0,
    surface_tilt=30.0,
    surface_azimuth=170.0,
    dc_ac_ratio=1.2,
    temperature_coefficient_per_k=-0.0037,
    losses_fraction=0.0,
    inverter_efficiency=0.96,
    albedo=0.2,
)
FIXED = FixedMount(30.0, 170.0)
TRACKER = SingleAxisTrackerMount(axis_tilt=0.0, axis_azimuth=180.0, max_angle=60.0, gcr=0.4)

# ModelChain asks pandas for what newer versions call by another name
pytestmark = pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofyear is deprecated")


@pytest.fixture(scope="module")
def weather():
    return slice_window(read_tmy("greensboro-nc"), datetime(2025, 1, 1, 5, tzinfo=UTC), 8760)


def chain_ac_w(weather, mount, models, *, module, inverter, strings=1, in_series=1):
    array = Array(
        mount,
        albedo=0.2,
        module_parameters=module,
        temperature_model_parameters={"u0": 25.0, "u1": 6.84},
        strings=strings,
        modules_per_string=in_series,
    )
    chain = ModelChain(
        PVSystem([array], inverter_parameters=inverter),
        Location(weather.latitude_deg, weather.longitude_deg, altitude=weather.altitude_m),
        transposition_model="perez",
        dc_model=models[0],
        ac_model=models[1],
        aoi_model="physical",
        spectral_model="no_loss",
        temperature_model="faiman",
        losses_model="no_loss",
    )
    columns = ("ghi", "dni", "dhi", "temp_air", "wind_speed", "pressure")
    data = {name: getattr(weather, name) for name in columns}
    chain.run_model(pd.DataFrame(data, index=weather.time_utc + pd.Timedelta(minutes=30)))
    return chain.results.ac.fillna(0.0).clip(lower=0.0).to_numpy()


def assert_agree(found, wanted):
    # ModelChain takes no reflection off diffuse light: 1 to 1.5 % of the year, in every hour
    assert -0.02 < found.sum() / wanted.sum() - 1 < -0.005
    assert np.abs(found - wanted).mean() / wanted.mean() < 0.02


@pytest.mark.parametrize(("mount", "tracking"), [(FIXED, "fixed"), (TRACKER, "single-axis")])
def test_pvwatts_agrees_with_modelchain(weather, mount, tracking):
    wanted = chain_ac_w(
        weather,
        mount,
        ("pvwatts", "pvwatts"),
        module={"pdc0": 1000.0, "gamma_pdc": -0.0037},
        inverter={"pdc0": 1000.0 / 1.2 / 0.96},
    )
    assert_agree(ac_power_w(weather, replace(PVWATTS, tracking=tracking)), wanted)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # dark hours
@pytest.mark.parametrize(("mount", "tracking"), [(FIXED, "fixed"), (TRACKER, "single-axis")])
def test_modules_and_inverters_of_the_cec_agree_with_modelchain(weather, mount, tracking):
    module, inverter = retrieve_sam("CECMod")[MODULE], retrieve_sam("CECInverter")[INVERTER]
    # 7 in series bring 328 V of the nominal 400 V and stay below 480 V in the cold; per kW of
    # modules there are 1000 / 1.2 W of inverters
    inverters = 1000.0 / 1.2 / inverter["Paco"]
    wanted = chain_ac_w(
        weather,
        mount,
        ("cec", "sandia"),
        module=module,
        inverter=inverter,
        strings=1000.0 / module["STC"] / 7 / inverters,
        in_series=7,
    )
    cec = replace(PVWATTS, model="cec", module=MODULE, inverter=INVERTER, tracking=tracking)
    assert_agree(ac_power_w(weather, cec), wanted * inverters)
