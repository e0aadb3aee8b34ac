"""First in, first out."""

from collections.abc import Sequence
from typing import Final

from sim.policy.base import ClusterView, Observation
from sim.policy.order.room import Room


class FirstInFirstOut:
    """Jobs start in the order of their release; the first that does not fit holds up the rest.

    ``in_queue_order`` says so to the engine, which then need not ask: the policy's batch form.
    """

    in_queue_order: Final = True

    def select(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return the jobs at the head of the queue that fit together."""
        room = Room(cluster)
        chosen = []
        for job, gpus in cluster.waiting.items():
            if not room.take(job, gpus):
                break
            chosen.append(job)
        return chosen
