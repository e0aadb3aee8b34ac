"""Optimal power flow: the cheapest dispatch of an hour, its prices and its marginal emissions.

One linear program, built once; from hour to hour only bounds change, and the solver goes on from
the last basis. The voltage angles of the DC power flow are eliminated: flows are differences of
angles if and only if these add up to zero around every loop (Kirchhoff's second law) [1]_. That is
the same problem with the same duals, a quarter faster than with angles on RTS-GMLC, and better
scaled: the tolerance of every row is one of MW.

References
----------
.. [1] J. Hoersch et al., "Linear optimal power flow using cycle flows," Electric Power Systems
   Research 158, 126-135, 2018.
"""

from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, coo_array, csc_array, csr_array, eye_array

from sim.errors import DataError
from sim.grid.network.network import Columns, Network
from sim.grid.network.topology import incidence, loops
from sim.grid.solver import QuietSolver
from sim.units import TONNE_KG

_OPTIMAL: Final = highspy.HighsModelStatus.kOptimal


@dataclass(frozen=True, slots=True, eq=False)
class Dispatch:
    """What one hour gave.

    Attributes
    ----------
    generation_mw : ndarray of float, shape (u,)
        Power of each generator. [MW]
    served_mw : ndarray of float, shape (b,)
        Demand that is served at each bus. [MW]
    link_flow_mw : ndarray of float, shape (k,)
        What leaves the first bus of each link; negative for the other way. [MW]
    line_flow_mw : ndarray of float, shape (l,)
        Flow on each line, from its first bus to its second. [MW]
    lmp_usd_per_mwh : ndarray of float, shape (b,)
        Change of the system's cost per MW more demand at each bus. [USD/MWh]
    marginal_emissions_kg_per_mwh : ndarray of float, shape (b,)
        Change of the system's emissions per MW more demand at each bus. [kgCO2e/MWh]
    limit_price_usd_per_mwh : ndarray of float, shape (k + l,)
        What one MW more of the limit of each link, then of each line, would save. [USD/MWh]
    """

    generation_mw: Columns
    served_mw: Columns
    link_flow_mw: Columns
    line_flow_mw: Columns
    lmp_usd_per_mwh: Columns
    marginal_emissions_kg_per_mwh: Columns
    limit_price_usd_per_mwh: Columns


class OptimalPowerFlow:
    """The linear program of a network; its hours can be solved in any order, in turn is fastest.

    Parameters
    ----------
    network : Network
        The network.
    carbon_price_usd_per_t : float
        Carbon price that the generators pay. [USD/tCO2e]

    Notes
    -----
    Columns: generators, demand served at each bus, links, lines. Rows: the balance of each bus,
    then the loops. Serving demand earns the value of lost load, so that shedding costs it. In an
    hour with several optimal bases, prices and marginal emissions are those of one of them.
    """

    def __init__(self, network: Network, *, carbon_price_usd_per_t: float = 0.0) -> None:
        units, buses = network.units, len(network.buses.names)
        emission, count = units.emission_kg_per_mwh, len(units.names)
        self._network = network
        self._cost = units.cost_usd_per_mwh + emission * (carbon_price_usd_per_t / TONNE_KG)
        self._costs_vary = bool(_varies(self._cost).any())
        self._varying = np.flatnonzero(_varies(units.p_min_mw) | _varies(units.p_max_mw))
        self._bounded = np.concatenate([self._varying, count + np.arange(buses)]).astype(np.int32)
        self._splits = np.cumsum([count, buses, len(network.links.names)])
        self._emission = np.zeros(self._splits[-1] + len(network.lines.names))
        self._emission[:count] = emission
        self._solver: Any = _solver(network, self._cost[0])  # its stubs lack the calls on a basis

    def solve(self, hour: int, extra_load_mw: Columns | None = None) -> Dispatch:
        """Dispatch one hour.

        Parameters
        ----------
        hour : int
            Its place in the network's time, from 0. [-]
        extra_load_mw : ndarray of float, shape (b,), or None
            Demand on top of the network's own at each bus. [MW]

        Returns
        -------
        Dispatch
            Flows, prices and marginal emissions.

        Raises
        ------
        DataError
            If no dispatch is possible, because more must run than can be used.
        ValueError
            If the demand at a bus becomes negative.
        """
        units = self._network.units
        load_mw = self._network.load_mw[hour]
        if extra_load_mw is not None:
            load_mw = load_mw + extra_load_mw
            for bus in np.flatnonzero(~(load_mw >= 0)).tolist():
                name = self._network.buses.names[bus]
                msg = f'demand at bus "{name}" is {load_mw[bus]:g} MW; it must be 0 or more.'
                raise ValueError(msg)
        low = np.concatenate([units.p_min_mw[hour, self._varying], np.zeros(len(load_mw))])
        high = np.concatenate([units.p_max_mw[hour, self._varying], load_mw])
        self._solver.changeColsBounds(len(self._bounded), self._bounded, low, high)
        if self._costs_vary:
            places = np.arange(len(units.names), dtype=np.int32)
            self._solver.changeColsCost(len(places), places, self._cost[hour])
        self._run(hour)
        return self._dispatch()

    def _run(self, hour: int) -> None:
        """Solve from the last basis; if that fails, once more from nothing, with presolve."""
        solver = self._solver
        solver.run()
        if solver.getModelStatus() == _OPTIMAL:
            return
        solver.clearSolver()
        solver.setOptionValue("presolve", "on")
        solver.run()
        solver.setOptionValue("presolve", "off")
        status = solver.getModelStatus()
        if status != _OPTIMAL:
            raise DataError(self._explained(hour, status))

    def _explained(self, hour: int, status: highspy.HighsModelStatus) -> str:
        network = self._network
        where = f"network {network.name}, hour {network.time[hour]}"
        if status != highspy.HighsModelStatus.kInfeasible:
            return f"{where}: no dispatch found ({self._solver.modelStatusToString(status)})."
        must_mw = network.units.p_min_mw[hour].sum() + network.links.p_min_mw.clip(min=0.0).sum()
        return (f"{where}: no dispatch is possible. {must_mw:g} MW must run, and the lines and the "
                f"demand of {network.load_mw[hour].sum():g} MW cannot take it. Lower what must run "
                "or raise the ratings.")

    def _dispatch(self) -> Dispatch:
        solution = self._solver.getSolution()
        generation, served, link_flow, line_flow = np.split(
            np.array(solution.col_value), self._splits
        )
        buses = len(served)
        price = np.array(solution.row_dual)[:buses]
        # A bus without demand has none to shed, so its dual may exceed what shedding more costs.
        lost_usd_per_mwh = self._network.value_of_lost_load_usd_per_mwh
        sheds = price > lost_usd_per_mwh
        return Dispatch(
            generation_mw=generation,
            served_mw=served,
            link_flow_mw=link_flow,
            line_flow_mw=line_flow,
            lmp_usd_per_mwh=np.where(sheds, lost_usd_per_mwh, price),
            marginal_emissions_kg_per_mwh=np.where(sheds, 0.0, self._carried_emissions()[:buses]),
            limit_price_usd_per_mwh=np.abs(np.array(solution.col_dual)[self._splits[1] :]),
        )

    def _carried_emissions(self) -> Columns:
        """Emissions of the columns that respond, carried through the basis to the rows."""
        _, basic = self._solver.getBasicVariables()  # the slack of a row is -(row + 1)
        emission = np.where(basic >= 0, self._emission[np.maximum(basic, 0)], 0.0)
        status, carried = self._solver.getBasisTransposeSolve(emission)
        if status != highspy.HighsStatus.kOk:
            msg = f"network {self._network.name}: the solver has no factors of its basis."
            raise RuntimeError(msg)
        return np.asarray(carried)


def _varies(columns: Columns) -> NDArray[np.bool_]:
    return np.asarray((columns != columns[0]).any(axis=0))


def _solver(network: Network, unit_cost: Columns) -> highspy.Highs:
    """Pass the program of the first hour to a solver."""
    units, links, lines = network.units, network.links, network.lines
    served_usd_per_mwh = np.full(len(network.buses.names), network.value_of_lost_load_usd_per_mwh)
    matrix = _matrix(network)
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = matrix.shape
    program.col_cost_ = np.concatenate(
        [unit_cost, -served_usd_per_mwh, links.cost_usd_per_mwh, np.zeros(len(lines.names))]
    )
    program.col_lower_ = np.concatenate(
        [units.p_min_mw[0], 0.0 * served_usd_per_mwh, links.p_min_mw, -lines.rating_mw]
    )
    program.col_upper_ = np.concatenate(
        [units.p_max_mw[0], network.load_mw[0], links.p_max_mw, lines.rating_mw]
    )
    program.row_lower_ = program.row_upper_ = np.zeros(matrix.shape[0])
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = matrix.indptr
    program.a_matrix_.index_ = matrix.indices
    program.a_matrix_.value_ = matrix.data
    solver = QuietSolver()
    solver.setOptionValue("presolve", "off")
    solver.setOptionValue("threads", 1)
    if solver.passModel(program) == highspy.HighsStatus.kError:
        msg = f"network {network.name}: the solver refuses its numbers."
        raise DataError(msg)
    return solver


def _matrix(network: Network) -> csc_array:
    """Balance of each bus, in MW; then each loop, its largest reactance scaled to 1."""
    units, links, lines = network.units, network.links, network.lines
    buses = len(network.buses.names)
    at_bus = (units.bus, np.arange(len(units.names)))
    generation = coo_array((np.ones(len(units.names)), at_bus), shape=(buses, len(units.names)))
    by_link = incidence(links.from_bus, links.to_bus, arriving_fraction=links.efficiency_fraction,
                        buses_count=buses)
    by_line = incidence(lines.from_bus, lines.to_bus, arriving_fraction=np.ones(len(lines.names)),
                        buses_count=buses)
    around = csr_array(loops(lines, buses) * lines.reactance_rad_per_mw)
    largest = np.maximum.reduceat(np.abs(around.data), around.indptr[:-1])
    return csc_array(block_array([
        [generation, -eye_array(buses), -by_link, -by_line],
        [None, None, None, around / largest[:, None]],
    ]))
