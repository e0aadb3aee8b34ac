"""What metrics are called in tables and figures, and how their numbers are written."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Value = float | int | None


@dataclass(frozen=True, slots=True)
class Metric:
    """How a reader meets one metric.

    Attributes
    ----------
    name : str
        Its name in metrics.json.
    label : str
        Words for people.
    unit : str
        Its unit; empty where it has none.
    better : {'low', 'high', ''}
        Which end is the good one; empty where neither is.
    """

    name: str
    label: str
    unit: str
    better: Literal["low", "high", ""] = ""

    @property
    def title(self) -> str:
        """Words and unit together."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


HEADLINES: Final = (
    Metric("cost_total_usd", "Total cost", "USD", "low"),
    Metric("carbon_operational_location_kg", "Carbon, average", "kgCO2e", "low"),
    Metric("carbon_marginal_kg", "Carbon, marginal", "kgCO2e", "low"),
    Metric("energy_facility_kwh", "Facility energy", "kWh", "low"),
    Metric("grid_import_kwh", "Grid import", "kWh", "low"),
    Metric("renewable_fraction", "Renewable fraction", "", "high"),
    Metric("peak_import_kw", "Peak import", "kW", "low"),
    Metric("jobs_completed_count", "Jobs completed", "", "high"),
    Metric("deadline_missed_count", "Deadlines missed", "", "low"),
    Metric("queue_wait_mean_h", "Mean queue wait", "h", "low"),
)
"""Metrics of the comparison table, in its order."""

RARE: Final = (
    Metric("system_co2_added_kg", "Carbon caused in the system", "kgCO2e", "low"),
    Metric("backup_generated_kwh", "Backup generated", "kWh", "low"),
    Metric("cost_battery_wear_usd", "Battery wear", "USD", "low"),
    Metric("failures_count", "Failures", ""),
    Metric("tokens_trained_per_kwh", "Tokens trained on per kWh", "1/kWh", "high"),
    Metric("slo_attainment_fraction", "Requests within the objective", "", "high"),
    Metric("energy_per_token_j", "Facility energy per token", "J", "low"),
)
"""Further metrics of the comparison table, where some run has a value."""

BOUNDS: Final = (
    Metric("bound_cost_usd", "Least cost possible", "USD"),
    Metric("captured_cost_fraction", "Cost saving captured", "", "high"),
    Metric("bound_carbon_kg", "Least carbon possible", "kgCO2e"),
    Metric("captured_carbon_fraction", "Carbon saving captured", "", "high"),
)
"""Further metrics of the comparison table, where runs are held against their lower bound."""

FURTHER: Final = (
    Metric("carbon_total_kg", "Carbon, embodied too", "kgCO2e", "low"),
    Metric("jct_mean_h", "Mean completion time", "h", "low"),
    Metric("jct_p95_h", "95th percentile completion time", "h", "low"),
    Metric("slowdown_mean", "Mean slowdown", "", "low"),
    Metric("pue", "PUE", "", "low"),
    Metric("water_l", "Water", "L", "low"),
    Metric("curtailed_kwh", "Curtailed", "kWh", "low"),
    Metric("unserved_kwh", "Unserved", "kWh", "low"),
    Metric("cfe_score_fraction", "Carbon-free energy score", "", "high"),
    Metric("gpu_utilization_fraction", "GPU utilization", "", "high"),
    Metric("goodput_fraction", "Goodput of accelerator time", "", "high"),
    Metric("ttft_p95_s", "95th percentile time to first token", "s", "low"),
)
"""Further metrics that a study may be about."""

KEY_METRICS: Final[Mapping[str, tuple[Metric, ...]]] = MappingProxyType(
    {
        "Energy": (
            Metric("energy_facility_kwh", "Facility energy", "kWh"),
            Metric("energy_it_kwh", "IT energy", "kWh"),
            Metric("pue", "PUE", ""),
            Metric("solar_generated_kwh", "Solar generated", "kWh"),
            Metric("wind_generated_kwh", "Wind generated", "kWh"),
            Metric("curtailed_kwh", "Curtailed", "kWh"),
            Metric("unserved_kwh", "Unserved", "kWh"),
            Metric("battery_equivalent_full_cycles", "Battery full cycles", ""),
            Metric("grid_import_kwh", "Grid import", "kWh"),
            Metric("grid_export_kwh", "Grid export", "kWh"),
            Metric("peak_import_kw", "Peak import", "kW"),
            Metric("renewable_fraction", "Renewable fraction", ""),
            Metric("cfe_score_fraction", "Carbon-free energy score", ""),
        ),
        "Water and heat": (
            Metric("water_l", "Water", "L"),
            Metric("wue_l_per_kwh", "WUE", "L/kWh"),
            Metric("wue_source_l_per_kwh", "WUE at the source", "L/kWh"),
            Metric("energy_reused_kwh", "Heat reused", "kWh"),
            Metric("ere", "ERE", ""),
        ),
        "Money": (
            Metric("cost_total_usd", "Total cost", "USD"),
            Metric("cost_energy_usd", "Energy", "USD"),
            Metric("cost_demand_usd", "Demand charge", "USD"),
            Metric("revenue_export_usd", "Export revenue", "USD"),
            Metric("cost_carbon_usd", "Carbon price", "USD"),
            *BOUNDS[:2],
        ),
        "Emissions": (
            Metric("carbon_operational_location_kg", "Operational, average", "kgCO2e"),
            Metric("carbon_marginal_kg", "Operational, marginal", "kgCO2e"),
            Metric("carbon_embodied_kg", "Embodied", "kgCO2e"),
            Metric("carbon_total_kg", "Total", "kgCO2e"),
            *BOUNDS[2:],
        ),
        "Service": (
            Metric("jobs_submitted_count", "Jobs submitted", ""),
            Metric("jobs_completed_count", "Jobs completed", ""),
            Metric("deadline_missed_count", "Deadlines missed", ""),
            Metric("queue_wait_mean_h", "Mean queue wait", "h"),
            Metric("jct_mean_h", "Mean completion time", "h"),
            Metric("jct_p95_h", "95th percentile completion time", "h"),
            Metric("gpu_utilization_fraction", "GPU utilization", ""),
            Metric("goodput_fraction", "Goodput of accelerator time", ""),
            Metric("lost_work_gpu_h", "Work lost", "GPU h"),
        ),
        "Training": (
            Metric("failures_count", "Failures", ""),
            Metric("tokens_trained_count", "Tokens trained on", ""),
            Metric("tokens_trained_per_kwh", "Tokens trained on per kWh", "1/kWh"),
            Metric("efficiency_flop_per_j", "Useful operations per energy", "FLOP/J"),
            Metric("energy_per_training_run_kwh", "Facility energy per run", "kWh"),
            Metric("carbon_per_training_run_kg", "Carbon per run, embodied too", "kgCO2e"),
            Metric("energy_per_training_step_kwh", "Facility energy per step", "kWh"),
        ),
        "Inference": (
            Metric("requests_served_count", "Requests served", ""),
            Metric("requests_backlog_count", "Requests left over", ""),
            Metric("tokens_served_count", "Tokens written", ""),
            Metric("slo_attainment_fraction", "Requests within the objective", ""),
            Metric("ttft_p95_s", "95th percentile time to first token", "s"),
            Metric("tpot_p95_s", "95th percentile time per further token", "s"),
            Metric("latency_p95_s", "95th percentile latency", "s"),
            Metric("energy_per_token_j", "Facility energy per token", "J"),
            Metric("cost_per_million_tokens_usd", "Cost per million tokens", "USD"),
            Metric("carbon_per_million_tokens_kg", "Carbon per million tokens", "kgCO2e"),
            Metric("sci_per_1000_tokens_g", "SCI per 1,000 tokens", "gCO2e"),
        ),
    }
)
"""Metrics of the page of one run, by heading."""


def shown(known: Container[str]) -> tuple[Metric, ...]:
    """Return the metrics of a comparison table whose names are known, in its order."""
    return tuple(metric for metric in (*HEADLINES, *RARE, *BOUNDS) if metric.name in known)


def decimals(values: Sequence[Value]) -> int:
    """Return how many decimals tell the values of one row apart to about four digits."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    if largest == 0 or all(value is None or isinstance(value, int) for value in values):
        return 0
    return next((count for count, bound in ((0, 1000), (1, 100), (2, 1)) if largest >= bound), 3)


def written(value: Value, count: int) -> str:
    """Return a number with separators of thousands, or a dash where there is none.

    Parameters
    ----------
    value : float, int or None
        The number. [unit of the metric]
    count : int
        Decimals. [-]

    Returns
    -------
    str
        The number as text.
    """
    if value is None:
        return "-"
    text = f"{value:,.{count}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text


_TELLING_PERCENT: Final = 1000.0
DOUBTFUL: Final = "n.s."
"""Mark of a change that may well be chance: not significant."""


def percent(change_percent: float | None) -> str:
    """Return a change against the baseline as text.

    Parameters
    ----------
    change_percent : float or None
        The change; None gives an empty text. [%]

    Returns
    -------
    str
        E.g. ``-12.3 %``; empty beyond a thousand percent, which only says that the baseline is next
        to nothing.
    """
    if change_percent is None or abs(change_percent) > _TELLING_PERCENT:
        return ""
    return f"{_signed(change_percent)} %"


def interval(low_percent: float | None, high_percent: float | None) -> str:
    """Return the interval of a change as text, e.g. ``[-13.0, -11.5]``; empty if there is none."""
    if low_percent is None or high_percent is None:
        return ""
    return f"[{_signed(low_percent)}, {_signed(high_percent)}]"


def _signed(value: float) -> str:
    """Write a number with sign and one decimal; zero has no sign."""
    text = f"{value:+.1f}"
    return "0.0" if text in {"-0.0", "+0.0"} else text


def better_end(metric: str) -> Literal["low", "high", ""]:
    """Return which end of a metric is the good one; empty where neither is known to be."""
    known = {one.name: one.better for one in (*HEADLINES, *RARE, *BOUNDS, *FURTHER)}
    return known.get(metric, "")
