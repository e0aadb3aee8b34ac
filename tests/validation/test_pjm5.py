"""The typed-in test cases against published results: PJM 5-bus and IEEE 14-bus.

PJM 5-bus: two other programs agree on the figures (one direct HiGHS model, and PyPSA). IEEE 14-bus:
MATPOWER's ``rundcopf('case14')`` gives 7642.59177699 USD/h, and 38.0323 MW from the second
generator; its quadratic costs stand here as blocks, which cost a little more between their edges.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from sim.grid.network.read import read_network
from sim.grid.network.year import solve_year

CHECK = Path(__file__).parents[3] / "shared" / "checks" / "pjm5_dcopf_expected.json"

OBJECTIVE_USD = 17479.896925381025
LMP_USD_PER_MWH = [16.977358823011187, 26.38445951898511, 30.0, 39.94273632279094, 10.0]
DISPATCH_MW = [40.0, 170.0, 323.4948462690512, 0.0, 466.5051537309488]
FLOWS_MW = [249.71676504, 186.78838869, -226.50515373, -50.28323496, -26.78838869, -240.0]


@pytest.fixture(scope="module")
def pjm5():
    return solve_year(read_network("pjm5"))


def test_the_pjm_5_bus_case_agrees_with_two_other_programs(pjm5):
    assert pjm5.objective_usd[0] == pytest.approx(OBJECTIVE_USD, rel=1e-9)
    assert pjm5.lmp_usd_per_mwh[0] == pytest.approx(LMP_USD_PER_MWH, abs=1e-6)
    assert pjm5.generation_mw[0] == pytest.approx(DISPATCH_MW, abs=1e-6)
    assert pjm5.line_flow_mw[0] == pytest.approx(FLOWS_MW, abs=1e-6)


def test_the_pjm_5_bus_case_agrees_with_the_file_of_checks(pjm5):
    if not CHECK.exists():
        pytest.skip("the file of checks is not at hand")
    theirs = json.loads(CHECK.read_text())
    assert pjm5.objective_usd[0] == pytest.approx(theirs["objective"], rel=1e-6)
    assert pjm5.lmp_usd_per_mwh[0] == pytest.approx(theirs["lmp"], abs=1e-6)
    assert pjm5.generation_mw[0] == pytest.approx(theirs["dispatch"], abs=1e-6)
    assert pjm5.line_flow_mw[0] == pytest.approx(theirs["flows"], abs=1e-6)
    network = pjm5.network
    ends = np.column_stack([network.lines.from_bus, network.lines.to_bus])
    for (one, other, x_pu, _), line in zip(theirs["lines_from_to_xpu_rate"], range(6), strict=True):
        assert ends[line].tolist() == [one, other]
        assert network.lines.reactance_rad_per_mw[line] == pytest.approx(x_pu / 100)


def test_the_ieee_14_bus_case_costs_what_matpower_says_but_for_its_blocks():
    year = solve_year(read_network("ieee14"))
    # Blocks of 8.31 and 5 MW lie above the parabolas by at most c2 * (width / 2)^2 each.
    above_usd = 0.0430292599 * (8.31 / 2) ** 2 + 0.25 * 2.5**2
    assert 7642.5917 <= year.objective_usd[0] <= 7642.5918 + above_usd
    units = np.array([name.partition("#")[0] for name in year.network.units.names])
    by_unit_mw = [year.generation_mw[0, units == name].sum() for name in ("G1", "G2", "G3")]
    assert by_unit_mw == pytest.approx([220.9677, 38.0323, 0.0], abs=8.31 / 2)
    assert year.lmp_usd_per_mwh[0] == pytest.approx(np.full(14, 39.016), abs=0.36)


def test_the_flows_of_the_ieee_14_bus_case_are_those_of_voltage_angles():
    year = solve_year(read_network("ieee14"))
    network, lines = year.network, year.network.lines
    injected_mw = np.bincount(network.units.bus, weights=year.generation_mw[0], minlength=14)
    injected_mw = injected_mw - network.load_mw[0]
    susceptance = np.zeros((14, 14))
    for one, other, x in zip(lines.from_bus, lines.to_bus, lines.reactance_rad_per_mw, strict=True):
        susceptance[[one, other], [one, other]] += 1 / x
        susceptance[[one, other], [other, one]] -= 1 / x
    angle = np.zeros(14)
    angle[1:] = np.linalg.solve(susceptance[1:, 1:], injected_mw[1:])
    flow_mw = (angle[lines.from_bus] - angle[lines.to_bus]) / lines.reactance_rad_per_mw
    assert year.line_flow_mw[0] == pytest.approx(flow_mw, abs=1e-6)
