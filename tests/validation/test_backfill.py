"""Backfilling against plain implementations of its definition, on thousands of random jobs."""

import math

import numpy as np
import pytest

from sim.streams import stream
from tests.worlds import cluster, job_table, run_log, site, time_grid

CAPACITY = 32
MINUTE = 60.0


def random_jobs(count, seed, *, unit_s):
    """Return arrivals [s], durations [s] and gangs that load the cluster; times in whole units."""
    rng = stream(seed, "test/backfill")
    gpus = rng.choice([1, 2, 4, 8, 16, 32], count, p=[0.35, 0.2, 0.2, 0.15, 0.07, 0.03])
    duration_s = np.maximum(np.round(rng.lognormal(8.0, 1.0, count) / unit_s), 1.0) * unit_s
    gap_s = gpus.mean() * duration_s.mean() / (0.9 * CAPACITY)
    arrival_s = np.floor(np.cumsum(rng.exponential(gap_s, count)) / unit_s) * unit_s
    return arrival_s, duration_s, gpus


def starts_s(policy, arrival_s, duration_s, gpus, expected_s=None):
    """Return the engine's start times [s]; jobs are expected to last what they do, or as given."""
    expected_s = duration_s if expected_s is None else expected_s
    grid = time_grid(math.ceil(arrival_s[-1] / 3600) + 400, step_s=3600.0)
    jobs = job_table(arrival_s, duration_s, gpus, power_w=1.0, expected_duration_s=expected_s)
    log = run_log([site(grid, clusters=[cluster(CAPACITY)])], jobs, policy)
    found = np.full(len(jobs), np.nan)
    found[log.segment_job] = log.segment_start_s
    return found


class Textbook:
    """A cluster and its queue; how jobs start is for others to say, by what they are expected."""

    def __init__(self, arrival_s, duration_s, gpus, expected_s):
        self.arrival_s, self.duration_s, self.gpus = arrival_s, duration_s, gpus
        self.expected_s = expected_s
        self.start_s, self.end_s, self.queue = {}, {}, []  # end_s: of running jobs

    def starts_s(self):
        """Return when each job starts [s]."""
        arriving = list(range(len(self.arrival_s)))
        while arriving or self.end_s:
            now_s = min([*self.end_s.values(), *(self.arrival_s[job] for job in arriving[:1])])
            running = {job: end_s for job, end_s in self.end_s.items() if end_s > now_s}
            if len(running) < len(self.end_s):
                self.end_s = running
                self.schedule(now_s)
            while arriving and self.arrival_s[arriving[0]] == now_s:
                self.queue.append(arriving.pop(0))
                if self.free():  # nobody is asked before there is something to decide
                    self.schedule(now_s)
        return np.array([self.start_s[job] for job in range(len(self.arrival_s))])

    def expected_ends(self, now_s):
        """Return when running jobs are expected to end, by job; now if they are overdue [s]."""
        return {job: max(now_s, self.start_s[job] + self.expected_s[job]) for job in self.end_s}

    def free(self):
        """Return how many accelerators are free."""
        return CAPACITY - sum(self.gpus[job] for job in self.end_s)

    def begin(self, job, now_s):
        """Start a job."""
        self.queue.remove(job)
        self.start_s[job], self.end_s[job] = now_s, now_s + self.duration_s[job]


class TextbookEasy(Textbook):
    """EASY by its definition: a reservation for the first that waits, and for no other."""

    def schedule(self, now_s):
        """Start the first that fit, then those that do not delay the first that does not."""
        while self.queue and self.gpus[self.queue[0]] <= self.free():
            self.begin(self.queue[0], now_s)
        if not self.queue:
            return
        shadow_s, spare = self.reservation(self.gpus[self.queue[0]], now_s)
        for job in self.queue[1:]:
            past = now_s + self.expected_s[job] > shadow_s
            if self.gpus[job] <= self.free() and (not past or self.gpus[job] <= spare):
                self.begin(job, now_s)
                spare -= self.gpus[job] * past

    def reservation(self, needed, now_s):
        """Return when so many accelerators will be free [s], and how many more than those."""
        ends_s = self.expected_ends(now_s)
        for time_s in sorted(ends_s.values()):
            ended = [job for job, end_s in ends_s.items() if end_s <= time_s]
            then = self.free() + sum(self.gpus[job] for job in ended)
            if then >= needed:
                return time_s, then - needed
        raise AssertionError


class TextbookConservative(Textbook):
    """Conservative backfilling that makes all reservations anew each time, in their order."""

    def __init__(self, *jobs):
        super().__init__(*jobs)
        self.reserved_s = {}

    def schedule(self, now_s):
        """Reserve for all, and start those whose time has come."""
        held = [(now_s, end_s, self.gpus[job]) for job, end_s in self.expected_ends(now_s).items()]
        before = sorted(self.reserved_s, key=self.reserved_s.get)
        order = before + [job for job in self.queue if job not in self.reserved_s]
        self.reserved_s = {}
        for job in order:
            times_s = sorted({now_s, *(end_s for _, end_s, _ in held)})
            at_s = next(time_s for time_s in times_s if self.fits(job, time_s, held))
            held.append((at_s, at_s + self.expected_s[job], self.gpus[job]))
            self.reserved_s[job] = at_s
        for job in sorted(order, key=self.reserved_s.get):
            if self.reserved_s[job] == now_s and self.gpus[job] <= self.free():
                self.begin(job, now_s)
                del self.reserved_s[job]

    def fits(self, job, from_s, held):
        """Return whether a job fits from a time on."""
        to_s = from_s + self.expected_s[job]
        moments = [from_s, *(start_s for start_s, _, _ in held if from_s < start_s < to_s)]
        most = max(sum(g for s, e, g in held if s <= time_s < e) for time_s in moments)
        return most + self.gpus[job] <= CAPACITY


def conservative_starts_s(arrival_s, duration_s, gpus):
    """Return start times [s] where each job, as it arrives, gets the first gap that holds it."""
    starts, ends = np.full(len(gpus), np.inf), np.full(len(gpus), np.inf)
    for job, now_s in enumerate(arrival_s):
        known = np.flatnonzero(ends[:job] > now_s)
        for from_s in sorted({now_s, *ends[known]}):
            to_s = from_s + duration_s[job]
            moments = [from_s, *(s for s in starts[known] if from_s < s < to_s)]
            held = [gpus[known[(starts[known] <= t) & (ends[known] > t)]].sum() for t in moments]
            if max(held) + gpus[job] <= CAPACITY:
                starts[job], ends[job] = from_s, to_s
                break
    return starts


REFERENCES = {
    "easy-backfill": lambda *jobs: TextbookEasy(*jobs, jobs[1]).starts_s(),
    "conservative-backfill": conservative_starts_s,
}


@pytest.mark.parametrize("unit_s", [MINUTE, 20 * MINUTE])  # the longer, the more end at once
@pytest.mark.parametrize("policy", REFERENCES)
def test_starts_of_5000_random_jobs_equal_those_of_a_plain_implementation(policy, unit_s):
    jobs = random_jobs(5000, 4, unit_s=unit_s)
    found_s = starts_s(policy, *jobs)
    np.testing.assert_array_equal(found_s, REFERENCES[policy](*jobs))
    fifo_s = starts_s("fifo", *jobs)
    assert np.sum(found_s < fifo_s) > 1000  # many overtook


@pytest.mark.parametrize(("unit_s", "seed"), [(MINUTE, 6), (MINUTE, 7), (20 * MINUTE, 8)])
@pytest.mark.parametrize(
    ("policy", "textbook"),
    [("easy-backfill", TextbookEasy), ("conservative-backfill", TextbookConservative)],
)
def test_starts_equal_those_of_a_plain_implementation_although_expectations_are_wrong(
    policy, textbook, unit_s, seed
):
    arrival_s, duration_s, gpus = random_jobs(200, seed, unit_s=unit_s)
    factor = stream(seed, "test/expected").choice([0.25, 0.5, 1.0, 2.0, 4.0], len(gpus))
    expected_s = np.maximum(np.round(duration_s * factor / unit_s), 1.0) * unit_s
    found_s = starts_s(policy, arrival_s, duration_s, gpus, expected_s)
    wanted_s = textbook(arrival_s, duration_s, gpus, expected_s).starts_s()
    np.testing.assert_array_equal(found_s, wanted_s)
