"""Fair share: whoever has used the least goes first."""

from collections import deque
from collections.abc import Mapping, Sequence
from math import exp, expm1, log
from typing import Final, NamedTuple

from sim.policy.base import ClusterView, Observation
from sim.policy.order.room import Room
from sim.policy.order.roster import Roster
from sim.units import HOUR_S

_LARGEST_EXPONENT: Final = 8.0
"""Powers of e by which use may grow before it is put in smaller numbers: more costs digits. [-]."""


class FairShare:
    """The user who has used the fewest accelerator-hours lately goes first.

    What was used counts for half after `half_life_h`, for a quarter after twice that, and so on; it
    is divided by the user's share. Of users who have used the same, the one who holds fewer
    accelerators goes first, then the one who has waited longer. A user's own jobs start in order of
    release, and the first that does not fit holds up everyone: none starves behind smaller ones.
    Each cluster keeps accounts of its own.

    Parameters
    ----------
    half_life_h : float
        Time after which use counts for half; 168 is the default of Slurm. [h]
    shares : mapping of str to float or None
        Shares by the user's name; users who are not in it have 1. [-]

    Raises
    ------
    ValueError
        If the half-life or a share is not positive.

    References
    ----------
    .. [1] J. Kay and P. Lauder, "A fair share scheduler," Communications of the ACM 31(1), 1988.
    .. [2] SchedMD, "Slurm multifactor priority plugin" (PriorityDecayHalfLife).
    """

    def __init__(
        self, half_life_h: float = 168.0, shares: Mapping[str, float] | None = None
    ) -> None:
        given = dict(shares or {})
        if not half_life_h > 0.0 or not all(share > 0.0 for share in given.values()):
            msg = f"half_life_h is {half_life_h} and shares are {given}; all must be positive."
            raise ValueError(msg)
        self.half_life_h = half_life_h
        self.shares = given
        self._accounts: dict[int, _Accounts] = {}

    def select(self, obs: Observation, cluster: ClusterView) -> Sequence[int]:
        """Return the jobs of those who have used the least, as far as they fit."""
        accounts = self._accounts.get(cluster.index)
        if accounts is None:
            rate_per_s = log(2.0) / (self.half_life_h * HOUR_S)
            accounts = self._accounts[cluster.index] = _Accounts(rate_per_s)
        accounts.settle(obs, cluster)
        accounts.line_up(obs, cluster)
        return self._chosen(obs, cluster, accounts)

    def _chosen(
        self, obs: Observation, cluster: ClusterView, accounts: "_Accounts"
    ) -> list[int]:
        names, shares = obs.jobs.users, self.shares
        share = {user: shares.get(names[user], 1.0) if shares else 1.0 for user in accounts.queues}

        def standing(user: int) -> tuple[float, float, int]:
            """Return what decides between users; the lowest goes first."""
            used, held = accounts.used(user, obs.now_s), accounts.held.get(user, 0)
            return used / share[user], held / share[user], accounts.queues[user][0]

        room, chosen = Room(cluster), []
        while accounts.queues:
            user = min(accounts.queues, key=standing)
            job = accounts.queues[user][0]
            if not room.take(job, cluster.waiting[job]):
                break
            chosen.append(accounts.start(obs, user, cluster.waiting[job]))
        return chosen


class _Job(NamedTuple):
    """A running job: whose it is, its accelerators [-], its start [s] and its work then [s]."""

    user: int
    gpus_count: int
    start_s: float
    work_s: float


class _Accounts:
    """What each user has used on one cluster, holds, and has waiting; by the user's number.

    Use decays for all alike. So it is kept undecayed, in the worth it would have at a moment of its
    own: use at a time t counts exp(rate (t - origin)). It only ever needs to be compared. What a
    running job has used follows from its start, so that time alone changes no entry.
    """

    def __init__(self, rate_per_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._origin_s = 0.0
        self._roster = Roster()
        self._running: dict[int, _Job] = {}
        # Use of jobs that have ended, less what the running ones' accelerators were worth when they
        # started; with what these are worth now, it is all use.
        self._closed: dict[int, float] = {}
        self.held: dict[int, int] = {}
        self.queues: dict[int, deque[int]] = {}

    def used(self, user: int, now_s: float) -> float:
        """Return what a user has used until now, in worth that can be compared."""
        return self._closed.get(user, 0.0) + self.held.get(user, 0) * self._worth(now_s)

    def settle(self, obs: Observation, cluster: ClusterView) -> None:
        """Close the accounts of jobs that have ended or made way."""
        self._rescale(obs.now_s)
        if len(self._running) != len(cluster.running):
            for job in [job for job in self._running if job not in cluster.running]:
                self._close(obs, job)

    def line_up(self, obs: Observation, cluster: ClusterView) -> None:
        """Put those who have joined the queue behind their users' other jobs."""
        joined, left = self._roster.update(cluster)
        users = obs.jobs.user
        if left:
            for queue in self.queues.values():
                kept = [job for job in queue if job not in left]
                queue.clear()
                queue.extend(kept)
            self.queues = {user: queue for user, queue in self.queues.items() if queue}
        for job in joined:
            self.queues.setdefault(int(users[job]), deque()).append(job)

    def start(self, obs: Observation, user: int, gpus_count: int) -> int:
        """Start the first job of a user, and return it."""
        queue = self.queues[user]
        job = queue.popleft()
        if not queue:
            del self.queues[user]
        self._roster.known.discard(job)
        if job in self._running:  # it made way and starts again in one moment
            self._close(obs, job)
        self._running[job] = _Job(user, gpus_count, obs.now_s, obs.work_s(job))
        self.held[user] = self.held.get(user, 0) + gpus_count
        self._book(user, -gpus_count * self._worth(obs.now_s))
        return job

    def _close(self, obs: Observation, job: int) -> None:
        """Charge a user for a job that no longer runs: its work says for how long it did."""
        one = self._running.pop(job)
        stopped_s = one.start_s + max(0.0, obs.work_s(job) - one.work_s)
        self.held[one.user] -= one.gpus_count
        self._book(one.user, one.gpus_count * self._worth(min(stopped_s, obs.now_s)))

    def _book(self, user: int, worth: float) -> None:
        self._closed[user] = self._closed.get(user, 0.0) + worth

    def _worth(self, time_s: float) -> float:
        """Return what an accelerator is worth that is held from the origin to a time."""
        return expm1(self._rate_per_s * (time_s - self._origin_s))

    def _rescale(self, now_s: float) -> None:
        """Move the origin before the numbers grow large."""
        exponent = self._rate_per_s * (now_s - self._origin_s)
        if exponent > _LARGEST_EXPONENT:
            # Worth is measured from the origin: that of what is held moves along.
            for user, closed in self._closed.items():
                held = self.held.get(user, 0)
                self._closed[user] = closed * exp(-exponent) - held * expm1(-exponent)
            self._origin_s = now_s
