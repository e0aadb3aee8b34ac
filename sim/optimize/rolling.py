"""A site's next hours as a linear program that is built once, and solved again and again.

The pattern of the matrix never changes: from one plan to the next only costs and limits do, so that
the solver goes on from where it was. Rows that do not apply have no limit.
"""

from collections.abc import Iterator, Mapping
from math import exp, inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.optimize.ahead import MONTHS, Ahead, Layout, Next, WorkAhead
from sim.optimize.horizon import Columns
from sim.optimize.parts import Entries, Rows, matrix_of
from sim.optimize.rates import UNSERVED_PER_KWH
from sim.optimize.warm import OPTIMAL, WarmSolver
from sim.units import KWH

OVER_BUDGET_PER_KG: Final = 10.0
"""Cost of emissions beyond a budget, in USD/kg: far beyond any carbon price (assumption)."""

_SIGNS: Final[Mapping[str, float]] = {
    "import": 1.0, "export": -1.0, "discharge": 1.0, "charge": -1.0, "unserved": 1.0,
    "curtailed": -1.0,
}
_OPPOSED: Final = (("charge", "discharge"), ("import", "export"))
_TIE: Final = 1e-6  # of the highest price: what decides between schedules that cost the same
_NOTHING: Final = 1e-7  # in units of power
_ROUNDS: Final = 4


class RollingProgram:
    """The linear program of one site's next hours.

    Parameters
    ----------
    layout : Layout
        What it is of.
    unit_w : float
        Power that 1 stands for: about the largest of the site. [W]

    Attributes
    ----------
    highs : Highs
        The solver of the library.
    """

    def __init__(self, layout: Layout, unit_w: float) -> None:
        self._layout, self._unit_w = layout, unit_w
        self._unit_j = unit_w * layout.block_s
        self._solver = WarmSolver()
        self.highs = self._solver.highs
        widths = dict(_widths(layout))
        ends = np.cumsum([0, *widths.values()]).tolist()
        self._at = {
            name: slice(left, right)
            for name, left, right in zip(widths, ends, ends[1:], strict=False)
        }
        rows = dict(_rows(layout, unit_w))
        row_ends = np.cumsum([0, *(len(part.high) for part in rows.values())]).tolist()
        self._row_at = {
            name: slice(top, bottom)
            for name, top, bottom in zip(rows, row_ends, row_ends[1:], strict=False)
        }
        self._cost, self._low, self._high = (np.zeros(ends[-1]) for _ in range(3))
        self._row_low = np.concatenate([part.low for part in rows.values()])
        self._row_high = np.concatenate([part.high for part in rows.values()])
        self._solver.load(
            matrix_of(list(rows.values()), widths),
            cost=self._cost,
            columns=(self._low, self._high),
            rows=(self._row_low, self._row_high),
        )

    def solve(self, ahead: Ahead) -> Next:
        """Return the cheapest plan.

        Parameters
        ----------
        ahead : Ahead
            What is known, of the layout that the program was built for.

        Returns
        -------
        Next
            What is decided.

        Raises
        ------
        RuntimeError
            If the solver finds no solution, which there always is.
        """
        price = self._price(ahead)
        self._set_costs(ahead, price)
        self._set_flows(ahead)
        self._set_work(ahead)
        self._set_peaks(ahead)
        if ahead.carbon_kg_per_j is not None:
            self._set_budget(ahead.carbon_kg_per_j, ahead.budget_kg)
        self._solver.change_costs(self._cost)
        self._solver.change_rows(self._row_low, self._row_high)
        values, marginal = self._solved_apart()
        return self._next(ahead, values, marginal * (price / self._unit_j))

    def _price(self, ahead: Ahead) -> float:
        """Return the cost that 1 stands for: that of a unit of energy where it is dearest."""
        rates = (ahead.import_per_j, ahead.export_per_j)
        return (max(float(np.abs(rate).max()) for rate in rates) or 1.0 / KWH) * self._unit_j

    def _set_costs(self, ahead: Ahead, price: float) -> None:
        cost, at, per = self._cost, self._at, self._unit_j / price
        cost[at["import"]] = ahead.import_per_j * per
        cost[at["export"]] = -ahead.export_per_j * per
        cost[at["unserved"]] = UNSERVED_PER_KWH / KWH * per
        if ahead.work:
            cost[at["crowd"]] = UNSERVED_PER_KWH / KWH * per  # jobs would be late: as bad as that
        # Of hours that cost the same the earlier: what is put off may come to nothing.
        later = _TIE * np.arange(self._layout.hours_count) / self._layout.hours_count
        cost[at["charge"]] = cost[at["discharge"]] = _TIE + later
        for number, work in enumerate(ahead.work):
            cost[at[f"power {number}"]] = later
            cost[at[f"done {number}"].stop - 1] = -work.value_per_j * per
        if ahead.running is not None:
            cost[at["ran"].stop - 1] = -ahead.running.value_per_j * per
        for number, peak in enumerate(ahead.peaks):
            cost[at[f"peak {number}"]] = peak.cost_per_w * (self._unit_w / price)
            cost[at[f"beyond {number}"]] = peak.beyond_per_w * (self._unit_w / price)
        if "over" in at:
            cost[at["over"]] = OVER_BUDGET_PER_KG / price

    def _set_flows(self, ahead: Ahead) -> None:
        """Limit the flows to what settling could make of them, and say what the load is."""
        at, high, unit_w = self._at, self._high, self._unit_w
        load = ahead.load_w / unit_w
        self._row_low[self._row_at["balance"]] = self._row_high[self._row_at["balance"]] = load
        most_work = sum((work.power_w for work in ahead.work), start=np.zeros(len(load)))
        if ahead.running is not None and self._layout.slowing is not None:
            most_work = most_work + ahead.running.power_w
        most_load = load + most_work / unit_w
        charge, discharge = self._battery_most(ahead)
        export_limit = ahead.export_limit_w / unit_w
        import_limit = np.maximum(0.0, (ahead.import_limit_w - ahead.margin_w) / unit_w)
        high[at["charge"]], high[at["discharge"]] = charge, discharge
        high[at["import"]] = np.minimum(np.maximum(0.0, most_load + charge), import_limit)
        high[at["export"]] = np.minimum(np.maximum(0.0, discharge - load), export_limit)
        high[at["curtailed"]] = np.maximum(0.0, -load - export_limit)
        high[at["unserved"]] = np.maximum(0.0, most_load + charge)

    def _battery_most(self, ahead: Ahead) -> tuple[float, float]:
        """Set limits of the stored energy; return the highest charge and discharge."""
        battery, unit_j = self._layout.battery, self._unit_j
        if battery is None:
            return 0.0, 0.0
        stored = ahead.stored_j / unit_j
        kept = exp(-battery.self_discharge_per_s * self._layout.block_s)
        # A battery outside its limits may stay there, and self-discharge takes it lower.
        least = min(battery.min_soc * battery.capacity_j / unit_j, stored)
        self._low[self._at["stored"]] = least * kept ** np.arange(1, self._layout.hours_count + 1)
        self._high[self._at["stored"]] = max(battery.max_soc * battery.capacity_j / unit_j, stored)
        first = self._row_at["stored"].start
        self._row_low[first] = self._row_high[first] = kept * stored
        return battery.max_charge_w / self._unit_w, battery.max_discharge_w / self._unit_w

    def _set_work(self, ahead: Ahead) -> None:
        for number, work in enumerate(ahead.work):
            self._high[self._at[f"power {number}"]] = work.power_w / self._unit_w
            self._set_done(f"done {number}", work)
        if ahead.work:
            self._high[self._at["crowd"]] = inf
            if ahead.most_work_w is not None:
                self._row_high[self._row_at["together"]] = ahead.most_work_w / self._unit_w
        slowing = self._layout.slowing
        if slowing is not None and ahead.running is not None:
            full = ahead.running.power_w / self._unit_w
            self._high[self._at["slow"]] = slowing.least_speed * full
            self._high[self._at["fast"]] = (1.0 - slowing.least_speed) * full
            self._set_done("ran", ahead.running)

    def _set_done(self, name: str, work: WorkAhead) -> None:
        self._low[self._at[name]] = work.least_j / self._unit_j
        self._high[self._at[name]] = work.most_j / self._unit_j

    def _set_peaks(self, ahead: Ahead) -> None:
        for number, peak in enumerate(ahead.peaks):
            self._low[self._at[f"peak {number}"]] = peak.floor_w / self._unit_w
            highest_w = np.maximum(peak.floor_w, peak.load_w)
            self._high[self._at[f"peak {number}"]] = highest_w / self._unit_w
            self._high[self._at[f"beyond {number}"]] = inf
            rows = self._row_at[f"peak {number}"]
            limit = np.where(peak.counts, -ahead.margin_w / self._unit_w, inf)
            self._row_high[rows] = limit.ravel()

    def _set_budget(self, carbon_kg_per_j: Columns, budget_kg: float) -> None:
        """Change the coefficients of the one row that has numbers of the forecast in it."""
        row, left = self._row_at["budget"].start, self._at["import"].start
        self._high[self._at["over"]] = inf
        self._row_high[row] = budget_kg
        for hour, coefficient in enumerate((carbon_kg_per_j * self._unit_j).tolist()):
            self._solver.highs.changeCoeff(row, left + hour, coefficient)

    def _solved_apart(self) -> tuple[Columns, Columns]:
        """Solve until no hour charges and discharges, or imports and exports, at once."""
        # That pays where a price is negative or export earns more than import costs, but no
        # setpoint can do it. The smaller of the two is forbidden, until no others clash.
        high = self._high.copy()
        for _ in range(_ROUNDS):
            values, marginal = self._solved(high)
            clash = False
            for one, other in _OPPOSED:
                both = np.minimum(values[self._at[one]], values[self._at[other]]) > _NOTHING
                first = values[self._at[one]] >= values[self._at[other]]
                high[self._at[other]][both & first] = 0.0
                high[self._at[one]][both & ~first] = 0.0
                clash |= bool(both.any())
            if not clash:
                break
        return values, marginal

    def _solved(self, high: Columns) -> tuple[Columns, Columns]:
        """Return values of the columns and what more load costs."""
        self._solver.change_columns(self._low, high)
        status = self._solver.run()
        if status != OPTIMAL and self._let_out(high):
            self._solver.change_columns(self._low, high)
            status = self._solver.run()
        if status != OPTIMAL:
            msg = f"The solver stopped without a plan ({self._solver.said()})."
            raise RuntimeError(msg)
        solution = self._solver.highs.getSolution()
        marginal: Columns = np.array(solution.row_dual)
        values: Columns = np.array(solution.col_value)
        return values, np.asarray(marginal[self._row_at["balance"]])

    def _let_out(self, high: Columns) -> bool:
        """Forbid import where export was forbidden though there is a surplus; return if any was."""
        # The battery may be full: what sun and wind give more than the load must go somewhere.
        export, surplus = self._at["export"], self._row_high[self._row_at["balance"]] < 0.0
        shut = surplus & (high[export] < self._high[export])
        high[export][shut] = self._high[export][shut]
        high[self._at["import"]][shut] = 0.0
        return bool(shut.any())

    def _next(self, ahead: Ahead, values: Columns, marginal_per_j: Columns) -> Next:
        flows_w = {
            f"{flow}_w": np.maximum(0.0, values[self._at[flow]]) * self._unit_w
            for flow in _SIGNS
        }
        spare_w = flows_w["export_w"] + flows_w.pop("curtailed_w")
        for one, other in _OPPOSED:
            less_w = np.minimum(flows_w[f"{one}_w"], flows_w[f"{other}_w"])
            flows_w[f"{one}_w"] -= less_w
            flows_w[f"{other}_w"] -= less_w
        most_w = self._import_most_w(ahead, values)
        room_w = np.maximum(0.0, most_w - ahead.margin_w - flows_w["import_w"])
        imports = flows_w["import_w"] > _NOTHING * self._unit_w
        spread = float(np.ptp(marginal_per_j)) or float(np.abs(marginal_per_j).max())
        work = [values[self._at[f"power {k}"]] for k in range(self._layout.classes_count)]
        work_w = np.array(work).reshape(-1, self._layout.hours_count) * self._unit_w
        headroom_w = np.where(imports, room_w, spare_w)
        is_full = np.zeros(len(imports), dtype=np.bool_)
        if ahead.most_work_w is not None:
            free_w = np.maximum(0.0, ahead.most_work_w - work_w.sum(axis=0))
            is_full, headroom_w = free_w < headroom_w, np.minimum(free_w, headroom_w)
        return Next(
            **flows_w,
            stored_j=values[self._at["stored"]] * self._unit_j,
            work_w=work_w,
            speed=self._speed(values),
            marginal_per_j=marginal_per_j,
            headroom_w=headroom_w,
            spare_w=np.where(imports, 0.0, spare_w),
            # Beyond limits and peaks all of the spread (assumption), elsewhere import begins.
            beyond_per_j=np.where(
                imports | is_full,
                marginal_per_j + spread,
                np.maximum(marginal_per_j, ahead.import_per_j),
            ),
            import_most_w=most_w,
        )

    def _import_most_w(self, ahead: Ahead, values: Columns) -> Columns:
        """Return how much may be imported below limit and billed peaks."""
        most_w = np.full(self._layout.hours_count, ahead.import_limit_w)
        for number, peak in enumerate(ahead.peaks):
            billed = values[self._at[f"peak {number}"]] + values[self._at[f"beyond {number}"]]
            billed_w = billed * self._unit_w
            for level_w, counts in zip(billed_w.tolist(), peak.counts, strict=True):
                most_w[counts] = np.minimum(most_w[counts], level_w)
        return most_w

    def _speed(self, values: Columns) -> Columns:
        """Return how fast running jobs go on."""
        speed = np.ones(self._layout.hours_count)
        if self._layout.slowing is None:
            return speed
        full = self._high[self._at["slow"]] + self._high[self._at["fast"]]
        done = values[self._at["slow"]] + values[self._at["fast"]]
        return np.asarray(np.divide(done, full, out=speed, where=full > _NOTHING))


def _widths(layout: Layout) -> Iterator[tuple[str, int]]:
    """Yield the blocks of columns, and how many each has."""
    for flow in (*_SIGNS, "stored"):
        yield flow, layout.hours_count
    for number in range(layout.classes_count):
        yield f"power {number}", layout.hours_count
        yield f"done {number}", layout.hours_count
    if layout.classes_count:
        yield "crowd", layout.hours_count
    if layout.slowing is not None:
        for name in ("slow", "fast", "ran"):
            yield name, layout.hours_count
    for number in range(layout.charges_count):
        yield f"peak {number}", MONTHS
        yield f"beyond {number}", MONTHS
    if layout.has_budget:
        yield "over", 1


def _rows(layout: Layout, unit_w: float) -> Iterator[tuple[str, Rows]]:
    """Yield the rows."""
    hours = np.arange(layout.hours_count)
    nothing, ones = np.zeros(layout.hours_count), np.ones(layout.hours_count)
    yield "balance", Rows(_balance(layout, hours), nothing, nothing)
    yield "stored", Rows(_stored(layout, hours), nothing, nothing)
    battery = layout.battery
    if battery is not None and battery.max_charge_w > 0.0 and battery.max_discharge_w > 0.0:
        shares = {
            "charge": Entries.each(hours, unit_w / battery.max_charge_w),
            "discharge": Entries.each(hours, unit_w / battery.max_discharge_w),
        }
        yield "share", Rows.at_most(shares, ones)
    for number in range(layout.classes_count):
        spent = {f"power {number}": Entries.each(hours, -1.0)}
        yield f"done {number}", Rows({f"done {number}": _change(hours)} | spent, nothing, nothing)
    if layout.classes_count:
        each = {f"power {k}": Entries.each(hours, 1.0) for k in range(layout.classes_count)}
        each["crowd"] = Entries.each(hours, -1.0)
        yield "together", Rows.at_most(each, np.full(layout.hours_count, inf))
    if layout.slowing is not None:
        spent = {name: Entries.each(hours, -1.0) for name in ("slow", "fast")}
        yield "ran", Rows({"ran": _change(hours)} | spent, nothing, nothing)
    for number in range(layout.charges_count):
        twice = np.arange(MONTHS * layout.hours_count)
        month = twice // layout.hours_count
        peak = {
            "import": Entries(twice, twice % layout.hours_count, np.ones(len(twice))),
            f"peak {number}": Entries(twice, month, -np.ones(len(twice))),
            f"beyond {number}": Entries(twice, month, -np.ones(len(twice))),
        }
        yield f"peak {number}", Rows.at_most(peak, np.full(len(twice), inf))
    if layout.has_budget:
        # Coefficients that the solver drops would not be there to be changed.
        budget = {
            "import": Entries(0 * hours, hours, ones),
            "over": Entries(hours[:1], hours[:1], -ones[:1]),
        }
        yield "budget", Rows.at_most(budget, np.array([inf]))


def _balance(layout: Layout, hours: NDArray[np.intp]) -> dict[str, Entries]:
    """Let what comes in be equal to what goes out."""
    blocks = {flow: Entries.each(hours, sign) for flow, sign in _SIGNS.items()}
    for number in range(layout.classes_count):
        blocks[f"power {number}"] = Entries.each(hours, -1.0)
    if layout.slowing is not None:
        blocks["slow"] = Entries.each(hours, -layout.slowing.slow_ratio)
        blocks["fast"] = Entries.each(hours, -layout.slowing.fast_ratio)
    return blocks


def _stored(layout: Layout, hours: NDArray[np.intp]) -> dict[str, Entries]:
    """Let the stored energy change by what goes through the efficiencies."""
    battery = layout.battery
    if battery is None:
        return {"stored": _change(hours)}
    kept = exp(-battery.self_discharge_per_s * layout.block_s)
    return {
        "stored": _change(hours, kept),
        "charge": Entries.each(hours, -battery.charge_efficiency),
        "discharge": Entries.each(hours, 1.0 / battery.discharge_efficiency),
    }


def _change(hours: NDArray[np.intp], kept: float = 1.0) -> Entries:
    """Return what comes to a sum from one hour to the next."""
    later = hours[1:]
    return Entries(
        np.concatenate([hours, later]),
        np.concatenate([hours, later - 1]),
        np.concatenate([np.ones(len(hours)), np.full(len(later), -kept)]),
    )
