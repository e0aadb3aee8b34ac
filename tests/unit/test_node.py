"""A site at a bus of a network whose market can be worked out by hand."""

import pandas as pd
import pytest

import sim
from sim.errors import DataError, ScenarioError

SCENARIO = """
schema_version: 1
name: node
start: 2025-06-02T00:00Z
duration_h: 24
step_min: 30
sites:
  - name: here
    base_load: {{constant_kw: {load_kw}}}
    grid: {{tariff: {{delivery_usd_per_kwh: 0.02}}, market: {{network: net, bus: {bus}, {role}}}}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a constant load at a bus with 80 MW of other demand.

    100 MW cost 10 $/MWh and emit nothing; 100 MW more cost 50 $/MWh and emit 400 kg/MWh.
    """
    monkeypatch.setenv("GRIDLOOM_CACHE", str(tmp_path / "cache"))
    net = tmp_path / "net"
    net.mkdir()
    (net / "buses.csv").write_text("bus,area,load_share_of_area\nN,1,1.0\n")
    (net / "lines.csv").write_text("line,from,to,x_pu100,rate_mw\n")
    (net / "generators.csv").write_text(
        "segment,unit,bus,type,fuel,p_max_mw,p_min_mw,mc_usd_mwh,co2_kg_mwh,profiled\n"
        "a,a,N,hydro,Hydro,100,0,10,0,0\n"
        "b,b,N,gas,Gas,100,0,50,400,0\n"
    )
    hours = pd.date_range("2025-06-01", periods=96, freq="h")
    # On the day before the run there is hardly any demand.
    load = pd.DataFrame({"load_area1": [5.0] * 24 + [80.0] * 72}, index=hours)
    load.to_csv(net / "load_hourly.csv")

    def simulate(load_mw, role, bus="N"):
        path = tmp_path / "node.yaml"
        path.write_text(SCENARIO.format(load_kw=load_mw * 1e3, role=role, bus=bus))
        return sim.simulate(path)

    return simulate


MAKER = "role: price-maker, load_levels_mw: [0, 30, 60]"


def test_a_price_taker_pays_the_price_without_it_and_changes_nothing(run):
    result = run(40, "role: price-taker")
    assert result.steps["price_usd_per_kwh"].to_numpy() == pytest.approx(0.010 + 0.02)
    assert result.metrics["system_co2_added_kg"] is None


@pytest.mark.parametrize("role", ["role: online", MAKER])
def test_a_price_maker_pays_the_price_at_its_own_load_and_causes_what_the_system_adds(run, role):
    result = run(40, role)
    # 80 + 40 MW need 20 MW of the dear unit: 20 MW more of the cheap one, 20 of the dear one.
    assert result.steps["price_usd_per_kwh"].to_numpy() == pytest.approx(0.050 + 0.02)
    assert result.metrics["cost_energy_usd"] == pytest.approx(24 * 40e3 * 0.07)
    assert result.metrics["system_co2_added_kg"] == pytest.approx(24 * 20 * 400)
    assert result.metrics["system_cost_added_usd"] == pytest.approx(24 * (20 * 10 + 20 * 50))
    assert result.metrics["carbon_marginal_kg"] == pytest.approx(24 * 40 * 400)


@pytest.mark.parametrize("role", ["role: online", MAKER])
def test_a_load_too_small_to_move_the_market_pays_what_a_price_taker_pays(run, role):
    assert run(10, role).metrics["cost_energy_usd"] == pytest.approx(24 * 10e3 * 0.03)


def test_a_load_outside_the_table_is_refused_with_advice(run):
    with pytest.raises(DataError, match=r"goes from 0 to 60 MW.*Widen load_levels_mw"):
        run(70, MAKER)


def test_an_unknown_bus_is_refused(run):
    with pytest.raises(DataError, match=r'has no bus "M"'):
        run(10, "role: price-taker", bus="M")


def test_a_price_maker_without_a_table_is_told(run):
    with pytest.raises(ScenarioError, match="a price-maker needs at least two loads"):
        run(10, "role: price-maker")


def test_a_network_that_does_not_cover_the_run_is_refused(run, tmp_path):
    hours = pd.date_range("2025-06-01", periods=30, freq="h")
    pd.DataFrame({"load_area1": 80.0}, index=hours).to_csv(tmp_path / "net" / "load_hourly.csv")
    with pytest.raises(DataError, match="its hours do not cover the run"):
        run(10, "role: price-taker")
