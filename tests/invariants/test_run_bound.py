"""Invariant 7 for whole runs: no policy beats the bound, in money and in carbon.

Random sites with jobs, batteries, tariffs, facilities, limits and outages, under built-in policies of
every role; prices may be negative, and power may be short.
"""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.datacenter.curves import PowerCurve
from sim.datacenter.facility import Facility
from sim.datacenter.hardware import GpuPower
from sim.energy.dispatch import Connection
from sim.ledger.close import close_books
from sim.optimize.bound import run_bound
from sim.optimize.ran import Freedom, Replay
from sim.registry import POLICIES
from sim.scenario.schema.scenario import Policy, Role
from sim.scenario.series.piecewise import Series
from sim.site import ClusterSpec
from sim.study.ran import ran_of
from sim.units import HOUR_S, KW, KWH
from sim.workload.profile import Elastic, Failures, Profile
from tests.invariants.test_bound import batteries, tariffs
from tests.worlds import job_table, run_log, site, time_grid

REACHED = {
    "cost_usd": "cost_total_usd",
    "carbon_location_kg": "carbon_operational_location_kg",
    "carbon_marginal_kg": "carbon_marginal_kg",
}


@st.composite
def clusters(draw, rng):
    idle_w = float(rng.choice([0.0, 60.0, 200.0]))
    power = GpuPower(700.0, idle_w, idle_w + 20.0, server_w=60.0, server_fraction=0.05)
    return ClusterSpec(
        name="main",
        gpus_count=int(rng.integers(8, 40)),
        power=power,
        idle_w=idle_w,
        embodied_kg_per_s=0.0,
        lowest_cap_fraction=draw(st.sampled_from([0.3, 0.5])),
        rack_cap_fraction=draw(st.sampled_from([1.0, 1.0, 0.8])),
    )


def facilities(kind, n, rng):
    if kind == "pue":
        return Facility.of_pue(1.3, n)
    nothing = PowerCurve.proportional(0.0, n)
    cooling = PowerCurve(rng.uniform(0, 2e3, n), rng.uniform(0.05, 0.3, n), rng.uniform(0, 2e-5, n))
    return Facility(cooling, nothing, nothing)


@st.composite
def worlds(draw):
    """Draw one site or two, and jobs."""
    step_s = draw(st.sampled_from([900.0, 3600.0]))
    hours = draw(st.integers(6, 30))
    grid = time_grid(hours, step_s)
    n = grid.n_steps
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cents = draw(st.sampled_from([(1, 20), (-10, 20), (5, 5)]))
    earned = draw(st.sampled_from([(0, 0), (2, 2), (-5, 30)]))
    sites = []
    for number in range(draw(st.sampled_from([1, 1, 2]))):
        hourly = rng.integers(cents[0], cents[1] + 1, grid.window_hours) / 100 / KWH
        edges_s = grid.window_edges_s
        price = Series(edges_s, hourly)
        average = Series(edges_s, rng.integers(0, 10, grid.window_hours) / 10 / KWH)
        limit_w = draw(st.sampled_from([math.inf, math.inf, 30 * KW, 8 * KW]))
        here = site(
            grid,
            solar_w=rng.integers(0, 30, n) * KW * draw(st.sampled_from([0, 1])),
            base_load_w=rng.integers(0, 10, n) * KW,
            price_usd_per_j=price.mean_over(grid.edges_s),
            export_price_usd_per_j=rng.integers(earned[0], earned[1] + 1, n) / 100 / KWH,
            average_carbon_kg_per_j=average.mean_over(grid.edges_s),
            marginal_carbon_kg_per_j=rng.integers(0, 10, n) / 10 / KWH,
            battery=draw(st.none() | batteries()),
            connection=Connection(limit_w, draw(st.sampled_from([math.inf, 10 * KW, 0.0]))),
            clusters=[draw(clusters(rng)) for _ in range(draw(st.sampled_from([1, 1, 2])))],
            facility=facilities(draw(st.sampled_from(["pue", "plant"])), n, rng),
            signals={"price": price, "average_carbon_intensity": average},
        )
        outage = ((0.4 * HOUR_S, 1.7 * HOUR_S),)
        here = replace(
            here,
            name=f"site{number}",
            storage_w=float(rng.integers(0, 2)) * 500.0,
            tariff=draw(st.none() | tariffs),
            outages_s=draw(st.sampled_from([(), (), outage])),
        )
        if draw(st.booleans()):
            here = replace(
                here,
                connection=here.connection._replace(backup_limit_w=10 * KW, backup_least_w=3 * KW),
                backup_usd_per_j=0.15 / KWH,
                backup_carbon_kg_per_j=0.7 / KWH,
            )
        sites.append(here)
    return sites, jobs_on(draw, sites, hours, rng)


def jobs_on(draw, sites, hours, rng):
    count = draw(st.integers(1, 40))
    arrival_s = np.sort(rng.uniform(0.0, 0.8 * hours * HOUR_S, count))
    duration_s = rng.lognormal(0.0, 0.8, count) * HOUR_S
    wait_s = draw(st.sampled_from([0.0, 4.0, 24.0])) * HOUR_S
    deadline_s = arrival_s + duration_s + rng.uniform(0.0, 1.0, count) * wait_s
    first = np.cumsum([0, *(len(here.clusters) for here in sites)])
    home_site = rng.integers(0, len(sites), count)
    home_cluster = first[home_site]
    profiles = draw(st.sampled_from([(), PLAIN, FAILING, ELASTIC]))
    gpus = rng.choice([1, 2, 4, 8], count)
    if profiles is ELASTIC:
        gpus = np.full(count, 2)
    own = draw(st.booleans()) and profiles is not ELASTIC
    return job_table(
        arrival_s,
        duration_s,
        gpus,
        power_w=np.where(rng.uniform(size=count) < 0.5, gpus * rng.uniform(30, 900, count), np.nan)
        if own
        else np.nan,
        power_fraction=rng.choice([0.6, 1.0], count),
        deadline_s=np.where(rng.uniform(size=count) < 0.8, deadline_s, np.inf),
        earliest_start_s=arrival_s + rng.choice([0.0, 600.0], count),
        checkpoint_s=draw(st.sampled_from([0.0, 1200.0])),
        interruptible=rng.uniform(size=count) < 0.6,
        home_site=home_site,
        home_cluster=home_cluster,
        profiles=profiles,
    )


PLAIN = (Profile("plain", clock_sensitive_fraction=0.8, draw_fraction=0.9, network_w=15.0),)
FAILING = (
    Profile("failing", failures=Failures(1 / (30 * HOUR_S), 600.0, 1, "failing"), resume_s=300.0),
)
ELASTIC = (Profile("elastic", elastic=Elastic((2, 4, 8), (1.0, 1.8, 2.9), resize_s=120.0)),)

SIGNALS = st.sampled_from(["price", "average_carbon_intensity"])


@st.composite
def policies(draw):
    """Draw a built-in for every role."""
    shift = draw(st.sampled_from(sorted(POLICIES["shift"])))
    power = draw(st.sampled_from(sorted(POLICIES["power"])))
    follows = {"use": shift, "signal": draw(SIGNALS)}
    return Policy(
        name="drawn",
        order=draw(st.sampled_from(sorted(POLICIES["order"]))),
        shift=shift if shift == "none" else Role(**follows),
        place=draw(st.sampled_from(sorted(POLICIES["place"]))),
        power=Role(use=power, cap_fraction=draw(st.sampled_from([0.5, 0.7, 0.9])))
        if power == "fixed-cap"
        else power,
        storage=draw(st.sampled_from(sorted(POLICIES["storage"]))),
    )


def held(sites, jobs, policy, freedom):
    """Return what a run reached and its bound, by objective."""
    log = run_log(sites, jobs, policy)
    names = [profile.name for profile in jobs.profiles] or ["work"]
    _, steps, frame = close_books(log, names)
    replay = Replay(sites, jobs, ran_of(sites, steps, frame), freedom)
    return {
        objective: (float(steps[column].sum()), run_bound(replay, objective=objective).value)
        for objective, column in REACHED.items()
    }


@settings(max_examples=150, deadline=None)
@given(world=worlds(), policy=policies(), freedom=st.builds(Freedom, st.booleans(), st.booleans()))
def test_no_policy_beats_the_bound_of_its_run(world, policy, freedom):
    sites, jobs = world
    for reached, bound in held(sites, jobs, policy, freedom).values():
        assert bound <= reached + 1e-9 * (1.0 + abs(reached) + abs(bound))
