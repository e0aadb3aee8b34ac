"""Fields of a battery."""

from sim.scenario.fields import Part, number


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
