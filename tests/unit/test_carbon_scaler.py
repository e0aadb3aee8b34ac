"""CarbonScaler: sizes by marginal work per marginal carbon; all by hand."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import PolicyError
from sim.ledger.accounting import account
from sim.policy.base import Controls
from sim.policy.power import carbon_scaler
from sim.policy.power.sizing import Changes, concave, greedy_sizes, planned_sizes
from sim.scenario.schema.scenario import Forecast, Policy
from sim.workload.profile import Elastic, Profile
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
PERFECT = Forecast(model="perfect", horizon_h=48, refresh_h=1)
CURVE = Elastic(sizes=(2, 4, 8), speedups=(1.0, 1.8, 3.0))
OPEN = np.full(4, HOUR)


def sizes(rates, needed_h, *, curve=CURVE, open_s=OPEN):
    """Return the accelerators of each hour."""
    return greedy_sizes(curve, np.array(rates, dtype=float), open_s, needed_s=needed_h * HOUR
                        ).tolist()  # fmt: skip


def test_the_first_accelerators_of_a_dirtier_hour_go_before_the_last_of_a_clean_one():
    # Accelerators per speed: 2 for the first two, 2.5 for the next, 10/3 for the last four.
    # At 10 and 12: costs 20, 25, 33.3 and 24, 30, 40: so 10a, 12a, 10b, 12b, 10c, 12c.
    assert sizes([10, 12, 99, 99], 1.0) == [2, 0, 0, 0]
    assert sizes([10, 12, 99, 99], 2.0) == [2, 2, 0, 0]
    assert sizes([10, 12, 99, 99], 2.8) == [4, 2, 0, 0]
    assert sizes([10, 12, 99, 99], 3.6) == [4, 4, 0, 0]
    assert sizes([10, 12, 99, 99], 4.8) == [8, 4, 0, 0]


def test_of_equal_hours_the_earlier_is_taken_and_nothing_where_nothing_is_needed():
    assert sizes([5, 5, 5, 5], 1.0) == [2, 0, 0, 0]
    assert sizes([5, 5, 5, 5], 0.0) == [0, 0, 0, 0]
    assert sizes([5, 5, 5, 5], 99.0) == [8, 8, 8, 8]


def test_hours_in_which_the_job_may_not_run_get_none():
    part = np.array([0.0, 0.5, 1.0, 0.0]) * HOUR
    assert sizes([1, 1, 9, 1], 0.9, open_s=part) == [0, 4, 0, 0]
    assert sizes([1, 1, 9, 1], 2.0, open_s=part) == [0, 8, 2, 0]


def test_sizes_below_the_line_between_their_neighbours_are_left_out():
    bent = Elastic((1, 2, 4), (1.0, 1.2, 4.0))
    gpus, speeds = concave(bent)
    assert gpus.tolist() == [4]
    assert speeds.tolist() == [4.0]
    assert concave(CURVE)[0].tolist() == [2, 4, 8]
    assert concave(Elastic((2, 4), (1.0, 0.9)))[0].tolist() == [2]


@given(
    rates=st.lists(st.integers(1, 20), min_size=4, max_size=4),
    needed=st.integers(1, 12),
)
def test_no_other_choice_of_sizes_does_the_work_with_less_carbon_per_work(rates, needed):
    speed = {0: 0.0, 2: 1.0, 4: 1.8, 8: 3.0}

    def work_and_carbon(gpus):
        work = sum(speed[g] for g in gpus)
        return work, sum(g * rate for g, rate in zip(gpus, rates, strict=True))

    chosen = sizes(rates, needed)
    work, carbon = work_and_carbon(chosen)
    assert work >= min(needed, 12.0) - 1e-9
    # Greedy is optimal for the work that it does; brute force over all 256 choices.
    every = (work_and_carbon(gpus) for gpus in product(speed, repeat=4))
    assert carbon <= min(c for w, c in every if w >= work - 1e-9) + 1e-9


def changing(rates, needed_h, *, resize_h=0.0, resume_h=0.0, present=0):
    """Return the accelerators of each hour where changes of size cost time."""
    changes = Changes(resize_h * HOUR, resume_h * HOUR, 1.0, present)
    open_s = np.full(len(rates), HOUR)
    return planned_sizes(
        CURVE, np.array(rates, dtype=float), open_s, needed_s=needed_h * HOUR, changes=changes
    ).tolist()


def test_a_little_less_carbon_does_not_pay_for_a_change_of_size():
    # Without cost the cleanest two of four hours; each pause costs a tenth of an hour, so that of
    # 10.0 for one hour and 9.9 for 0.9 hours the first does more work per carbon.
    rates = [10, 9.9, 10, 9.9]
    assert changing(rates, 2.0) == [0, 2, 0, 2]
    assert changing(rates, 1.8, resume_h=0.1) == [2, 2, 0, 0]
    # Where it pays, the job pauses all the same.
    assert changing([10, 5, 10, 5], 1.8, resume_h=0.1) == [0, 2, 0, 2]


def test_a_job_that_runs_goes_on_at_its_size_if_another_is_not_worth_the_change():
    # At 4 accelerators the first hour gives 1.8 hours of work for 40; at 2 accelerators only 0.5
    # are left of it after the change, which is more carbon for its work.
    assert changing([10, 10], 1.0, resize_h=0.5, resume_h=0.5, present=4) == [4, 0]
    assert changing([10, 10], 1.0, resume_h=0.5, present=4) == [2, 0]


def test_work_that_is_lost_to_changes_is_planned_for():
    # Two hours at 8 are 6 hours of work, less 3 x 0.25 for the start after a pause.
    assert changing([1, 1, 9, 9], 5.25, resume_h=0.25) == [8, 8, 0, 0]
    more = changing([1, 1, 9, 9], 5.3, resume_h=0.25, resize_h=0.25)
    assert more[:2] == [8, 8]
    assert more[2] > 0
    # What cannot be done in time runs at its most.
    assert changing([1, 9], 99.0, resume_h=0.25) == [8, 8]


def test_a_job_that_knows_what_changes_cost_is_in_time_with_fewer_of_them_and_less_carbon(
    monkeypatch,
):
    slow = Elastic((2, 4, 8), (1.0, 1.8, 3.0), resize_s=900.0)
    carbon = np.array([1.0, 1.1] * 12)
    jobs = elastic_jobs([0.0], [12.0], [9.0], curve=slow)

    def tried():
        log = run(carbon, jobs, power=SCALER, resident_w=30.0)
        emitted_kg = float(account(log.sites[0], log.records[0]).carbon_location_kg.sum())
        sizes = [gpus for _, _, gpus in stretches(log)]
        changes = sum(one != other for one, other in pairwise(sizes))
        return emitted_kg, changes, log.segment_end_s.max() / HOUR

    knowing_kg, few, in_time_h = tried()

    def careless(elastic, rates, open_s, *, needed_s, changes):
        return greedy_sizes(elastic, rates, open_s, needed_s=needed_s)

    monkeypatch.setattr(carbon_scaler, "planned_sizes", careless)
    careless_kg, many, late_h = tried()
    assert (few, many) == (2, 6)
    assert in_time_h <= 9.0 < late_h
    assert knowing_kg < 0.98 * careless_kg


SPEED = dict(zip((0, 2, 4, 8), (0.0, 1.0, 1.8, 3.0), strict=True))


def test_sizes_with_costly_changes_do_the_work_and_are_near_the_best_there_are():
    rng, excess = np.random.default_rng(0), []
    for _ in range(150):
        rates, needed = rng.integers(1, 21, 5).tolist(), int(rng.integers(1, 10))
        present, resize = int(rng.choice([0, 2, 4, 8])), float(rng.choice([0.1, 0.25]))

        def work_and_carbon(gpus, rates=rates, present=present, resize=resize):
            steps = pairwise((present, *gpus))
            still = [resize * (now not in (0, before)) for before, now in steps]
            work = sum(SPEED[now] * (1.0 - lost) for now, lost in zip(gpus, still, strict=True))
            return work, sum(now * rate for now, rate in zip(gpus, rates, strict=True))

        chosen = changing(rates, needed, resize_h=resize, resume_h=resize, present=present)
        work, carbon = work_and_carbon(chosen)
        assert work >= needed - 1e-6
        every = map(work_and_carbon, product(SPEED, repeat=5))
        excess.append(carbon / min(c for w, c in every if w >= needed) - 1.0)
    # Held against the best of all 1,024 choices, few of which do just enough.
    assert min(excess) >= -1e-9
    assert np.mean(excess) < 0.03


def run(
    carbon, jobs, *, power="carbon-scaler", gpus=8, hours=24, forecast=PERFECT, resident_w=None
):
    """Run jobs on accelerators of 100 W; the carbon intensity is of the run's hours."""
    grid = time_grid(hours, HOUR)
    count, first = len(grid.window_edges_s) - 1, round(-grid.window_edges_s[0] / HOUR)
    ahead = np.full(count, carbon[-1], dtype=float)
    ahead[first : first + hours] = carbon
    here = site(
        grid, clusters=[cluster(gpus, tdp_w=100.0, resident_w=resident_w)],
        average_carbon_kg_per_j=carbon,
        signals={"average_carbon_intensity": grid.hourly(ahead)},
    )  # fmt: skip
    return run_log([here], jobs, Policy(name="p", power=power), forecast)


def stretches(log, job=0):
    """Return a job's stretches as (start_h, end_h, accelerators)."""
    mine = log.segment_job == job
    rows = zip(log.segment_start_s[mine] / HOUR, log.segment_end_s[mine] / HOUR,
               log.segment_gpus_count[mine].tolist(), strict=True)  # fmt: skip
    return sorted(rows)


def elastic_jobs(arrival_h, duration_h, due_h, *, curve=CURVE, **more):
    profiles = (Profile(name="plain"), Profile(name="elastic", elastic=curve))
    return job_table(
        np.asarray(arrival_h) * HOUR, np.asarray(duration_h) * HOUR, 2, workload=1,
        deadline_s=np.asarray(due_h) * HOUR, profiles=profiles, interruptible=True, **more,
    )  # fmt: skip


SCALER = {"use": "carbon-scaler", "margin_fraction": 0.0}


def test_a_job_waits_for_the_clean_hours_is_large_in_them_and_pauses_between():
    carbon = np.array([9, 1, 9, 9, 1, 9] + [9] * 18, dtype=float)
    log = run(carbon, elastic_jobs([0.0], [5.4], [6.0]), power=SCALER)
    # Three and then 2.4 of the 5.4 hours; it ends within its second clean hour.
    assert stretches(log) == [(1.0, 2.0, 8), (4.0, pytest.approx(4.8), 8)]
    assert log.suspensions_count.tolist() == [1]
    assert log.done.tolist() == [True]


def test_a_job_that_arrives_within_an_hour_starts_in_the_next_step_that_has_a_size():
    carbon = np.array([9, 9, 1] + [9] * 21, dtype=float)
    log = run(carbon, elastic_jobs([0.5], [2.0], [4.0]), power=SCALER)
    assert stretches(log) == [(2.0, pytest.approx(2.0 + 2.0 / 3.0), 8)]


def test_a_job_meets_its_deadline_when_every_hour_is_needed():
    carbon = np.linspace(9, 1, 24)
    log = run(carbon, elastic_jobs([0.0], [6.0], [2.0]), power=SCALER)
    assert stretches(log) == [(0.0, 2.0, 8)]


def test_a_job_too_late_runs_at_its_most():
    log = run(np.ones(24), elastic_jobs([0.0], [9.0], [1.0]), power=SCALER)
    assert stretches(log) == [(0.0, 3.0, 8)]


def test_changes_of_size_cost_time_and_the_next_plan_makes_up_for_it():
    slow = Elastic((2, 4, 8), (1.0, 1.8, 3.0), resize_s=600.0)
    carbon = np.array([3, 1, 3, 1, 3, 1] * 4, dtype=float)
    log = run(carbon, elastic_jobs([0.0], [8.0], [8.0], curve=slow), power=SCALER)
    assert log.done.tolist() == [True]
    assert stretches(log)[-1][1] <= 8.0 + 1e-9


def test_a_late_job_changes_its_size_only_if_that_gets_it_done_sooner():
    slow = Elastic((2, 4, 8), (1.0, 1.8, 3.0), resize_s=900.0)
    log = run(np.ones(24), elastic_jobs([0.0], [4.0], [4.0], curve=slow), power=SCALER)
    assert stretches(log) == [(0.0, 4.0, 2)]


def test_jobs_that_find_too_little_room_grow_when_there_is_some():
    jobs = elastic_jobs([0.0, 0.0], [3.0, 3.0], [1.0, 9.0])
    carbon = np.array([1.0, 2.0, 3.0] + [9.0] * 21)
    log = run(carbon, jobs, power=SCALER)
    held = [
        (start, gpus) for job in (0, 1) for start, _, gpus in stretches(log, job)
    ]
    assert held[0] == (0.0, 8)
    assert log.done.tolist() == [True, True]


def test_plain_jobs_are_left_alone():
    profiles = (Profile(name="plain"), Profile(name="elastic", elastic=CURVE))
    jobs = job_table([0.0], [2 * HOUR], [4], profiles=profiles)
    assert stretches(run(np.ones(24), jobs)) == [(0.0, 2.0, 4)]


class Sizes:
    """Gives the first job what a test says in each hour."""

    answers = ()

    def set(self, obs, site):
        hour = round(obs.now_s / HOUR)
        return Controls(sizes=self.answers[min(hour, len(self.answers) - 1)])


def sized(*answers, gpus=8, jobs=None):
    Sizes.answers = answers
    return run(np.ones(24), jobs or elastic_jobs([0.0], [6.0], [99.0]),
               power=f"{__name__}:Sizes", gpus=gpus)  # fmt: skip


def test_a_policy_sizes_pauses_and_lets_go():
    log = sized({}, {0: 4}, {0: 0}, {0: 0}, {0: 2}, {})
    # It starts with all that is free, as without a policy: 3, then 1.8, then one an hour.
    assert stretches(log) == [(0.0, 1.0, 8), (1.0, 2.0, 4), (4.0, pytest.approx(5.2), 2)]


def test_a_job_that_is_to_grow_gets_what_is_free():
    jobs = job_table(
        [0.0, 0.5 * HOUR], [9 * HOUR, HOUR], [2, 2], workload=[1, 0],
        profiles=(Profile(name="plain"), Profile(name="elastic", elastic=CURVE)),
    )  # fmt: skip
    log = sized({}, {0: 2}, {0: 8}, jobs=jobs)
    # The other job ends at 2 h, right after the step has begun. 3 + 1 + 2.4 h are done by 3 h.
    end_h = 3.0 + (9.0 - 6.4) / 3.0
    assert stretches(log) == [
        (0.0, 1.0, 8), (1.0, 2.0, 2), (2.0, 3.0, 6), (3.0, pytest.approx(end_h), 8)
    ]  # fmt: skip
    assert stretches(log, 1) == [(1.0, 2.0, 2)]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({0: 9}, "answered 9; it must be for job 0 0 or from 2 to 8 accelerators"),
        ({0: 1}, "answered 1; it must be for job 0 0 or from 2 to 8 accelerators"),
        ({0: 2.5}, "answered 2.5; it must be for job 0 0 or from 2 to 8 accelerators"),
        ({"a": 2}, "answered 'a'; it must be for the sizes, ids of jobs that have arrived"),
    ],
)
def test_sizes_that_a_job_cannot_have_are_refused(answer, message):
    with pytest.raises(PolicyError, match=message):
        sized(answer)
