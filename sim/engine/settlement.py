"""One site in a run: its power and battery, settled at the end of every step."""

import math
from array import array
from dataclasses import fields, replace
from datetime import timedelta
from itertools import pairwise, repeat

import numpy as np

from sim.datacenter.curves import load_w
from sim.datacenter.power import LOWEST_CAP_FRACTION
from sim.energy.battery_models import make_battery
from sim.energy.degradation import Wear, WearReport
from sim.energy.dispatch import (
    FOLLOW,
    Connection,
    Flows,
    HoldImport,
    KeepReserve,
    Setpoint,
    settle,
    split,
)
from sim.energy.reserve import mean_discharge_w
from sim.engine.cluster import MeteredPlace, Place
from sim.grid.events import ResponseEvent, baseline_w
from sim.ledger.ledger import TOLERANCE, StepRecord
from sim.site import Site

_NAMES = [field.name for field in fields(StepRecord)]
_COLUMNS = len(_NAMES)
_IMPORT = _NAMES.index("import_w")

Parts = tuple[tuple[float, Connection], ...]
"""(duration_s, connection) of the parts of a step, in order."""


class Settlement:
    """Settles one site step by step and keeps the record.

    Parameters
    ----------
    index : int
        Number of the site. [-]
    site : Site
        The site.

    Attributes
    ----------
    place : Place
        Its power and battery.
    setpoint : tuple of float or "follow"
        The storage policy's answer for the present step [W].
    """

    def __init__(self, index: int, site: Site) -> None:
        self._site = site
        self._step_s = site.grid.step_s
        curve = site.facility.total
        # What the facility draws without IT power is owed in any case, as the base load is.
        fixed_w = site.base_load_w + curve.fixed_w
        self._net_w: list[float] = (site.solar_w + site.wind_w - fixed_w).tolist()
        self._ratio: list[float] = curve.ratio.tolist()
        bends = curve.bend_per_w
        self._bend_per_w: list[float] | None = bends.tolist() if bends.any() else None
        self._rows = array("d")
        self._most_it_w = 0.0
        self.setpoint: Setpoint = FOLLOW
        kind = Place if self._bend_per_w is None else MeteredPlace
        self.place = kind(
            name=site.name,
            index=index,
            battery=None if site.battery is None else make_battery(site.battery),
            connection=site.connection,
            present=site.present(),
            step_s=site.grid.step_s,
            it_power_w=site.standing_w
            + sum(cluster.gpus_count * cluster.idle_w for cluster in site.clusters),
            lowest_cap_fraction=max(
                (cluster.lowest_cap_fraction for cluster in site.clusters),
                default=LOWEST_CAP_FRACTION,
            ),
            link=site.network,
            site=site,
            curve=curve,
            facility_ratios=self._ratio,
            most_budget_w=self._most_budget_w(),
            response_steps=frozenset(
                step for event in site.responses for step in range(event.first, event.end)
            ),
        )
        self._wear = _wear(site, self.place)
        self._outage_parts = _outage_parts(site)
        self._response_of = {
            step: event for event in site.responses for step in range(event.first, event.end)
        }
        self._baselines_w: dict[ResponseEvent, float] = {}
        open_import = site.connection.import_limit_w == math.inf
        self._never_limited = open_import and not (site.outages_s or site.responses)

    def available_w(self, step: int, dt_s: float, *, import_w: float = math.inf) -> float:
        """Return the largest load that a step can serve, but for what is drawn without IT power.

        Parameters
        ----------
        step : int
            Number of the step. [-]
        dt_s : float
            Time for which the battery has to last. [s]
        import_w : float
            Import that is not to be exceeded, besides what limits it anyway. [W]

        Returns
        -------
        float
            Sun and wind less base load and the fixed part of the facility, battery as its policy
            allows, grid and backup. [W]
        """
        place = self.place
        connection = place.connection
        if step in self._outage_parts:
            connection = min(part[1] for part in self._outage_parts[step])
        import_w = min(import_w, connection.import_limit_w)
        if step in self._response_of:
            import_w = min(import_w, self._promised_w(self._response_of[step]))
        power_w = self._net_w[step] + import_w + connection.backup_limit_w
        battery = place.battery
        if battery is None or power_w == np.inf:
            return power_w
        wanted_w = battery.limits.max_discharge_w
        floor_j, act = split(self.setpoint)
        if isinstance(self.setpoint, KeepReserve) and step in self._outage_parts:
            floor_j, act = 0.0, FOLLOW
        if act != FOLLOW and not isinstance(act, HoldImport):
            wanted_w = min(wanted_w, act[1])
        if wanted_w <= 0.0:
            return power_w
        return power_w + mean_discharge_w(battery, wanted_w, dt_s, floor_j=floor_j)

    def it_budget_w(self, step: int, *, import_w: float = math.inf) -> float:
        """Return the largest IT power that a step can serve.

        Parameters
        ----------
        step : int
            Number of the step. [-]
        import_w : float
            Import that is not to be exceeded, besides what limits it anyway. [W]

        Returns
        -------
        float
            The power, 0 or more; inf where nothing limits it. [W]
        """
        if self._never_limited and import_w == math.inf:
            return math.inf
        bend_per_w = 0.0 if self._bend_per_w is None else self._bend_per_w[step]
        available_w = self.available_w(step, self._step_s, import_w=import_w)
        return load_w(available_w, ratio=self._ratio[step], bend_per_w=bend_per_w)

    def _most_budget_w(self) -> float:
        """Return the largest IT power that any step can serve, whatever battery and grid do."""
        site, connection = self._site, self._site.connection
        if connection.import_limit_w == math.inf:
            return math.inf
        added_w = connection.import_limit_w + connection.backup_limit_w
        added_w += 0.0 if site.battery is None else site.battery.max_discharge_w
        bends = self._bend_per_w or repeat(0.0)
        return max(
            load_w(net_w + added_w, ratio=ratio, bend_per_w=bend_per_w)
            for net_w, ratio, bend_per_w in zip(self._net_w, self._ratio, bends, strict=False)
        )

    def _promised_w(self, event: ResponseEvent) -> float:
        """Return the import that an event leaves; its baseline is set as it begins."""
        if event not in self._baselines_w:
            imports = np.asarray(self._rows).reshape(-1, _COLUMNS)[:, _IMPORT]
            self._baselines_w[event] = baseline_w(event, imports, self._step_s)
        return max(0.0, self._baselines_w[event] - event.reduce_w)

    def settle(self, step: int) -> None:
        """Settle the step that ends now."""
        place, step_s = self.place, self._step_s
        it_w = place.it_energy_j / step_s
        self._most_it_w = max(self._most_it_w, it_w)
        # What starts and ends adds up to 0 but for rounding, which must not become a load: not one
        # below nothing, nor one so small that all the facility draws would be its doing.
        draws = it_w > TOLERANCE * self._most_it_w
        it_w, square_w2 = it_w if draws else 0.0, 0.0
        net_w = self._net_w[step] - it_w * self._ratio[step]
        if draws and self._bend_per_w is not None and isinstance(place, MeteredPlace):
            square_w2 = max(0.0, place.it_square_w2s / step_s)
            net_w -= self._bend_per_w[step] * square_w2
        parts = self._outage_parts.get(step)
        if parts is None:
            flows = settle(net_w, place.battery, self.setpoint, place.connection, step_s)
        else:
            flows = self._settle_parts(net_w, parts)
        place.flows = flows
        if self._wear is not None:
            self._wear.after_step(step_s, last=step + 1 == self._site.grid.n_steps)
        self._rows.extend((it_w, square_w2, *flows, place.stored_j, *place.cells_j, 0.0))

    def record(self) -> StepRecord:
        """Return what the site did in each step."""
        columns = np.ascontiguousarray(np.asarray(self._rows).reshape(-1, _COLUMNS).T)
        record, report = StepRecord(*columns), self.wear()
        return record if report is None else replace(record, wear_usd=report.cost_usd)

    def wear(self) -> WearReport | None:
        """Return what the run has cost the battery; None if its cells do not age."""
        return None if self._wear is None else self._wear.report()

    def _settle_parts(self, net_w: float, parts: Parts) -> Flows:
        """Settle a step in which the grid fails or comes back, part by part."""
        with_grid, without = _around_outage(self.setpoint, net_w)
        mean = np.zeros(len(Flows._fields))
        for duration_s, connection in parts:
            setpoint = with_grid if connection is self.place.connection else without
            flows = settle(net_w, self.place.battery, setpoint, connection, duration_s)
            mean += np.array(flows) * (duration_s / self._step_s)
        return Flows(*mean.tolist())


def _around_outage(setpoint: Setpoint, net_w: float) -> tuple[Setpoint, Setpoint]:
    """Return what the battery does with the grid, and without, in a step that has both."""
    # It never charges in one part of a step and discharges in the other.
    if isinstance(setpoint, HoldImport):
        return FOLLOW, FOLLOW
    if not isinstance(setpoint, KeepReserve):
        return setpoint, setpoint
    act = FOLLOW if isinstance(setpoint.act, HoldImport) else setpoint.act
    if net_w >= 0.0:  # nothing is wanting, with the grid or without
        return KeepReserve(setpoint.reserve_j, act), act
    rests = act != FOLLOW and act[0] > 0.0
    return KeepReserve(setpoint.reserve_j, (0.0, 0.0) if rests else act), FOLLOW


def _wear(site: Site, place: Place) -> Wear | None:
    """Return the wear of a site's battery, if its cells age."""
    if place.battery is None or site.battery is None or site.battery.wear is None:
        return None
    start = site.grid.start
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Wear(place.battery, site.battery.wear, (midnight - start).total_seconds())


def _outage_parts(site: Site) -> dict[int, Parts]:
    """Return the parts of every step that an outage touches."""
    step_s, found = site.grid.step_s, {}
    without = site.connection._replace(import_limit_w=0.0, export_limit_w=0.0)
    touched = {
        step
        for start_s, end_s in site.outages_s
        for step in range(int(start_s // step_s), min(int(-(-end_s // step_s)), site.grid.n_steps))
    }
    for step in touched:
        begin_s, end_s = step * step_s, (step + 1) * step_s
        inside = [time for outage in site.outages_s for time in outage if begin_s < time < end_s]
        edges_s = [begin_s, *inside, end_s]
        found[step] = tuple(
            (until_s - from_s, without if _out((from_s + until_s) / 2, site) else site.connection)
            for from_s, until_s in pairwise(edges_s)
        )
    return found


def _out(time_s: float, site: Site) -> bool:
    return any(start_s <= time_s < end_s for start_s, end_s in site.outages_s)
