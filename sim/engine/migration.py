"""Running jobs that go on at another site, where a place policy says so."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from sim.engine.cluster import Cluster
from sim.engine.controls import whole
from sim.engine.lifecycle import Lifecycle
from sim.engine.runs import Runs
from sim.engine.transfers import Transfers
from sim.errors import PolicyError
from sim.policy.base import Observation, SiteView


class Migration:
    """Moves jobs at the beginning of steps.

    A job leaves its accelerators at once and goes back to its last checkpoint. Its data, where they
    have not been, and its checkpoint move; then it joins the queue at the other site.

    Parameters
    ----------
    ask : callable
        The place policy's method: gets the observation and a site, and answers which of its jobs
        are to go where.
    clusters : sequence of Cluster
        All clusters, by number.
    runs : Runs
        Jobs on their accelerators.
    life : Lifecycle
        Jobs before they run.
    transfers : Transfers or None
        What moves their data; None: they have none.
    policy : str
        Name of the policy, for messages.
    """

    def __init__(
        self,
        ask: Callable[[Observation, SiteView], Any],
        clusters: Sequence[Cluster],
        *,
        runs: Runs,
        life: Lifecycle,
        transfers: Transfers | None,
        policy: str,
    ) -> None:
        self._ask = ask
        self._clusters = clusters
        self._runs = runs
        self._life = life
        self._transfers = transfers
        self._policy = policy

    def begin(self, obs: Observation, now_s: float) -> None:
        """Move what is to move in the step that begins.

        Parameters
        ----------
        obs : Observation
            What the policy sees.
        now_s : float
            Present time. [s]

        Raises
        ------
        PolicyError
            If a job cannot move as the policy wants.
        """
        for view in obs.sites:
            if not any(cluster.running for cluster in view.clusters):
                continue
            answer = self._ask(obs, view)
            if not isinstance(answer, Mapping):
                self._refuse(f"{answer!r:.200}; it must be a mapping of jobs to sites", view, now_s)
            for key, value in answer.items():
                job, site = whole(key), whole(value)
                if job is None or site is None:
                    wanted = "it must map job ids to numbers of sites"
                    self._refuse(f"{{{key!r}: {value!r}}}; {wanted}", view, now_s)
                self._move(job, site, view, now_s)

    def _move(self, job: int, site: int, view: SiteView, now_s: float) -> None:
        runs = self._runs
        source = self._clusters[runs.cluster_of[job]] if 0 <= job < len(runs.cluster_of) else None
        if source is None or source.site != view.index or job not in source.running:
            self._refuse(f"job {job}, which does not run there", view, now_s)
        if site == view.index:
            return
        if not runs.may_make_way(job) or self._life.stays_home(job):
            self._refuse(f"job {job}, which may not be suspended or not leave", view, now_s)
        target = self._life.chosen(job, site)
        runs.move(job, target, now_s)
        ready_s = now_s
        if self._transfers is not None:
            ready_s = self._transfers.begin(job, target, now_s, origin=view.index)
        self._life.go_on(job, ready_s)
        self._life.retry(source, now_s)

    def _refuse(self, what: str, view: SiteView, now_s: float) -> NoReturn:
        msg = f"policy {self._policy} at {now_s} s, site {view.name}: place migrates {what}."
        raise PolicyError(msg)
