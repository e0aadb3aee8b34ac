"""Cooling plants over a typical year in three climates against published PUE and WUE.

Published (facts on cooling): fleets with economisers 1.09 (Google), 1.14 (AWS), 1.16 to 1.20
(Microsoft), industry mean 1.58 (Uptime 2023); engineering rules for a kind of plant: chillers 1.35
to 1.5, water-side economisers 1.15 to 1.30, evaporative 1.08 to 1.20, direct liquid 1.03 to 1.12.
Water per IT energy: fleets 0.09 (Microsoft, Sweden) to 0.99 L/kWh (Google), evaporative 0.3 to 1.8,
conventional towers 1.12 as NVIDIA quotes it, 1.8 in the mean of the United States (LBNL 2016) and
2.24 in Arizona (design value of Microsoft, from memory).
"""

import numpy as np
import pytest

from sim.datacenter.cooling import Outdoor
from sim.datacenter.facility import plant_facility
from sim.units import HOUR_S, KWH, LITER_M3
from sim.weather.psychrometrics import wet_bulb_c
from sim.weather.readers import read_tmy

CITIES = ("sand-point-ak", "greensboro-nc", "miami-fl")  # by rising temperature
LOADS = (0.5, 0.75, 1.0)
DESIGN_W = 1e6

PUBLISHED_PUE = {
    "air-chiller": (1.35, 1.50),
    "water-economizer": (1.09, 1.30),
    "air-economizer": (1.09, 1.20),
    "evaporative": (1.08, 1.20),
    "dlc-dry-cooler": (1.03, 1.12),
}


def outdoor_in(city):
    year = read_tmy(city)
    wet_bulb = wet_bulb_c(year.temp_air, year.relative_humidity, pressure=year.pressure)
    return Outdoor(year.temp_air, wet_bulb, year.pressure)


OUTDOOR = {city: outdoor_in(city) for city in CITIES}


def facility_in(city, plant):
    return plant_facility(plant, OUTDOOR[city], design_it_w=DESIGN_W)


def annual_pue(city, plant, load):
    return float(facility_in(city, plant).pue(load * DESIGN_W).mean())


def annual_wue(city, plant, load):
    """Return litres of water per kWh of IT energy."""
    facility = facility_in(city, plant)
    water_m3 = facility.water_m3(facility.evaporation.at_w(load * DESIGN_W) * HOUR_S)
    hours = len(OUTDOOR[city].temp_air)
    return float(water_m3.sum()) / LITER_M3 / (load * DESIGN_W * hours * HOUR_S / KWH)


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("plant", PUBLISHED_PUE)
def test_pue_of_a_typical_year_lies_in_the_published_range_for_its_kind(plant, city, load):
    low, high = PUBLISHED_PUE[plant]
    assert low <= annual_pue(city, plant, load) <= high


@pytest.mark.parametrize("plant", PUBLISHED_PUE)
def test_pue_of_a_typical_year_rises_from_alaska_to_florida(plant):
    cold, mild, hot = (annual_pue(city, plant, 0.75) for city in CITIES)
    assert cold < mild < hot


@pytest.mark.parametrize("city", CITIES)
def test_plants_rank_as_published_in_every_climate(city):
    order = ("dlc-dry-cooler", "air-economizer", "water-economizer", "air-chiller")
    assert list(order) == sorted(order, key=lambda plant: annual_pue(city, plant, 0.75))


@pytest.mark.parametrize(
    ("plant", "temperature"),
    [
        ("air-chiller", "temp_air"),
        ("air-economizer", "temp_air"),
        ("dlc-dry-cooler", "temp_air"),
        ("water-economizer", "wet_bulb"),
    ],
)
def test_pue_rises_hour_by_hour_with_the_temperature_that_the_plant_goes_by(plant, temperature):
    pue = facility_in("greensboro-nc", plant).pue(0.75 * DESIGN_W)
    by_temperature = pue[np.argsort(getattr(OUTDOOR["greensboro-nc"], temperature))]
    assert (np.diff(by_temperature) >= -1e-12).all()
    assert by_temperature[-1] > by_temperature[0] + 0.05


def test_pue_of_an_evaporative_plant_rises_with_the_wet_bulb_of_its_hot_hours():
    outdoor = OUTDOOR["miami-fl"]
    pue = facility_in("miami-fl", "evaporative").pue(0.75 * DESIGN_W)
    hot = (outdoor.temp_air > 29.5) & (outdoor.temp_air < 30.5)
    assert hot.sum() > 100
    assert np.corrcoef(pue[hot], outdoor.wet_bulb[hot])[0, 1] > 0.8


@pytest.mark.parametrize(
    ("plant", "city", "low_l", "high_l"),
    [
        ("evaporative", "greensboro-nc", 0.09, 0.99),
        ("evaporative", "miami-fl", 0.3, 1.8),
        ("water-economizer", "sand-point-ak", 1.12, 2.24),
        ("water-economizer", "greensboro-nc", 1.12, 2.24),
        ("water-economizer", "miami-fl", 1.12, 2.24),
    ],
)
def test_water_of_a_typical_year_lies_in_the_published_range(plant, city, low_l, high_l):
    assert low_l <= annual_wue(city, plant, 0.75) <= high_l


@pytest.mark.parametrize("plant", ["air-chiller", "air-economizer", "dlc-dry-cooler"])
def test_dry_plants_take_no_water(plant):
    assert annual_wue("miami-fl", plant, 0.75) == 0.0


def test_an_evaporative_plant_takes_no_water_where_it_never_gets_warm():
    # No hour in Sand Point is above 20 degC: less than any fleet that publishes its water.
    assert annual_wue("sand-point-ak", "evaporative", 0.75) == 0.0
