"""Invariant 7: the bound is never worse than any policy's result, in money and in carbon.

Random sites with all that settling and billing know, under every built-in storage policy and under
random setpoints; prices may be negative, and export may earn more than import costs.
"""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import FOLLOW, Connection
from sim.grid.instruments import Instruments, PowerContract
from sim.ledger.accounting import account
from sim.ledger.ledger import facility_w
from sim.optimize.bound import storage_bound
from sim.optimize.horizon import Horizon
from sim.optimize.program import BLOCKS, assemble
from sim.optimize.rates import rates_of
from sim.optimize.warm import OPTIMAL, WarmSolver
from sim.registry import POLICIES
from sim.scenario.schema.scenario import Policy
from sim.scenario.schema.tariff import DemandCharge, EnergyBlock, Tariff
from sim.units import KW, KWH
from tests.worlds import job_table, run_log, site, time_grid

COSTS = {
    "cost_usd": "cost_total_usd",
    "carbon_location_kg": "carbon_location_kg",
    "carbon_marginal_kg": "carbon_marginal_kg",
}

kilowatts = st.integers(0, 900).map(lambda kw: kw * KW)
limits_w = st.one_of(st.just(math.inf), st.just(0.0), kilowatts)
fractions = st.sampled_from([1.0, 0.95, 0.8, 0.5])


@st.composite
def batteries(draw, *, plain=False):
    low, high = sorted(draw(st.tuples(st.integers(0, 9), st.integers(1, 10))))
    low, high = low / 10, max(high, low + 1) / 10
    extra = {}
    if not plain and draw(st.booleans()):
        extra = {
            "resistive_loss_per_w": draw(st.sampled_from([0.0, 1e-7])),
            "self_discharge_per_s": draw(st.sampled_from([0.0, 1e-5])),
            "taper_above_soc": draw(st.sampled_from([None, (low + high) / 2])),
            "taper_below_soc": draw(st.sampled_from([None, (low + high) / 2])),
        }
    return BatteryLimits(
        capacity_j=draw(st.integers(1, 2000)) * KWH,
        max_charge_w=draw(kilowatts),
        max_discharge_w=draw(kilowatts),
        charge_efficiency=draw(fractions),
        discharge_efficiency=draw(fractions),
        min_soc=low,
        max_soc=high,
        initial_soc=draw(st.sampled_from([low, high, (low + high) / 2])),
        **extra,
    )


RATCHET = DemandCharge(
    charge_usd_per_kw=5.0, from_hour=2, to_hour=4, ratchet_fraction=0.8, ratchet_start_kw=400.0
)
BLOCKS_OF_PRICES = (
    EnergyBlock(up_to_kwh=40_000.0, energy_usd_per_kwh=0.0),
    EnergyBlock(up_to_kwh=None, energy_usd_per_kwh=0.05),
)
tariffs = st.builds(
    Tariff,
    timezone=st.sampled_from(["UTC", "America/New_York"]),
    demand_charge_usd_per_kw=st.sampled_from([0.0, 3.0]),
    demand_interval_min=st.sampled_from([15, 60]),
    demand_charges=st.sampled_from([(), (RATCHET,)]),
    blocks=st.sampled_from([(), BLOCKS_OF_PRICES]),
    fixed_usd_per_month=st.sampled_from([0.0, 100.0]),
    carbon_price_usd_per_t=st.sampled_from([0.0, 80.0]),
    carbon_price_basis=st.sampled_from(["average", "marginal"]),
)


@st.composite
def instruments(draw, n, values):
    power_w = values(0, 600) * KW
    return Instruments(
        contracts=(PowerContract("ppa", power_w, strike_usd_per_j=5e-2 / KWH),),
        certificates_w=0.0,
        certificates_usd_per_s=draw(st.sampled_from([0.0, 1e-4])),
        market_price_usd_per_j=draw(st.sampled_from([np.nan, 0.03 / KWH])) * np.ones(n),
        residual_carbon_kg_per_j=np.full(n, np.nan),
    )


@st.composite
def sites(draw, *, plain=False):
    """Draw a site over the turn of a month, with a random load as base load."""
    step_s = draw(st.sampled_from([300.0, 900.0, 3600.0]))
    n = draw(st.integers(2, 24))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    grid = time_grid(n * step_s / 3600, step_s)
    turn = timedelta(days=29) - timedelta(seconds=step_s * (n // 2))
    grid = replace(grid, start=grid.start + turn)

    def values(low, high):
        return rng.integers(low, high + 1, n).astype(float)

    cents = draw(st.sampled_from([(1, 20), (5, 5), (-10, 20)]))
    earned = draw(st.sampled_from([(0, 0), (2, 2), (-5, 30)]))
    here = site(
        grid,
        solar_w=values(0, 900) * KW,
        base_load_w=values(0, 900) * KW,
        price_usd_per_j=values(*cents) / 100 / KWH,
        export_price_usd_per_j=values(*earned) / 100 / KWH,
        average_carbon_kg_per_j=values(0, 9) / 10 / KWH,
        marginal_carbon_kg_per_j=values(0, 9) / 10 / KWH,
        battery=draw(batteries(plain=plain)),
        connection=Connection(draw(limits_w), draw(limits_w)),
    )
    if plain:
        return replace(here, tariff=draw(st.none() | tariffs))
    most_w = draw(st.sampled_from([0.0, 200e3]))
    least_w = draw(st.sampled_from([0.0, 0.5])) * most_w
    backup = {"backup_limit_w": most_w, "backup_least_w": least_w}
    return replace(
        here,
        tariff=draw(st.none() | tariffs | tariffs.map(with_minimum)),
        instruments=draw(st.none() | instruments(n, values)),
        connection=here.connection._replace(**backup),
        backup_usd_per_j=0.2 / KWH,
        backup_carbon_kg_per_j=0.7 / KWH,
        outages_s=draw(st.sampled_from([(), ((0.4 * step_s, 1.7 * step_s),)])),
    )


def with_minimum(tariff):
    return tariff.model_copy(update={"minimum_usd_per_month": 20_000.0})


def random_setpoints(seed):
    """Return a storage policy that answers anything."""

    class RandomSetpoints:
        def __init__(self):
            self.rng = np.random.default_rng(seed)

        def setpoint(self, obs, site):
            power_w = float(self.rng.integers(0, 1000)) * KW
            return [FOLLOW, (power_w, 0.0), (0.0, power_w)][self.rng.integers(0, 3)]

    return RandomSetpoints


POLICY_CHOICES = st.one_of(
    st.sampled_from([Policy(name=name, storage=name) for name in POLICIES["storage"]]),
    st.integers(0, 2**32 - 1).map(random_setpoints),
)


@settings(max_examples=150, deadline=None)
@given(here=sites(), policy=POLICY_CHOICES, objective=st.sampled_from(list(COSTS)))
def test_no_policy_beats_the_bound(here, policy, objective):
    log = run_log([here], job_table([], [], []), policy)
    record = log.records[0]
    reached = float(getattr(account(here, record), COSTS[objective]).sum())
    unserved_j = float(record.unserved_w.sum()) * here.grid.step_s
    bound = storage_bound(
        here, facility_w(here, record), objective=objective, unserved_j=unserved_j
    )
    scale = 1.0 + abs(reached) + abs(bound.value)
    assert bound.value <= reached + 1e-9 * scale
    # With load left unserved at a price, the same must hold of both together.
    priced = storage_bound(here, facility_w(here, record), objective=objective)
    per_j = 10.0 / KWH
    assert priced.value + per_j * priced.unserved_j <= reached + per_j * unserved_j + 1e-9 * scale


@settings(max_examples=100, deadline=None)
@given(here=sites(plain=True), policy=POLICY_CHOICES)
def test_what_was_settled_is_a_point_of_the_program_at_the_ledgers_cost(here, policy):
    record = run_log([here], job_table([], [], []), policy).records[0]
    horizon = Horizon(
        net_w=here.solar_w - here.base_load_w,
        step_s=here.grid.step_s,
        rates=rates_of(here),
        connection=here.connection,
        battery=here.battery,
    )
    program = assemble(horizon)
    least_usd = horizon.rates.fixed + least_at(program, horizon, record) * program.unit_cost
    billed_usd = float(account(here, record).cost_total_usd.sum())
    unserved_usd = 10.0 / KWH * float(record.unserved_w.sum()) * here.grid.step_s
    rounding_usd = 1e-6 * program.unit_cost * len(program.cost)
    assert least_usd == pytest.approx(billed_usd + unserved_usd, rel=1e-9, abs=rounding_usd)


def least_at(program, horizon, record):
    """Return the program's least cost with all flows held to what was settled."""
    start_j = horizon.battery.initial_soc * horizon.battery.capacity_j
    columns = [getattr(record, f"{block}_w") / program.unit_w for block in BLOCKS[:-1]]
    columns.append((record.stored_j - start_j) / (program.unit_w * horizon.step_s))
    point = np.concatenate(columns)
    held = slice(0, len(point))
    assert np.all(point >= program.low[held] - 1e-7)
    assert np.all(point <= program.high[held] + 1e-7)
    low, high = program.low.copy(), program.high.copy()
    low[held], high[held] = point, point
    solver = WarmSolver()
    rows = program.row_low - 1e-7, program.row_high + 1e-7
    solver.load(program.matrix, cost=program.cost, columns=(low, high), rows=rows)
    assert solver.run() == OPTIMAL
    return solver.highs.getObjectiveValue()
