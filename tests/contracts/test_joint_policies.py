"""Every built-in policy that takes several roles keeps the contract."""

import pytest

import sim
from sim.registry import JOINT
from sim.scenario.schema.scenario import Policy, Role


@pytest.mark.parametrize("name", JOINT)
def test_every_joint_policy_keeps_the_contract(name):
    assert "non-anticipativity" in str(sim.check_policy(name))


def test_every_choice_of_the_rolling_plan_keeps_the_contract():
    choice = Role(
        use="rolling-lp", cap=True, carbon_usd_per_t=50.0, carbon_signal="marginal",
        carbon_budget_kg_per_day=500.0, resolve_h=2.0,
    )
    assert "determinism" in str(sim.check_policy(Policy(name="all", joint=choice)))
