"""Power policies that cap, and those that set replicas; all by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.datacenter.power import relative_draw, relative_throughput
from sim.energy.dispatch import Connection
from sim.errors import PolicyError
from sim.grid.events import ResponseEvent
from sim.policy.base import Controls, JobControls
from sim.policy.build import build
from sim.policy.jobs_view import Traits
from sim.policy.power.clock import best_cap
from sim.scenario.schema.scenario import Forecast, Policy
from sim.workload.profile import Profile
from tests.serving import demand, plan, service_log, serving_cluster
from tests.unit.test_place import COLUMN_OF
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
PERFECT = Forecast(model="perfect", horizon_h=24, refresh_h=1)
LONG = job_table([0.0], [20 * HOUR], [10])


def run(power, jobs=LONG, *, hours=12, responses=(), connection=None, **signals):
    """Run jobs on ten accelerators of 100 W without servers; signals are of the run's hours."""
    grid = time_grid(hours, HOUR)
    count, first = len(grid.window_edges_s) - 1, round(-grid.window_edges_s[0] / HOUR)
    series, columns = {}, {}
    for signal, values in signals.items():
        ahead = np.full(count, np.nan)
        ahead[first : first + hours] = values
        series[signal] = grid.hourly(ahead)
        columns[COLUMN_OF[signal]] = values
    here = site(
        grid, clusters=[cluster(10, tdp_w=100.0)], signals=series, connection=connection, **columns
    )
    here = replace(here, responses=responses)
    return run_log([here], jobs, Policy(name="p", power=power), PERFECT)


def caps(log):
    """Return the cap of each hour, from the power of ten busy accelerators."""
    levels = np.linspace(0.5, 1.0, 501)
    draws = np.array([relative_draw(cap) for cap in levels])
    return [float(levels[np.argmin(abs(draws - watts / 1000.0))]) for watts in log.records[0].it_w]


def test_an_import_limit_is_kept_by_the_highest_cap_that_does_and_nothing_is_suspended():
    sun = np.where(np.arange(12) < 6, 300.0, 0.0)
    jobs = replace(LONG, interruptible=np.array([True]))
    log = run({"use": "import-limit", "limit_kw": 0.6}, jobs, solar=sun)
    assert (log.records[0].import_w[:6] <= 600.0 + 1e-6).all()
    # The job came right after the first step had begun; at the next there is a cap for it.
    assert log.segment_start_s.min() == HOUR
    assert (log.records[0].import_w[1:6] > 570.0).all()
    # Without sun even the lowest cap draws more than 0.4 kW.
    low_w = 1000.0 * relative_draw(0.5)
    tight = run({"use": "import-limit", "limit_kw": 0.4}, jobs, solar=sun)
    np.testing.assert_allclose(tight.records[0].import_w[6:], low_w)
    assert tight.suspensions_count.tolist() == [0]


def test_an_import_limit_keeps_further_jobs_from_starting():
    jobs = job_table([0.0, 0.5 * HOUR], [3 * HOUR, HOUR], [5, 5])
    # Both under the lowest cap draw 480 W, one without a cap 500 W.
    for limit_kw, second_s in ((0.49, HOUR), (0.47, None)):
        log = run({"use": "import-limit", "limit_kw": limit_kw}, jobs)
        first, second = (log.segment_start_s[log.segment_job == job].min() for job in (0, 1))
        assert first == HOUR
        assert second == (second_s or log.segment_end_s[log.segment_job == 0].max())


def test_a_policy_and_a_connection_limit_together_hold_the_lower_one():
    log = run(
        {"use": "import-limit", "limit_kw": 0.9}, connection=Connection(700.0, 0.0)
    )
    assert log.records[0].import_w.max() <= 700.0 + 1e-6
    assert log.records[0].import_w.max() > 670.0


def test_follow_renewables_caps_on_a_line_between_no_supply_and_enough_for_full_load():
    solar = np.array([0.0, 250.0, 500.0, 1000.0, 2000.0, 600.0])
    load = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 100.0])
    log = run("follow-renewables", hours=6, solar=solar, load=load)
    assert caps(log) == pytest.approx([0.5, 0.625, 0.75, 1.0, 1.0, 0.75], abs=2e-3)
    log = run({"use": "follow-renewables", "least_cap_fraction": 0.8}, hours=6, solar=solar)
    assert caps(log)[:3] == pytest.approx([0.8, 0.85, 0.9], abs=2e-3)


def test_demand_response_caps_in_events_and_in_the_dearest_hours():
    event = ResponseEvent(2, 4, 10.0, 5000.0, 0.0, 0.0)
    log = run("demand-response", responses=(event,))
    assert caps(log) == pytest.approx([1.0, 1.0, 0.6, 0.6] + [1.0] * 8, abs=2e-3)
    price = np.array([1.0] * 9 + [5.0, 3.0, 1.0])
    log = run({"use": "demand-response", "signal": "price", "quantile": 0.9}, price=price)
    # In the first hour the 0.9 quantile of twelve values is 2.8; the 3.0 is above it.
    assert caps(log)[:10] == pytest.approx([1.0] * 9 + [0.6], abs=2e-3)


def test_the_optimal_clock_takes_least_energy_per_work():
    traits = Traits(0.5, 1.0, None, 0.0, 0.0, 0.0, stays_home=False)
    cap = best_cap(traits, 0.0, lowest=0.5)
    energy = {
        c: relative_draw(c) / relative_throughput(c) for c in np.linspace(0.5, 1.0, 2001).tolist()
    }
    assert energy[min(energy, key=energy.get)] == pytest.approx(
        relative_draw(cap) / relative_throughput(cap), rel=1e-4
    )
    # Time alone wants no cap; a server's share that a longer run pays for wants a higher one.
    assert best_cap(traits, 0.0, lowest=0.5, energy_weight=0.0) == 1.0
    assert best_cap(traits, 0.4, lowest=0.3) > best_cap(traits, 0.0, lowest=0.3)
    assert best_cap(replace_k(traits, 0.0), 0.0, lowest=0.5) == 0.5


def replace_k(traits, k):
    """Return a kind of work whose time follows the clock by another share."""
    return traits._replace(clock_sensitive_fraction=k)


def test_each_job_runs_under_the_cap_of_its_kind_of_work():
    bound, free = Profile(name="b", clock_sensitive_fraction=1.0), Profile(
        name="f", clock_sensitive_fraction=0.0
    )
    jobs = job_table([0.0, 0.5 * HOUR], HOUR, [5, 5], workload=[0, 1], profiles=(bound, free))
    log = run("optimal-clock", jobs)
    highs = best_cap(replace_k(Traits(1, 1, None, 0, 0, 0, stays_home=False), 1.0), 0.0, lowest=0.5)
    rate = relative_throughput(highs, 1.0)
    order = np.argsort(log.segment_job)
    assert log.segment_power_w[order].tolist() == pytest.approx(
        [500.0 * relative_draw(highs), 500.0 * relative_draw(0.5)]
    )
    length_s = (log.segment_end_s - log.segment_start_s)[order]
    assert length_s.tolist() == pytest.approx([HOUR / rate, HOUR])


class Odd:
    """Answers what a test says."""

    answer = None
    at = None

    def set(self, obs, site):
        return type(self).answer

    def at_arrival(self, obs, job):
        return type(self).at


@pytest.mark.parametrize(
    ("answer", "at", "message"),
    [
        (0.3, None, "site here: power answered 0.3; it must be None or a cap over TDP from 0.5"),
        ("low", None, "power answered 'low'; it must be None or a cap over TDP from 0.5 to 1"),
        (Controls(cap_fraction=2.0), None, "power answered 2.0; it must be None or a cap"),
        (Controls(import_w=-1.0), None, "power answered -1.0; it must be for the import, a power"),
        (Controls(sizes=[3]), None, r"power answered \[3\]; it must be for the sizes, a mapping"),
        (Controls(sizes={0: 4}), None, "answered 4; it must be no size for job 0, which is not el"),
        (Controls(sizes={7: 4}), None, "answered 7; it must be for the sizes, ids of jobs that ha"),
        (Controls(replicas={"chat": 1}), None, "'chat'; it must be for replicas, a service of the"),
        (None, 0.8, r"at_arrival of power for job 0 answered 0.8; it must be JobControls or None"),
        (None, JobControls(0.0), "at_arrival of power for job 0 answered 0.0; it must be for the"),
        (None, JobControls(gpus_count=2), "at_arrival of power answered 2; it must be no size"),
    ],
)
def test_wrong_answers_are_refused(answer, at, message):
    Odd.answer, Odd.at = answer, at
    with pytest.raises(PolicyError, match=message):
        run(f"{__name__}:Odd")


def test_a_cap_of_a_job_is_never_below_the_site_s_lowest():
    Odd.answer, Odd.at = None, JobControls(0.2)
    assert caps(run(f"{__name__}:Odd"))[0] == pytest.approx(0.5, abs=2e-3)


def test_the_lower_of_a_job_s_cap_and_the_site_s_holds():
    for of_site, of_job, expected in ((0.8, 0.6, 0.6), (0.6, 0.8, 0.6), (None, 0.7, 0.7)):
        Odd.answer, Odd.at = of_site, JobControls(of_job)
        assert caps(run(f"{__name__}:Odd"))[0] == pytest.approx(expected, abs=2e-3)


def test_an_import_limit_knows_that_jobs_have_caps_of_their_own():
    Odd.answer, Odd.at = Controls(import_w=850.0), JobControls(0.8)
    log = run(f"{__name__}:Odd")
    # Under its own cap the job draws less than 850 W: the site needs none.
    np.testing.assert_allclose(log.records[0].it_w[1:], 1000.0 * relative_draw(0.8))


@pytest.mark.parametrize(
    ("use", "parameters", "message"),
    [
        ("import-limit", {"limit_kw": -1.0}, "limit_kw is -1.0; it must be 0 or more"),
        ("follow-renewables", {"least_cap_fraction": 2.0}, "least_cap_fraction is 2.0; it must l"),
        ("demand-response", {"signal": "prise"}, "'prise' is unknown. Did you mean price"),
        ("optimal-clock", {"energy_weight": -0.1}, "energy_weight is -0.1; it must lie between"),
        ("carbon-scaler", {"stretch_ratio": 0.5}, "stretch_ratio is 0.5 and margin_fraction 0.05"),
        ("carbon-aware-replicas", {"low_fraction": 0.0}, "low_fraction is 0.0; it must be above"),
    ],
)
def test_wrong_parameters_are_refused(use, parameters, message):
    with pytest.raises(PolicyError, match=message):
        build(Policy(name="p", power={"use": use, **parameters}))


def serve(power, counts, carbon, *, least=1):
    """Run one service of up to ten replicas in steps of an hour; return its replicas."""
    grid = time_grid(len(counts), HOUR)
    count, first = len(grid.window_edges_s) - 1, round(-grid.window_edges_s[0] / HOUR)
    ahead = np.full(count, np.nan)
    ahead[first : first + len(counts)] = carbon
    here = site(
        grid, clusters=[serving_cluster(10)], average_carbon_kg_per_j=carbon,
        signals={"average_carbon_intensity": grid.hourly(ahead)},
    )  # fmt: skip
    services = [plan(demand(counts, step_s=HOUR), replicas={"min": least, "max": 10})]
    policy = Policy(name="p", power=power)
    log = service_log([here], job_table([], [], []), services, policy, PERFECT)
    return log.services[0].replicas_ready.tolist()


class Counting:
    """Wants as many replicas as there are hours behind it, and one more."""

    def set(self, obs, site):
        (service,) = site.services
        assert service.name == "chat"
        assert (service.least_replicas, service.most_replicas) == (1, 10)
        return Controls(replicas={"chat": 1 + round(obs.now_s / HOUR)})


class TooMany:
    """Wants more than there may be."""

    def set(self, obs, site):
        return Controls(replicas={site.services[0].name: 11})


def test_a_policy_sets_the_replicas_of_a_service():
    assert serve(f"{__name__}:Counting", [100] * 5, np.ones(5)) == [1, 2, 3, 4, 5]
    with pytest.raises(PolicyError, match="answered 11; it must be for replicas of chat, from 1"):
        serve(f"{__name__}:TooMany", [100] * 5, np.ones(5))


def test_replicas_run_closer_to_their_capacity_when_carbon_is_high():
    # A replica takes 0.21 s for a request: 60,000 of them keep 3.5 of them busy.
    counts = [60_000] * 6
    power = {"use": "carbon-aware-replicas", "low_fraction": 0.5, "high_fraction": 0.875}
    carbon = np.array([1.0, 1.0, 1.0, 5.0, 5.0, 1.0])
    replicas = serve({**power, "down_delay_min": 0.0}, counts, carbon, least=4)
    # At 0.5 seven are wanted, at 0.875 four; the first step has no load to go by.
    assert replicas == [4, 7, 7, 4, 4, 7]
    delayed = serve({**power, "down_delay_min": 60.0}, counts, carbon, least=4)
    assert delayed == [4, 7, 7, 7, 4, 7]
