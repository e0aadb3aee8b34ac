"""Under migration, resizing and caps nothing is lost: accelerators, work, energy and money."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.energy.dispatch import Connection
from sim.ledger.close import close_books
from sim.policy.base import Controls, JobControls
from sim.scenario.schema.scenario import Policy
from sim.workload.profile import Elastic, Profile
from tests.unit.test_place import LINK
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
PROFILES = (
    Profile(name="plain", clock_sensitive_fraction=0.3),
    Profile(
        name="elastic", elastic=Elastic((1, 2, 4), (1.0, 1.9, 3.5), resize_s=300.0), resume_s=200.0
    ),
    Profile(name="moved", data_bytes=3e11, checkpoint_bytes=1e11),
)
job_lists = st.lists(
    st.tuples(
        st.floats(0.0, 40_000.0),  # arrival
        st.floats(60.0, 30_000.0),  # duration
        st.integers(1, 4),  # gang
        st.integers(0, 2),  # stream
        st.sampled_from([0.0, 1000.0]),  # checkpoint
    ),
    max_size=15,
)


class Restless:
    """Moves, resizes, caps and pauses at random, from numbers of its own."""

    seed = 0

    def __init__(self):
        self._rng = np.random.default_rng(self.seed)
        self._elastic = []

    def choose(self, obs, job):
        return int(self._rng.integers(2))

    def migrate(self, obs, site):
        running = [job for cluster in site.clusters for job in cluster.running]
        return {
            job: int(self._rng.integers(2))
            for job in running
            if obs.jobs.interruptible[job] and self._rng.random() < 0.3
        }

    def at_arrival(self, obs, job):
        if obs.jobs.traits(job).elastic is None:
            return JobControls(float(self._rng.uniform(0.5, 1.0)))
        self._elastic.append(job)
        return JobControls(gpus_count=int(self._rng.choice([0, 1, 2, 3, 4])))

    def set(self, obs, site):
        late = obs.now_s > 60 * HOUR  # then all may end
        sizes = {
            job: 4 if late else int(self._rng.choice([0, 1, 2, 4]))
            for job in self._elastic
            if obs.site_of(job) == site.index
        }
        cap = float(self._rng.uniform(0.5, 1.0))
        return Controls(cap, self._rng.choice([300.0, np.inf]) if not late else np.inf, sizes)


@given(rows=job_lists, seed=st.integers(0, 1000), limit_w=st.sampled_from([np.inf, 900.0]))
def test_nothing_is_lost_when_a_policy_is_restless(rows, seed, limit_w):
    Restless.seed = seed
    rows = sorted(rows)
    arrival_s, duration_s, gpus, stream, checkpoint_s = np.array(rows).reshape(-1, 5).T
    stream = stream.astype(int)
    gpus = np.where(stream == 1, 1, gpus.astype(int))
    jobs = job_table(
        arrival_s, duration_s, gpus, workload=stream, checkpoint_s=checkpoint_s,
        interruptible=np.arange(len(rows)) % 3 > 0, profiles=PROFILES,
    )  # fmt: skip
    grid = time_grid(120, 1800.0)
    sites = [
        replace(
            site(
                grid, clusters=[cluster(8, tdp_w=100.0, idle_w=10.0, resident_w=20.0)],
                price_usd_per_j=1e-6, average_carbon_kg_per_j=1e-7, pue=1.3,
                connection=Connection(limit_w * (1 + index), np.inf),
            ),
            name=name,
            network=LINK,
        )
        for index, name in enumerate(("here", "there"))
    ]  # fmt: skip
    log = run_log(sites, jobs, Policy(name="p", **dict.fromkeys(("place", "power"), WHO)))
    metrics, _, table = close_books(log, [profile.name for profile in PROFILES])
    # The books balance, or closing them had raised. All work is done, and whole gangs did it.
    assert log.done.all()
    sizes = log.segment_gpus_count
    plain = (stream != 1)[log.segment_job] & (sizes > 0)
    assert (sizes[plain] == gpus[log.segment_job][plain]).all()
    clusters = log.segment_cluster
    if clusters is None:
        clusters = log.cluster_of[log.segment_job]
    for number in (0, 1):
        here = clusters == number
        moments = np.concatenate([log.segment_start_s[here], log.segment_end_s[here]])
        change = np.concatenate([sizes[here], -sizes[here]])
        assert (np.cumsum(change[np.lexsort((change, moments))]) <= 8).all()
    for job in range(len(jobs)):
        mine = np.flatnonzero(log.segment_job == job)
        mine = mine[np.argsort(log.segment_start_s[mine])]
        ends, starts = log.segment_end_s[mine][:-1], log.segment_start_s[mine][1:]
        assert (starts >= ends - 1e-6).all()
    # What a job draws is no more than at full power and size for as long as it held them.
    used_kwh = table["energy_it_kwh"].sum()
    assert used_kwh <= metrics["energy_it_kwh"] * (1 + 1e-9)


WHO = f"{__name__}:Restless"


@given(
    at_h=st.lists(st.integers(1, 20), max_size=6, unique=True),
    checkpoint_h=st.sampled_from([0.0, 1.5]),
)
def test_a_job_s_held_time_is_its_work_and_what_it_lost(at_h, checkpoint_h):
    Hopping.at_h = set(at_h)
    jobs = job_table(
        [0.0], [15 * HOUR], [4], interruptible=True, checkpoint_s=checkpoint_h * HOUR
    )
    grid = time_grid(60, HOUR)
    sites = [
        replace(site(grid, clusters=[cluster(8, tdp_w=100.0)]), name=name) for name in ("a", "b")
    ]
    log = run_log(sites, jobs, Policy(name="p", place=f"{__name__}:Hopping"))
    held_s = (log.segment_end_s - log.segment_start_s).sum()
    assert held_s == pytest.approx(15 * HOUR + log.setbacks.lost_s.get(0, 0.0))
    assert log.setbacks.lost_s.get(0, 0.0) <= len(at_h) * checkpoint_h * HOUR


class Hopping:
    """Moves its job to the other site at given hours."""

    at_h = frozenset()

    def choose(self, obs, job):
        return 0

    def migrate(self, obs, site):
        if round(obs.now_s / HOUR) not in self.at_h or obs.now_s == getattr(self, "last_s", -1):
            return {}
        jobs = [job for cluster in site.clusters for job in cluster.running]
        if jobs:
            self.last_s = obs.now_s
        return dict.fromkeys(jobs, 1 - site.index)
