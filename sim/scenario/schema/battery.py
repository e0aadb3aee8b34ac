"""Fields of a battery."""

from typing import Literal

from sim.scenario.schema.fields import Part, item, number


class Degradation(Part):
    """Aging of a battery's cells, and what it costs."""

    aging: str = item(
        "Law and figures of aging; `gridloom catalog battery_aging` lists them with their sources."
    )
    temperature_c: float = number(
        "Temperature of the cells, taken as constant.", unit="degC", default=25.0, ge=-20, le=60
    )
    end_of_life_fraction: float = number(
        "Share of the first capacity at which the cells are replaced.",
        unit="-", default=0.8, gt=0, lt=1,
    )
    replacement_usd_per_kwh: float = number(
        "Cost of new cells; wear costs the share of their life that it uses up.",
        unit="USD/kWh", default=0.0, ge=0,
    )


class Battery(Part):
    """A battery with its converter; powers and energies are on the AC side."""

    capacity_kwh: float = number("Energy the cells can store.", unit="kWh", gt=0)
    max_charge_kw: float = number("Largest charging power.", unit="kW", ge=0)
    max_discharge_kw: float = number("Largest discharging power.", unit="kW", ge=0)
    charge_efficiency: float = number(
        "Stored energy per energy taken in.", unit="-", default=0.95, gt=0, le=1
    )
    discharge_efficiency: float = number(
        "Energy given out per stored energy.", unit="-", default=0.95, gt=0, le=1
    )
    initial_soc: float = number("State of charge at the start.", unit="-", default=0.5, ge=0, le=1)
    min_soc: float = number("Never discharged below this.", unit="-", default=0.05, ge=0, le=1)
    max_soc: float = number("Never charged above this.", unit="-", default=0.95, ge=0, le=1)
    model: Literal["linear", "clc"] = item(
        "`linear`: the two efficiencies and all fields below. `clc`: the C/L/C model of Kazhamiaka "
        "et al., which has efficiencies, losses and limits of power by its cell.",
        default="linear",
    )
    cell: str = item(
        "Cell of the C/L/C model; `gridloom catalog battery_cells` lists them.", default="lgm50"
    )
    resistive_loss_fraction: float = number(
        "Share of the largest power that is lost in the cells at that power, besides the "
        "efficiencies; the loss grows with the square of the power.",
        unit="-", default=0.0, ge=0, lt=0.5,
    )
    self_discharge_fraction_per_day: float = number(
        "Share of the stored energy that is lost in a day.", unit="1/day", default=0.0, ge=0, lt=1
    )
    auxiliary_kw: float = number(
        "Constant power of its controls and cooling; part of the site's base load.",
        unit="kW", default=0.0, ge=0,
    )
    taper_above_soc: float | None = number(
        "Charging power falls linearly from here to none at max_soc; null means it does not.",
        unit="-", default=None, ge=0, le=1,
    )
    taper_below_soc: float | None = number(
        "Discharging power falls linearly from here to none at min_soc; null means it does not.",
        unit="-", default=None, ge=0, le=1,
    )
    degradation: Degradation | None = item(
        "Aging of the cells; null means that they do not age.", default=None
    )
