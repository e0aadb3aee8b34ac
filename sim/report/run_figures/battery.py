"""How batteries are used and how they age."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas, known, site_frames, step_h, step_s
from sim.report.timeline import Timeline
from sim.units import DAY_S

Values = NDArray[np.float64]

_MOST: Final = 3
_CLASSES: Final = 10
_BAND_FROM_D: Final = 28


class Use(NamedTuple):
    """What a battery did at the prices of one class; energies per hour of that class. [kW]."""

    price_usd_per_kwh: Values
    charge_kw: Values
    discharge_kw: Values


def battery_use(run: Run) -> Figure | None:
    """Draw state of charge, cycles, capacity left, and charge and discharge against the price.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure or None
        Up to four panels for each battery, of at most three; None if there is none.
    """
    frames = {name: frame for name, frame in site_frames(run).items() if known(frame, "soc")}
    if not frames:
        return None
    shown = dict(list(frames.items())[:_MOST])
    plans = {name: _panels(run, frame) for name, frame in shown.items()}
    columns = 1 if style.narrow() else 2
    heights = {name: -(-len(plan) // columns) for name, plan in plans.items()}  # rows of each
    with style.house_style():
        figure, places = canvas(
            run, "battery", [2.0] * sum(heights.values()), sites_count=len(shown), gap_in=0.75,
        )
        drawn: list[Axes] = []
        for name, plan in plans.items():
            rows, places = places[: heights[name]], places[heights[name] :]
            for cell, draw in zip(_cells(rows, len(plan), columns), plan, strict=True):
                axes = figure.add_subplot(cell)
                draw(axes)
                if len(shown) > 1:
                    axes.set_title(name)
                drawn.append(axes)
        style.legend_above(figure, drawn)
    return figure


def full_cycles(frame: pd.DataFrame, step_h: float) -> Values:
    """Return the equivalent full cycles of a battery by the end of each step.

    Parameters
    ----------
    frame : DataFrame
        Steps of one site.
    step_h : float
        Length of a step. [h]

    Returns
    -------
    ndarray of float, shape (n_steps,)
        Energy drawn from the cells so far, over their capacity at the beginning. What is drawn for
        a unit delivered is told by how the state of charge falls. [-]
    """
    out_kwh = frame["battery_discharge_kw"].to_numpy(dtype=float) * step_h
    capacity_kwh = frame["battery_capacity_kwh"].to_numpy(dtype=float)
    stored_kwh = frame["soc"].to_numpy(dtype=float) * capacity_kwh
    falls = (out_kwh[1:] > 0.0) & np.isfinite(stored_kwh[1:] - stored_kwh[:-1])
    delivered_kwh = float(out_kwh[1:][falls].sum())
    drawn_kwh = float((stored_kwh[:-1] - stored_kwh[1:])[falls].sum())
    ratio = drawn_kwh / delivered_kwh if delivered_kwh > 0.0 else 1.0
    return np.asarray(np.cumsum(out_kwh) * (ratio / capacity_kwh[0]))


def use_by_price(frame: pd.DataFrame) -> Use:
    """Return the mean charge and discharge at each price, or by tenths of the time.

    Parameters
    ----------
    frame : DataFrame
        Steps of one site.

    Returns
    -------
    Use
        From the lowest price to the highest: one class for each where there are at most ten, else
        ten with equally many steps, or fewer, as steps of the same price share a class.
    """
    priced = frame[frame["price_usd_per_kwh"].notna()]
    price = priced["price_usd_per_kwh"].round(9)
    few = price.nunique() <= _CLASSES
    classes = price if few else pd.qcut(price, _CLASSES, duplicates="drop")
    columns = ["price_usd_per_kwh", "battery_charge_kw", "battery_discharge_kw"]
    mean = priced[columns].groupby(classes, observed=True).mean()
    return Use(*(mean[column].to_numpy(dtype=float) for column in columns))


def _cells(rows: Sequence[SubplotSpec], count: int, columns: int) -> list[SubplotSpec]:
    """Return a cell for each panel; the first is as wide as two where one would stay empty."""
    first = 1 if count % columns else 0
    grids = [row.subgridspec(1, columns, wspace=0.34) for row in rows[first:]]
    rest = [grid[column] for grid in grids for column in range(columns)]
    return [*rows[:first], *rest]


def _panels(run: Run, frame: pd.DataFrame) -> list[Callable[[Axes], None]]:
    """Return what draws each panel that a battery has something to show in."""
    line = Timeline.of(frame, step_s(run))
    found: list[Callable[[Axes], None]] = [lambda axes: _draw_soc(axes, line)]
    price = frame["price_usd_per_kwh"]
    if price.max() > price.min():
        found.append(lambda axes: _draw_use(axes, use_by_price(frame)))
    if known(frame, "battery_capacity_kwh"):
        found.append(lambda axes: _draw_cycles(axes, line, full_cycles(frame, step_h(run))))
        capacity = frame["battery_capacity_kwh"]
        if capacity.max() - capacity.min() > 1e-9 * capacity.max():
            found.append(lambda axes: _draw_health(axes, line))
    return found


def _draw_soc(axes: Axes, line: Timeline) -> None:
    """Draw the state of charge, of a long run the band it keeps within in each day."""
    days = (line.edges_day[-1] - line.edges_day[0])
    soc = line.frame["soc"].to_numpy(dtype=float)
    if days < _BAND_FROM_D:
        style.step_line(axes, line.edges_day, line.mean("soc"),
                        {"color": style.GREEN, "label": "State of charge"})
    else:
        per_day = round(DAY_S / line.step_s)
        count = -(-len(soc) // per_day)
        padded = np.full(count * per_day, np.nan)
        padded[: len(soc)] = soc
        daily = padded.reshape(count, per_day)
        edges = np.minimum(line.edges_day[0] + np.arange(count + 1.0), line.edges_day[-1])
        style.step_area(axes, edges, low=np.nanmin(daily, axis=1), high=np.nanmax(daily, axis=1),
                        look={"color": style.GREEN, "alpha": 0.35,
                              "label": "State of charge, lowest to highest of the day"})
        style.step_line(axes, edges, np.nanmean(daily, axis=1),
                        {"color": "#00553d", "label": "State of charge, mean of the day"})
    axes.set_ylim(0.0, 1.0)
    axes.set_ylabel("State of\ncharge (-)")
    style.time_axis(axes, line)


def _draw_use(axes: Axes, use: Use) -> None:
    place = np.arange(len(use.charge_kw))
    axes.bar(place, use.discharge_kw, color=style.GREEN, label="Discharge")
    axes.bar(place, -use.charge_kw, color="#a6dccb", edgecolor=style.GREEN, hatch="///",
             label="Charge")
    axes.axhline(0.0, color=style.BLACK, linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.4g}")
    every = 1 if len(place) <= 5 else 2 + style.narrow()
    axes.set_xticks(place[::every], [f"{price:.3g}" for price in use.price_usd_per_kwh[::every]])
    axes.set_xlabel("Energy price (USD/kWh), in classes")
    axes.set_ylabel("Mean power (kW)\n↓ in    out ↑")


def _draw_cycles(axes: Axes, line: Timeline, cycles: Values) -> None:
    ends = np.append(np.arange(line.per_point, len(cycles), line.per_point), len(cycles)) - 1
    axes.plot(line.edges_day, np.append(0.0, cycles[ends]), color=style.BLUE, linestyle="--",
              label="Equivalent full cycles so far")
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel("Equivalent\nfull cycles (-)")
    style.time_axis(axes, line)
    axes.set_xlabel("Time (UTC)")  # no means


def _draw_health(axes: Axes, line: Timeline) -> None:
    capacity = line.mean("battery_capacity_kwh")
    first = float(line.frame["battery_capacity_kwh"].iloc[0])
    style.step_line(axes, line.edges_day, 100.0 * capacity / first,
                    {"color": style.VERMILION, "linestyle": "-.", "label": "Capacity left"})
    axes.set_ylabel("Capacity left\n(% of the first)")
    style.time_axis(axes, line)
