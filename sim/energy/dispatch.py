"""How a site meets its load in one step: supply, battery, grid, and what is left over.

The order never changes: sun and wind serve the load; a surplus charges the battery, is exported up
to the limit, and the rest is curtailed; a deficit discharges the battery as its policy allows, is
imported up to the limit, then served by the backup generator, and the rest is unserved. Where the
battery is full (or empty) before the step ends, the step has parts, with it and without it: so the
energies do not depend on how long the steps are.
"""

import math
from typing import Final, Literal, NamedTuple

from sim.energy.battery import Battery, Parts
from sim.energy.reserve import discharge_above


class HoldImport(NamedTuple):
    """Hold the import at a power: discharge what the load is above it, charge what it is below.

    It charges at most `charge_w`, or what is left of sun and wind; it discharges at least
    `discharge_w`, as far as there is load left for it.
    """

    import_w: float
    charge_w: float = math.inf
    discharge_w: float = 0.0


Act = tuple[float, float] | HoldImport | Literal["follow"]
"""What a battery does: (charge_w, discharge_w), one of them 0; ``"follow"``, or an import to hold.
"""


class KeepReserve(NamedTuple):
    """Act, but never discharge below a reserve while there is a grid; without one, serve load."""

    reserve_j: float
    act: Act


Setpoint = Act | KeepReserve
"""What a storage policy answers: what the battery does, or that with energy kept for outages."""

FOLLOW: Final = "follow"
"""Charge from any surplus, discharge into any deficit."""


def split(setpoint: Setpoint) -> tuple[float, Act]:
    """Return the energy that is kept for outages [J], and what the battery does."""
    return setpoint if isinstance(setpoint, KeepReserve) else (0.0, setpoint)


class Flows(NamedTuple):
    """Mean powers of one step, all non-negative; never charge and discharge at once."""

    charge_w: float
    discharge_w: float
    import_w: float
    export_w: float
    curtailed_w: float
    unserved_w: float
    backup_w: float = 0.0


class Connection(NamedTuple):
    """What stands behind sun, wind and battery: the grid connection's limits, and a generator.

    Limits are 0 for an island and inf where there is none. The backup generator serves what neither
    battery nor grid can; it runs at its least power or more, or not at all.
    """

    import_limit_w: float
    export_limit_w: float
    backup_limit_w: float = 0.0
    backup_least_w: float = 0.0


def settle(
    net_w: float, battery: Battery | None, setpoint: Setpoint, connection: Connection, dt_s: float
) -> Flows:
    """Settle one step and move the battery's stored energy.

    Parameters
    ----------
    net_w : float
        Mean supply from sun and wind minus mean load of the step; negative is a deficit. [W]
    battery : Battery or None
        The battery, whose stored energy this changes.
    setpoint : tuple of float, "follow", HoldImport or KeepReserve
        The storage policy's answer. A power beyond what the battery, or the connection, can do is
        reduced to what they can, and ends when the battery is full or empty. A reserve is kept:
        who settles an outage asks for what is done in it.
    connection : Connection
        Limits of the grid connection.
    dt_s : float
        Length of the step. [s]

    Returns
    -------
    Flows
        Mean powers, ``net + discharge + import + backup + unserved = charge + export + curtailed``.
    """
    if battery is None:
        return Flows(0.0, 0.0, *_exchange(net_w, connection))
    floor_j, act = split(setpoint)
    charge_w, discharge_w = _battery_powers(net_w, battery, act, connection)
    if charge_w > 0.0:
        return _over_parts(net_w, battery.charge(charge_w, dt_s), -1.0, connection)
    if discharge_w > 0.0:
        parts = discharge_above(battery, discharge_w, dt_s, floor_j=floor_j)
        return _over_parts(net_w, parts, 1.0, connection)
    battery.rest(dt_s)
    return Flows(0.0, 0.0, *_exchange(net_w, connection))


def _over_parts(net_w: float, parts: Parts, sign: float, connection: Connection) -> Flows:
    """Return the mean flows of a step in which the battery charges (sign -1) or discharges (1)."""
    if len(parts) > 1:
        power_w, *mean = _mean(net_w, parts, sign, connection)
        return Flows(power_w, 0.0, *mean) if sign < 0.0 else Flows(0.0, power_w, *mean)
    power_w = parts[0][0]
    rest = _exchange(net_w + sign * power_w, connection)
    return Flows(power_w, 0.0, *rest) if sign < 0.0 else Flows(0.0, power_w, *rest)


def _mean(net_w: float, parts: Parts, sign: float, connection: Connection) -> list[float]:
    """Return the battery's power, and what is exchanged, averaged over the parts of a step."""
    parts = tuple(part for part in parts if part[1] > 0.0)
    dt_s = sum(part_s for _, part_s in parts)
    # What the last part has is added to, so that it is exact where the others are short.
    last = [parts[-1][0], *_exchange(net_w + sign * parts[-1][0], connection)]
    mean = list(last)
    for power_w, part_s in parts[:-1]:
        flows = (power_w, *_exchange(net_w + sign * power_w, connection))
        for index, flow_w in enumerate(flows):
            mean[index] += part_s / dt_s * (flow_w - last[index])
    return [max(0.0, flow_w) for flow_w in mean]


def _battery_powers(
    net_w: float, battery: Battery, setpoint: Act, connection: Connection
) -> tuple[float, float]:
    """Return charge and discharge power while the battery is neither full nor empty."""
    limits = battery.limits
    if setpoint == FOLLOW:
        if net_w > 0.0:
            return min(net_w, limits.max_charge_w), 0.0
        return 0.0, min(-net_w, limits.max_discharge_w)
    if isinstance(setpoint, HoldImport):
        room_w = net_w + min(setpoint.import_w, connection.import_limit_w)
        charge_w = max(setpoint.charge_w, net_w)
        if room_w > 0.0 and charge_w > 0.0:
            return min(room_w, charge_w, limits.max_charge_w), 0.0
        setpoint = 0.0, max(min(setpoint.discharge_w, -net_w), -room_w, 0.0)
    # Charging must not leave load unserved, nor discharging curtail the sun.
    charge_w, discharge_w = setpoint
    if charge_w > 0.0:
        room_w = max(0.0, net_w + connection.import_limit_w)
        return min(charge_w, limits.max_charge_w, room_w), 0.0
    room_w = max(0.0, connection.export_limit_w - net_w)
    return 0.0, min(discharge_w, limits.max_discharge_w, room_w)


def _exchange(rest_w: float, connection: Connection) -> tuple[float, float, float, float, float]:
    """Return import, export, curtailed, unserved and backup power of what is left or wanting."""
    if rest_w >= 0.0:
        export_w = min(rest_w, connection.export_limit_w)
        return 0.0, export_w, rest_w - export_w, 0.0, 0.0
    import_w = min(-rest_w, connection.import_limit_w)
    wanting_w = -rest_w - import_w
    if wanting_w <= 0.0 or connection.backup_limit_w <= 0.0:
        return import_w, 0.0, 0.0, wanting_w, 0.0
    backup_w = min(max(wanting_w, connection.backup_least_w), connection.backup_limit_w)
    # What its least power gives too much spares import, then is lost.
    spare_w = max(0.0, backup_w - wanting_w)
    spared_w = min(spare_w, import_w)
    unserved_w = max(0.0, wanting_w - backup_w)
    return import_w - spared_w, 0.0, spare_w - spared_w, unserved_w, backup_w
