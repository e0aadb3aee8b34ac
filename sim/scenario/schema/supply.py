"""Fields of a site's supply: photovoltaic arrays and wind turbines."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.fields import Part, by_shape, item, number
from sim.scenario.schema.series import PowerSeries


class SolarArray(Part):
    """A photovoltaic array, simulated from the site's weather."""

    dc_capacity_kw: float = number("Rated DC power of the modules.", unit="kW", gt=0)
    surface_tilt: float = number(
        "Tilt of a fixed array from horizontal.", unit="degree", default=30.0, ge=0, le=90
    )
    surface_azimuth: float = number(
        "Direction the modules of a fixed array face, clockwise from north.",
        unit="degree", default=180.0, ge=0, lt=360,
    )
    dc_ac_ratio: float = number(
        "DC rating over inverter AC rating; the inverter clips above it.",
        unit="-", default=1.2, gt=0, le=3,
    )
    temperature_coefficient_per_k: float = number(
        "Relative change of DC power per kelvin of cell temperature above 25 degC; of the pvwatts "
        "model only, cec has it from the module.",
        unit="1/K", default=-0.0037, ge=-0.02, le=0,
    )
    losses_fraction: float = number(
        "System losses: soiling, shading, mismatch, wiring, availability (PVWatts default).",
        unit="-", default=0.1408, ge=0, lt=1,
    )
    inverter_efficiency: float = number(
        "Nominal inverter efficiency; of the pvwatts model only, cec has it from the inverter.",
        unit="-", default=0.96, gt=0, le=1,
    )
    albedo: float = number("Reflectance of the ground.", unit="-", default=0.2, ge=0, le=1)
    model: Literal["pvwatts", "cec"] = item(
        "PVWatts, or the single-diode model with a module and an inverter of the CEC's lists.",
        default="pvwatts",
    )
    module: str | None = item(
        "Module for cec, as in the CEC list that ships with pvlib (SAM's names).", default=None
    )
    inverter: str | None = item(
        "Inverter for cec, as in the CEC list that ships with pvlib (SAM's names).", default=None
    )
    tracking: Literal["fixed", "single-axis"] = item(
        "Fixed, or turning about one axis after the sun, with backtracking.", default="fixed"
    )
    axis_tilt: float = number(
        "Tilt of the tracking axis from horizontal.", unit="degree", default=0.0, ge=0, le=90
    )
    axis_azimuth: float = number(
        "Direction of the tracking axis, clockwise from north.",
        unit="degree", default=180.0, ge=0, lt=360,
    )
    max_angle: float = number(
        "Largest rotation of a tracker out of the horizontal, to either side.",
        unit="degree", default=60.0, gt=0, le=90,
    )
    gcr: float = number(
        "Width of the tracker's modules over the distance of its rows: how early it must turn back "
        "so that rows do not shade each other (PVWatts default).",
        unit="-", default=0.4, gt=0, le=1,
    )
    degradation_per_year_fraction: float = number(
        "Loss of power per year of age, compounded (0.005 is the median of the field).",
        unit="1/year", default=0.0, ge=0, le=0.2,
    )
    age_years: float = number("Age at the start of the run.", unit="year", default=0.0, ge=0, le=60)


class SolarSeries(Part):
    """Solar power from the user's file."""

    series: PowerSeries = item("AC power of the array.")
    dc_capacity_kw: float | None = number(
        "Rated DC power of the modules, for their embodied carbon; null means unknown.",
        unit="kW", default=None, gt=0,
    )


class WindFarm(Part):
    """Wind turbines, simulated from the site's weather."""

    turbine: str = item("Turbine type; `gridloom catalog turbines` lists them.")
    count: int = number("Number of turbines.", unit="-", default=1, ge=1, le=10_000)
    hub_height_m: float = number("Height of the hub above ground.", unit="m", gt=0, le=300)
    shear_exponent: float | None = number(
        "Exponent of the wind profile beyond the measuring heights, needed where the hub is not "
        "among or between them. A guess can be 16 % off in energy, so there is no default "
        "(0.14 open flat land, 0.2 rough, 0.3 forest).",
        unit="-", default=None, ge=0, le=0.6,
    )
    density_exponent: float = number(
        "Exponent of air density over 1.225 kg/m3 by which wind speed counts: 1/3 keeps its power "
        "(IEC 61400-12-1); 0 leaves density out.",
        unit="-", default=1 / 3, ge=0, le=1,
    )
    availability_fraction: float = number(
        "Share of time the turbines are ready to run (onshore typically 0.97).",
        unit="-", default=1.0, gt=0, le=1,
    )
    wake_loss_fraction: float = number(
        "Share of energy that turbines take from each other (large farms 0.05 to 0.15).",
        unit="-", default=0.0, ge=0, lt=1,
    )
    restart_fraction: float = number(
        "After cut-out a turbine restarts below this share of the cut-out speed (Vestas V90: 20 of "
        "25 m/s).",
        unit="-", default=0.8, gt=0, le=1,
    )


class WindSeries(Part):
    """Wind power from the user's file."""

    series: PowerSeries = item("Power of the turbines.")
    capacity_kw: float | None = number(
        "Rated power of the turbines, for their embodied carbon; null means unknown.",
        unit="kW", default=None, gt=0,
    )


Solar = Annotated[
    Annotated[SolarArray, Tag("array")] | Annotated[SolarSeries, Tag("series")],
    Discriminator(by_shape("array", series="series")),
]
"""Photovoltaic supply: an array, or a series."""

Wind = Annotated[
    Annotated[WindFarm, Tag("farm")] | Annotated[WindSeries, Tag("series")],
    Discriminator(by_shape("farm", series="series")),
]
"""Wind supply: turbines, or a series."""
