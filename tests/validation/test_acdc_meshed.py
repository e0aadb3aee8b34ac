"""PyPSA's folders, read by us, against PyPSA itself.

The capacities of acdc_meshed may be extended there; here they are fixed as they stand in its files,
and its limit on a year's emissions is left out, in PyPSA as by our reader. PyPSA 1.4.0 then gives
the figures below; with the `oracle` extra they are computed again.
"""

from pathlib import Path

import numpy as np
import pytest

from sim.grid.network.read import read_network
from sim.grid.network.year import solve_year

FOLDER = Path(__file__).parents[3] / "shared" / "checks" / "acdc_meshed"

at_hand = pytest.mark.skipif(not FOLDER.exists(), reason="the PyPSA folder is not at hand")

OBJECTIVE = 128678.57335956312
CHEAP, DEAR = 4.0863219899, 4.5323676307  # gas in Frankfurt, gas in Manchester
# Buses London, Norwich, Norwich DC, Manchester, Bremen, Bremen DC, Frankfurt, Norway, Norway DC.
PARTED = [DEAR, DEAR, DEAR, DEAR, CHEAP, DEAR, CHEAP, DEAR, DEAR]
HALF = [DEAR, DEAR, CHEAP, DEAR, CHEAP, CHEAP, CHEAP, CHEAP, CHEAP]
SAME = [CHEAP] * 9
LMP = [PARTED, PARTED, SAME, SAME, SAME, PARTED, PARTED, SAME, HALF, PARTED]
FRANKFURT_GAS_MW = [
    2776.635600, 2853.170299, 1615.820265, 3153.130543, 2492.349068, 3176.189013, 2881.813111,
    2722.227794, 3547.304082, 3101.054119,
]


@at_hand
def test_prices_and_dispatch_with_fixed_capacities_are_those_of_pypsa():
    year = solve_year(read_network(FOLDER))
    assert year.objective_usd.sum() == pytest.approx(OBJECTIVE, rel=1e-9)
    np.testing.assert_allclose(year.lmp_usd_per_mwh, LMP, atol=1e-9)
    gas = year.network.units.names.index("Frankfurt Gas")
    np.testing.assert_allclose(year.generation_mw[:, gas], FRANKFURT_GAS_MW, atol=1e-6)


def with_capacities_fixed(pypsa, folder):
    theirs = pypsa.Network(folder)
    for name in list(theirs.c.global_constraints.static.index):
        theirs.remove("GlobalConstraint", name)
    for component in ("generators", "lines", "links", "transformers"):
        static = theirs.c[component].static
        for column in ("p_nom_extendable", "s_nom_extendable"):
            if column in static:
                static[column] = False
    return theirs


def assert_agree(year, theirs):
    """Compare prices, flows and dispatch of a network that PyPSA has optimised."""
    network = year.network
    pairs = (
        (year.lmp_usd_per_mwh, theirs.c.buses.dynamic.marginal_price, network.buses.names),
        (year.generation_mw, theirs.c.generators.dynamic.p, network.units.names),
        (year.link_flow_mw, theirs.c.links.dynamic.p0, network.links.names),
    )
    for ours, frame, names in pairs:
        np.testing.assert_allclose(ours, frame[list(names)].to_numpy(), rtol=1e-6, atol=1e-5)
    lines = list(theirs.c.lines.static.index)
    their_flow = theirs.c.lines.dynamic.p0[lines].to_numpy()
    np.testing.assert_allclose(year.line_flow_mw[:, : len(lines)], their_flow, atol=1e-5)


@at_hand
@pytest.mark.filterwarnings("ignore")
def test_pypsa_itself_gives_the_same_on_its_own_folder():
    pypsa = pytest.importorskip("pypsa", reason="PyPSA comes with the `oracle` extra")
    theirs = with_capacities_fixed(pypsa, FOLDER)
    theirs.optimize(solver_name="highs")
    year = solve_year(read_network(FOLDER))
    assert year.objective_usd.sum() == pytest.approx(theirs.objective, rel=1e-9)
    assert_agree(year, theirs)


@pytest.mark.filterwarnings("ignore")
def test_pypsa_gives_the_same_on_types_transformers_losses_and_weights(tmp_path):
    pypsa = pytest.importorskip("pypsa", reason="PyPSA comes with the `oracle` extra")
    theirs = pypsa.Network(snapshots=["winter", "spring", "summer"])
    theirs.snapshot_weightings["objective"] = [1.0, 2.0, 3.0]
    theirs.add("Carrier", ["gas", "coal", "wind"], co2_emissions=[0.2, 0.34, 0.0])
    theirs.add("Bus", ["a", "b", "c"], v_nom=380.0, carrier="AC")
    theirs.add("Bus", "low", v_nom=220.0, carrier="AC")
    theirs.add("Line", ["ab", "bc", "ac"], bus0=["a", "b", "a"], bus1=["b", "c", "c"],
               type="490-AL1/64-ST1A 380.0", length=[80.0, 120.0, 90.0], num_parallel=[1, 2, 1.5],
               s_nom=[300.0, 200.0, 150.0], s_max_pu=0.7)
    theirs.add("Line", "ab2", bus0="a", bus1="b", x=30.0, s_nom=500.0)
    theirs.add("Transformer", ["1", "2"], bus0=["c", "a"], bus1="low", x=[0.1, 0.12],
               s_nom=[200.0, 250.0], tap_ratio=[0.97, 1.02])
    theirs.add("Link", "hvdc", bus0="a", bus1="c", p_nom=40.0, p_min_pu=-1.0, efficiency=0.95,
               marginal_cost=0.3)
    theirs.add("Generator", ["coal a", "gas b", "wind c"], bus=["a", "b", "c"],
               p_nom=[600.0, 400.0, 200.0], carrier=["coal", "gas", "wind"],
               p_min_pu=[0.1, 0.0, 0.0], marginal_cost=[20.0, 45.0, 0.5],
               efficiency=[0.4, 0.55, 1.0])
    theirs.c.generators.dynamic.p_max_pu["wind c"] = [0.9, 0.4, 0.05]
    theirs.c.generators.dynamic.marginal_cost["gas b"] = [45.0, 18.0, 50.0]
    theirs.add("Load", ["at a", "at b", "at c", "at low"], bus=["a", "b", "c", "low"],
               p_set=[50.0, 90.0, 120.0, 180.0])
    theirs.c.loads.dynamic.p_set["at b"] = [90.0, 60.0, 140.0]
    theirs.optimize(solver_name="highs")
    theirs.export_to_csv_folder(tmp_path)
    year = solve_year(read_network(tmp_path))
    assert year.objective_usd.sum() == pytest.approx(theirs.objective, rel=1e-9)
    assert year.congested.any()
    assert_agree(year, theirs)
    co2_t = (theirs.c.generators.dynamic.p * [0.34 / 0.4, 0.2 / 0.55, 0.0]).sum(axis=1)
    assert year.co2_kg / 1e3 == pytest.approx(co2_t.to_numpy() * [1.0, 2.0, 3.0], rel=1e-6)
