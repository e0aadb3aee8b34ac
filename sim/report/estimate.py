"""Estimates and the check of published runs, as tables for the terminal."""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Final

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.report.tables import number_table, text_table
from sim.units import Range
from sim.workload.estimate import Assumption, Estimate

_DIGITS: Final = 3
"""An estimate tells no more."""
_BOUNDS: Final = ("Low", "Best", "High")
_SMALLER: Final = {"MWh": "kWh", "tCO2e": "kg CO2e", "m3": "L"}
"""A thousandth of the unit, for amounts below 1 of it."""
_PER_UNIT: Final = {
    "efficiency_flop_per_j": ("Efficiency (GFLOP/J)", 1e-9),
    "energy_per_token_j": ("Energy per token (J)", 1.0),
    "energy_per_step_kwh": ("Energy per step (kWh)", 1.0),
    "energy_per_request_wh": ("Energy per request (Wh)", 1.0),
    "tokens_per_kwh": ("Tokens per kWh", 1.0),
    "sci_kg_per_billion_tokens": ("SCI per billion tokens (kg CO2e)", 1.0),
    "sci_g_per_request": ("SCI per request (g CO2e)", 1.0),
}
"""What figures per unit are called, and what they are multiplied with."""


def print_estimate(estimate: Estimate, title: str, console: Console) -> None:
    """Print an estimate with what it rests on.

    Parameters
    ----------
    estimate : Estimate
        The estimate.
    title : str
        What was asked.
    console : Console
        Where to print.
    """
    console.print(Text(title, style="bold"))
    table = number_table(["Estimate"], [*_BOUNDS, "Share"])
    for label, value, share in _rows(estimate):
        cells = ("unknown",) * 3 if value is None else map(rounded, value)
        table.add_row(Text(label), *cells, share)
    console.print(table)
    console.print()
    console.print(_assumptions(estimate.assumptions))
    console.print()
    for note in estimate.notes:
        console.print(Text(f"Note: {note.rstrip('.')}."))


def print_check(
    accounting: pd.DataFrame, splits: Sequence[pd.DataFrame], console: Console
) -> None:
    """Print how published training runs come back.

    Parameters
    ----------
    accounting : DataFrame
        As `sim.workload.published.accounting` gives it.
    splits : sequence of DataFrame
        As `sim.workload.published.split_check` gives them.
    console : Console
        Where to print.
    """
    console.print(Text("Accounting check: energy and carbon from a run's own figures", "bold"))
    console.print(_frame(accounting))
    errors = accounting[["energy_error_percent", "carbon_error_percent"]].abs()
    console.print(Text(
        f"{len(accounting)} runs; energy of {errors.iloc[:, 0].count()} from hours and watts, "
        f"largest error {errors.iloc[:, 0].max():.2f} %; carbon of {errors.iloc[:, 1].count()} "
        f"from energy, PUE and grid factor, largest error {errors.iloc[:, 1].max():.2f} %."
    ))
    for split in splits:
        half = int((split["half"] == "fit").sum())
        console.print()
        console.print(Text(f"Accelerator-hours from parameters and tokens, MFU fitted on {half} "
                           f"of {len(split)} runs", "bold"))  # fmt: skip
        console.print(_frame(split))
        console.print(Text(f"Median error of hours on the runs not fitted on: "
                           f"{split['error_percent'].abs().median():.1f} %."))  # fmt: skip


def rounded(value: float) -> str:
    """Return a number with the digits that an estimate can tell, and separators of thousands."""
    kept = float(f"{value:.{_DIGITS}g}")
    return f"{kept:,.0f}" if abs(kept) >= 10 ** (_DIGITS - 1) else f"{kept:.{_DIGITS}g}"


def _rows(estimate: Estimate) -> Iterator[tuple[str, Range | None, str]]:
    """Give label, value and share of the energy, line by line."""
    yield "Accelerator-hours", estimate.accelerator_hours, ""
    hours = estimate.duration_h
    if hours.mid < 48.0:
        yield "Duration (h)", hours, ""
    else:
        yield "Duration (days)", Range(*(bound / 24.0 for bound in hours)), ""
    unit, per_unit = _unit("MWh", estimate.energy_mwh)
    yield f"Energy ({unit})", _scaled(estimate.energy_mwh, per_unit), "100 %"
    for cause, energy in estimate.energy_by_cause_mwh.items():
        share = f"{100.0 * energy.mid / estimate.energy_mwh.mid:.0f} %"
        name = "cooling and conversion" if cause == "facility" else cause
        yield f"  {name}", _scaled(energy, per_unit), share
    for label, value, full in (
        ("Operational carbon", estimate.carbon_operational_t, "tCO2e"),
        ("Embodied carbon", estimate.carbon_embodied_t, "tCO2e"),
        ("Water on site", estimate.water_m3, "m3"),
    ):
        unit, per_unit = (full, 1.0) if value is None else _unit(full, value)
        yield f"{label} ({unit})", value and _scaled(value, per_unit), ""
    yield "Cost (USD)", estimate.cost_usd, ""
    for name, value in estimate.per_unit.items():
        label, factor = _PER_UNIT[name]
        yield label, _scaled(value, factor), ""


def _unit(unit: str, value: Range) -> tuple[str, float]:
    return (unit, 1.0) if value.mid >= 1.0 else (_SMALLER[unit], 1000.0)


def _scaled(value: Range, factor: float) -> Range:
    return Range(*(bound * factor for bound in value))


def _assumptions(known: tuple[Assumption, ...]) -> Table:
    rows = []
    for each in known:
        value = each.value
        if value is None:
            cells = "unknown"
        elif value.low == value.high:
            cells = _exact(value.mid)
        else:
            cells = f"{rounded(value.mid)} ({rounded(value.low)} to {rounded(value.high)})"
        rows.append((each.description, cells, each.unit, each.source))
    return text_table(("It rests on", "Value", "Unit", "Source"), rows)


def _frame(frame: pd.DataFrame) -> Table:
    """Lay a frame out: names first, then what was wrong, then numbers by what they are."""
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    texts = [name for name in frame.columns if name not in numbers]
    table = number_table([texts[0]], [*numbers, *texts[1:]])
    for row in frame.to_dict("records"):
        cells = (_written(name, row[name]) for name in numbers)
        table.add_row(row[texts[0]], *cells, *(row[name] for name in texts[1:]))
    return table


def _written(column: Hashable, value: float) -> str:
    if pd.isna(value):
        return ""
    if str(column).endswith("_percent"):
        return f"{value:+.2f}".replace("-0.00", "0.00").replace("+0.00", "0.00")
    return f"{value:.3f}" if str(column).endswith("_fraction") else _exact(value)


def _exact(value: float) -> str:
    """Give a figure that is no estimate, with what digits it has."""
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"


def estimate_json(estimate: Estimate) -> str:
    """Return an estimate as JSON: each figure as low, mid and high, null where unknown."""
    names = (
        "accelerator_hours", "duration_h", "energy_mwh", "carbon_operational_t",
        "carbon_embodied_t", "cost_usd", "water_m3",
    )  # fmt: skip
    found: dict[str, object] = {name: _bounds(getattr(estimate, name)) for name in names}
    found["energy_by_cause_mwh"] = _all_bounds(estimate.energy_by_cause_mwh)
    found["per_unit"] = _all_bounds(estimate.per_unit)
    found["assumptions"] = [
        {
            "name": each.name,
            "description": each.description,
            **_bounds(each.value),
            "unit": each.unit,
            "source": each.source,
        }
        for each in estimate.assumptions
    ]
    found["notes"] = list(estimate.notes)
    return json.dumps(found, indent=2, allow_nan=False)


def _all_bounds(values: Mapping[str, Range]) -> dict[str, dict[str, float | None]]:
    return {name: _bounds(value) for name, value in values.items()}


def _bounds(value: Range | None) -> dict[str, float | None]:
    return dict.fromkeys(Range._fields) if value is None else value._asdict()
