"""Available power binds: caps first, then suspensions, then unserved load; all by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.datacenter.power import relative_draw, relative_throughput
from sim.energy.dispatch import Connection
from sim.errors import PolicyError
from sim.grid.events import ResponseEvent
from sim.ledger.close import close_books
from sim.ledger.ledger import turned_away
from sim.scenario.schema.scenario import Policy
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0


def run(import_limit_w, jobs, *, policy="fifo", hours=24, backup_w=0.0, parts=None, **columns):
    """Run jobs on ten accelerators of 100 W, no server power, behind an import limit."""
    grid = time_grid(hours, HOUR)
    here = site(
        grid,
        clusters=[cluster(10, tdp_w=100.0)],
        connection=Connection(import_limit_w, 0.0, backup_w),
        price_usd_per_j=1e-6,
        **columns,
    )
    here = replace(here, **(parts or {}))
    log = run_log([here], jobs, policy)
    metrics, steps, rows = close_books(log, ["training"])
    return log, metrics, steps, rows


def stretches(log, job):
    """Return the job's stretches as (start_h, end_h, power_w)."""
    mine = log.segment_job == job
    rows = zip(
        log.segment_start_s[mine] / HOUR,
        log.segment_end_s[mine] / HOUR,
        log.segment_power_w[mine],
        strict=True,
    )
    return sorted(rows)


def test_a_limit_that_never_binds_changes_nothing():
    jobs = job_table([0.0, 600.0], [5 * HOUR, 3 * HOUR], [6, 4])
    free, *_ = run(np.inf, jobs)
    held, *_ = run(1000.0, jobs)
    for name in ("segment_start_s", "segment_end_s", "segment_power_w"):
        np.testing.assert_array_equal(getattr(free, name), getattr(held, name))


def test_load_beyond_the_limit_is_capped_and_the_job_takes_longer_for_it():
    # Ten accelerators draw 1000 W; from hour 2 on the sun is gone and 800 W must do.
    sun_w = np.where(np.arange(24) < 2, 200.0, 0.0)
    log, metrics, steps, _ = run(800.0, job_table([0.0], [5 * HOUR], [10]), solar_w=sun_w)
    (full, capped) = stretches(log, 0)
    assert full == (0.0, 2.0, pytest.approx(1000.0))
    cap = next(c for c in (1 - 0.025 * n for n in range(21)) if relative_draw(c) <= 0.8)
    assert capped[2] == pytest.approx(1000.0 * relative_draw(cap))
    assert capped[1] == pytest.approx(2.0 + 3.0 / relative_throughput(cap))
    assert steps["it_kw"][2] <= 0.8
    assert metrics["unserved_kwh"] == pytest.approx(0.0, abs=1e-9)
    assert log.done.all()


def test_where_caps_do_not_suffice_the_latest_started_interruptible_job_makes_way():
    # 1000 W; at the lowest cap 545 W remain, but only 400 W can be had in hours 2 and 3.
    sun_w = np.where((np.arange(24) >= 2) & (np.arange(24) < 4), 0.0, 600.0)
    jobs = job_table([0.0, 1.0], [6 * HOUR, 6 * HOUR], [5, 5], interruptible=[True, True])
    log, metrics, _, rows = run(400.0, jobs, solar_w=sun_w)
    assert rows["suspensions_count"].tolist() == [0, 1]
    assert metrics["unserved_kwh"] == pytest.approx(0.0, abs=1e-9)
    assert log.done.all()
    second = stretches(log, 1)
    assert all(not 2 < start < 4 for start, _, _ in second)
    # Suspended for two hours at full work: it ends two hours later than it would have.
    assert second[-1][1] == pytest.approx(1 / HOUR + 6 + 2, abs=1e-9)


def test_what_cannot_be_suspended_is_unserved_and_reported():
    sun_w = np.where(np.arange(24) < 1, 1000.0, 0.0)
    _, metrics, steps, _ = run(100.0, job_table([0.0], [3 * HOUR], [10]), solar_w=sun_w)
    lowest_w = 1000.0 * relative_draw(0.5)
    assert steps["unserved_kw"][1] * 1e3 == pytest.approx(lowest_w - 100.0)
    assert metrics["unserved_kwh"] > 0.0


def test_a_suspended_job_loses_its_work_since_the_last_checkpoint():
    sun_w = np.where((np.arange(24) >= 3) & (np.arange(24) < 4), 0.0, 1000.0)
    jobs = job_table(
        [1800.0], [5 * HOUR], [10], interruptible=[True], checkpoint_s=[HOUR], power_w=[1000.0]
    )
    log, *_ = run(0.0, jobs, solar_w=sun_w)
    # Started at half past midnight; at three, 2.5 h are done, the last checkpoint was at 2 h.
    assert [row[:2] for row in stretches(log, 0)] == [(0.5, 3.0), (4.0, 7.0)]


def test_jobs_do_not_start_for_which_there_is_no_power():
    jobs = job_table([0.0, 0.0, 0.0], [2 * HOUR] * 3, [5, 5, 5])
    log, metrics, *_ = run(600.0, jobs)
    assert sorted(log.segment_start_s / HOUR) == [0.0, 2.0, 4.0]
    assert metrics["unserved_kwh"] == pytest.approx(0.0, abs=1e-9)


def test_a_gang_that_is_too_much_without_a_cap_starts_under_one_when_it_finds_room():
    # Ten accelerators draw 1000 W, and 800 W is all there ever is.
    jobs = job_table([0.0, 0.0, 0.0], [1.5 * HOUR, 2 * HOUR, HOUR], [4, 10, 4])
    log, metrics, *_ = run(800.0, jobs)
    cap = next(c for c in (1 - 0.025 * n for n in range(21)) if relative_draw(c) <= 0.8)
    rate = relative_throughput(cap)
    assert stretches(log, 0) == [(0.0, 1.5, pytest.approx(400.0))]
    (whole,) = stretches(log, 1)
    capped_w = pytest.approx(1000.0 * relative_draw(cap))
    assert whole == (2.0, pytest.approx(2.0 + 2.0 / rate), capped_w)
    # The next is not capped for longer than to the end of the step.
    assert stretches(log, 2)[-1][2] == pytest.approx(400.0)
    assert log.done.all()
    assert metrics["unserved_kwh"] == pytest.approx(0.0, abs=1e-9)


def test_a_gang_for_which_there_is_never_the_power_is_turned_away_with_the_reason():
    # At the lowest cap ten accelerators draw 545 W; the sun gives 100 W more for an hour.
    sun_w = np.where(np.arange(24) == 5, 100.0, 0.0)
    jobs = job_table([0.0, 0.0], [HOUR, HOUR], [10, 5])
    lowest_w = 1000.0 * relative_draw(0.5)
    log, metrics, _, rows = run(lowest_w - 101.0, jobs, solar_w=sun_w)
    assert rows["outcome"].tolist() == ["unpowered", "completed"]
    assert metrics["jobs_rejected_count"] == 1
    assert metrics["jobs_unfinished_count"] == 0
    (note,) = turned_away(log)
    assert note.startswith("1 of the jobs were turned away: behind its import limit")
    # With a little more it waits for the sun.
    log, *_ = run(lowest_w - 100.0 + 1e-6, jobs, solar_w=sun_w)
    assert stretches(log, 0)[0][0] == 5.0
    assert not log.rejected


@pytest.mark.parametrize("order", ["fifo", "sjf", "edf", "easy-backfill"])
def test_under_every_order_all_jobs_end_once_there_is_power_again(order):
    rng = np.random.default_rng(4)
    sun_w = np.where(rng.uniform(size=96) < 0.4, 0.0, 900.0)
    jobs = job_table(
        np.sort(rng.uniform(0, 20 * HOUR, 40)),
        rng.uniform(0.1, 3.0, 40) * HOUR,
        rng.integers(1, 6, 40),
        interruptible=rng.uniform(size=40) < 0.7,
        checkpoint_s=600.0,
    )
    log, *_ = run(150.0, jobs, policy=Policy(name="p", order=order), hours=96, solar_w=sun_w)
    assert log.done.all()
    assert log.suspensions_count.sum() > 5
    busy = np.zeros(len(jobs))
    np.add.at(busy, log.segment_job, log.segment_end_s - log.segment_start_s)
    assert (busy >= jobs.duration_s * (1 - 1e-9)).all()


def test_a_demand_response_event_caps_the_import_to_the_promise():
    event = ResponseEvent(3, 5, 300.0, 1000.0, payment_usd_per_j=1e-6, penalty_usd_per_j=1e-5)
    _, metrics, steps, _ = run(
        np.inf, job_table([0.0], [9 * HOUR], [10]), parts={"responses": (event,)}
    )
    imports_w = steps["grid_import_kw"].to_numpy() * 1e3
    assert imports_w[2] == pytest.approx(1000.0)
    assert (imports_w[3:5] <= 700.0).all()
    assert metrics["revenue_response_usd"] == pytest.approx(300.0 * 2 * HOUR * 1e-6)
    assert metrics["cost_response_usd"] == 0.0
    assert imports_w[5] == pytest.approx(1000.0)


def test_an_outage_within_a_step_is_settled_for_its_exact_time():
    _, _, steps, _ = run(
        np.inf,
        job_table([0.0], [4 * HOUR], [10]),
        parts={"outages_s": ((1.25 * HOUR, 1.75 * HOUR),)},
    )
    # Half an hour without grid at the lowest cap, which the engine sets for the whole step.
    lowest_w = 1000.0 * relative_draw(0.5)
    assert steps["unserved_kw"][1] * 1e3 == pytest.approx(lowest_w / 2)
    assert steps["grid_import_kw"][1] * 1e3 == pytest.approx(lowest_w / 2)


def test_backup_keeps_the_jobs_running_and_its_fuel_is_paid():
    _, metrics, steps, _ = run(
        np.inf,
        job_table([0.0], [4 * HOUR], [10]),
        backup_w=2000.0,
        parts={
            "outages_s": ((HOUR, 2 * HOUR),),
            "backup_usd_per_j": 2e-6,
            "backup_carbon_kg_per_j": 3e-6,
        },
    )
    assert steps["backup_kw"][1] * 1e3 == pytest.approx(1000.0)
    assert metrics["unserved_kwh"] == pytest.approx(0.0, abs=1e-9)
    assert metrics["cost_backup_usd"] == pytest.approx(1000.0 * HOUR * 2e-6)
    assert metrics["carbon_operational_location_kg"] == pytest.approx(1000.0 * HOUR * 3e-6)


def test_a_fixed_cap_policy_slows_jobs_and_saves_energy():
    jobs = job_table([0.0], [4 * HOUR], [10])
    _, free, *_ = run(np.inf, jobs)
    capped = Policy(name="capped", power={"use": "fixed-cap", "cap_fraction": 0.7})
    log, saved, *_ = run(np.inf, jobs, policy=capped)
    assert log.segment_end_s[-1] / HOUR == pytest.approx(4.0 / relative_throughput(0.7))
    ratio = relative_draw(0.7) / relative_throughput(0.7)
    assert saved["energy_it_kwh"] == pytest.approx(free["energy_it_kwh"] * ratio)


class TooLow:
    """Asks for a cap below the lowest."""

    def set(self, obs, site):
        return 0.2


def test_a_cap_that_breaks_the_contract_is_refused():
    with pytest.raises(PolicyError, match=r"power answered 0.2; it must be None or a cap"):
        run(np.inf, job_table([0.0], [HOUR], [1]), policy=TooLow)
