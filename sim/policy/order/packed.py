"""EASY backfilling on a cluster whose nodes are kept account of."""

from math import inf

from sim.datacenter.nodes import Nodes
from sim.policy.base import ClusterView, Observation
from sim.policy.order.room import Room
from sim.policy.order.running import expected_end_s


def select_packed(obs: Observation, cluster: ClusterView) -> list[int]:
    """Return the jobs that start under EASY where gangs must fit their nodes.

    The reservation of the first that does not fit is the earliest time at which the nodes that the
    running gangs leave will hold it; a later job that runs past that time may overtake only if they
    still do with the later job on its nodes.

    Parameters
    ----------
    obs : Observation
        What the policy sees.
    cluster : ClusterView
        A packed cluster.

    Returns
    -------
    list of int
        The jobs, in order.
    """
    room, chosen = Room(cluster), []
    queue = iter(cluster.waiting.items())
    needed = 0
    for job, gpus in queue:
        if not room.take(job, gpus):
            needed = gpus
            break
        chosen.append(job)
    if not needed or room.free_count == 0:
        return chosen
    shadow_s, then = _reservation(obs, cluster, chosen, room, needed)
    for job, gpus in queue:
        if not room.take(job, gpus):
            continue
        if expected_end_s(obs, job) > shadow_s:
            then.hold(job, room.nodes.allocation(job))
            if not then.fits(needed):
                then.release(job)
                room.give(job, gpus)
                continue
        chosen.append(job)
    return chosen


def _reservation(
    obs: Observation, cluster: ClusterView, starting: list[int], room: Room, needed: int
) -> tuple[float, Nodes]:
    """Return when a gang can start if nothing else does [s], and the nodes as they are then."""
    expected_s = obs.jobs.expected_duration_s
    # A job that outlives its expectation is taken to end right now.
    ends = [
        (max(obs.now_s, start_s + expected_s[job]), job) for job, start_s in cluster.running.items()
    ]
    ends += [(expected_end_s(obs, job), job) for job in starting]
    then, shadow_s = room.nodes.copy(), inf
    for end_s, job in sorted(ends):
        if end_s > shadow_s:
            break
        then.release(job)
        if shadow_s == inf and then.fits(needed):
            shadow_s = float(end_s)
    return shadow_s, then
