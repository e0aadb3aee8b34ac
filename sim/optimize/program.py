"""A horizon as a linear program in arrays: blocks of columns, and the rows that bind them.

A flow is a block with a column a step, and so is the stored energy; each charge on peaks or tiers
adds a block with a column a month. Work that can wait adds blocks of its own (see `work`).

Whatever `sim.energy.dispatch` settles is a feasible point, a step of several parts with its means,
so the least cost is never above that of a settled result. It may be below what any setpoints reach:

* A schedule may mix in one step what settling would only let follow each other. That pays only
  where a price is negative or export earns more than import costs, and `mixture_rows` keep it
  within what the parts of a step could do.
* A battery that loses more than its efficiencies say may lose any amount more, or none; one that
  ages may be emptied to the last. Tapers and the limits of the C/L/C model are left out.
* In a step in which the grid fails or comes back, all that holds is each flow's own limit.
* The generator's least power is left out: where it may run at all, it may run at any power.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csc_array

from sim.optimize.charges import charge_blocks, charge_rows
from sim.optimize.horizon import Columns, Horizon
from sim.optimize.limits import FLOWS
from sim.optimize.mixtures import mixture_rows
from sim.optimize.parts import Block, Entries, Rows, Scaled, matrix_of
from sim.optimize.work import Key, Load, Work, load_of, work_blocks, work_rows

BLOCKS: Final = (*FLOWS, "stored")
"""The first blocks of columns, each with a column a step."""

_SIGNS: Final = dict(zip(FLOWS, (1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A linear program: ``row_low <= matrix @ x <= row_high``, ``low <= x <= high``.

    Attributes
    ----------
    matrix : csc_array, shape (n_rows, n_columns)
        Coefficients.
    row_low, row_high : ndarray of float, shape (n_rows,)
        Limits of the rows. [1]
    cost, low, high : ndarray of float, shape (n_columns,)
        Cost and limits of the columns. [1]
    unit_w : float
        Power that 1 stands for; energy is in units of this power for a step. [W]
    unit_cost : float
        Cost that 1 stands for. [unit of the rates]
    left : tuple of int
        First column of each site. [-]
    """

    matrix: csc_array
    row_low: Columns
    row_high: Columns
    cost: Columns
    low: Columns
    high: Columns
    unit_w: float
    unit_cost: float
    left: tuple[int, ...]


def assemble(*horizons: Horizon, work: Work | None = None) -> Program:
    """Return the linear program of one site or several.

    Parameters
    ----------
    *horizons : Horizon
        What has to be planned at each, n steps.
    work : Work or None
        Work that can wait, and may be done at any of them.

    Returns
    -------
    Program
        Columns of each site: `BLOCKS` of n steps each, stored energy less that at the start; then
        its charges. Those of work come last.

    Raises
    ------
    ValueError
        If a load, a supply or a rate is not finite.
    """
    for horizon in horizons:
        _check(horizon)
    sites = Scaled.all_of(horizons)
    unit_cost = _unit_cost(horizons) * sites[0].unit_j
    blocks: dict[Key, Block] = {}
    rows: list[Rows] = []
    for number, scaled in enumerate(sites):
        load = load_of(work, number, scaled)
        blocks |= {(number, name): block for name, block in _blocks(scaled)} | load.blocks
        rows += [_own(part, number) for part in _rows(scaled)] + load.rows
        rows.append(_balance(scaled, number, load))
    if work is not None:
        blocks |= dict(work_blocks(work, sites[0]))
        rows += work_rows(work, sites[0])
    return Program(
        matrix=matrix_of(rows, {name: len(block.cost) for name, block in blocks.items()}),
        row_low=np.concatenate([part.low for part in rows]),
        row_high=np.concatenate([part.high for part in rows]),
        cost=np.concatenate([block.cost for block in blocks.values()]) / unit_cost,
        low=np.concatenate([block.low for block in blocks.values()]),
        high=np.concatenate([block.high for block in blocks.values()]),
        unit_w=sites[0].unit_w,
        unit_cost=unit_cost,
        left=_left_of(blocks, len(sites)),
    )


def _unit_cost(horizons: Sequence[Horizon]) -> float:
    """Return the largest of the rates, so that costs are of a like size."""
    rates = [horizon.rates for horizon in horizons]
    columns = [column for one in rates for column in (one.import_per_j, one.export_per_j)]
    per_j = max(float(np.abs(column).max()) for column in columns)
    return per_j or max(one.unserved_per_j for one in rates) or 1.0


def _own(rows: Rows, site: int) -> Rows:
    """Return rows whose blocks go by the site's number too."""
    return rows._replace(blocks={(site, name): each for name, each in rows.blocks.items()})


def _balance(scaled: Scaled, site: int, load: Load) -> Rows:
    """Let supply be equal to what becomes of it."""
    steps = np.arange(len(scaled.net))
    flows = {(site, flow): Entries.each(steps, sign) for flow, sign in _SIGNS.items()}
    return Rows(flows | load.balance, scaled.net, scaled.net)


def _left_of(blocks: Mapping[Key, Block], sites_count: int) -> tuple[int, ...]:
    """Return the number of the first column of each site."""
    first = {(number, BLOCKS[0]): number for number in range(sites_count)}
    widths = np.cumsum([0, *(len(block.cost) for block in blocks.values())]).tolist()
    return tuple(left for key, left in zip(blocks, widths, strict=False) if key in first)


def _check(horizon: Horizon) -> None:
    rates = horizon.rates
    numbers = {
        "net_w": horizon.net_w,
        "import_per_j": rates.import_per_j,
        "export_per_j": rates.export_per_j,
        "unserved_per_j": np.array([rates.unserved_per_j]),
        "backup_per_j": np.array([rates.backup_per_j]),
    }
    for name, values in numbers.items():
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            msg = f"{name}[{wrong[0]}] is {values[wrong[0]]}; a plan needs finite numbers."
            raise ValueError(msg)


def _blocks(scaled: Scaled) -> Iterator[tuple[str, Block]]:
    """Yield flows, stored energy and charges."""
    rates, zeros = scaled.horizon.rates, np.zeros(len(scaled.net))
    per_j = {
        "import": rates.import_per_j,
        "export": -rates.export_per_j,
        "unserved": zeros + rates.unserved_per_j,
        "backup": zeros + rates.backup_per_j,
    }
    for flow in FLOWS:
        yield flow, Block(per_j.get(flow, zeros) * scaled.unit_j, zeros, scaled.most[flow])
    yield "stored", Block(zeros, *_stored_limits(scaled))
    yield from charge_blocks(scaled)


def _stored_limits(scaled: Scaled) -> tuple[Columns, Columns]:
    """Return limits of the stored energy less that at the start."""
    horizon, battery, n = scaled.horizon, scaled.horizon.battery, len(scaled.net)
    if battery is None:
        return np.zeros(n), np.zeros(n)
    start_j = battery.initial_soc * battery.capacity_j
    # A battery that starts outside its limits may stay there; only self-discharge takes it lower.
    least_j = 0.0 if battery.wear is not None else battery.min_soc * battery.capacity_j
    passed_s = np.arange(1, n + 1) * horizon.step_s
    leaked_j = min(least_j, start_j) * np.exp(-battery.self_discharge_per_s * passed_s)
    most_j = max(battery.max_soc * battery.capacity_j, start_j)
    # No limit is worth more than is in reach: numbers of a like size are kinder to the solver.
    reach = n / battery.discharge_efficiency
    reach_down = math.inf if battery.self_discharge_per_s else reach
    low = np.maximum((leaked_j - start_j) / scaled.unit_j, -reach_down)
    high = np.full(n, min((most_j - start_j) / scaled.unit_j, reach))
    if horizon.final_stored_j is not None:
        low[-1] = high[-1] = (horizon.final_stored_j - start_j) / scaled.unit_j
    return low, high


def _rows(scaled: Scaled) -> Iterator[Rows]:
    """Yield battery, charges, what holds for every mixture, the limit of unserved load."""
    steps = np.arange(len(scaled.net))
    yield _battery(scaled)
    yield from charge_rows(scaled)
    yield from mixture_rows(scaled)
    limit_j = scaled.horizon.unserved_limit_j
    if limit_j < math.inf:
        total = Entries(np.zeros_like(steps), steps, np.ones(len(steps)))
        yield Rows.at_most({"unserved": total}, np.array([limit_j / scaled.unit_j]))


def _battery(scaled: Scaled) -> Rows:
    """Let the stored energy change by what goes through the efficiencies, or by less."""
    steps, battery = np.arange(len(scaled.net)), scaled.horizon.battery
    gain = loss = kept = 1.0
    start, is_exact = 0.0, True
    if battery is not None:
        gain, loss = battery.charge_efficiency, 1.0 / battery.discharge_efficiency
        # What is taken in last leaks least, and what is given out at once has not leaked yet.
        kept = math.exp(-battery.self_discharge_per_s * scaled.horizon.step_s)
        start = battery.initial_soc * battery.capacity_j / scaled.unit_j
        is_exact = kept == 1.0 and battery.resistive_loss_per_w == 0.0
    change = Entries(
        np.r_[steps, steps[1:]],
        np.r_[steps, steps[:-1]],
        np.r_[np.ones(len(steps)), np.full(len(steps) - 1, -kept)],
    )
    blocks = {
        "charge": Entries.each(steps, -gain),
        "discharge": Entries.each(steps, loss * kept),
        "stored": change,
    }
    leaked = np.full(len(steps), -(1.0 - kept) * start)
    return Rows(blocks, leaked, leaked) if is_exact else Rows.at_most(blocks, leaked)
