"""Small studies made by hand: every metric is a formula of axes, policy and seed."""

import itertools

import numpy as np
import pandas as pd

from sim.report.study_table import StudyTable
from sim.scenario.sweep.axes import Axis

BATTERY = Axis("battery_kwh", "Battery", "kWh", "sites.campus.battery.capacity_kwh",
               (0, 500, 1000, 2000, 4000))
SOLAR = Axis("solar_kw", "Solar", "kW", "sites.campus.solar.capacity_kw", (0, 400, 800, 1200))
CLIMATE = Axis("climate", "Climate", "", "sites.campus.weather", ("Oslo", "Greensboro", "Phoenix"))

POLICIES = ("fifo", "follow-carbon", "follow-price")


def metrics(values, policy, seed, variant="base"):
    """Return cost with its least at 1000 kWh, carbon with its least at the largest battery."""
    battery = values.get("battery_kwh", 1000.0) / 1000.0
    solar = values.get("solar_kw", 800.0) / 1000.0
    shift = {"fifo": 0.0}.get(policy, 0.01 * (1 + sum(map(ord, policy)) % 9))
    noise = 0.01 * np.sin(17.0 * seed + 3.0 * battery) + 0.02 * np.cos(5.0 * seed)
    place = 1.0 + 0.1 * (sum(map(ord, variant)) % 5)
    return {
        "cost_total_usd": place * 5000.0 * (1 + 0.1 * (battery - 1) ** 2 + 0.3 * (solar - 0.8) ** 2
                                            - shift + noise),
        "carbon_operational_location_kg": place * 9000.0 * (1 - 0.1 * battery - 0.3 * solar
                                                            + shift * (seed % 3) + noise),
        "carbon_marginal_kg": place * 11000.0 * (1 - 0.1 * battery + shift - noise),
        "energy_facility_kwh": 30000.0 * (1 - 0.1 * shift + 0.01 * noise),
        "jct_mean_h": 5.0 + 40.0 * shift + noise,
        "queue_wait_mean_h": 1.0 + 40.0 * shift + noise,
        "jobs_completed_count": 100.0,
    }


def fake_study(axes=(), *, policies=POLICIES, seeds=range(1, 9), variants=("base",), design="grid",
               points=None):
    """Return a study over axes, or over points given as mappings of values, or over variants."""
    names = [axis.name for axis in axes]
    ranges = [list(axis.values) for axis in axes]
    places = points or [dict(zip(names, chosen, strict=True))
                        for chosen in itertools.product(*ranges)]
    rows = [
        {"variant": variant, **values, "policy": policy, "seed": seed,
         "point": f"p{place}" if axes else variant, "run_id": f"{policy}-seed{seed}"}
        | metrics(values, policy, seed, variant)
        for variant in variants for place, values in enumerate(places)
        for policy in policies for seed in seeds
    ]
    return StudyTable("fake", "Which size?", tuple(axes), design if axes else "", tuple(policies),
                      tuple(seeds), "cost_total_usd", pd.DataFrame(rows))
