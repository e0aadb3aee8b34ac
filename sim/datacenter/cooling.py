"""What cooling and power conversion add to the IT power, by outdoor temperature."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.catalog import row
from sim.units import ZERO_CELSIUS_K

Columns = NDArray[np.float64]


def overheads(plant: str, temp_air_c: Columns) -> tuple[Columns, Columns]:
    """Return the power of cooling and of conversion losses per IT power.

    Parameters
    ----------
    plant : str
        Kind of cooling plant, from the catalog's table ``cooling``.
    temp_air_c : ndarray of float, shape (n,)
        Outdoor dry-bulb temperature. [degC]

    Returns
    -------
    cooling_ratio : ndarray of float, shape (n,)
        Power of chillers, fans and pumps over IT power [-].
    conversion_ratio : ndarray of float, shape (n,)
        Losses of transformer, UPS and PDU over IT power [-].

    Raises
    ------
    ValueError
        If the catalog has no such plant.

    Notes
    -----
    Cooling of the heat Q that a plant takes: P = (1 - free) Q / COP + (fans + pumps) Q, with
    COP = clip(k (T_s + 273.15) / (T + dT - T_s), COP_min, COP_max) for supply at T_s; k, the share
    of the Carnot efficiency, and dT, the approach of the condenser, are assumptions of the catalog.
    `free` falls linearly from 1 at `free_below_c` to 0 at `chiller_above_c`. A plant that takes
    only a share of the heat leaves the rest to another plant. The heat of the conversion losses
    arises outside the IT rooms and is not cooled; losses are in proportion to the load.
    """
    facts = row("cooling", plant)
    cooling_ratio = _cooling_ratio(facts, np.asarray(temp_air_c, dtype=np.float64))
    delivered = facts["ups_efficiency"]
    delivered *= (1.0 - facts["transformer_loss_fraction"]) * (1.0 - facts["pdu_loss_fraction"])
    return cooling_ratio, np.full_like(cooling_ratio, 1.0 / delivered - 1.0)


def pue(plant: str, temp_air_c: Columns) -> Columns:
    """Return the power usage effectiveness of a facility with a cooling plant.

    Parameters
    ----------
    plant : str
        Kind of cooling plant, from the catalog's table ``cooling``.
    temp_air_c : ndarray of float, shape (n,)
        Outdoor dry-bulb temperature. [degC]

    Returns
    -------
    ndarray of float, shape (n,)
        Facility power over IT power [-].

    Raises
    ------
    ValueError
        If the catalog has no such plant.
    """
    cooling_ratio, conversion_ratio = overheads(plant, temp_air_c)
    return 1.0 + cooling_ratio + conversion_ratio


def _cooling_ratio(facts: Mapping[str, Any], temp_air_c: Columns) -> Columns:
    chiller_ratio = (1.0 - _free_fraction(facts, temp_air_c)) / _cop(facts, temp_air_c)
    own = facts["own_share_fraction"]
    cooling_ratio = own * (chiller_ratio + facts["fan_ratio"] + facts["pump_ratio"])
    if facts["rest_plant"] is not None:
        rest = _cooling_ratio(row("cooling", facts["rest_plant"]), temp_air_c)
        cooling_ratio = cooling_ratio + (1.0 - own) * rest
    return np.asarray(cooling_ratio)


def _cop(facts: Mapping[str, Any], temp_air_c: Columns) -> Columns:
    lift_k = temp_air_c + facts["lift_approach_k"] - facts["supply_temp_c"]
    ideal = facts["carnot_fraction"] * (facts["supply_temp_c"] + ZERO_CELSIUS_K)
    # Where the outside is colder than the supply there is no lift: the chiller runs at its best.
    cop_max = facts["cop_max_ratio"]
    cop = ideal / np.maximum(lift_k, ideal / cop_max)
    return np.asarray(np.maximum(cop, facts["cop_min_ratio"]))


def _free_fraction(facts: Mapping[str, Any], temp_air_c: Columns) -> Columns:
    below_c, above_c = facts["free_below_c"], facts["chiller_above_c"]
    if below_c is None:
        return np.zeros_like(temp_air_c)
    return np.asarray(np.clip((above_c - temp_air_c) / (above_c - below_c), 0.0, 1.0))
