"""The most that each flow of a site can be in a step, whatever the storage policy answers."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from sim.energy.dispatch import Connection
from sim.optimize.horizon import Columns, Horizon
from sim.site import Site

FLOWS: Final = ("charge", "discharge", "import", "export", "curtailed", "unserved", "backup")
"""Flows of a step; net supply + discharge + import + unserved + backup = the rest of them."""

SURPLUS: Final = "surplus"
"""Net supply and discharge together: what export and curtailment share."""


def most_w(horizon: Horizon) -> dict[str, Columns]:
    """Return the highest mean of each flow in each step.

    Parameters
    ----------
    horizon : Horizon
        What has to be planned, n steps.

    Returns
    -------
    dict of str to ndarray of float, shape (n,)
        Most power by flow, in the order of `FLOWS`, and of `SURPLUS` [W]. In a step of which the
        grid is there for a part, the mean of what holds with and without it.
    """
    if horizon.most_w is not None:
        return dict(horizon.most_w)
    with_grid = _of_connection(horizon, horizon.connection)
    if horizon.grid_fraction is None:
        return with_grid
    island = horizon.connection._replace(import_limit_w=0.0, export_limit_w=0.0)
    without = _of_connection(horizon, island)
    share = horizon.grid_fraction
    return {flow: share * with_grid[flow] + (1.0 - share) * without[flow] for flow in with_grid}


def _of_connection(horizon: Horizon, connection: Connection) -> dict[str, Columns]:
    """Follow `sim.energy.dispatch`, case by case, but for what a generator's least power loses."""
    # With as little load as there may be, and with as much.
    net_w, battery = horizon.net_w, horizon.battery
    least_net_w = net_w
    if horizon.flexible is not None:
        least_net_w = net_w - horizon.flexible.most_load_w
    import_limit_w, export_limit_w, backup_limit_w, backup_least_w = connection
    charge_w, discharge_w = np.zeros_like(net_w), np.zeros_like(net_w)
    if battery is not None:
        charge_w = np.clip(net_w + import_limit_w, 0.0, battery.max_charge_w)
        discharge_w = np.clip(export_limit_w - least_net_w, 0.0, battery.max_discharge_w)
    wanting_w = np.maximum(0.0, -least_net_w - import_limit_w)
    backup_w = np.minimum(np.maximum(wanting_w, backup_least_w), backup_limit_w)
    backup_w = np.where(wanting_w > 0.0, backup_w, 0.0)
    flows: Mapping[str, Columns] = {
        "charge": charge_w,
        "discharge": discharge_w,
        "import": np.clip(charge_w - least_net_w, 0.0, import_limit_w),
        "export": np.clip(net_w + discharge_w, 0.0, export_limit_w),
        "curtailed": np.maximum(0.0, net_w - export_limit_w),
        "unserved": np.maximum(0.0, wanting_w - backup_limit_w),
        "backup": backup_w,
        SURPLUS: np.maximum(0.0, net_w + discharge_w),
    }
    return {flow: flows[flow] for flow in (*FLOWS, SURPLUS)}


def grid_fraction(site: Site) -> Columns | None:
    """Return the share of each step in which the grid is there; None for always."""
    if not site.outages_s:
        return None
    edges_s = site.grid.edges_s
    times_s = np.array([time_s for outage in site.outages_s for time_s in outage])
    # Time without grid so far: it grows from each outage's begin to its end.
    lost_s = np.repeat(np.cumsum(np.r_[0.0, times_s[1::2] - times_s[::2]]), 2)[1:-1]
    lost_by_s = np.interp(edges_s, times_s, lost_s)
    return np.asarray(np.clip(1.0 - np.diff(lost_by_s) / site.grid.step_s, 0.0, 1.0))
