"""Tables for the terminal; plain text where the output is no terminal."""

from collections.abc import Iterable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Final

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.registry import (
    DEFAULT_ROLES,
    FORECASTERS,
    JOINT,
    POLICIES,
    load_class,
    parameters_of,
)
from sim.report.comparison import Comparison, Outcome
from sim.report.labels import DOUBTFUL, KEY_METRICS, Value, decimals, shown, written

_UNBOUNDED: Final = 10_000  # columns of a file or a pipe, in which nothing may be cut off


def open_console(*, stderr: bool = False) -> Console:
    """Return a console that neither cuts nor wraps where its output is no terminal."""
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(
        stderr=stderr, highlight=False, width=_UNBOUNDED
    )


def comparison_tables(comparison: Comparison, console: Console) -> list[Table]:
    """Lay the comparison out for the width of a console.

    Parameters
    ----------
    comparison : Comparison
        The policies side by side.
    console : Console
        Where the tables will be printed.

    Returns
    -------
    list of Table
        One table if all policies fit, on one line or two; else several, the baseline in each.
    """
    baseline, *others = comparison.policies
    flat = _compared(comparison, comparison.policies, stacked=False)
    if fits(flat, console):
        return [flat]
    fit = len(others)
    while fit > 1 and not fits(
        _compared(comparison, (baseline, *others[:fit]), stacked=True), console
    ):
        fit -= 1
    return [
        _compared(comparison, (baseline, *others[first : first + fit]), stacked=True)
        for first in range(0, len(others), fit)
    ]


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the comparison with what follows from it.

    Parameters
    ----------
    comparison : Comparison
        The policies side by side.
    console : Console
        Where to print.
    """
    for table in comparison_tables(comparison, console):
        console.print(table)
        console.print()
    for finding in comparison.findings:
        console.print(Text(finding))
    for caution in comparison.cautions:
        console.print(Text(f"Caution: {caution}"))


def metrics_table(metrics: Mapping[str, Value]) -> Table:
    """Return the key metrics of one run, by heading."""
    table = _table("Metric", "Value")
    for heading, rows in KEY_METRICS.items():
        known = [metric for metric in rows if metrics.get(metric.name) is not None]
        for place, metric in enumerate(known):
            value = metrics[metric.name]
            table.add_row(metric.title, written(value, decimals([value])),
                          end_section=place == len(known) - 1 and heading != "Service")
    return table


def policies_table() -> Table:
    """Return the built-in policies by role, then the forecasters, as the registry has them."""
    rows = [
        (role, name + (" (default)" if DEFAULT_ROLES[role] == name else ""),
         *described(load_class(target)))
        for role, names in POLICIES.items()
        for name, target in names.items()
    ]
    rows += [("joint", name, *described(load_class(target))) for name, target in JOINT.items()]
    rows += [("forecast", name, described(load_class(target))[0], "")
             for name, target in FORECASTERS.items()]
    return text_table(("Role", "Name", "What it does", "Parameters"), rows)


def frame_table(frame: pd.DataFrame) -> Table:
    """Return any frame as a table, its empty cells empty."""
    table = Table(box=_box(), show_edge=False, pad_edge=False)
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(str(name), justify="right" if numeric else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        table.add_row(*(Text("" if pd.isna(cell) else _plain(cell)) for cell in row))
    return table


def text_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return rows of text as a table."""
    table = Table(box=_box(), show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def described(cls: type) -> tuple[str, str]:
    """Give the first line of a class's docstring, and its parameters as a scenario sets them."""
    known = signature(cls).parameters
    parameters = [
        name if known[name].default is Parameter.empty else f"{name}={known[name].default!r}"
        for name in parameters_of(cls)
    ]
    return (cls.__doc__ or "").strip().partition("\n")[0], ", ".join(parameters)


def fits(table: Table, console: Console) -> bool:
    """Tell whether a console is wide enough for a table without folding it."""
    return Console(width=_UNBOUNDED).measure(table).maximum <= console.width


def _plain(cell: object) -> str:
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)


def _box() -> box.Box | None:
    """Lines where someone looks, none where a program reads."""
    return box.SIMPLE_HEAD if Console().is_terminal else None


def _table(first: str, *others: str) -> Table:
    table = Table(box=_box(), show_edge=False, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", overflow="fold")
    return table


def number_table(texts: Sequence[str], numbers: Sequence[str]) -> Table:
    """Return an empty table with columns for text, then columns for numbers, by their headings."""
    table = Table(box=_box(), show_edge=False, pad_edge=False)
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _compared(comparison: Comparison, policies: Sequence[str], *, stacked: bool) -> Table:
    table = _table("", *policies)
    table.caption_justify = "left"
    table.caption = _caption(comparison)
    for metric in shown(comparison.outcomes):
        outcomes = comparison.outcomes[metric.name]
        count = decimals([outcome.mean for outcome in outcomes.values()])
        cells = (_cell(outcomes[policy], count, stacked=stacked) for policy in policies)
        table.add_row(Text(metric.title), *cells)
    return table


def _caption(comparison: Comparison) -> str:
    marks = [f"% against {comparison.policies[0]}", "* best of its row"]
    seeds = len(comparison.seeds)
    told = [one for of_metric in comparison.outcomes.values() for one in of_metric.values()]
    if seeds > 1:
        marks.append(f"means over {seeds} seeds")
    if any(one.interval_text for one in told):
        marks.append("[95 % confidence interval of the change]")
    if any(one.doubtful for one in told):
        marks.append(f"{DOUBTFUL} not significant: may be chance")
    return "; ".join(marks) if len(comparison.policies) > 1 else ""


def _cell(outcome: Outcome, count: int, *, stacked: bool) -> Text:
    value = written(outcome.mean, count) + ("*" if outcome.best else "")
    if stacked:
        lines = (value, outcome.change_text, outcome.interval_text)
        text = "\n".join(filter(None, lines))
    else:
        text = f"{value}  {outcome.change_text} {outcome.interval_text}".rstrip()
    return Text(text, style="bold" if outcome.best else "")
