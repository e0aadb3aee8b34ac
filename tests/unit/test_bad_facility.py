"""Wrong cooling, UPS, water, heat reuse and network link, each with the message it must give."""

import pytest

from tests.unit.scenario_texts import edited, problems

PUE = "      pue: 1.2\n"
GRID = "      import_limit_kw: 500\n"
BASE_LOAD = "    base_load: {constant_kw: 10}\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            PUE,
            "      pue: {cooling: air-chillers}\n",
            'sites[0].datacenter.pue.cooling: "air-chillers" is not in the catalog of cooling. Did '
            "you mean air-chiller?",
        ),
        (
            PUE,
            "      pue: {cooling: air-chiller, design_it_kw: 0}\n",
            "sites[0].datacenter.pue.design_it_kw: 0 is not above 0.",
        ),
        (
            PUE,
            "      pue: {cooling: air-chiller}\n      ups: {curve: ecco}\n",
            'sites[0].datacenter.ups.curve: "ecco" is no curve of a UPS. Allowed: '
            "double-conversion, eco. Did you mean eco?",
        ),
        (
            PUE,
            PUE + "      ups: {rated_kw: 60}\n",
            "sites[0].datacenter.ups: a constant pue has the losses of a UPS in it already. Name a "
            "cooling plant, e.g. pue: {cooling: air-chiller}, or leave ups out.",
        ),
        (
            PUE,
            PUE + "      heat_reuse: {capacity_kw: 10}\n",
            "sites[0].datacenter.heat_reuse: needs a fraction: a constant pue does not tell what "
            "heat there is. Say which share of the IT power a heat pump makes usable, or take a "
            "liquid-cooled plant such as dlc-dry-cooler.",
        ),
        (
            PUE,
            "      pue: {cooling: air-economizer}\n      heat_reuse: {capacity_kw: 10}\n",
            "sites[0].datacenter.heat_reuse: needs a fraction: the air of air-economizer is too "
            "cold to be used as it is. Say which share of the IT power a heat pump makes usable, "
            "or take a liquid-cooled plant such as dlc-dry-cooler.",
        ),
        (
            PUE,
            PUE + "      heat_reuse: {fraction: 0.5, months: [1, 13]}\n",
            "sites[0].datacenter.heat_reuse.months[1]: 13 is not between 1 and 12.",
        ),
        (
            GRID,
            GRID + "      water_l_per_kwh: us-avrage\n",
            'sites[0].grid.water_l_per_kwh: "us-avrage" is not in the catalog of grid water. Did '
            "you mean us-average?",
        ),
        (
            GRID,
            GRID + "      water_l_per_kwh: -1\n",
            "sites[0].grid.water_l_per_kwh: -1 is not between 0 and 100.",
        ),
        (
            BASE_LOAD,
            BASE_LOAD + "    network: {distance_km: 30, medium: 5g}\n",
            'sites[0].network.medium: "5g" is not in the catalog of data paths.',
        ),
        (
            BASE_LOAD,
            BASE_LOAD + "    network: {medium: mobile}\n",
            "sites[0].network.distance_km: required field is missing.",
        ),
    ],
)
def test_a_wrong_facility_is_told(tmp_path, old, new, expected):
    (told,) = problems(tmp_path, edited((old, new)))
    assert told.split(maxsplit=1)[1].startswith(expected)


def test_a_plant_that_goes_by_the_wet_bulb_is_refused_with_a_file_of_wind_alone(tmp_path):
    (tmp_path / "wind.srw").write_text("")
    weather = ("    weather: {tmy: greensboro-nc}\n", "    weather: {file: wind.srw}\n")
    solar = ("    solar: {dc_capacity_kw: 100}\n", "")
    market = ("      market: us-carolinas\n", "")
    text = edited(weather, solar, market, (PUE, "      pue: {cooling: evaporative}\n"))
    told = " ".join(problems(tmp_path, text))
    assert "evaporative goes by the wet bulb, but srw files have no humidity" in told
