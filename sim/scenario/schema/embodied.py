"""Fields of the carbon of making a site's equipment."""

from typing import Literal

from sim.scenario.schema.fields import Part, item, number


class Embodied(Part):
    """Carbon of making the equipment, spread evenly over its life; null means the catalog's."""

    estimate: Literal["low", "mid", "high"] = item(
        "Which of the catalog's figures to take where sources disagree.", default="mid"
    )
    refresh_years: float | None = number(
        "Life of accelerators, servers, drives and switches; null means the catalog's middle one.",
        unit="year", default=None, gt=0, le=30,
    )
    maintenance_fraction: float = number(
        "Carbon of spare parts and repair over that of accelerators, servers, drives and switches, "
        "over their life (assumption).",
        unit="-", default=0.05, ge=0, le=10,
    )
    accelerator_kg: float | None = number(
        "One accelerator, without its server.", unit="kgCO2e", default=None, ge=0
    )
    server_kg: float | None = number(
        "One server, without its accelerators.", unit="kgCO2e", default=None, ge=0
    )
    switch_kg: float | None = number(
        "One switch with its modules.", unit="kgCO2e", default=None, ge=0
    )
    ssd_kg_per_tb: float | None = number(
        "Solid-state drives, by raw space.", unit="kgCO2e/TB", default=None, ge=0
    )
    hdd_kg_per_tb: float | None = number(
        "Hard disks, by raw space.", unit="kgCO2e/TB", default=None, ge=0
    )
    rack_kg: float | None = number("One rack.", unit="kgCO2e", default=None, ge=0)
    building_kg_per_kw: float | None = number(
        "Building with power and cooling plant, by the IT power at full load.",
        unit="kgCO2e/kW", default=None, ge=0,
    )
    battery_kg_per_kwh: float | None = number(
        "Battery, by its capacity.", unit="kgCO2e/kWh", default=None, ge=0
    )
    solar_kg_per_kw: float | None = number(
        "Photovoltaic system, by its rated DC power.", unit="kgCO2e/kW", default=None, ge=0
    )
    wind_kg_per_kw: float | None = number(
        "Wind turbines, by their rated power.", unit="kgCO2e/kW", default=None, ge=0
    )
