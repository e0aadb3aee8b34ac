"""Scores of forecasts as tables for the terminal."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
from rich.table import Table

from forecasting.backtest import Backtest
from forecasting.scorecard import Row
from sim.registry import FORECASTERS, load_class
from sim.report.labels import decimals, written
from sim.report.tables import described, number_table, text_table

_PERCENT: Final = 100.0
_SCORES: Final = (
    ("mae", "MAE", 1.0),
    ("rmse", "RMSE", 1.0),
    ("mape_fraction", "MAPE %", _PERCENT),
    ("nmae_fraction", "nMAE %", _PERCENT),
    ("nmae_daylight_fraction", "Daylight nMAE %", _PERCENT),
    ("skill_fraction", "Skill %", _PERCENT),
    ("rank_correlation", "Rank corr.", 1.0),
    ("pinball", "Pinball", 1.0),
    ("coverage_fraction", "80 % covers %", _PERCENT),
    ("worst_30_days_coverage_fraction", "Worst 30 d %", _PERCENT),
)
_TRUTH: Final = ("truth", "start_s", "step_s")


def lead_table(results: Mapping[str, Backtest]) -> Table:
    """Return the scores of each model by day of lead, one block a model.

    Parameters
    ----------
    results : mapping of str to Backtest
        Backtest by model.

    Returns
    -------
    Table
        Without the columns that mean nothing for this signal.
    """
    rows = [(name, lead, row) for name, found in results.items() for lead, row in _leads(found)]
    shown = [score for score in _SCORES
             if any(row.get(score[0]) is not None for _, _, row in rows)]
    table = number_table(("Model", "Lead"), [heading for _, heading, _ in shown])
    counts = [decimals([_scaled(row, name, by) for _, _, row in rows]) for name, _, by in shown]
    for place, (model, lead, row) in enumerate(rows):
        last = place + 1 == len(rows) or rows[place + 1][0] != model
        cells = [written(_scaled(row, name, by), count)
                 for (name, _, by), count in zip(shown, counts, strict=True)]
        table.add_row(model if lead == "Day 1" else "", lead, *cells, end_section=last)
    return table


def decision_table(results: Mapping[str, Backtest]) -> Table | None:
    """Return what jobs that follow each model gain, as a share of the oracle's gain.

    Parameters
    ----------
    results : mapping of str to Backtest
        Backtest by model.

    Returns
    -------
    Table or None
        None if there are no jobs.
    """
    table = number_table(("Model",), ("Interruptible %", "In one stretch %", "Jobs"))
    for name, found in results.items():
        one, other = found.decision, found.decision_contiguous
        if one is None or other is None:
            return None
        shares = [None if value.captured_fraction is None else _PERCENT * value.captured_fraction
                  for value in (one, other)]
        table.add_row(name, *(written(share, 1) for share in shares), f"{one.arrivals_count:,}")
    return table


def models_table() -> Table:
    """Return the built-in forecasters, as the registry has them."""
    rows = []
    for name, target in FORECASTERS.items():
        cls = load_class(target)
        what, parameters = described(cls)
        oracle = getattr(cls, "needs_truth", False)
        own = [part for part in parameters.split(", ") if part.partition("=")[0] not in _TRUTH]
        rows.append((name, what + (" (sees the truth)" if oracle else ""), ", ".join(own)))
    return text_table(("Model", "What it does", "Parameters"), rows)


def forecast_table(frame: pd.DataFrame) -> Table:
    """Return one forecast, a row an interval: its start, then every column of numbers.

    Parameters
    ----------
    frame : DataFrame
        With ``valid_from``, ``point`` and a column a quantile.

    Returns
    -------
    Table
        The table.
    """
    numbers = frame[[name for name in frame if name == "point" or str(name).startswith("q")]]
    table = number_table(("From (UTC)",), [str(name) for name in numbers])
    count = decimals(frame["point"].tolist())
    for time, row in zip(frame["valid_from"], numbers.to_numpy().tolist(), strict=True):
        cells = (None if pd.isna(value) else value for value in row)
        table.add_row(f"{time:%Y-%m-%d %H:%M}", *(written(value, count) for value in cells))
    return table


def _leads(found: Backtest) -> list[tuple[str, Row]]:
    days = [(f"Day {number}", row) for number, row in enumerate(found.scorecard.lead_days, 1)]
    return [*days, ("All", found.scorecard.overall)] if len(days) > 1 else days


def _scaled(row: Row, name: str, by: float) -> float | None:
    value = row.get(name)
    return None if value is None else by * value
