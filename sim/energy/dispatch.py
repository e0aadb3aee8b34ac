"""How a site meets its load in one step: supply, battery, grid, and what is left over.

The order never changes: sun and wind serve the load; a surplus charges the battery, is exported up
to the limit, and the rest is curtailed; a deficit discharges the battery as its policy allows, is
imported up to the limit, and the rest is unserved. Where the battery is full (or empty) before the
step ends, the step has two parts, one with it and one without it: so the energies do not depend on
how long the steps are.
"""

from typing import Final, Literal, NamedTuple

from sim.energy.battery import Battery

Setpoint = tuple[float, float] | Literal["follow"]
"""What a storage policy answers: (charge_w, discharge_w), one of them 0, or ``"follow"``."""

FOLLOW: Final = "follow"
"""Charge from any surplus, discharge into any deficit."""


class Flows(NamedTuple):
    """Mean powers of one step, all non-negative; never charge and discharge at once."""

    charge_w: float
    discharge_w: float
    import_w: float
    export_w: float
    curtailed_w: float
    unserved_w: float


class Connection(NamedTuple):
    """The largest powers the grid connection carries; 0 for an island, inf for no limit."""

    import_limit_w: float
    export_limit_w: float


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
    setpoint : tuple of float or "follow"
        The storage policy's answer. A power beyond what the battery, or the connection, can do is
        reduced to what they can, and ends when the battery is full or empty.
    connection : Connection
        Limits of the grid connection.
    dt_s : float
        Length of the step. [s]

    Returns
    -------
    Flows
        Mean powers: ``net + discharge + import + unserved = charge + export + curtailed``.
    """
    if battery is None:
        return Flows(0.0, 0.0, *_exchange(net_w, connection))
    charge_w, discharge_w = _battery_powers(net_w, battery, setpoint, connection)
    share = 1.0
    if charge_w > 0.0:
        share = min(1.0, max(0.0, battery.time_to_full_s(charge_w) / dt_s))
        battery.charge(charge_w, share * dt_s)
    elif discharge_w > 0.0:
        share = min(1.0, max(0.0, battery.time_to_empty_s(discharge_w) / dt_s))
        battery.discharge(discharge_w, share * dt_s)
    with_battery = _exchange(net_w - charge_w + discharge_w, connection)
    if share == 1.0:
        return Flows(charge_w, discharge_w, *with_battery)
    without = _exchange(net_w, connection)
    mean = [
        share * one + (1.0 - share) * two for one, two in zip(with_battery, without, strict=True)
    ]
    return Flows(share * charge_w, share * discharge_w, *mean)


def _battery_powers(
    net_w: float, battery: Battery, setpoint: Setpoint, connection: Connection
) -> tuple[float, float]:
    """Return charge and discharge power while the battery is neither full nor empty."""
    limits = battery.limits
    if setpoint == FOLLOW:
        if net_w > 0.0:
            return min(net_w, limits.max_charge_w), 0.0
        return 0.0, min(-net_w, limits.max_discharge_w)
    # Charging must not leave load unserved, nor discharging curtail the sun.
    charge_w, discharge_w = setpoint
    if charge_w > 0.0:
        room_w = max(0.0, net_w + connection.import_limit_w)
        return min(charge_w, limits.max_charge_w, room_w), 0.0
    room_w = max(0.0, connection.export_limit_w - net_w)
    return 0.0, min(discharge_w, limits.max_discharge_w, room_w)


def _exchange(rest_w: float, connection: Connection) -> tuple[float, float, float, float]:
    """Return import, export, curtailed and unserved power of what is left over, or wanting."""
    if rest_w >= 0.0:
        export_w = min(rest_w, connection.export_limit_w)
        return 0.0, export_w, rest_w - export_w, 0.0
    import_w = min(-rest_w, connection.import_limit_w)
    return import_w, 0.0, 0.0, -rest_w - import_w
