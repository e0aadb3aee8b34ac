"""Who waits: what has changed in a queue since a policy last looked at it."""

from collections.abc import Iterable

from sim.policy.base import ClusterView


class Roster:
    """The waiting jobs of one cluster that a policy knows of.

    Attributes
    ----------
    known : set of int
        Their ids; a policy takes out those it starts. [-]
    """

    __slots__ = ("_withdrawn_count", "known")

    def __init__(self) -> None:
        self.known: set[int] = set()
        self._withdrawn_count = 0

    def update(self, cluster: ClusterView) -> tuple[list[int], set[int]]:
        """Return who has joined and who has left the queue, and know it from now on.

        Parameters
        ----------
        cluster : ClusterView
            The cluster.

        Returns
        -------
        tuple
            Jobs that have joined, in the queue's order, and jobs that have left. [-]
        """
        known, waiting = self.known, cluster.waiting
        withdrawn = cluster.withdrawn_count != self._withdrawn_count
        self._withdrawn_count = cluster.withdrawn_count
        # Jobs join the queue at its end, or at its head when they had to make way: mostly what is
        # new stands outside of all that are known, and a long queue need not be gone through.
        head = _until(waiting, known)
        tail = _until(reversed(waiting), known) if len(head) < len(waiting) else []
        joined, left = head + tail[::-1], set[int]()
        # One that was withdrawn may have joined again, behind others that are new.
        if withdrawn or len(known) + len(joined) != len(waiting):
            left = known - waiting.keys()
            known -= left
            joined = [job for job in waiting if job not in known]
        known.update(joined)
        return joined, left


def _until(queue: Iterable[int], known: set[int]) -> list[int]:
    """Return the jobs up to the first that is known."""
    found = []
    for job in queue:
        if job in known:
            break
        found.append(job)
    return found
