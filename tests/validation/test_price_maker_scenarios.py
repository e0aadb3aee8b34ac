"""Data centers of 50, 250 and 500 MW on RTS-GMLC that take prices or make them, as scenarios.

Expected values are those of a separate program that solved the same network with and without them.
"""

from pathlib import Path

import pytest

import sim

NETWORK = Path(__file__).parents[3] / "shared" / "data" / "rts_gmlc"
pytestmark = pytest.mark.skipif(not NETWORK.exists(), reason="the RTS-GMLC data are not at hand")

SCENARIO = """
schema_version: 1
name: price-maker
start: 2020-01-01T00:00Z
duration_h: 8784
step_min: 60
sites:
  - name: bus-113
    base_load: {{constant_kw: {load_kw}}}
    grid: {{market: {{network: {network}, bus: "113", {role}}}}}
"""
LEVELS = "role: price-maker, load_levels_mw: [0, 35, 175, 350, 400]"


@pytest.fixture(scope="module")
def cost_usd_per_mwh(tmp_path_factory):
    """Return a function from size [MW] and role to what a data center at 70 % load pays."""
    folder = tmp_path_factory.mktemp("price-maker")

    def simulate(size_mw, role):
        path = folder / "scenario.yaml"
        path.write_text(SCENARIO.format(load_kw=700 * size_mw, network=NETWORK, role=role))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRIDLOOM_CACHE", str(folder / "cache"))
            metrics = sim.simulate(path).metrics
        return metrics["cost_energy_usd"] / metrics["energy_facility_kwh"] * 1e3

    return simulate


def test_a_price_taker_pays_the_price_without_it_whatever_its_size(cost_usd_per_mwh):
    assert cost_usd_per_mwh(250, "role: price-taker") == pytest.approx(23.42, abs=0.005)


@pytest.mark.parametrize(("size_mw", "cost"), [(50, 23.58), (250, 24.28), (500, 24.93)])
def test_a_price_maker_pays_what_the_market_with_it_asks(cost_usd_per_mwh, size_mw, cost):
    assert cost_usd_per_mwh(size_mw, LEVELS) == pytest.approx(cost, rel=1e-3)
