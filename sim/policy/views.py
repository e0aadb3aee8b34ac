"""Read-only views of clusters and sites, and what the engine keeps behind them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sim.datacenter.hardware import GpuPower
from sim.datacenter.nodes import Nodes
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Flows
from sim.policy.controls import ServiceState, ServiceView
from sim.policy.read_only import ReadOnly
from sim.policy.terms import Terms
from sim.site.link import Link


class ClusterState(Protocol):
    """What the engine keeps of a cluster."""

    @property
    def name(self) -> str:
        """Name."""

    @property
    def index(self) -> int:
        """Number in the scenario."""

    @property
    def site(self) -> int:
        """Number of its site."""

    @property
    def total(self) -> int:
        """Accelerators in all."""

    @property
    def free(self) -> int:
        """Accelerators that no job holds."""

    @property
    def power(self) -> GpuPower:
        """IT power of one accelerator."""

    @property
    def idle_w(self) -> float:
        """IT power of one that no job holds."""

    @property
    def power_limited(self) -> bool:
        """Whether there may be too little power to start jobs on all of them."""

    @property
    def startable(self) -> int:
        """Free accelerators for which there is power, where it is limited."""

    @property
    def nodes(self) -> Nodes | None:
        """Its nodes, where no gang may be spread over more than it needs."""

    @property
    def waiting(self) -> Mapping[int, int]:
        """Waiting jobs in order of release: job id to gang size."""

    @property
    def running(self) -> Mapping[int, float]:
        """Running jobs: job id to the time it started or resumed [s]."""

    @property
    def withdrawn_count(self) -> int:
        """Waiting jobs that have left the queue without being started, so far."""


class SiteState(Protocol):
    """What the engine keeps of a site."""

    @property
    def name(self) -> str:
        """Name."""

    @property
    def index(self) -> int:
        """Number in the scenario."""

    @property
    def soc(self) -> float | None:
        """State of charge."""

    @property
    def stored_j(self) -> float:
        """Energy in the battery's cells [J]."""

    @property
    def limits(self) -> BatteryLimits | None:
        """What its battery can do when new."""

    @property
    def flows(self) -> Flows | None:
        """Flows of the last settled step."""

    @property
    def it_power_w(self) -> float:
        """IT power at this moment [W]."""

    @property
    def step(self) -> int:
        """Number of the present step."""

    @property
    def cap_fraction(self) -> float:
        """Power cap in force."""

    @property
    def lowest_cap_fraction(self) -> float:
        """Lowest cap that all of its accelerators may get."""

    @property
    def facility_ratio(self) -> float:
        """Facility power per IT power at the margin."""

    @property
    def responding(self) -> bool:
        """Whether the present step is one of a demand-response event."""

    @property
    def link(self) -> Link | None:
        """Its way to the other sites."""

    @property
    def terms(self) -> Terms:
        """Its connection, contract and facility in the present step."""

    @property
    def services(self) -> Sequence[ServiceState]:
        """Its services."""

    @property
    def present(self) -> Mapping[str, NDArray[np.float64]]:
        """Signals on the run's steps, in SI."""


class ClusterView(ReadOnly):
    """Read-only view of a cluster: its accelerators and its queue."""

    __slots__ = ("_state", "running", "waiting")

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self.waiting: Mapping[int, int] = MappingProxyType(state.waiting)
        """Waiting jobs in order of release: job id to gang size."""
        self.running: Mapping[int, float] = MappingProxyType(state.running)
        """Running jobs: job id to the time it started (or resumed). [s]."""

    @property
    def name(self) -> str:
        """Name of the cluster."""
        return self._state.name

    @property
    def index(self) -> int:
        """Number of the cluster in the scenario. [-]."""
        return self._state.index

    @property
    def site(self) -> int:
        """Number of its site. [-]."""
        return self._state.site

    @property
    def total_count(self) -> int:
        """Accelerators in all. [-]."""
        return self._state.total

    @property
    def power(self) -> GpuPower:
        """IT power of one accelerator with its share of the server, by what it does."""
        return self._state.power

    @property
    def idle_w(self) -> float:
        """IT power of one accelerator that no job holds. [W]."""
        return self._state.idle_w

    @property
    def free_count(self) -> int:
        """Accelerators that no job holds and for which there is power. [-]."""
        state = self._state
        return state.startable if state.power_limited else state.free

    @property
    def withdrawn_count(self) -> int:
        """Waiting jobs that have left the queue without being started, so far. [-]."""
        return self._state.withdrawn_count

    @property
    def is_packed(self) -> bool:
        """Whether no gang may be spread over more nodes than it needs."""
        return self._state.nodes is not None

    def fits(self, gpus_count: int) -> bool:
        """Return whether a gang could start now, by itself; for several see ``order.room``.

        Parameters
        ----------
        gpus_count : int
            Accelerators of the gang. [-]

        Returns
        -------
        bool
            Whether enough are free, and on a packed cluster on nodes that hold it.
        """
        if gpus_count > self.free_count:
            return False
        nodes = self._state.nodes
        return nodes is None or nodes.fits(gpus_count)

    def nodes(self) -> Nodes:
        """Return the nodes of a packed cluster and what runs on them, as a copy to plan with.

        Returns
        -------
        Nodes
            A copy.

        Raises
        ------
        ValueError
            If the cluster is not packed: then nobody keeps account of its nodes.
        """
        if self._state.nodes is None:
            msg = f"cluster {self.name} is not packed: its nodes are not kept account of"
            raise ValueError(msg)
        return self._state.nodes.copy()


class SiteView(ReadOnly):
    """Read-only view of a site at this moment."""

    __slots__ = ("_state", "clusters")

    def __init__(self, state: SiteState, clusters: tuple[ClusterView, ...]) -> None:
        self._state = state
        self.clusters = clusters
        """Clusters of its data center."""

    @property
    def name(self) -> str:
        """Name of the site."""
        return self._state.name

    @property
    def index(self) -> int:
        """Number of the site in the scenario. [-]."""
        return self._state.index

    @property
    def soc(self) -> float | None:
        """State of charge of the battery, 0..1; None without one. [-]."""
        return self._state.soc

    @property
    def stored_j(self) -> float:
        """Energy in the battery's cells. [J]."""
        return self._state.stored_j

    @property
    def battery(self) -> BatteryLimits | None:
        """What its battery can do when new; None without one."""
        return self._state.limits

    @property
    def flows(self) -> Flows | None:
        """Flows of the last settled step; None before the first."""
        return self._state.flows

    @property
    def it_power_w(self) -> float:
        """IT power at this moment. [W]."""
        return self._state.it_power_w

    @property
    def cap_fraction(self) -> float:
        """Power cap of its accelerators over their TDP in force; 1 without one. [-]."""
        return self._state.cap_fraction

    @property
    def lowest_cap_fraction(self) -> float:
        """Lowest cap over TDP that all of its accelerators may get. [-]."""
        return self._state.lowest_cap_fraction

    @property
    def facility_ratio(self) -> float:
        """Facility power per IT power now, but for what stands or grows with its square. [-]."""
        return self._state.facility_ratio

    @property
    def responding(self) -> bool:
        """Whether a demand-response event goes on in the present step."""
        return self._state.responding

    @property
    def link(self) -> Link | None:
        """Its way to the other sites; None if unknown."""
        return self._state.link

    @property
    def terms(self) -> Terms:
        """Its grid connection, contract and facility in the present step."""
        return self._state.terms

    @property
    def services(self) -> tuple[ServiceView, ...]:
        """Its inference services."""
        return tuple(ServiceView(state) for state in self._state.services)

    def now(self, signal: str) -> float:
        """Return the present step's value of a signal, in SI; nan where the site has none.

        Parameters
        ----------
        signal : str
            One of ``registry.SIGNALS``: price [USD/J], carbon intensities [kgCO2e/J], powers [W].

        Returns
        -------
        float
            The value in force.
        """
        return float(self._state.present[signal][self._state.step])
