"""No policy sees the future, changes what it sees, or decides by chance, in any made-up world."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import sim
from sim.errors import PolicyError
from sim.registry import POLICIES, ROLES
from sim.scenario.schema.scenario import Policy

# Each world takes about a second: to make a failure smaller would take minutes.
FEW = settings(max_examples=6, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
CHOICES = {role: st.sampled_from(sorted(POLICIES[role])) for role in ROLES}


@FEW
@given(seed=st.integers(1, 2**31), roles=st.fixed_dictionaries(CHOICES))
def test_any_policies_together_keep_the_contract_in_any_made_up_world(seed, roles):
    assert "non-anticipativity" in sim.check_policy(Policy(name="any", **roles), seed=seed)


class NextHour:
    """Waits for an hour if the price will then be lower, as only the future can tell."""

    def plan(self, obs, job):
        state = obs.sites[obs.site_of(job)]._state
        prices = state.present["price"]
        falls = prices[min(state.step + 4, len(prices) - 1)] < prices[state.step]
        return obs.now_s + (3600.0 if falls else 0.0)


class TrueEnd:
    """Starts the job first that really is the shortest."""

    def select(self, obs, cluster):
        lengths = obs._runs._remaining_s
        job = min(cluster.waiting, key=lambda job: lengths[job])
        return [job] if cluster.waiting[job] <= cluster.free_count else []


# Given seeds, not any: where the price falls either way, or no job waits, looking shows nothing.
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("policy", [NextHour, TrueEnd])
def test_a_policy_that_sees_the_future_is_caught(policy, seed):
    with pytest.raises(PolicyError, match="fails non-anticipativity"):
        sim.check_policy(policy, seed=seed)
