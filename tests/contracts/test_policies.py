"""Every built-in policy keeps the contract, and policies that break it are caught."""

import re
import subprocess
import sys
import time

import pytest

import sim
from sim.errors import PolicyError
from sim.registry import POLICIES
from sim.scenario.schema.scenario import Policy

BUILT_IN = [(role, name) for role, names in POLICIES.items() for name in names]


@pytest.mark.parametrize(("role", "name"), BUILT_IN, ids=lambda value: value)
def test_every_built_in_passes_check_policy(role, name):
    report = sim.check_policy(Policy(name="checked", **{role: name}))
    assert report.passed == ("contract", "determinism", "non-anticipativity", "no mutation")
    assert report.warnings == ()


class Peeking:
    """Charges when the truth three hours ahead is dearer than the present."""

    def setpoint(self, obs, site):
        prices = site._state.present["price"]
        ahead = prices[min(site._state.step + 12, len(prices) - 1)]
        return (1e4, 0.0) if ahead > site.now("price") else (0.0, 1e4)


class Moody:
    """Answers by a coin that is different in every run."""

    tosses = 0

    def setpoint(self, obs, site):
        type(self).tosses += 1
        return (1e4, 0.0) if type(self).tosses % 7 == 0 else (0.0, 0.0)


class Both:
    """Charges and discharges at once."""

    def setpoint(self, obs, site):
        return 1.0, 1.0


class PeekingPlan:
    """Starts a job two hours later if it will then be cheaper."""

    def plan(self, obs, job):
        state = obs.sites[0]._state
        prices = state.present["price"]
        cheaper = prices[min(state.step + 8, len(prices) - 1)] < prices[state.step]
        return obs.now_s + (7200.0 if cheaper else 0.0)


class Unlocking:
    """Makes an array of the observation writable, and writes."""

    def plan(self, obs, job):
        deadlines_s = obs.jobs.deadline_s
        deadlines_s.flags.writeable = True
        deadlines_s[job] += 1.0
        return obs.now_s


class Queuing:
    """Reaches behind a view and turns the queue around."""

    def select(self, obs, cluster):
        cluster._state.waiting.move_to_end(next(iter(cluster.waiting)))
        return []


class Writing:
    """Writes into an array of the observation."""

    def plan(self, obs, job):
        obs.jobs.deadline_s[job] = 0.0
        return obs.now_s


class Assigning:
    """Takes the clusters away from a site."""

    def setpoint(self, obs, site):
        site.clusters = ()
        return "follow"


class Improving:
    """Writes into a forecast."""

    def set(self, obs, site):
        obs.forecast(site.index, "price").point[0] = 0.0


class Dequeuing:
    """Takes a job out of the queue."""

    def select(self, obs, cluster):
        del cluster.waiting[next(iter(cluster.waiting))]
        return []


class Slow:
    """Takes its time."""

    def choose(self, obs, job):
        time.sleep(0.002)
        return obs.site_of(job)


class Yielding:
    """Answers a generator, which is as good as a list."""

    def select(self, obs, cluster):
        free = cluster.free_count
        for job, gpus in cluster.waiting.items():
            if gpus > free:
                return
            free -= gpus
            yield job


class PricedByForecast:
    """Charges when the forecast mean is above the present price: it sees forecasts only."""

    def setpoint(self, obs, site):
        mean = obs.forecast(site.index, "price").point.mean()
        return (1e4, 0.0) if mean > site.now("price") else (0.0, 1e4)


class LastDigits:
    """Caps a site by the last digits of what its jobs have behind them."""

    def set(self, obs, site):
        running = [job for cluster in site.clusters for job in cluster.running]
        seen = [obs.work_s(job) for job in running]
        seen += [start_s for cluster in site.clusters for start_s in cluster.running.values()]
        return 0.7 + 0.3 * (hash(tuple(seen)) % 1024 / 1024)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            Peeking,
            r"peeking fails non-anticipativity: its storage decision for (north|south) at \d+ s "
            r"\(2025-06-\d\d \d\d:\d\d UTC\) was .*; in a run in which only the truth after .* is",
        ),
        (PeekingPlan, r"fails non-anticipativity: its shift decision for job \d+ at"),
        (Moody, "fails determinism: its storage decision for (north|south) at"),
        (Both, r"fails contract\. policy both at 0.0 s, site north: .*, one of them 0"),
        (Unlocking, r"fails no mutation: its shift decision for job 0 at .* jobs\.deadline_s;"),
        (Queuing, "fails no mutation: its order decision for main at .* the state of north;"),
        (Writing, r"fails contract\. .* for job 0 at .* ValueError: assignment .* read-only"),
        (Assigning, r"for north at .* SiteView\.clusters cannot be changed"),
        (Improving, "ValueError: assignment destination is read-only"),
        (Dequeuing, "mappingproxy.* support item deletion"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_policy_that_breaks_the_contract_is_caught(policy, message):
    with pytest.raises(PolicyError, match=message):
        sim.check_policy(policy)


def test_a_policy_that_uses_forecasts_passes():
    assert "non-anticipativity" in sim.check_policy(PricedByForecast)


def test_what_a_job_has_behind_it_does_not_tell_how_long_it_is_in_its_last_digits():
    assert "non-anticipativity" in sim.check_policy(LastDigits)


def test_a_generator_is_as_good_as_a_list():
    assert "contract" in sim.check_policy(Yielding)


def test_quantiles_are_there_for_policies_that_ask_for_them():
    policy = Policy(name="cautious", shift={"use": "lowest-window", "quantile": 0.9})
    assert "contract" in sim.check_policy(policy)


def test_what_decisions_cost_is_told_and_warned_of_but_no_failure():
    report = sim.check_policy(Slow)
    assert list(report.decision_s) == ["place"]
    assert 0.002 <= report.decision_s["place"] < 0.1
    (warning,) = report.warnings
    assert re.match(r"a place decision takes \d.* ms, more than 1 ms; a million .* min", warning)
    assert sim.check_policy(Slow, slow_s=1.0).warnings == ()


def test_a_class_without_any_role_is_refused():
    with pytest.raises(PolicyError, match="none of the methods select, plan, choose"):
        sim.check_policy(dict)


def test_an_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(PolicyError, match=r'no policy is named "fiffo". Did you mean fifo\?'):
        sim.check_policy("fiffo")


def test_the_command_line_checks_a_policy_of_ones_own(tmp_path):
    (tmp_path / "lab.py").write_text(
        "class Good:\n    def setpoint(self, obs, site):\n        return 'follow'\n"
        "class Bad:\n    def setpoint(self, obs, site):\n        return -1.0, 0.0\n"
    )

    def check(name):
        command = [sys.executable, "-m", "sim", "policies", "--check", name]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    passed, times = check("lab:Good").stdout.splitlines()
    assert passed == "good passed: contract, determinism, non-anticipativity, no mutation."
    assert re.fullmatch(r"Median time of a decision: storage \d+\.\d us\.", times)
    bad = check("lab:Bad")
    assert bad.returncode == 2
    assert "storage answered (-1.0, 0.0)" in bad.stderr
    assert "Traceback" not in bad.stderr
