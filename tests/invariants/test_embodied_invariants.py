"""Embodied carbon: what jobs and idle accelerators are allocated is what was spread over time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.datacenter.embodied import embodied_rates
from sim.ledger.close import close_books
from sim.scenario.schema.datacenter import Cluster, DataCenter
from sim.scenario.schema.embodied import Embodied
from sim.scenario.schema.site import Site
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
RATES = st.floats(0.0, 1e-2)
JOBS = st.lists(
    st.tuples(
        st.floats(0.0, 20 * HOUR),
        st.floats(1.0, 12 * HOUR),
        st.integers(1, 6),
        st.integers(0, 1),
    ),
    max_size=12,
)


def closed(jobs, own, common, standing_w=(0.0, 0.0)):
    """Return metrics and jobs of a day on two clusters of six accelerators."""
    clusters = [
        replace(cluster(6, idle_w=60.0, name=name), embodied_kg_per_s=rate)
        for name, rate in zip(("one", "two"), own, strict=True)
    ]
    here = site(time_grid(24), clusters=clusters)
    rates = {"compute": sum(own), "building": common}
    here = replace(
        here, embodied_kg_per_s=rates, storage_w=standing_w[0], network_w=standing_w[1]
    )
    arrival_s, duration_s, gpus, home = zip(*sorted(jobs), strict=True) if jobs else ([],) * 4
    table = job_table(arrival_s, duration_s, gpus, home_cluster=home)
    metrics, steps, rows = close_books(run_log([here], table), ["jobs"])
    return metrics, steps, rows


@settings(max_examples=60, deadline=None)
@given(jobs=JOBS, one=RATES, two=RATES, common=RATES)
def test_jobs_and_idle_accelerators_share_all_embodied_carbon(jobs, one, two, common):
    metrics, _, rows = closed(jobs, (one, two), common)
    total = metrics["carbon_embodied_kg"]
    assert total == pytest.approx((one + two + common) * 24 * HOUR, rel=1e-9)
    parts = [value for name, value in metrics.items()
             if name.startswith("carbon_embodied_") and name != "carbon_embodied_kg"]
    assert sum(part for part in parts if part is not None) == pytest.approx(total, rel=1e-9)
    # by hand: accelerator hours of each cluster at its own rate and a share of the rest
    allocated, ran_s = rows["carbon_embodied_kg"], _held_s(rows)
    rate = np.where(rows["cluster"] == "one", one, two) / 6 + common / 12
    assert allocated.to_numpy() == pytest.approx(ran_s * rows["gpus_count"] * rate, rel=1e-9)
    assert allocated.sum() <= total * (1 + 1e-9)


def _held_s(rows):
    """Return for how long each job held its accelerators; no job is suspended here."""
    end_s = rows["end_s"].fillna(24 * HOUR)
    return (end_s - rows["start_s"]).fillna(0.0).to_numpy()


@settings(max_examples=60, deadline=None)
@given(jobs=JOBS, storage_w=st.floats(0.0, 1e4), network_w=st.floats(0.0, 1e4))
def test_it_energy_is_compute_storage_and_network(jobs, storage_w, network_w):
    metrics, steps, _ = closed(jobs, (0.0, 0.0), 0.0, (storage_w, network_w))
    parts = [metrics[f"energy_{name}_kwh"] or 0.0 for name in ("compute", "storage", "network")]
    assert sum(parts) == pytest.approx(metrics["energy_it_kwh"], rel=1e-9)
    assert parts[1] == pytest.approx(storage_w * 24 / 1e3)
    assert parts[2] == pytest.approx(network_w * 24 / 1e3)
    jobs_and_idle = metrics["energy_jobs_it_kwh"] + metrics["energy_idle_it_kwh"]
    assert jobs_and_idle == pytest.approx(metrics["energy_it_kwh"], rel=1e-9)
    assert steps["it_kw"].min() >= (storage_w + network_w) / 1e3 - 1e-9


@given(
    years=st.floats(1.0, 10.0),
    longer=st.floats(0.0, 10.0),
    nodes=st.integers(1, 1000),
    estimate=st.sampled_from(["low", "mid", "high"]),
)
def test_longer_use_never_emits_more_per_time(years, longer, nodes, estimate):
    def rate(life):
        place = Site(
            name="lab",
            datacenter=DataCenter(
                clusters=(Cluster(name="main", accelerator="h100-sxm", nodes=nodes),), pue=1.1
            ),
            embodied=Embodied(refresh_years=life, estimate=estimate),
        )
        return sum(embodied_rates(place).values())

    assert rate(years + longer) <= rate(years) * (1 + 1e-12)


@given(nodes=st.integers(1, 1000), years=st.floats(1.0, 10.0))
def test_low_mid_and_high_estimates_never_cross(nodes, years):
    def rate(estimate):
        place = Site(
            name="lab",
            datacenter=DataCenter(
                clusters=(Cluster(name="main", accelerator="a100-sxm-80gb", nodes=nodes),), pue=1.1
            ),
            embodied=Embodied(refresh_years=years, estimate=estimate),
        )
        return sum(embodied_rates(place).values())

    assert rate("low") <= rate("mid") <= rate("high")
