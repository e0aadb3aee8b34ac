"""Timelines that zoom and pan: what is drawn in which panel; Bokeh draws it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.units import DAY_S, HOUR_S, MINUTE_S

MAX_SITES: Final = 4
MAX_POLICIES: Final = 6
MAX_POINTS: Final = 8784
"""Points of a line: a leap year of hours."""
MAX_VALUES: Final = 260_000
"""Numbers of all lines together: at most 1.4 MB of the page."""

INK: Final = "ink"
BLUE: Final = "blue"
"""Colours that are others in the dark: black turns white, and blue lighter."""

_WIDTHS_S: Final = tuple(
    [MINUTE_S * minutes for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)]
    + [HOUR_S * hours for hours in (1, 2, 3, 4, 6, 12)]
)
_NOTHING_KW: Final = 1e-6
_SOC: Final = "soc"
_SOC_ENDS: Final = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """One line or area of a panel.

    Attributes
    ----------
    label : str
        What it shows.
    colour : str
        ``#rrggbb``, or `INK` or `BLUE`.
    values : ndarray of float, shape (n_points,), or None
        NaN where there is no value; None for a line that is only described. [unit of the panel]
    kind : {'line', 'above', 'below'}
        A line, or an area stacked above or below zero.
    dash : str
        ``solid``, ``dashed``, ``dotted`` or ``dotdash``.
    """

    label: str
    colour: str
    values: NDArray[np.float64] | None
    kind: str = "line"
    dash: str = "solid"


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel, as wide as the page.

    Attributes
    ----------
    title : str
        What it shows, with the unit.
    lines : tuple of Line
        What is drawn, bottom to top.
    tall : bool
        Whether it gets twice the height.
    ends : tuple of float or None
        Ends of its axis; None for those of the values shown. [unit of the panel]
    """

    title: str
    lines: tuple[Line, ...]
    tall: bool = False
    ends: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Timelines:
    """Panels that share their time axis.

    Attributes
    ----------
    start_ms : ndarray of float, shape (n_points,)
        Starts of the points since 1970, UTC. [ms]
    width_s : float
        Length of a point. [s]
    groups : tuple of (str, tuple of Panel)
        Heading, and the panels below it.
    note : str
        What is left out; empty for nothing.
    """

    start_ms: NDArray[np.float64]
    width_s: float
    groups: tuple[tuple[str, tuple[Panel, ...]], ...]
    note: str = ""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, top to bottom."""
        return tuple(panel for _, panels in self.groups for panel in panels)


_POWER: Final = (
    ("solar_kw", "Solar", "#E69F00", "above"),
    ("wind_kw", "Wind", "#56B4E9", "above"),
    ("backup_kw", "Backup", "#A6761D", "above"),
    ("battery_discharge_kw", "Battery discharge", "#009E73", "above"),
    ("grid_import_kw", "Grid import", "#9a9a9a", "above"),
    ("unserved_kw", "Unserved", "#D55E00", "above"),
    ("battery_charge_kw", "Battery charge", "#7fceb8", "below"),
    ("grid_export_kw", "Grid export", "#5b9bc8", "below"),
    ("curtailed_kw", "Curtailed", "#f3d9a0", "below"),
)
_LOAD: Final = ("facility_kw", "Facility load")
_OTHERS: Final = (
    ("Battery state of charge (fraction)", (("soc", "State of charge", "#009E73", "solid"),)),
    ("Energy price (USD/kWh)", (("price_usd_per_kwh", "Price", BLUE, "solid"),)),
    ("Carbon intensity (gCO2e/kWh)", (
        ("average_carbon_intensity_g_per_kwh", "Average", INK, "solid"),
        ("marginal_carbon_intensity_g_per_kwh", "Marginal", "#D55E00", "dashed"),
    )),
    ("Accelerators busy", (("gpus_busy_count", "Busy", "#CC79A7", "solid"),)),
)
TOTALS: Final = (
    ("cost_total_usd", "Cost so far (USD)", "sum"),
    ("carbon_operational_location_kg", "Operational carbon so far (kgCO2e)", "sum"),
    ("soc", "Battery state of charge, mean of the sites (fraction)", "mean"),
    ("grid_import_kw", "Grid import (kW)", "mean"),
)
"""Columns of a policy's timeline with the panel's title and what is drawn: running sum or mean."""

_COLOURS: Final = (INK, BLUE, "#D55E00", "#009E73", "#CC79A7", "#E69F00")
_DASHES: Final = ("solid", "dashed", "dotdash", "dotted", "solid", "dashed")


def run_timelines(run: Run) -> Timelines | None:
    """Return the timelines of a run, those of the sites with the largest load.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Timelines or None
        None for a run without steps.
    """
    if not len(run.steps):
        return None
    frames = {str(site): frame for site, frame in run.steps.groupby("site", observed=True)}
    load = {site: frame["facility_kw"].sum() for site, frame in frames.items()}
    sites = sorted(load, key=lambda site: -load[site])[:MAX_SITES]
    kept = {site: frame for site, frame in frames.items() if site in sites}
    step_s = 60.0 * float(run.info["step_min"])
    lines = sum(1 for frame in kept.values() for _ in _known(frame))
    points = _Points.of(next(iter(kept.values()))["time"], step_s, lines)
    groups = tuple((site, tuple(_site(frame, points))) for site, frame in kept.items())
    left = f"The {len(sites)} of {len(frames)} sites with the largest load."
    return Timelines(points.start_ms, points.width_s, groups,
                     left if len(sites) < len(frames) else "")


def policy_timelines(totals: Mapping[str, pd.DataFrame]) -> Timelines | None:
    """Return the timelines of policies, one line each.

    Parameters
    ----------
    totals : mapping of str to DataFrame
        By policy, per step over all sites and mean over the seeds: time, then columns of `TOTALS`.

    Returns
    -------
    Timelines or None
        None without any policy or value.
    """
    shown = dict(list(totals.items())[:MAX_POLICIES])
    shown = {policy: frame for policy, frame in shown.items() if len(frame)}
    if not shown:
        return None
    time = next(iter(shown.values()))["time"]
    step_s = (time.iloc[1] - time.iloc[0]).total_seconds() if len(time) > 1 else HOUR_S
    points = _Points.of(time, step_s, len(TOTALS) * len(shown))
    panels = tuple(
        Panel(title, tuple(_policies(shown, column, how, points)), tall=how == "sum",
              ends=_SOC_ENDS if column == _SOC else None)
        for column, title, how in TOTALS
        if any(column in one.columns and one[column].notna().any() for one in shown.values())
    )
    left = f"The first {len(shown)} of {len(totals)} policies." if len(shown) < len(totals) else ""
    return Timelines(points.start_ms, points.width_s, (("", panels),), left) if panels else None


@dataclass(frozen=True, slots=True)
class _Points:
    """Steps joined into points.

    Attributes
    ----------
    starts : ndarray of int, shape (n_points,)
        First step of each point. [-]
    start_ms : ndarray of float, shape (n_points,)
        Its time. [ms]
    width_s : float
        Length of a point. [s]
    """

    starts: NDArray[np.int_]
    start_ms: NDArray[np.float64]
    width_s: float

    @classmethod
    def of(cls, time: "pd.Series[pd.Timestamp]", step_s: float, lines_count: int) -> "_Points":
        joined = joined_steps(len(time), step_s, lines_count)
        starts = np.arange(0, len(time), joined)
        first_ms = time.iloc[0].timestamp() * 1e3
        start_ms = first_ms + starts.astype(np.float64) * (step_s * 1e3)
        return cls(starts, start_ms, joined * step_s)

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        counts = np.diff(np.append(self.starts, len(values)))
        means: NDArray[np.float64] = np.add.reduceat(values, self.starts) / counts
        return means


def joined_steps(steps_count: int, step_s: float, lines_count: int) -> int:
    """Return how many steps to join into a point.

    Parameters
    ----------
    steps_count : int
        Steps of the run. [-]
    step_s : float
        Length of a step. [s]
    lines_count : int
        Lines of all panels. [-]

    Returns
    -------
    int
        The least that keeps to `MAX_POINTS` and `MAX_VALUES`; parts or multiples of an hour, or
        whole days.
    """
    points = min(MAX_POINTS, MAX_VALUES // max(1, lines_count))
    for width_s in _WIDTHS_S:
        joined = round(width_s / step_s)
        if joined >= 1 and joined * step_s == width_s and steps_count <= points * joined:
            return joined
    per_day = max(1, round(DAY_S / step_s))
    return per_day * max(1, -(-steps_count // (per_day * points))) if steps_count > points else 1


def _known(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the columns of a site that have something to show."""
    for column, *_ in _POWER:
        if column in frame.columns and frame[column].max() > _NOTHING_KW:
            yield column
    for column in (_LOAD[0], *(name for _, lines in _OTHERS for name, *_ in lines)):
        if column in frame.columns and frame[column].notna().any():
            yield column


def _site(frame: pd.DataFrame, points: _Points) -> Iterator[Panel]:
    known = set(_known(frame))
    means = {name: points.mean(frame[name].to_numpy(dtype=float)) for name in known}
    areas = [Line(label, colour, means[name], kind)
             for name, label, colour, kind in _POWER if name in known]
    load = [Line(_LOAD[1], INK, means[_LOAD[0]])] if _LOAD[0] in known else []
    yield Panel("Power (kW), surplus below zero", (*areas, *load), tall=True)
    for title, lines in _OTHERS:
        drawn = tuple(Line(label, colour, means[name], dash=dash)
                      for name, label, colour, dash in lines if name in known)
        if drawn:
            yield Panel(title, drawn, ends=_SOC_ENDS if lines[0][0] == _SOC else None)


def _policies(
    shown: Mapping[str, pd.DataFrame], column: str, how: str, points: _Points
) -> Iterator[Line]:
    looks: Sequence[tuple[str, str]] = tuple(zip(_COLOURS, _DASHES, strict=True))
    for (policy, frame), (colour, dash) in zip(shown.items(), looks, strict=False):
        if column not in frame.columns:
            continue
        values = frame[column].to_numpy(dtype=float)
        if how == "sum":  # what there is at the start of each point
            drawn = np.append(0.0, np.cumsum(np.nan_to_num(values)))[points.starts]
        else:
            drawn = points.mean(values)
        yield Line(policy, colour, drawn, dash=dash)
