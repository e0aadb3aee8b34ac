"""What a power policy may answer besides a cap of the site."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from sim.policy.read_only import ReadOnly

_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


class Controls(NamedTuple):
    """All that a power policy can set at a site for the step that begins.

    Attributes
    ----------
    cap_fraction : float or None
        Cap of all accelerators over their TDP, from the site's lowest to 1; None: no cap. [-]
    import_w : float
        Import that the site's jobs are held to, by caps as far as a cap goes, and by starting no
        job beyond it; nothing is suspended for it. inf: what the connection allows. [W]
    sizes : mapping of int to int or None
        Accelerators of elastic jobs from now on, by job id; 0 takes a job off its accelerators, or
        keeps it from starting, until it gets a size again. A job gets what is free of what it is to
        grow by. A job left out keeps its size. None: the engine's own rule sizes all jobs: they
        take what nobody else wants. [-]
    replicas : mapping of str to int
        Replicas of services from now on, by name; a service left out follows its own rule. [-]
    """

    cap_fraction: float | None = None
    import_w: float = math.inf
    sizes: Mapping[int, int] | None = None
    replicas: Mapping[str, int] = _NOTHING


class JobControls(NamedTuple):
    """What a power policy says of one job when it arrives.

    Attributes
    ----------
    cap_fraction : float
        Cap of its accelerators over their TDP, always, besides that of the site: the lower of the
        two holds, but none below the site's lowest. [-]
    gpus_count : int or None
        Accelerators that an elastic job is to start with; 0 keeps it from starting until the
        policy gives it a size. None: the engine's own rule. [-]
    """

    cap_fraction: float = 1.0
    gpus_count: int | None = None


class ServiceState(Protocol):
    """What the engine keeps of a service."""

    @property
    def name(self) -> str:
        """Name."""

    @property
    def load(self) -> float:
        """Replicas that the last step would have kept busy."""

    @property
    def present(self) -> int:
        """Replicas that serve or load."""

    @property
    def bounds(self) -> tuple[int, int]:
        """Fewest and most replicas."""


class ServiceView(ReadOnly):
    """Read-only view of an inference service."""

    __slots__ = ("_state",)

    def __init__(self, state: ServiceState) -> None:
        self._state = state

    @property
    def name(self) -> str:
        """Name of the service."""
        return self._state.name

    @property
    def load(self) -> float:
        """Replicas that the last step's requests and the backlog would have kept busy. [-]."""
        return self._state.load

    @property
    def replicas_count(self) -> int:
        """Replicas that serve or load. [-]."""
        return self._state.present

    @property
    def least_replicas(self) -> int:
        """Replicas below which it may not go. [-]."""
        return self._state.bounds[0]

    @property
    def most_replicas(self) -> int:
        """Replicas that it may have. [-]."""
        return self._state.bounds[1]
