"""Discharge a battery down to a reserve, whatever its kind."""

from scipy.optimize import brentq

from sim.energy.battery import Battery, Parts


def discharge_above(
    battery: Battery, power_w: float, duration_s: float, *, floor_j: float
) -> Parts:
    """Give out up to a power for a duration, but nothing once a reserve is all that is left.

    Parameters
    ----------
    battery : Battery
        The battery, whose stored energy this changes.
    power_w : float
        Power that is asked for. [W]
    duration_s : float
        For how long. [s]
    floor_j : float
        Stored energy below which it is not discharged; 0 for no reserve. [J]

    Returns
    -------
    tuple of (float, float)
        Mean power and duration of each part. [W, s]
    """
    now = battery.stored_j, battery.loss_j
    if floor_j > 0.0 and now[0] <= floor_j:
        battery.rest(duration_s)
        return ((0.0, duration_s),)
    parts = battery.discharge(power_w, duration_s)
    if battery.stored_j >= floor_j:
        return parts

    def above_j(time_s: float) -> float:
        """Return what is left above the reserve after a time."""
        battery.stored_j, battery.loss_j = now
        battery.discharge(power_w, time_s)
        return battery.stored_j - floor_j

    # Not even self-discharge lets it rise: it comes to the reserve once.
    giving_s = float(brentq(above_j, 0.0, duration_s, xtol=1e-12 * duration_s))
    battery.stored_j, battery.loss_j = now
    parts = battery.discharge(power_w, giving_s)
    battery.rest(duration_s - giving_s)
    return *parts, (0.0, duration_s - giving_s)


def mean_discharge_w(
    battery: Battery, power_w: float, duration_s: float, *, floor_j: float = 0.0
) -> float:
    """Return the mean power that a battery would give out above a reserve if asked for a power.

    Parameters
    ----------
    battery : Battery
        The battery, which stays as it is.
    power_w : float
        Power that is asked for. [W]
    duration_s : float
        For how long. [s]
    floor_j : float
        Stored energy below which it is not discharged. [J]

    Returns
    -------
    float
        The power. [W]
    """
    now = battery.stored_j, battery.loss_j
    parts = discharge_above(battery, power_w, duration_s, floor_j=floor_j)
    battery.stored_j, battery.loss_j = now
    return sum(given_w * part_s for given_w, part_s in parts) / duration_s
