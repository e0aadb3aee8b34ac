"""Cooling plants: power and water by outdoor dry and wet bulb, and by load."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.catalog import row, table
from sim.datacenter.curves import Columns, LoadShape, PowerCurve, load_shape
from sim.datacenter.water import evaporated_ratio, makeup_m3_per_j
from sim.units import ZERO_CELSIUS_K

_Facts = Mapping[str, Any]

_IN_PROPORTION = LoadShape(0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Outdoor:
    """Outdoor air, by hour; shape (n,).

    Attributes
    ----------
    temp_air : ndarray of float
        Dry-bulb temperature. [degC]
    wet_bulb : ndarray of float or None
        Wet-bulb temperature; None where it is unknown. [degC]
    pressure : ndarray of float or None
        Air pressure; None where it is unknown. [Pa]
    """

    temp_air: Columns
    wet_bulb: Columns | None = None
    pressure: Columns | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """What takes the heat of a plant, over that heat; shape (n,).

    Attributes
    ----------
    sprayed : ndarray of float
        Share of the heat exchangers that are sprayed. [-]
    evaporative : ndarray of float
        Heat rejected with evaporating water before any chiller. [-]
    chiller : ndarray of float
        Heat that is left to the chillers. [-]
    """

    sprayed: Columns
    evaporative: Columns
    chiller: Columns


def needs_wet_bulb(plant: str) -> bool:
    """Return whether a plant evaporates water, and so goes by the wet bulb."""
    facts = row("cooling", plant)
    rest = facts["rest_plant"]
    return facts["wet_below_c"] is not None or (rest is not None and needs_wet_bulb(rest))


def water_m3_per_j(plant: str) -> float:
    """Return the water that a plant takes in per heat that evaporates it.

    Parameters
    ----------
    plant : str
        Kind of plant, from the catalog's table ``cooling``.

    Returns
    -------
    float
        Blowdown included; 0 for a dry plant. [m3/J]

    Raises
    ------
    ValueError
        If the plant evaporates water and its row does not tell the cycles of concentration.
    """
    if not needs_wet_bulb(plant):
        return 0.0
    facts = row("cooling", plant)
    if facts["wet_below_c"] is None:
        return water_m3_per_j(facts["rest_plant"])
    if facts["cycles_ratio"] is None:
        msg = f"cooling plant {plant}: its cycles_ratio is unknown, but needed for its water."
        raise ValueError(msg)
    return makeup_m3_per_j(facts["cycles_ratio"])


def dry_plants() -> tuple[str, ...]:
    """Return the names of the plants that go by the dry bulb alone."""
    return tuple(plant for plant in table("cooling")["plant"] if not needs_wet_bulb(plant))


def cooling_curves(
    plant: str, outdoor: Outdoor, *, design_it_w: float
) -> tuple[PowerCurve, PowerCurve]:
    """Return power and evaporation of a cooling plant by IT power.

    Parameters
    ----------
    plant : str
        Kind of plant, from the catalog's table ``cooling``.
    outdoor : Outdoor
        Outdoor air, n hours.
    design_it_w : float
        IT power that the plant is made for. [W]

    Returns
    -------
    power : PowerCurve
        Power of chillers, fans and pumps, n hours.
    evaporation : PowerCurve
        Heat that evaporates water, n hours; zeros for a dry plant.

    Raises
    ------
    ValueError
        If the catalog has no such plant, or it goes by a wet bulb that is unknown.

    Notes
    -----
    At full load, P = Q (s / COP + fans + pumps) with Q the heat, as much as the IT power, and s the
    share that free cooling leaves to the chillers: capacity above, where it comes to what is needed
    at ``..._below_c`` and to nothing at ``..._above_c``, dry or sprayed. COP = k (T_s + 273.15) /
    (T_c - T_s) for supply at T_s and condensing at T_c, the outdoor dry bulb (of a tower, the wet
    bulb) plus an approach, but never below a least one; k is a share of the Carnot efficiency. Part
    load follows the plant's curves (table ``load_curves``): as many chillers run as s needs, air
    and water flow with the heat, so that s does not depend on the load. A plant that takes only a
    share of the heat leaves the rest to another one. The heat of fans and of conversion losses is
    not cooled (assumption).
    """
    facts = row("cooling", plant)
    shares = heat_shares(facts, outdoor)
    chillers = load_shape(facts["chiller_curve"]).curve(
        shares.chiller / _cop(facts, outdoor) * design_it_w, design_it_w
    )
    power = chillers + _fans_and_pumps(facts, shares, design_it_w)
    evaporation = _IN_PROPORTION.curve(shares.evaporative * design_it_w, design_it_w)
    if facts["heat_sink"] == "tower":
        # Whatever the chillers draw goes through the tower as well.
        evaporation = (_IN_PROPORTION.curve(design_it_w, design_it_w) + chillers).times(
            evaporated_ratio(outdoor.temp_air, _wet_bulb(outdoor), _pressure(outdoor))
        )
    own, rest = facts["own_share_fraction"], facts["rest_plant"]
    if rest is None:
        return power, evaporation
    rest_power, rest_evaporation = cooling_curves(rest, outdoor, design_it_w=design_it_w)
    return (
        power.times(own) + rest_power.times(1.0 - own),
        evaporation.times(own) + rest_evaporation.times(1.0 - own),
    )


def heat_shares(facts: Mapping[str, Any], outdoor: Outdoor) -> Shares:
    """Return what takes the heat of a plant.

    Parameters
    ----------
    facts : mapping of str to object
        A row of the catalog's table ``cooling``.
    outdoor : Outdoor
        Outdoor air, n hours.

    Returns
    -------
    Shares
        Over the plant's heat, n hours.

    Notes
    -----
    Heat exchangers carry d of the heat dry and w > d sprayed. As many are sprayed as it takes,
    x w + (1 - x) d = 1; chillers take what is missing when all are.
    """
    dry = _capacity(facts, "dry", outdoor.temp_air)
    if facts["wet_below_c"] is None:
        nothing = np.zeros_like(dry)
        return Shares(nothing, nothing, np.maximum(0.0, 1.0 - dry))
    effectiveness, wet_bulb = facts["wet_effectiveness_fraction"], _wet_bulb(outdoor)
    reached = outdoor.temp_air - effectiveness * (outdoor.temp_air - wet_bulb)
    wet = _capacity(facts, "wet", reached)
    gain = np.maximum(wet - dry, 0.0)
    missing = np.maximum(1.0 - dry, 0.0)
    sprayed = np.minimum(1.0, missing / np.where(gain > 0.0, gain, np.inf))
    carried = sprayed * wet + (1.0 - sprayed) * dry
    return Shares(sprayed, sprayed * wet, np.maximum(0.0, 1.0 - carried))


def _capacity(facts: _Facts, how: str, temp: Columns) -> Columns:
    """Return the heat that free cooling can carry over the heat there is, 0 or more."""
    below_c, above_c = facts[f"{how}_below_c"], facts[f"{how}_above_c"]
    if below_c is None:
        return np.zeros_like(temp)
    return np.asarray(np.maximum(0.0, (above_c - temp) / (above_c - below_c)))


def _cop(facts: _Facts, outdoor: Outdoor) -> Columns:
    sink = _wet_bulb(outdoor) if facts["heat_sink"] == "tower" else outdoor.temp_air
    condensing = np.maximum(sink + facts["lift_approach_k"], facts["condensing_min_c"])
    supply_c = facts["supply_temp_c"]
    cop = facts["carnot_fraction"] * (supply_c + ZERO_CELSIUS_K) / (condensing - supply_c)
    return np.asarray(np.maximum(cop, facts["cop_min_ratio"]))


def _fans_and_pumps(facts: _Facts, shares: Shares, design_it_w: float) -> PowerCurve:
    total = load_shape(facts["fan_curve"]).curve(facts["fan_ratio"] * design_it_w, design_it_w)
    pumps_w = np.broadcast_to(facts["pump_ratio"] * design_it_w, shares.sprayed.shape)
    total = total + load_shape(facts["pump_curve"]).curve(pumps_w, design_it_w)
    if facts["spray_pump_ratio"] is None:
        return total
    spray_w = facts["spray_pump_ratio"] * shares.sprayed * design_it_w
    return total + _IN_PROPORTION.curve(spray_w, design_it_w)


def _wet_bulb(outdoor: Outdoor) -> Columns:
    if outdoor.wet_bulb is None:
        msg = "a plant that evaporates water needs the wet bulb of the outdoor air."
        raise ValueError(msg)
    return outdoor.wet_bulb


def _pressure(outdoor: Outdoor) -> Columns:
    if outdoor.pressure is None:
        msg = "a cooling tower needs the pressure of the outdoor air."
        raise ValueError(msg)
    return outdoor.pressure
