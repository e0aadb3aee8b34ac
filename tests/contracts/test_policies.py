"""Every built-in policy keeps the contract, and policies that break it are caught."""

import subprocess
import sys

import pytest

import sim
from sim.errors import PolicyError
from sim.registry import POLICIES
from sim.scenario.schema.scenario import Policy

BUILT_IN = [(role, name) for role, names in POLICIES.items() for name in names]


@pytest.mark.parametrize(("role", "name"), BUILT_IN, ids=lambda value: value)
def test_every_built_in_passes_check_policy(role, name):
    passed = sim.check_policy(Policy(name="checked", **{role: name}))
    assert passed == ("contract", "determinism", "non-anticipativity")


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


class PricedByForecast:
    """Charges when the forecast mean is above the present price: it sees forecasts only."""

    def setpoint(self, obs, site):
        mean = obs.forecast(site.index, "price").point.mean()
        return (1e4, 0.0) if mean > site.now("price") else (0.0, 1e4)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Peeking, "fails non-anticipativity"),
        (Moody, "fails determinism"),
        (Both, "neither negative, one of them 0"),
    ],
)
def test_a_policy_that_breaks_the_contract_is_caught(policy, message):
    with pytest.raises(PolicyError, match=message):
        sim.check_policy(policy)


def test_a_policy_that_uses_forecasts_passes():
    assert "non-anticipativity" in sim.check_policy(PricedByForecast)


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

    assert check("lab:Good").stdout == (
        "lab:Good passed: contract, determinism, non-anticipativity.\n"
    )
    bad = check("lab:Bad")
    assert bad.returncode == 2
    assert "storage answered (-1.0, 0.0)" in bad.stderr
    assert "Traceback" not in bad.stderr
