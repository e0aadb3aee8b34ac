"""The statistics against what is known: coverage, false positives, Sobol' indices."""

import math

import numpy as np
import pandas as pd
import pytest

from sim.report.study_table import StudyTable
from sim.scenario.load import find_scenario
from sim.scenario.sweep.load import load_study
from sim.study.statistics import sensitivity, until_ci
from sim.study.statistics.intervals import mean_intervals
from sim.study.statistics.pairs import differences
from sim.study.statistics.significance import sign_flip_p
from tests.worlds import cluster, job_table, run_log, site, time_grid

SERVICE_S, BUSY = 600.0, 0.7
WARM_UP, COUNTED = 200, 2000  # jobs of a run


def mm1_jobs(runs, rng):
    """Return arrivals and durations of jobs in an M/M/1 queue, one row a run."""
    shape = (runs, WARM_UP + COUNTED)
    arrival_s = np.cumsum(rng.exponential(SERVICE_S / BUSY, shape), axis=1)
    return arrival_s, rng.exponential(SERVICE_S, shape)


def lindley_waits_s(arrival_s, duration_s):
    """Return each job's wait at one server, first come first served (Lindley 1952)."""
    lead_s = duration_s[:, :-1] - np.diff(arrival_s, axis=1)
    walk_s = np.concatenate([np.zeros((len(lead_s), 1)), np.cumsum(lead_s, axis=1)], axis=1)
    return walk_s - np.minimum.accumulate(walk_s, axis=1)


def engine_waits_s(arrival_s, duration_s, policy="fifo"):
    """Return each job's wait as Gridloom runs them on one accelerator."""
    grid = time_grid(math.ceil((arrival_s[-1] + duration_s.sum()) / 3600) + 1, step_s=3600.0)
    jobs = job_table(arrival_s, duration_s, 1, power_w=1.0)
    log = run_log([site(grid, clusters=[cluster(1)])], jobs, policy)
    wait_s = np.full(len(arrival_s), np.nan)
    wait_s[log.segment_job] = log.segment_start_s - arrival_s[log.segment_job]
    return wait_s


def mean_waits_s(rng, *, repetitions, seeds):
    """Return the mean wait of runs, of shape (repetitions, seeds)."""
    waits = [lindley_waits_s(*mm1_jobs(seeds, rng))[:, WARM_UP:].mean(axis=1)
             for _ in range(repetitions)]
    return np.array(waits)


def test_engine_waits_are_lindleys_so_that_the_coverage_below_holds_for_it():
    arrival_s, duration_s = mm1_jobs(3, np.random.default_rng(11))
    expected_s = lindley_waits_s(arrival_s, duration_s)
    for row, jobs in enumerate(zip(arrival_s, duration_s, strict=True)):
        np.testing.assert_allclose(engine_waits_s(*jobs), expected_s[row], atol=1e-6)
    assert expected_s.max() > 10 * SERVICE_S


@pytest.mark.parametrize("seeds", [5, 10, 30])
def test_coverage_of_the_interval_for_the_mean_wait_of_mm1_is_near_95_percent(seeds):
    truth_s = BUSY / (1.0 - BUSY) * SERVICE_S  # Kleinrock 1975, eq. 3.26 less the service itself
    waits_s = mean_waits_s(np.random.default_rng(1), repetitions=500, seeds=seeds)
    intervals_s = mean_intervals(waits_s)
    covered = np.mean((intervals_s[:, 0] <= truth_s) & (truth_s <= intervals_s[:, 1]))
    assert 0.92 <= covered <= 0.98


def test_coverage_of_the_interval_of_a_paired_difference_is_near_95_percent():
    """One policy cuts a skewed time of known mean off each run's wait: common random numbers."""
    rng = np.random.default_rng(7)
    hits, repetitions, seeds = 0, 200, 8
    for waits_s in mean_waits_s(rng, repetitions=repetitions, seeds=seeds):
        cut_s = rng.gamma(4.0, 25.0, seeds)  # mean 100 s, skewed
        values = pd.DataFrame({"fifo": waits_s, "other": waits_s - cut_s})
        found = differences(values.rename_axis(index="seed"))["other"]
        hits += found.low <= -100.0 <= found.high
    assert 0.92 <= hits / repetitions <= 0.98


def test_stopping_once_the_interval_is_narrow_keeps_most_of_its_coverage():
    truth_s = BUSY / (1.0 - BUSY) * SERVICE_S
    rng = np.random.default_rng(31)
    hits, repetitions = 0, 40
    for pool_s in mean_waits_s(rng, repetitions=repetitions, seeds=150):
        seeds, more = 0, 10
        while more:
            seeds = min(seeds + more, len(pool_s))
            runs = pd.DataFrame({"policy": "fifo", "seed": range(seeds), "wait": pool_s[:seeds]})
            more = until_ci(runs, "wait", 0.08) if seeds < len(pool_s) else 0
        low, high = mean_intervals(pool_s[np.newaxis, :seeds])[0]
        hits += low <= truth_s <= high
    assert hits / repetitions >= 0.88


def waits_with_random_ties_s(batch_s, rng):
    """Return the mean wait of batches of jobs at one server, each batch in a random order.

    Jobs of a batch arrive at the same moment, so that the order within it is nothing but a tie.
    """
    orders = rng.permuted(np.tile(np.arange(batch_s.shape[-1]), (*batch_s.shape[:-1], 1)), axis=-1)
    ahead_s = np.cumsum(np.take_along_axis(batch_s, orders, axis=-1), axis=-1)[..., :-1]
    return ahead_s.sum(axis=-1).mean(axis=-1) / batch_s.shape[-1]


def rejected_fraction(differences_s):
    """Return how often the test finds something at 5 %; of shape (repetitions, seeds)."""
    return float(np.mean(sign_flip_p(differences_s) < 0.05))


@pytest.mark.parametrize(("seeds", "repetitions"), [(6, 2000), (10, 1000), (30, 600)])
def test_random_ties_only_are_told_apart_at_most_6_percent_of_the_time(seeds, repetitions):
    rng = np.random.default_rng(99)
    batch_s = rng.lognormal(6.0, 1.5, (repetitions, seeds, 3, 6))  # the same for both policies
    one_s, other_s = (waits_with_random_ties_s(batch_s, rng) for _ in range(2))
    assert np.mean(one_s != other_s) > 0.99
    assert rejected_fraction(one_s - other_s) <= 0.06


def test_policies_that_differ_by_a_little_are_told_apart_most_of_the_time():
    rng = np.random.default_rng(99)
    batch_s = rng.lognormal(6.0, 1.5, (200, 12, 3, 6))
    one_s, other_s = (waits_with_random_ties_s(batch_s, rng) for _ in range(2))
    spread_s = (one_s - other_s).std()
    assert rejected_fraction(one_s - other_s + 1.2 * spread_s) > 0.9  # a d_z of 1.2


class RandomTies:
    """Starts one of the waiting jobs at random; here they all came at the same moment."""

    rng = np.random.default_rng(1)

    def select(self, obs, cluster):
        waiting = list(cluster.waiting)
        return [waiting[int(self.rng.integers(len(waiting)))]] if cluster.free_count else []


def test_random_ties_only_are_not_told_apart_in_the_engine():
    rng = np.random.default_rng(5)
    repetitions, seeds = 100, 6
    waits_s = np.empty((2, repetitions, seeds))
    for place in np.ndindex(repetitions, seeds):
        jobs = np.zeros(8), rng.lognormal(6.0, 1.0, 8)
        for policy in range(2):
            waits_s[(policy, *place)] = engine_waits_s(*jobs, RandomTies).mean()
    assert rejected_fraction(waits_s[0] - waits_s[1]) <= 0.06


SWEEP = """
sweep:
  combine: sobol-indices
  samples: 1024
  axes:
    - {path: sites.piedmont.solar.dc_capacity_kw, name: first, from: 1000, to: 3000}
    - {path: sites.piedmont.grid.import_limit_kw, name: second, from: 1000, to: 3000}
    - {path: sites.piedmont.grid.export_limit_kw, name: third, from: 1000, to: 3000}
"""


def test_sobol_indices_of_the_ishigami_function_come_back_through_a_sweep(tmp_path):
    path = tmp_path / "ishigami.yaml"
    text = find_scenario("quickstart").read_text(encoding="utf-8")
    path.write_text(text + SWEEP, encoding="utf-8")
    plan = load_study(path)
    told = {"variant": "base", "policy": "fifo", "seed": 1}
    runs = pd.DataFrame([
        told | {"point": point.name} | dict(point.values)
        for point in plan.points
    ])
    # 1000 .. 3000 becomes -pi .. pi
    x, y, z = (np.pi * (runs[axis.name].to_numpy() / 1000.0 - 2.0) for axis in plan.axes)
    runs["cost_total_usd"] = np.sin(x) + 7.0 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)
    table = StudyTable(plan.name, "", plan.axes, plan.design, plan.policies, plan.seeds,
                       "cost_total_usd", runs)
    found = sensitivity(table, "cost_total_usd")
    assert (found.method, found.notes) == ("sobol", ())
    indices = {row.axis: (row.first.value, row.total.value) for row in found.rows}
    # a = 7, b = 0.1; Ishigami and Homma 1990, e.g. Saltelli et al. 2008, section 4.6
    known = {"first": (0.3139, 0.5576), "second": (0.4424, 0.4424), "third": (0.0, 0.2437)}
    for axis, values in known.items():
        assert indices[axis] == pytest.approx(values, abs=0.03)
    assert all(row.first.low <= known[row.axis][0] <= row.first.high for row in found.rows)
