"""Room for jobs on a cluster, while a policy makes up its mind."""

from sim.datacenter.nodes import Nodes
from sim.policy.base import ClusterView


class Room:
    """The accelerators, and on a packed cluster the nodes, that selected jobs have left free.

    The one way for a policy to select several jobs that fit together, packed nodes or not::

        room = Room(cluster)
        return [job for job, gpus in cluster.waiting.items() if room.take(job, gpus)]

    Parameters
    ----------
    cluster : ClusterView
        The cluster, as it stands now.

    Attributes
    ----------
    free_count : int
        Accelerators left. [-]
    """

    __slots__ = ("_cluster", "_nodes", "free_count")

    def __init__(self, cluster: ClusterView) -> None:
        self._cluster = cluster
        self._nodes: Nodes | None = None  # copied when the first job is taken
        self.free_count = cluster.free_count

    @property
    def nodes(self) -> Nodes:
        """Nodes with what would run on them; only of a packed cluster."""
        if self._nodes is None:
            self._nodes = self._cluster.nodes()
        return self._nodes

    def fits(self, gpus_count: int) -> bool:
        """Return whether a gang fits besides those that have been taken.

        Parameters
        ----------
        gpus_count : int
            Its accelerators. [-]

        Returns
        -------
        bool
            Whether it can start too.
        """
        if gpus_count > self.free_count or not self._cluster.is_packed:
            return gpus_count <= self.free_count
        return self.nodes.fits(gpus_count)

    def take(self, job: int, gpus_count: int) -> bool:
        """Take room for a job, if there is any.

        Parameters
        ----------
        job : int
            Job id. [-]
        gpus_count : int
            Its accelerators. [-]

        Returns
        -------
        bool
            Whether there was.
        """
        if not self.fits(gpus_count):
            return False
        self.free_count -= gpus_count
        if self._cluster.is_packed:
            self.nodes.place(job, gpus_count)
        return True

    def give(self, job: int, gpus_count: int) -> None:
        """Give back the room of a job that runs or was taken.

        Parameters
        ----------
        job : int
            Job id. [-]
        gpus_count : int
            Its accelerators. [-]
        """
        self.free_count += gpus_count
        if self._cluster.is_packed:
            self.nodes.release(job)

    def copy(self) -> "Room":
        """Return the same room, to try something out."""
        twin = Room(self._cluster)
        twin.free_count = self.free_count
        twin._nodes = None if self._nodes is None else self._nodes.copy()
        return twin
