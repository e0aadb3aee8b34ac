"""What the engine keeps of clusters and sites while a run goes on."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.datacenter.curves import PowerCurve
from sim.datacenter.hardware import GpuPower
from sim.datacenter.nodes import Nodes
from sim.datacenter.power import LOWEST_CAP_FRACTION, relative_draw
from sim.energy.battery import Battery, BatteryLimits
from sim.energy.dispatch import Connection, Flows
from sim.policy.controls import ServiceState
from sim.policy.terms import Terms
from sim.site import ClusterSpec, Site
from sim.site.link import Link


@dataclass(slots=True)
class Place:
    """Power and energy of one site.

    Attributes
    ----------
    name : str
        Name of the site.
    index : int
        Its number in the scenario. [-]
    battery : Battery or None
        Its battery.
    connection : Connection
        Limits of its grid connection.
    present : dict of str to ndarray of float, shape (n_steps,)
        Signals on the run's steps, in SI.
    it_power_w : float
        IT power at this moment. [W]
    step_s : float
        Length of a step. [s]
    it_energy_j : float
        IT energy of the present step, if the power does not change any more. [J]
    step_end_s : float
        End of the present step. [s]
    step : int
        Number of the present step. [-]
    flows : Flows or None
        Flows of the last settled step.
    budget_w : float
        IT power that the present step can serve; inf where nothing limits it. [W]
    most_budget_w : float
        No step of the run can serve more IT power. [W]
    cap_fraction : float
        Power cap of its accelerators over their TDP; 1 where there is none. [-]
    lowest_cap_fraction : float
        Lowest cap that all of its accelerators may get. [-]
    link : Link or None
        Its way to the other sites; None if unknown.
    facility_ratios : sequence of float, shape (n_steps,)
        Facility power per IT power, but for what stands or grows with its square; empty for 1. [-]
    response_steps : frozenset of int
        Steps of its demand-response events. [-]
    services : sequence of ServiceState
        Its services.
    site : Site or None
        The site, for what policies may know of it.
    curve : PowerCurve or None
        Its facility's power.
    """

    name: str
    index: int
    battery: Battery | None
    connection: Connection
    present: dict[str, NDArray[np.float64]]
    it_power_w: float
    step_s: float
    it_energy_j: float = 0.0
    step_end_s: float = 0.0
    step: int = 0
    flows: Flows | None = None
    budget_w: float = math.inf
    most_budget_w: float = math.inf
    cap_fraction: float = 1.0
    lowest_cap_fraction: float = LOWEST_CAP_FRACTION
    link: Link | None = None
    facility_ratios: Sequence[float] = ()
    response_steps: frozenset[int] = frozenset()
    services: Sequence[ServiceState] = ()
    site: Site | None = None
    curve: PowerCurve | None = None

    @property
    def terms(self) -> Terms:
        """What policies may know of connection, contract and facility in the present step."""
        site, curve, step = self.site, self.curve, self.step
        if site is None or curve is None:
            return Terms(self.connection, None, math.nan, 0.0, self.facility_ratio, 0.0)
        return Terms(
            site.connection,
            site.tariff,
            float(site.export_price_usd_per_j[step]),
            float(curve.fixed_w[step]),
            float(curve.ratio[step]),
            float(curve.bend_per_w[step]),
        )

    @property
    def facility_ratio(self) -> float:
        """Facility power per IT power now, but for what stands or grows with its square. [-]."""
        return self.facility_ratios[self.step] if self.facility_ratios else 1.0

    @property
    def responding(self) -> bool:
        """Whether the present step is one of a demand-response event."""
        return self.step in self.response_steps

    @property
    def soc(self) -> float | None:
        """State of charge of the battery, 0..1; None without one. [-]."""
        return None if self.battery is None else self.battery.soc

    @property
    def limits(self) -> BatteryLimits | None:
        """What the battery can do when new; None without one."""
        return None if self.battery is None else self.battery.limits

    @property
    def stored_j(self) -> float:
        """Energy in the battery's cells. [J]."""
        return 0.0 if self.battery is None else self.battery.stored_j

    @property
    def cells_j(self) -> tuple[float, float]:
        """Capacity of the battery's cells, and what they have lost besides the efficiencies [J]."""
        battery = self.battery
        return (0.0, 0.0) if battery is None else (battery.capacity_j, battery.loss_j)

    def change_power(self, now_s: float, change_w: float) -> None:
        """Change the IT power from now on.

        Parameters
        ----------
        now_s : float
            Present time. [s]
        change_w : float
            Change of the IT power; negative when a job ends. [W]
        """
        self.it_power_w += change_w
        self.it_energy_j += change_w * (self.step_end_s - now_s)

    def begin_step(self, step: int) -> None:
        """Begin a step, at the power that is drawn now.

        Parameters
        ----------
        step : int
            Number of the step. [-]
        """
        self.step = step
        self.step_end_s = (step + 1) * self.step_s
        self.it_energy_j = self.it_power_w * self.step_s


@dataclass(slots=True)
class MeteredPlace(Place):
    """A site that also keeps the square of its IT power, for losses that follow the load.

    Attributes
    ----------
    it_square_w2s : float
        Integral of the IT power squared over the present step, if it does not change any more.
        [W2 s]
    """

    it_square_w2s: float = 0.0

    def change_power(self, now_s: float, change_w: float) -> None:
        """Change the IT power from now on."""
        before_w = self.it_power_w
        Place.change_power(self, now_s, change_w)
        change_w2 = self.it_power_w * self.it_power_w - before_w * before_w
        self.it_square_w2s += change_w2 * (self.step_end_s - now_s)

    def begin_step(self, step: int) -> None:
        """Begin a step, at the power that is drawn now."""
        Place.begin_step(self, step)
        self.it_square_w2s = self.it_power_w * self.it_power_w * self.step_s


@dataclass(slots=True)
class Cluster:
    """Accelerators and queue of one cluster.

    Attributes
    ----------
    name : str
        Name of the cluster.
    index : int
        Its number in the scenario. [-]
    place : Place
        Its site.
    total : int
        Accelerators in all. [-]
    power : GpuPower
        IT power of its accelerators in each state, with their share of the server.
    idle_w : float
        IT power of an accelerator that no job holds. [W]
    free : int
        Accelerators that no job holds. [-]
    rack_cap_fraction : float
        Power cap over TDP under which its racks keep to their limit; 1 where there is none. [-]
    power_limited : bool
        Whether there may be too little power to start jobs on all of them.
    nodes : Nodes or None
        Its nodes, where no gang may be spread over more than it needs.
    queue_limit : float
        Jobs that may wait; inf where any number may. [-]
    powerable : float
        Accelerators for which there ever is power, under the lowest cap; inf without a limit. [-]
    waiting : OrderedDict
        Waiting jobs in order of release: job id to gang size.
    running : dict
        Running jobs: job id to the time it started or resumed. [s]
    withdrawn_count : int
        Waiting jobs that have left the queue without being started, so far. [-]
    """

    name: str
    index: int
    place: Place
    total: int
    power: GpuPower
    idle_w: float
    free: int
    rack_cap_fraction: float = 1.0
    power_limited: bool = False
    nodes: Nodes | None = None
    queue_limit: float = math.inf
    powerable: float = math.inf
    # A plain dict would scan over its deleted head each time: quadratic in a long queue.
    waiting: OrderedDict[int, int] = field(default_factory=OrderedDict)
    running: dict[int, float] = field(default_factory=dict)
    withdrawn_count: int = 0

    @property
    def site(self) -> int:
        """Number of its site."""
        return self.place.index

    @property
    def cap_fraction(self) -> float:
        """Power cap over TDP in force, of its site and of its racks; 1 where there is none. [-]."""
        return min(self.place.cap_fraction, self.rack_cap_fraction)

    @property
    def startable(self) -> int:
        """Free accelerators for which there is power, where it is limited."""
        return min(self.free, self.powered)

    @property
    def powered(self) -> int:
        """Accelerators beyond those that are busy for which there is power, free or not."""
        place = self.place
        start_w = self.power.busy_w() * relative_draw(self.cap_fraction) - self.idle_w
        spare_w = max(0.0, place.budget_w - place.it_power_w)
        if start_w <= 0.0:
            return self.total
        # A rounding error must not keep out a gang that just fits.
        return int(spare_w / start_w * (1.0 + 1e-9))

    @property
    def spare(self) -> int:
        """Accelerators on which a job can start now."""
        return self.startable if self.power_limited else self.free


def clusters_of(sites: Sequence[Site], places: Sequence[Place]) -> list[Cluster]:
    """Return the clusters of all sites, by number; all of their accelerators are free."""
    specs = [(index, spec) for index, site in enumerate(sites) for spec in site.clusters]
    return [
        Cluster(
            name=spec.name,
            index=number,
            place=places[index],
            total=spec.gpus_count,
            power=spec.power,
            idle_w=spec.idle_w,
            free=spec.gpus_count,
            rack_cap_fraction=spec.rack_cap_fraction,
            nodes=_nodes(spec),
            queue_limit=math.inf if spec.queue_limit is None else spec.queue_limit,
            powerable=_powerable(spec, places[index]),
        )
        for number, (index, spec) in enumerate(specs)
    ]


def _powerable(spec: ClusterSpec, place: Place) -> float:
    """Return on how many accelerators jobs can ever run, as the site begins: all of them idle."""
    cap = min(place.lowest_cap_fraction, spec.rack_cap_fraction)
    start_w = spec.power.busy_w() * relative_draw(cap) - spec.idle_w
    spare_w = max(0.0, place.most_budget_w - place.it_power_w)
    if start_w <= 0.0 or spare_w == math.inf:
        return math.inf
    return math.floor(spare_w / start_w * (1.0 + 1e-9))


def _nodes(spec: ClusterSpec) -> Nodes | None:
    """Return the nodes of a cluster that packs its gangs."""
    size = spec.packed_gpus_per_node
    return None if size is None else Nodes(spec.gpus_count // size, size)
