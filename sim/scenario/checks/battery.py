"""Check that a battery's fields fit together and that the catalog knows what it names."""

import math
from collections.abc import Iterator

from sim.scenario.checks.known import in_catalog
from sim.scenario.positions import FieldPath, Finding
from sim.scenario.schema.battery import Battery
from sim.scenario.schema.site import Site
from sim.units import DAY_S, HOUR_S


def battery_mistakes(site: Site, path: FieldPath) -> Iterator[Finding]:
    """Check a site's battery, part by part.

    Parameters
    ----------
    site : Site
        The site, possibly with broken fields.
    path : FieldPath
        Where it stands.

    Yields
    ------
    Finding
        The mistakes.
    """
    battery = site.battery
    if battery:
        path = (*path, "battery")
        yield from _tapers(battery, path)
        yield from _losses(battery, path)
        yield from _names(battery, path)


def _tapers(battery: Battery, path: FieldPath) -> Iterator[Finding]:
    low, high = battery.min_soc, battery.max_soc
    above, below = battery.taper_above_soc, battery.taper_below_soc
    limits = f"min_soc ({low:g}) and max_soc ({high:g})"
    if above is not None and not low <= above < high:
        yield Finding((*path, "taper_above_soc"), f"{above:g} is not between {limits}.")
    if below is not None and not low < below <= high:
        yield Finding((*path, "taper_below_soc"), f"{below:g} is not between {limits}.")


def _losses(battery: Battery, path: FieldPath) -> Iterator[Finding]:
    if battery.model == "clc":
        for name in _NOT_CLC:
            if getattr(battery, name) not in {None, 0.0}:
                reason = "the C/L/C model has losses and limits of its own. Remove this."
                yield Finding((*path, name), reason)
    elif battery.resistive_loss_fraction >= battery.charge_efficiency / 2.0:
        yield Finding(
            (*path, "resistive_loss_fraction"),
            f"{battery.resistive_loss_fraction:g} is not below half of charge_efficiency "
            f"({battery.charge_efficiency:g}): more power would store less energy.",
        )
    elif _leak_kw(battery) >= _holdable_kw(battery):
        yield Finding(
            (*path, "self_discharge_fraction_per_day"),
            f"{battery.self_discharge_fraction_per_day:g} is more than charging could make up for "
            "when the battery is full.",
        )


def _leak_kw(battery: Battery) -> float:
    """Return what a full battery loses to self-discharge. [kW]."""
    kept = math.log(1.0 - battery.self_discharge_fraction_per_day)
    return -kept * HOUR_S / DAY_S * battery.max_soc * battery.capacity_kwh


def _holdable_kw(battery: Battery) -> float:
    """Return the most that can be stored at any power, where resistive loss limits it. [kW]."""
    most_kw = max(battery.max_charge_kw, battery.max_discharge_kw)
    if battery.resistive_loss_fraction == 0.0 or most_kw == 0.0:
        return math.inf
    return battery.charge_efficiency**2 * most_kw / (4.0 * battery.resistive_loss_fraction)


def _names(battery: Battery, path: FieldPath) -> Iterator[Finding]:
    if battery.model == "clc":
        yield from in_catalog(battery.cell, "battery_cells", (*path, "cell"))
    if battery.degradation:
        where = (*path, "degradation", "aging")
        yield from in_catalog(battery.degradation.aging, "battery_aging", where)


_NOT_CLC = (
    "resistive_loss_fraction",
    "self_discharge_fraction_per_day",
    "taper_above_soc",
    "taper_below_soc",
)
