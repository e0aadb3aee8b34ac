"""Equal seeds give all policies and all points of a study the same luck.

A study compares its runs in pairs, seed by seed: what is left must be what policy and point do, not
what they happened to draw. Weather, outages, arrivals, failures and forecast errors are looked at
in runs of the real engine.
"""

import numpy as np
import pandas as pd
import pytest

from sim.engine.failures import FailureClock
from sim.engine.simulation import prepare, run
from sim.scenario.schema.scenario import policy_label
from sim.scenario.sweep.load import load_study

SCENARIO = """\
schema_version: 1
name: luck
start: 2025-06-02T00:00Z
duration_h: 96
step_min: 60
seeds: [3, 4]
sites:
  - name: lab
    weather: {tmy: greensboro-nc, resample: daily-block}
    solar: {dc_capacity_kw: 100}
    battery: {capacity_kwh: 200, max_charge_kw: 50, max_discharge_kw: 50}
    grid:
      market: us-carolinas
      outages: {mtbf_h: 30, mttr_h: 2}
    datacenter: {clusters: [{name: main, accelerator: h100-sxm, nodes: 8}], pue: 1.2}
workload:
  - type: training
    arrivals: {poisson_per_h: 2, until_h: 80}
    gpus: {sizes: [1, 4, 8], weights: [40, 30, 30]}
    duration: {median_h: 2, sigma: 0.8, max_h: 16}
    slack: {min_h: 2, max_h: 24}
  - type: fine-tuning
    name: tuning
    arrivals: {poisson_per_h: 0.2, until_h: 80}
    parameters_b: 8
    tokens_b: 0.5
    gpus: 8
    mfu: 0.35
    slack_h: 24
    failures: {mtbf_gpu_h: 40, restart_min: 10}
forecast: {model: {use: ar1-error, spread_fraction: 0.2}, horizon_h: 24, refresh_h: 6}
policies:
  - {name: now, shift: {use: threshold, signal: price}}
  - {name: later, order: edf, shift: {use: lowest-window, signal: price}, storage: self-consumption}
  - name: capped
    power: {use: fixed-cap, cap_fraction: 0.7}
    shift: {use: lowest-slot, signal: price}
sweep:
  combine: zip
  axes:
    - {path: sites.lab.battery.capacity_kwh, values: [200, 900]}
    - {path: sites.lab.datacenter.clusters.main.nodes, values: [8, 4]}
"""


class Luck:
    """What a run drew, and what it made of it.

    Parameters
    ----------
    prepared : Prepared
        The scenario.
    policy : Policy
        The policy.
    seed : int
        The seed.
    monkeypatch : MonkeyPatch
        For looking at the failures as they are drawn.
    """

    def __init__(self, prepared, policy, seed, monkeypatch):
        self.failures = {}
        plain = FailureClock.due_s

        def due_s(clock, job, gpus_count):
            found = plain(clock, job, gpus_count)
            self.failures.setdefault(job, found * gpus_count)
            return found

        with monkeypatch.context() as patch:
            patch.setattr(FailureClock, "due_s", due_s)
            self.run = run(prepared, policy, seed)
        self.site = prepared.sites(seed)[0]

    def same(self, other):
        """Tell what of it is the same as in another run."""
        told = ["job_id", "workload", "arrival_s", "gpus_count", "deadline_s"]
        jobs, others = self.run.jobs, other.run.jobs
        both = self.failures.keys() & other.failures.keys()
        assert len(both) > 5, "too few jobs can fail to say anything"
        return {
            "weather": np.array_equal(self.site.solar_w, other.site.solar_w),
            "prices": np.array_equal(self.site.price_usd_per_j, other.site.price_usd_per_j),
            "outages": self.site.outages_s == other.site.outages_s,
            "jobs": jobs[told].equals(others[told]),
            "failures": all(self.failures[job] == other.failures[job] for job in both),
            "forecasts": _forecasts(self.run).equals(_forecasts(other.run)),
        }


def _forecasts(result):
    of_price = result.forecasts[result.forecasts["signal"] == "price"]
    assert len(of_price) > 50
    return of_price.reset_index(drop=True)


@pytest.fixture(scope="module")
def lucks(tmp_path_factory):
    path = tmp_path_factory.mktemp("luck") / "luck.yaml"
    path.write_text(SCENARIO)
    plan = load_study(path)
    found = {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        for point in plan.points:
            prepared = prepare(plan.load(point))
            for seed in plan.seeds:
                for choice in prepared.loaded.spec.policies:
                    key = (point.name, policy_label(choice), seed)
                    found[key] = Luck(prepared, choice, seed, monkeypatch)
    return found


def test_one_seed_gives_every_policy_and_point_the_same_luck(lucks):
    for seed in (3, 4):
        first, *others = [luck for (*_, own), luck in lucks.items() if own == seed]
        assert len(others) == 2 * 3 - 1
        for other in others:
            assert all(first.same(other).values()), first.same(other)
        assert len(first.site.outages_s) > 0


def test_the_runs_of_one_seed_still_differ(lucks):
    ends = {
        tuple(pd.Series(luck.run.jobs["end_s"]).fillna(-1.0))
        for (*_, seed), luck in lucks.items() if seed == 3
    }
    assert len(ends) >= 6  # three policies, on four and on eight nodes


def test_another_seed_is_other_luck_in_everything(lucks):
    by_seed = {seed: luck for (*_, seed), luck in lucks.items()}
    assert not any(by_seed[3].same(by_seed[4]).values())
