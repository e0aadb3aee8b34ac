"""A site's battery, from its description in the scenario."""

import math

from sim.energy.aging import WearTerms
from sim.energy.aging_laws import load_law
from sim.energy.battery import BatteryLimits
from sim.energy.cells import load_cell
from sim.scenario.schema.battery import Battery, Degradation
from sim.units import DAY_S, KW, KWH, USD_PER_KWH, ZERO_CELSIUS_K


def battery_limits(spec: Battery | None) -> BatteryLimits | None:
    """Return what a battery can do.

    Parameters
    ----------
    spec : Battery or None
        Its description.

    Returns
    -------
    BatteryLimits or None
        What it can do, in SI; None without a battery.
    """
    if spec is None:
        return None
    cell = load_cell(spec.cell) if spec.model == "clc" else None
    most_w = max(spec.max_charge_kw, spec.max_discharge_kw) * KW
    return BatteryLimits(
        capacity_j=spec.capacity_kwh * KWH,
        max_charge_w=spec.max_charge_kw * KW,
        max_discharge_w=spec.max_discharge_kw * KW,
        charge_efficiency=cell.charge_efficiency if cell else spec.charge_efficiency,
        discharge_efficiency=cell.discharge_efficiency if cell else spec.discharge_efficiency,
        min_soc=spec.min_soc,
        max_soc=spec.max_soc,
        initial_soc=spec.initial_soc,
        resistive_loss_per_w=spec.resistive_loss_fraction / most_w if most_w else 0.0,
        self_discharge_per_s=-math.log1p(-spec.self_discharge_fraction_per_day) / DAY_S,
        taper_above_soc=spec.taper_above_soc,
        taper_below_soc=spec.taper_below_soc,
        clc=cell,
        wear=_wear(spec.degradation),
    )


def auxiliary_w(spec: Battery | None) -> float:
    """Return the constant power of a battery's controls and cooling. [W]."""
    return 0.0 if spec is None else spec.auxiliary_kw * KW


def _wear(spec: Degradation | None) -> WearTerms | None:
    if spec is None:
        return None
    return WearTerms(
        law=load_law(spec.aging),
        temperature_k=spec.temperature_c + ZERO_CELSIUS_K,
        end_of_life_fraction=spec.end_of_life_fraction,
        replacement_usd_per_j=spec.replacement_usd_per_kwh * USD_PER_KWH,
    )
