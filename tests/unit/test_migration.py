"""Running jobs that move from site to site: work, power and data, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.errors import PolicyError
from sim.ledger.close import close_books
from sim.scenario.schema.scenario import Policy
from sim.workload.profile import Elastic, Profile
from tests.unit.test_place import GRID, HOUR, PERFECT, place
from tests.worlds import cluster, job_table, run_log


class AtThree:
    """Moves all that runs to the second site at 3 h, back at 6 h, and if so there again."""

    again_h = None

    def choose(self, obs, job):
        return 0

    def migrate(self, obs, site):
        hour = obs.now_s / HOUR
        wanted = 1 if hour in {3, self.again_h} else 0 if hour == 6 else site.index
        return {job: wanted for cluster in site.clusters for job in cluster.running}


def run(jobs, *, use=f"{__name__}:AtThree", sites=None, **parameters):
    """Run jobs on two sites of eight accelerators of 100 W that idle at 10 W."""
    if sites is None:
        here = [cluster(8, tdp_w=100.0, idle_w=10.0)]
        sites = [place(GRID, name, clusters=here, price=1e-6) for name in ("home", "away")]
    choice = {"use": use, **parameters} if parameters else use
    log = run_log(sites, jobs, Policy(name="p", place=choice), PERFECT)
    return log, close_books(log, [profile.name for profile in jobs.profiles] or ["training"])


def stays(log, job=0):
    """Return a job's stretches as (start_h, end_h, cluster, accelerators)."""
    mine = log.segment_job == job
    clusters = log.segment_cluster
    columns = (
        log.segment_start_s / HOUR, log.segment_end_s / HOUR, clusters, log.segment_gpus_count
    )  # fmt: skip
    return sorted(zip(*(column[mine].tolist() for column in columns), strict=True))


def test_a_job_without_data_goes_on_at_once_and_its_energy_counts_where_it_was_used():
    log, (metrics, steps, rows) = run(job_table([0.0], [8 * HOUR], [4], interruptible=True))
    assert stays(log) == [(0.0, 3.0, 0, 4), (3.0, 6.0, 1, 4), (6.0, 8.0, 0, 4)]
    assert metrics["jobs_completed_count"] == 1
    home, away = (steps[steps["site"] == name]["it_kw"].to_numpy() for name in ("home", "away"))
    # Busy at 400 W, four idle at 10 W; or all eight idle.
    np.testing.assert_allclose(home[:9], [0.44] * 3 + [0.08] * 3 + [0.44] * 2 + [0.08])
    np.testing.assert_allclose(away[:9], [0.08] * 3 + [0.44] * 3 + [0.08] * 3)
    assert rows["energy_it_kwh"][0] == pytest.approx(3.2)
    assert rows["migrations_count"].tolist() == [2]
    assert rows["suspensions_count"].tolist() == [2]


def test_a_job_loses_its_work_since_the_last_checkpoint():
    jobs = job_table([0.0], [8 * HOUR], [4], interruptible=True, checkpoint_s=2 * HOUR)
    log, (_, _, rows) = run(jobs)
    # At 3 h one hour is lost, and one more at 6 h: 2 + 2 h are done, and 4 h are left.
    assert stays(log)[-1] == (6.0, 10.0, 0, 4)
    assert rows["lost_s"][0] == pytest.approx(2 * HOUR)


def test_data_move_once_and_the_checkpoint_every_time():
    # At 1e9 B/s: one hour of data, half an hour of checkpoint; 1e-6 J/B.
    moves = Profile(name="m", data_bytes=3.6e12, checkpoint_bytes=1.8e12)
    jobs = job_table([0.0], [8 * HOUR], [4], interruptible=True, profiles=(moves,))
    log, (metrics, steps, rows) = run(jobs)
    assert stays(log) == [
        (0.0, 3.0, 0, 4),
        (3.0, 4.5, 1, 0),
        (4.5, 6.0, 1, 4),
        (6.0, 6.5, 0, 0),
        (6.5, 10.0, 0, 4),
    ]
    assert metrics["energy_network_kwh"] == pytest.approx((5.4e6 + 1.8e6) / 3.6e6)
    assert rows["energy_it_kwh"][0] == pytest.approx(3.2 + 2.0)
    away = steps[steps["site"] == "away"]
    assert away["network_kw"][3:5].sum() == pytest.approx(1.5)


def test_data_that_have_been_at_a_site_need_not_move_there_again():
    AtThree.again_h = 9
    moves = Profile(name="m", data_bytes=3.6e12)
    jobs = job_table([0.0], [12 * HOUR], [4], interruptible=True, profiles=(moves,))
    log, _ = run(jobs)
    AtThree.again_h = None
    assert stays(log) == [
        (0.0, 3.0, 0, 4), (3.0, 4.0, 1, 0), (4.0, 6.0, 1, 4), (6.0, 9.0, 0, 4), (9.0, 13.0, 1, 4)
    ]  # fmt: skip


def test_a_job_that_comes_back_to_a_full_cluster_waits_for_it():
    jobs = job_table(
        [0.0, 3.5 * HOUR], [8 * HOUR, 4 * HOUR], [4, 8], interruptible=[True, False]
    )
    log, _ = run(jobs)
    assert stays(log)[-1] == (7.5, 9.5, 0, 4)


def test_a_job_resumes_after_its_restart_and_at_its_least_size():
    elastic = Profile(name="e", resume_s=HOUR, elastic=Elastic((4, 8), (1.0, 2.0)))
    jobs = job_table([0.0], [9 * HOUR], [4], interruptible=True, profiles=(elastic,))
    log, _ = run(jobs, sites=[
        place(GRID, "home", clusters=[cluster(8, tdp_w=100.0)]),
        place(GRID, "away", clusters=[cluster(4, tdp_w=100.0)]),
    ])  # fmt: skip
    # With eight 6 h are done at 3 h; an hour of restart, 2 h more until 6 h, and so on.
    assert stays(log) == [
        (0.0, 3.0, 0, 8),
        (3.0, 4.0, 1, 4),
        (4.0, 6.0, 1, 4),
        (6.0, 7.0, 0, 8),
        (7.0, 7.5, 0, 8),
    ]
    assert log.done.tolist() == [True]


def test_follow_the_sun_migrates_when_the_sun_has_moved_on_by_enough():
    hour = np.arange(24)
    sun = [np.where((hour >= a) & (hour < b), 1e5, 1e3) for a, b in ((0, 8), (6, 16))]
    sites = [place(GRID, name, solar=s) for name, s in zip(("home", "away"), sun, strict=True)]
    jobs = job_table([0.0], [16 * HOUR], [4], interruptible=True)
    log, _ = run(jobs, use="migrating", sites=sites, inner={"use": "follow-the-sun",
                 "forecast": False}, rest_h=2.0)  # fmt: skip
    # Away is as sunny from 6 h on, and better by enough once the sun has set at home.
    assert stays(log) == [(0.0, 8.0, 0, 4), (8.0, 16.0, 1, 4)]
    stay, _ = run(jobs, use="follow-the-sun", sites=sites)
    assert stay.segment_cluster is None


def test_a_job_stays_where_the_gain_is_too_small_its_rest_too_short_or_no_room():
    prices = [np.where(np.arange(24) < 2, 1.0, 2.0), np.full(24, 1.8)]
    sites = [place(GRID, name, price=p) for name, p in zip(("home", "away"), prices, strict=True)]
    jobs = job_table([0.0], [16 * HOUR], [4], interruptible=True)
    cheapest = {"use": "cheapest", "forecast": False}

    def left_h(jobs=jobs, **parameters):
        log, _ = run(jobs, use="migrating", sites=sites, inner=cheapest, **parameters)
        return None if log.segment_cluster is None else stays(log)[0][1]

    assert left_h(gain_fraction=0.05, rest_h=0.0) == 2.0
    assert left_h(gain_fraction=0.05, rest_h=5.0) == 5.0
    assert left_h(gain_fraction=0.15, rest_h=0.0) is None
    assert left_h(gain_fraction=0.05, rest_h=0.0, left_h=15.0) is None
    blocked = job_table(
        [0.0, 1.0], [16 * HOUR, 10 * HOUR], [4, 5], interruptible=[True, False],
        home_site=[0, 1], home_cluster=[0, 1], workload=[0, 1],
        profiles=(Profile(name="moves"), Profile(name="stays", stays_home=True)),
    )  # fmt: skip
    assert left_h(blocked, gain_fraction=0.05, rest_h=0.0) == 11.0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("[0]", r"place migrates \[0\]; it must be a mapping of jobs to sites"),
        ("{1: 1}", "place migrates job 1, which does not run there"),
        ("{-1: 1}", "place migrates job -1, which does not run there"),
        ("{0: 7}", "place chose site 7 for job 0; no cluster there has 4 accelerators"),
        ("{0: 'away'}", r"place migrates \{0: 'away'\}; it must map job ids to numbers of sites"),
    ],
)
def test_wrong_answers_are_refused(answer, message):
    Wrong.answer = answer
    jobs = job_table([0.0], [8 * HOUR], [4], interruptible=True)
    with pytest.raises(PolicyError, match=message):
        run(jobs, use=f"{__name__}:Wrong")


def test_jobs_that_may_not_be_suspended_or_not_leave_do_not_move():
    with pytest.raises(PolicyError, match="job 0, which may not be suspended or not leave"):
        run(job_table([0.0], [8 * HOUR], [4]))
    stays_home = (Profile(name="s", stays_home=True),)
    jobs = job_table([0.0], [8 * HOUR], [4], interruptible=True, profiles=stays_home)
    with pytest.raises(PolicyError, match="job 0, which may not be suspended or not leave"):
        run(jobs)


def test_a_site_without_a_network_gets_no_checkpoint():
    moves = (Profile(name="m", checkpoint_bytes=1e9),)
    jobs = job_table([0.0], [8 * HOUR], [4], interruptible=True, profiles=moves)
    sites = [place(GRID, "home"), replace(place(GRID, "away"), network=None)]
    with pytest.raises(PolicyError, match="away has no network"):
        run(jobs, sites=sites)


class Wrong:
    """Answers what a test says."""

    answer = ""

    def choose(self, obs, job):
        return 0

    def migrate(self, obs, site):
        return eval(self.answer) if site.index == 0 else {}
