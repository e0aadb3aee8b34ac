"""Variants of a scenario side by side: what a table, a figure and a page tell of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.report.labels import Metric, Value, decimals, percent, written
from sim.report.tables import fits, number_table

COLUMNS: Final = (
    Metric("cost_total_usd", "Total cost", "USD", "low"),
    Metric("carbon_operational_location_kg", "Carbon, average", "kgCO2e", "low"),
    Metric("carbon_marginal_kg", "Carbon, marginal", "kgCO2e", "low"),
    Metric("carbon_embodied_kg", "Carbon, embodied", "kgCO2e", "low"),
    Metric("slo_attainment_fraction", "Requests within objective", "", "high"),
    Metric("energy_per_token_j", "Energy per token", "J", "low"),
    Metric("jct_mean_h", "Mean completion time", "h", "low"),
    Metric("goodput_fraction", "Goodput", "", "high"),
    Metric("energy_per_training_run_kwh", "Energy of a training run", "kWh", "low"),
    Metric("forecast_nmae_ratio", "Forecast error", "of the mean", "low"),
    Metric("forecast_rank_correlation", "Forecast ranks", "correlation", "high"),
    Metric("system_co2_added_kg", "Carbon caused in the system", "kgCO2e", "low"),
    Metric("unserved_kwh", "Unserved", "kWh", "low"),
    Metric("storage_saving_captured_fraction", "Storage saving captured", "", "high"),
    Metric("renewable_fraction", "Renewable fraction", "", "high"),
    Metric("jobs_completed_count", "Jobs completed", "", "high"),
    Metric("peak_import_kw", "Peak import", "kW", "low"),
    Metric("battery_equivalent_full_cycles", "Battery cycles", ""),
    Metric("backup_generated_kwh", "Backup", "kWh", "low"),
    Metric("deadline_missed_count", "Deadlines missed", "", "low"),
)
"""Metrics of the table across variants, the more important first."""

_ONLY_IF_DIFFERENT: Final = (
    "carbon_embodied_kg",
    "slo_attainment_fraction",
    "energy_per_token_j",
    "jct_mean_h",
    "goodput_fraction",
    "energy_per_training_run_kwh",
    "forecast_nmae_ratio",
    "forecast_rank_correlation",
    "jobs_completed_count",
)
_DIFFERENT: Final = 1e-3
CHANGES: Final = ("cost_total_usd", "carbon_operational_location_kg", "carbon_marginal_kg")
"""Metrics whose change against the first variant is told too."""
_LEAST_COLUMNS: Final = 3
_SAME_WORK: Final = 0.01
_SAME_SERVICE: Final = 0.001
_BEST: Final = (
    "each variant's cheapest policy of those with the least unserved and, within 1 %, the most "
    "jobs completed"
)


@dataclass(frozen=True, slots=True)
class VariantRow:
    """One policy in one variant.

    Attributes
    ----------
    variant : str
        Name of the variant; ``base`` for the scenario itself.
    policy : str
        Name of the policy.
    means : mapping
        Means over the seeds, by name of the metric; None where it has no meaning.
    """

    variant: str
    policy: str
    means: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class VariantTable:
    """All policies in all variants of a scenario.

    Attributes
    ----------
    scenario : str
        Name of the scenario.
    rows : tuple of VariantRow
        Variant by variant.
    signals : tuple of str
        Signals whose forecasts some of the runs looked at.
    """

    scenario: str
    rows: tuple[VariantRow, ...]
    signals: tuple[str, ...] = ()

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the variants, each once."""
        return tuple(dict.fromkeys(row.variant for row in self.rows))

    @property
    def policies(self) -> tuple[str, ...]:
        """Names of the policies, each once."""
        return tuple(dict.fromkeys(row.policy for row in self.rows))

    def only(self, variants: Sequence[str], policies: Sequence[str] | None) -> "VariantTable":
        """Return the rows of some variants and policies; None takes all policies."""
        return replace(self, rows=tuple(
            row for row in self.rows
            if row.variant in variants and (policies is None or row.policy in policies)
        ))

    @property
    def best(self) -> tuple[VariantRow, ...]:
        """The best policy of each variant: the cheapest of those that do the same work."""
        return tuple(
            _best([row for row in self.rows if row.variant == variant]) for variant in self.variants
        )


def shown_columns(rows: Sequence[VariantRow]) -> tuple[Metric, ...]:
    """Return the metrics known in some of the rows; some only if they differ."""
    return tuple(metric for metric in COLUMNS if _tells(rows, metric.name))


def _tells(rows: Sequence[VariantRow], name: str) -> bool:
    known = [value for row in rows if (value := row.means.get(name)) is not None]
    if name not in _ONLY_IF_DIFFERENT or not known:
        return bool(known)
    return max(known) - min(known) > _DIFFERENT * max(map(abs, known))


def cells(rows: Sequence[VariantRow], metric: Metric) -> list[str]:
    """Write a column of the table across variants.

    Parameters
    ----------
    rows : sequence of VariantRow
        One row a variant.
    metric : Metric
        The column.

    Returns
    -------
    list of str
        Values; money and carbon with the change against the first row.
    """
    values = [row.means.get(metric.name) for row in rows]
    count = decimals(values)
    found = [written(value, count) for value in values]
    if metric.name in CHANGES:
        found = [f"{text}  {_change(value, values[0])}".rstrip() if place else text
                 for place, (text, value) in enumerate(zip(found, values, strict=True))]
    return found


def caption(table: VariantTable) -> str:
    """Say how the rows of the table across variants were picked."""
    first = table.variants[0]
    return f"% against {first}" + (f"; {_BEST}" if len(table.policies) > 1 else "")


def print_variants(table: VariantTable, console: Console) -> None:
    """Print the policies of each variant, if there are several, then one row a variant.

    Parameters
    ----------
    table : VariantTable
        The variants.
    console : Console
        Where to print.
    """
    if len(table.policies) > 1:
        console.print(_widest(table.rows, console, best=True))
        console.print(Text("* best of its variant\n"))
    console.print(_widest(table.best, console, best=False))
    console.print(Text(caption(table)))


def _widest(rows: Sequence[VariantRow], console: Console, *, best: bool) -> Table:
    """Lay rows out with as many columns as the console has room for."""
    metrics = shown_columns(rows)
    while True:
        table = _grouped(rows, metrics) if best else _across(rows, metrics)
        if fits(table, console) or len(metrics) <= _LEAST_COLUMNS:
            return table
        metrics = metrics[:-1]


def _grouped(rows: Sequence[VariantRow], metrics: Sequence[Metric]) -> Table:
    """One row a policy, variant by variant; the best of each variant is marked."""
    columns = {}
    for metric in metrics:
        values = [row.means.get(metric.name) for row in rows]
        count = decimals(values)
        columns[metric] = [
            written(value, count) + "*" * (place in _winners(rows, metric))
            for place, value in enumerate(values)
        ]
    table = number_table(("Variant", "Policy"), [_heading(metric) for metric in metrics])
    for place, row in enumerate(rows):
        is_first = place == 0 or rows[place - 1].variant != row.variant
        is_last = place + 1 == len(rows) or rows[place + 1].variant != row.variant
        table.add_row(Text(row.variant if is_first else ""), Text(row.policy),
                      *(Text(column[place]) for column in columns.values()), end_section=is_last)
    return table


def _across(rows: Sequence[VariantRow], metrics: Sequence[Metric]) -> Table:
    table = number_table(("Variant", "Policy"), [_heading(metric) for metric in metrics])
    columns = [cells(rows, metric) for metric in metrics]
    for row, *values in zip(rows, *columns, strict=True):
        table.add_row(Text(row.variant), Text(row.policy), *map(Text, values))
    return table


def _heading(metric: Metric) -> str:
    return metric.title.replace(" (", "\n(")


def _winners(rows: Sequence[VariantRow], metric: Metric) -> set[int]:
    """Find the rows that no other policy of their variant beats, where some policy does worse."""
    won: set[int] = set()
    for variant in dict.fromkeys(row.variant for row in rows):
        known = {place: value for place, row in enumerate(rows) if row.variant == variant
                 and (value := row.means.get(metric.name)) is not None}
        if not metric.better or not known:
            continue
        goal = min(known.values()) if metric.better == "low" else max(known.values())
        tolerance = 1e-9 * max(map(abs, known.values()))
        reached = {place for place, value in known.items() if abs(value - goal) <= tolerance}
        won |= reached if len(reached) < len(known) else set()
    return won


def _best(rows: Sequence[VariantRow]) -> VariantRow:
    """Pick the cheapest (else the cleanest, else the first) of those that do the same work."""
    unserved = [row.means.get("unserved_kwh") or 0.0 for row in rows]
    load = max(row.means.get("energy_facility_kwh") or 0.0 for row in rows)
    most = max(row.means.get("jobs_completed_count") or 0 for row in rows)
    able = [
        row for row, lost in zip(rows, unserved, strict=True)
        if lost <= min(unserved) + _SAME_SERVICE * load
        and (row.means.get("jobs_completed_count") or 0) >= (1.0 - _SAME_WORK) * most
    ] or list(rows)
    for name in CHANGES:
        values = {place: value for place, row in enumerate(able)
                  if (value := row.means.get(name)) is not None}
        if values:
            return able[min(values, key=lambda place: values[place])]
    return able[0]


def _change(value: Value, reference: Value) -> str:
    if value is None or reference is None or reference == 0:
        return ""
    return percent(100.0 * (value - reference) / abs(reference))
