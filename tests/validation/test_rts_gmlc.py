"""The year of RTS-GMLC, against the same linear program solved elsewhere.

The other program is one direct HiGHS model with voltage angles; what a data center at bus 113 does
was computed there by solving the year again with it.
"""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.grid.network.opf import OptimalPowerFlow
from sim.grid.network.price_maker import price_table
from sim.grid.network.read import read_network
from sim.grid.network.year import solve_year

SHARED = Path(__file__).parents[3] / "shared"
DATA, CHECKS = SHARED / "data" / "rts_gmlc", SHARED / "checks" / "rts_gmlc"
BUS = "113"

pytestmark = pytest.mark.skipif(
    not (DATA.exists() and CHECKS.exists()), reason="the RTS-GMLC data and checks are not at hand"
)


@pytest.fixture(scope="module")
def network():
    return read_network(DATA)


@pytest.fixture(scope="module")
def year(network):
    return solve_year(network)


@pytest.fixture(scope="module")
def expected():
    return json.loads((CHECKS / "expected_summary.json").read_text())


def hourly(name):
    return pd.read_csv(CHECKS / name, index_col=0)


def with_data_center(network, load_mw):
    return solve_year(network, extra_load_mw={BUS: load_mw})


def at_bus(year, column):
    return getattr(year, column)[:, year.network.place_of(BUS)]


def test_cost_emissions_load_and_curtailment_of_the_year_agree(year, expected):
    curtailed_percent = 100 * year.curtailed_mw.sum() / year.available_mw.sum()
    assert year.cost_usd.sum() == pytest.approx(expected["objective_usd"], rel=1e-6)
    assert year.co2_kg.sum() / 1e3 == pytest.approx(expected["co2_t"], rel=1e-6)
    assert year.network.load_mw.sum() / 1e6 == pytest.approx(expected["load_twh"], rel=1e-6)
    assert curtailed_percent == pytest.approx(expected["curtail_pct_of_available"], rel=1e-6)
    assert year.unserved_mwh.sum() == 0.0


def test_prices_of_ten_buses_agree_in_99_percent_of_hours(year):
    theirs = hourly("expected_lmp_10buses.csv.gz")
    places = [year.network.place_of(column.removeprefix("lmp_")) for column in theirs]
    error = np.abs(year.lmp_usd_per_mwh[:, places] - theirs.to_numpy()).max(axis=1)
    assert len(error) == 8784
    assert (error <= 1e-4).mean() >= 0.99


def test_dispatch_by_technology_and_intensities_agree_hour_by_hour(year):
    theirs = hourly("expected_dispatch_hourly.csv.gz")
    kinds = pd.read_csv(DATA / "generators.csv")["type"].to_numpy()
    for kind in np.unique(kinds):
        ours_mw = year.generation_mw[:, kinds == kind].sum(axis=1)
        np.testing.assert_allclose(ours_mw, theirs[kind], atol=0.006)  # printed to two decimals
    np.testing.assert_allclose(
        year.average_intensity_kg_per_mwh, theirs["avg_ci_kg_mwh"], atol=6e-4
    )
    for bus in ("113", "317"):
        ours = year.marginal_emissions_kg_per_mwh[:, year.network.place_of(bus)]
        agree = np.abs(ours - theirs[f"mef_bus{bus}"]) <= 6e-4
        assert agree.mean() >= 0.99


def test_marginal_emissions_and_prices_equal_finite_differences(network):
    rng = np.random.default_rng(20200101)
    flow, more_mw = OptimalPowerFlow(network), 0.05
    emission, cost = network.units.emission_kg_per_mwh, network.units.cost_usd_per_mwh[0]
    for _ in range(200):
        hour, bus = int(rng.integers(8784)), int(rng.integers(73))
        before = flow.solve(hour)
        after = flow.solve(hour, np.where(np.arange(73) == bus, more_mw, 0.0))
        change_mw = after.generation_mw - before.generation_mw
        assert change_mw @ emission / more_mw == pytest.approx(
            before.marginal_emissions_kg_per_mwh[bus], abs=0.01
        )
        assert change_mw @ cost / more_mw == pytest.approx(before.lmp_usd_per_mwh[bus], abs=1e-4)


@pytest.mark.parametrize(
    ("size_mw", "as_taker", "as_maker", "added_kg_per_mwh"),
    [(50, 23.42, 23.58, None), (250, 23.42, 24.28, 690), (500, 23.42, 24.93, 686)],
)
def test_a_flat_data_center_pays_what_the_market_with_it_asks(
    network, year, size_mw, as_taker, as_maker, added_kg_per_mwh
):
    changed = with_data_center(network, 0.7 * size_mw)
    energy_mwh = 0.7 * size_mw * 8784
    assert at_bus(year, "lmp_usd_per_mwh").mean() == pytest.approx(as_taker, rel=0.01)
    assert at_bus(changed, "lmp_usd_per_mwh").mean() == pytest.approx(as_maker, rel=0.01)
    if added_kg_per_mwh:
        added_kg = changed.co2_kg.sum() - year.co2_kg.sum()
        assert added_kg / energy_mwh == pytest.approx(added_kg_per_mwh, rel=0.01)


def load_following(signal, size_mw):
    """Return 60 % of a size, and 30 % more in the 8 hours of each day with the lowest signal."""
    order = np.argsort(signal.reshape(-1, 24), axis=1, kind="stable")
    load_mw = np.full(order.shape, 0.6 * size_mw)
    np.put_along_axis(load_mw, order[:, :8], 0.9 * size_mw, axis=1)
    return load_mw.ravel()


def results_of_policies():
    """Return true, by average and by marginal accounted emissions and cost, per policy."""
    pattern = (r"policy (\w+) .*true added CO2 ([\d.]+) .*avgCI ([\d.]+) .*MEF ([\d.]+) "
               r".*cost ([\d.]+) \$/MWh \| system")
    text = (CHECKS / "policy_signal_results.txt").read_text()
    return {name: np.array(values, dtype=float) for name, *values in re.findall(pattern, text)}


def test_following_the_average_intensity_raises_emissions_and_following_the_marginal_lowers_them(
    network, year
):
    average = year.average_intensity_kg_per_mwh
    marginal = at_bus(year, "marginal_emissions_kg_per_mwh")
    loads_mw = {
        "flat": np.full(8784, 70.0),
        "price": load_following(at_bus(year, "lmp_usd_per_mwh"), 100.0),
        "avgCI": load_following(average, 100.0),
        "MEF": load_following(marginal, 100.0),
    }
    ours = {}
    for name, load_mw in loads_mw.items():
        changed = with_data_center(network, load_mw)
        energy_mwh = load_mw.sum()
        added_kg = changed.co2_kg.sum() - year.co2_kg.sum()
        paid_usd = load_mw @ at_bus(changed, "lmp_usd_per_mwh")
        totals = [added_kg, load_mw @ average, load_mw @ marginal, paid_usd]
        ours[name] = np.array(totals) / energy_mwh
    theirs = results_of_policies()
    assert set(theirs) == set(ours)
    for name in ("price", "avgCI", "MEF"):
        change = 100 * (ours[name] / ours["flat"] - 1)
        their_change = 100 * (theirs[name] / theirs["flat"] - 1)
        np.testing.assert_allclose(change, their_change, atol=1.0)
        assert (np.sign(change) == np.sign(their_change)).all()
    # What the issue is about: the average says -5.9 %, and 1.0 % more is emitted.
    true, by_average, *_ = 100 * (ours["avgCI"] / ours["flat"] - 1)
    assert by_average == pytest.approx(-5.9, abs=0.1)
    assert true == pytest.approx(1.0, abs=0.1)


def test_a_price_table_quotes_between_its_sizes_what_the_market_would_ask(network):
    hours = np.arange(0, 8784, 24 * 7 + 5)  # every hour of the day, all year
    network = network.at_hours(hours)
    table = price_table(network, BUS, load_mw=np.array([0.0, 125.0, 250.0, 375.0]))
    load_mw = np.full(len(hours), 200.0)
    changed = with_data_center(network, load_mw)
    quote = table.quote(np.arange(len(hours)), load_mw)
    assert quote.price_usd_per_mwh.mean() == pytest.approx(
        at_bus(changed, "lmp_usd_per_mwh").mean(), rel=0.01
    )
    added = changed.objective_usd - table.system_cost_usd[:, 0]
    assert (quote.system_cost_usd <= changed.objective_usd + 1e-6).all()  # tangents lie below
    assert (quote.system_cost_usd - table.system_cost_usd[:, 0]).sum() == pytest.approx(
        added.sum(), rel=0.002
    )
    assert quote.system_co2_kg.sum() == pytest.approx(changed.co2_kg.sum(), rel=0.001)
