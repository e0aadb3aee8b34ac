"""Fields of what can fail or be called on: backup generator, UPS, outages, demand response."""

from sim.scenario.schema.fields import Part, item, number


class Backup(Part):
    """A diesel generator; it serves what neither battery nor grid can."""

    capacity_kw: float = number("Largest power.", unit="kW", gt=0)
    min_load_fraction: float = number(
        "Least power over capacity while it runs (assumption).", unit="-", default=0.3, ge=0, le=1
    )
    fuel_l_per_kwh: float = number(
        "Fuel per energy (typical of diesel sets at three-quarter load; assumption).",
        unit="L/kWh", default=0.27, gt=0,
    )
    fuel_usd_per_l: float = number("Price of fuel (assumption).", unit="USD/L", default=1.0, ge=0)
    fuel_carbon_kg_per_l: float = number(
        "Emissions per fuel (EPA emission factors hub: 10.21 kg CO2 per US gallon of diesel).",
        unit="kgCO2e/L", default=2.697, ge=0,
    )


class Ups(Part):
    """An uninterruptible power supply; its losses follow the IT power."""

    curve: str | None = item(
        "Curve of its losses, double-conversion or eco (`gridloom catalog load_curves`); null "
        "means the one that is usual with the cooling plant.",
        default=None,
    )
    rated_kw: float | None = number(
        "Rated power; null means the IT power that the facility is made for.",
        unit="kW", default=None, gt=0,
    )
    fixed_loss_fraction: float | None = number(
        "Loss at no load over rated power; null means that of the curve.",
        unit="-", default=None, ge=0, le=0.2,
    )
    linear_loss_fraction: float | None = number(
        "Loss in proportion to the load; null means that of the curve.",
        unit="-", default=None, ge=0, le=0.2,
    )
    quadratic_loss_fraction: float | None = number(
        "Loss in proportion to the load squared; null means that of the curve.",
        unit="-", default=None, ge=0, le=0.2,
    )


class Outage(Part):
    """A time without grid."""

    from_h: float = number("Begin, counted from the scenario's start.", unit="h", ge=0)
    to_h: float = number("End, counted from the scenario's start.", unit="h", gt=0)


class RandomOutages(Part):
    """Times without grid, drawn for each seed; both durations are exponential."""

    mtbf_h: float = number("Mean time from the end of an outage to the next.", unit="h", gt=0)
    mttr_h: float = number("Mean length of an outage.", unit="h", gt=0)


class DemandResponse(Part):
    """An event in which the site imports less than its baseline, and is paid for it."""

    from_h: float = number("Begin, counted from the scenario's start.", unit="h", ge=0)
    to_h: float = number("End, counted from the scenario's start.", unit="h", gt=0)
    reduce_kw: float = number("Promised reduction below the baseline.", unit="kW", gt=0)
    baseline_kw: float | None = number(
        "Import that would have been; null means the mean of the same hours on up to ten days "
        "before, as far as the run has them.",
        unit="kW", default=None, ge=0,
    )
    payment_usd_per_kwh: float = number(
        "Paid for energy below the baseline, up to the promise.", unit="USD/kWh", default=0.0, ge=0
    )
    penalty_usd_per_kwh: float = number(
        "Charged for what is missing of the promise.", unit="USD/kWh", default=0.0, ge=0
    )
