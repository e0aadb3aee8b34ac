"""Invariant 7 for whole runs: no policy beats the bound, in money and in carbon.

Random sites with jobs, batteries, tariffs, facilities, limits and outages, under built-in policies
of every role; prices may be negative, and power may be short.
"""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.datacenter.curves import PowerCurve
from sim.datacenter.facility import Facility
from sim.datacenter.hardware import GpuPower
from sim.energy.battery import BatteryLimits
from sim.energy.dispatch import Connection
from sim.ledger.close import close_books
from sim.optimize import done
from sim.optimize.bound import run_bound
from sim.optimize.ran import Freedom
from sim.optimize.replay import Replay
from sim.policy.build import build
from sim.registry import POLICIES, load_class, parameters_of
from sim.scenario.schema.scenario import Policy, Role
from sim.scenario.schema.tariff import DemandCharge, EnergyBlock, Tariff
from sim.scenario.series.piecewise import Series
from sim.site import ClusterSpec
from sim.study.bound.freedom import freedom_of
from sim.study.bound.ran import ran_of
from sim.units import HOUR_S, KW, KWH
from sim.workload.profile import Elastic, Failures, Profile
from tests.worlds import job_table, run_log, site, time_grid

REACHED = {
    "cost_usd": "cost_total_usd",
    "carbon_location_kg": "carbon_operational_location_kg",
    "carbon_marginal_kg": "carbon_marginal_kg",
}

PROFILES = (
    (),
    (Profile("plain", clock_sensitive_fraction=0.8, draw_fraction=0.9, network_w=15.0),),
    (Profile("fails", failures=Failures(1e-5, 600.0, 1, "fails"), resume_s=300.0),),
    (Profile("elastic", elastic=Elastic((2, 4, 8), (1.0, 1.8, 2.9), resize_s=120.0)),),
)

TARIFFS = (
    None,
    Tariff(demand_charge_usd_per_kw=3.0, demand_interval_min=30, timezone="America/New_York"),
    Tariff(carbon_price_usd_per_t=80.0, carbon_price_basis="marginal", fixed_usd_per_month=100.0),
    Tariff(
        blocks=tuple(
            EnergyBlock(up_to_kwh=end, energy_usd_per_kwh=price)
            for end, price in ((2_000.0, 0.02), (4_000.0, 0.0), (None, 0.05))
        ),
        demand_charges=(
            DemandCharge(charge_usd_per_kw=2.0, ratchet_fraction=0.8, ratchet_start_kw=20.0),
        ),
        minimum_usd_per_month=5_000.0,
    ),
)


def battery(rng):
    low, high = rng.choice([0.0, 0.2]), rng.choice([0.7, 1.0])
    odd = rng.uniform() < 0.3
    return BatteryLimits(
        capacity_j=rng.integers(1, 60) * KWH,
        max_charge_w=rng.integers(1, 30) * KW,
        max_discharge_w=rng.integers(1, 30) * KW,
        charge_efficiency=rng.choice([1.0, 0.9]),
        discharge_efficiency=rng.choice([1.0, 0.9]),
        min_soc=low,
        max_soc=high,
        initial_soc=rng.choice([low, high]),
        resistive_loss_per_w=1e-6 if odd else 0.0,
        self_discharge_per_s=1e-5 if odd else 0.0,
        taper_above_soc=0.6 if odd else None,
    )


def cluster(rng, name):
    idle_w = rng.choice([0.0, 60.0, 200.0])
    power = GpuPower(700.0, idle_w, idle_w + 20.0, server_w=60.0, server_fraction=0.05)
    return ClusterSpec(
        name=name,
        gpus_count=int(rng.integers(8, 40)),
        power=power,
        idle_w=idle_w,
        embodied_kg_per_s=0.0,
        lowest_cap_fraction=rng.choice([0.3, 0.5]),
        rack_cap_fraction=rng.choice([1.0, 1.0, 0.8]),
    )


def facility(rng, n):
    if rng.uniform() < 0.5:
        return Facility.of_pue(1.3, n)
    nothing = PowerCurve.proportional(0.0, n)
    plant = PowerCurve(rng.uniform(0, 2e3, n), rng.uniform(0.05, 0.3, n), rng.uniform(0, 2e-5, n))
    return Facility(plant, nothing, nothing)


def place(rng, grid, name):
    n, hours = grid.n_steps, grid.window_hours
    low, high = [(1, 20), (-10, 20), (5, 5)][rng.integers(3)]
    earned = [(0, 0), (2, 2), (-5, 30)][rng.integers(3)]
    price = Series(grid.window_edges_s, rng.integers(low, high + 1, hours) / 100 / KWH)
    carbon = Series(grid.window_edges_s, rng.integers(0, 10, hours) / 10 / KWH)
    has_backup = rng.uniform() < 0.3
    return replace(
        site(
            grid,
            solar_w=rng.integers(0, 30, n) * KW * rng.integers(0, 2),
            base_load_w=rng.integers(1, 10, n) * KW,
            price_usd_per_j=price.mean_over(grid.edges_s),
            export_price_usd_per_j=rng.integers(earned[0], earned[1] + 1, n) / 100 / KWH,
            average_carbon_kg_per_j=carbon.mean_over(grid.edges_s),
            marginal_carbon_kg_per_j=rng.integers(-2, 10, n) / 10 / KWH,
            battery=battery(rng) if rng.uniform() < 0.5 else None,
            connection=Connection(
                rng.choice([math.inf, math.inf, 30 * KW, 8 * KW]),
                rng.choice([math.inf, 10 * KW, 0.0]),
                10 * KW if has_backup else 0.0,
                3 * KW if has_backup else 0.0,
            ),
            clusters=[cluster(rng, f"c{one}") for one in range(rng.choice([1, 1, 2]))],
            facility=facility(rng, n),
            signals={"price": price, "average_carbon_intensity": carbon},
        ),
        name=name,
        storage_w=500.0,
        tariff=TARIFFS[rng.integers(len(TARIFFS))],
        outages_s=((0.4 * HOUR_S, 1.7 * HOUR_S),) if rng.uniform() < 0.2 else (),
        backup_usd_per_j=0.15 / KWH,
        backup_carbon_kg_per_j=0.7 / KWH,
    )


def jobs_on(rng, sites, hours):
    count = int(rng.integers(1, 40))
    first = np.cumsum([0, *(len(here.clusters) for here in sites)])
    home_site = rng.integers(0, len(sites), count)
    profiles = PROFILES[rng.integers(len(PROFILES))]
    gpus = rng.choice([1, 2, 4, 8], count)
    is_elastic = bool(profiles) and profiles[0].elastic is not None
    if is_elastic:
        gpus = np.full(count, 2)
    arrival_s = np.sort(rng.uniform(0.0, 0.8 * hours * HOUR_S, count))
    duration_s = rng.lognormal(0.0, 0.8, count) * HOUR_S
    slack_s = rng.choice([0.0, 4.0, 24.0]) * HOUR_S * rng.uniform(0.0, 1.0, count)
    has_own = rng.uniform(size=count) < rng.choice([0.0, 0.5])
    return job_table(
        arrival_s,
        duration_s,
        gpus,
        power_w=np.where(has_own & ~is_elastic, gpus * rng.uniform(30, 900, count), np.nan),
        power_fraction=rng.choice([0.6, 1.0], count),
        deadline_s=np.where(
            rng.uniform(size=count) < 0.8, arrival_s + duration_s + slack_s, np.inf
        ),
        earliest_start_s=arrival_s + rng.choice([0.0, 600.0], count),
        checkpoint_s=rng.choice([0.0, 1200.0]),
        interruptible=rng.uniform(size=count) < 0.6,
        home_site=home_site,
        home_cluster=first[home_site],
        profiles=profiles,
    )


def world(rng):
    """Return one site or two over the turn of a month, and jobs."""
    step_s, hours = rng.choice([900.0, 3600.0]), int(rng.integers(6, 30))
    grid = time_grid(hours, step_s)
    turn = timedelta(days=29) - timedelta(hours=hours // 2)
    grid = replace(grid, start=grid.start + turn, window_start=grid.window_start + turn)
    sites = [place(rng, grid, f"site{one}") for one in range(rng.choice([1, 1, 2]))]
    return sites, jobs_on(rng, sites, hours)


def policy(rng):
    """Return a built-in for every role."""
    chosen = {role: str(rng.choice(sorted(names))) for role, names in POLICIES.items()}
    given = {
        "signal": str(rng.choice(["price", "average_carbon_intensity"])),
        "cap_fraction": float(rng.choice([0.5, 0.7, 0.9])),
    }
    roles = {}
    if rng.uniform() < 0.2:
        roles["joint"] = Role(use="rolling-lp", cap=bool(rng.integers(2)))
        chosen = {role: chosen[role] for role in ("order", "place")}
    for role, name in chosen.items():
        known = parameters_of(load_class(POLICIES[role][name]))
        roles[role] = Role(use=name, **{key: value for key, value in given.items() if key in known})
    return Policy(name="drawn", **roles)


def ran(sites, jobs, choice):
    """Return the tables of a run: steps and jobs."""
    names = [profile.name for profile in jobs.profiles] or ["work"]
    return close_books(run_log(sites, jobs, choice), names)[1:]


def held(sites, jobs, choice, freedom):
    """Return what a run reached and its bound, by objective."""
    steps, frame = ran(sites, jobs, choice)
    replay = Replay(sites, jobs, ran_of(sites, steps, frame), freedom)
    return {
        objective: (float(steps[column].sum()), run_bound(replay, objective=objective).value)
        for objective, column in REACHED.items()
    }


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_policy_beats_the_bound_of_its_run(seed):
    rng = np.random.default_rng(seed)
    sites, jobs = world(rng)
    choice = policy(rng)
    freedom = freedom_of([build(choice)], sites)
    if rng.uniform() < 0.5:
        freedom = Freedom(cap=True, place=True)
    for reached, bound in held(sites, jobs, choice, freedom).values():
        assert bound <= reached + 1e-9 * (1.0 + abs(reached) + abs(bound))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_bound_of_one_run_holds_for_any_other_that_does_the_same_work_in_time(seed):
    rng = np.random.default_rng(seed)
    grid = time_grid(36, 3600.0)
    hours = grid.window_hours
    price = Series(grid.window_edges_s, rng.integers(1, 20, hours) / 100 / KWH)
    here = replace(
        site(
            grid,
            solar_w=rng.integers(0, 30, grid.n_steps) * KW,
            base_load_w=rng.integers(1, 10, grid.n_steps) * KW,
            price_usd_per_j=price.mean_over(grid.edges_s),
            export_price_usd_per_j=0.01 / KWH,
            average_carbon_kg_per_j=rng.integers(1, 9, grid.n_steps) / 10 / KWH,
            battery=battery(rng),
            clusters=[cluster(rng, "main")],
            facility=facility(rng, grid.n_steps),
            signals={"price": price},
        ),
        storage_w=500.0,
        tariff=TARIFFS[rng.integers(2)],
    )
    jobs = jobs_on(rng, [here], 20)
    jobs = replace(jobs, profiles=(), power_w=np.full(len(jobs), np.nan))
    names = ("none", "lowest-window", "lowest-slots", "threshold", "carbon-time")
    shift = str(rng.choice(names))
    choice = Policy(
        name="drawn",
        shift=shift if shift == "none" else Role(use=shift, signal="price"),
        storage=str(rng.choice(sorted(POLICIES["storage"]))),
    )
    steps, frame = ran([here], jobs, "fifo")
    others, ended = ran([here], jobs, choice)
    due_s = np.fmax(frame["deadline_s"].fillna(np.inf), frame["end_s"])
    if not (frame["end_s"].notna().all() and (ended["end_s"] <= due_s).all()):
        return
    replay = Replay([here], jobs, ran_of([here], steps, frame), Freedom())
    for objective in ("cost_usd", "carbon_location_kg"):
        bound = run_bound(replay, objective=objective).value
        reached = float(others[REACHED[objective]].sum())
        assert bound <= reached + 1e-9 * (1.0 + abs(reached) + abs(bound))


def test_power_spent_for_nothing_counts_where_no_work_needs_more_than_idle_accelerators_draw():
    # Capped the job draws less than its accelerators idle, so its work takes nothing; but as it ran
    # it saved having to pay for export.
    rng = np.random.default_rng(1)
    spec = replace(cluster(rng, "main"), idle_w=200.0, lowest_cap_fraction=0.5)
    here = site(
        time_grid(3, 3600.0), clusters=[spec], solar_w=20 * KW,
        price_usd_per_j=0.1 / KWH, export_price_usd_per_j=-0.05 / KWH,
    )
    jobs = job_table([0.0], [HOUR_S], [2], power_w=700.0, deadline_s=2 * HOUR_S)
    reached, bound = held([here], jobs, "fifo", Freedom(cap=True))["cost_usd"]
    assert math.isclose(bound, reached, rel_tol=1e-9)


def test_a_bound_on_too_much_work_is_caught(monkeypatch):
    # Without slack and battery the bound is what the run reached; with a twentieth more, above it.
    here = site(
        time_grid(3, 3600.0), clusters=[cluster(np.random.default_rng(1), "main")],
        average_carbon_kg_per_j=0.5 / KWH,
    )
    jobs = job_table([0.0], [2 * HOUR_S], [2], deadline_s=2 * HOUR_S)
    needs_on = done.needs_on

    def too_much(*args, **kwargs):
        needs = needs_on(*args, **kwargs)
        return replace(needs, power_w=1.05 * needs.power_w)

    reached, bound = held([here], jobs, "fifo", Freedom())["carbon_location_kg"]
    assert math.isclose(bound, reached, rel_tol=1e-9)
    monkeypatch.setattr(done, "needs_on", too_much)
    reached, bound = held([here], jobs, "fifo", Freedom())["carbon_location_kg"]
    assert bound > reached
