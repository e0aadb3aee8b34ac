"""What is known of an accelerator, from a row of the catalog or of the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NoReturn

from sim.units import GB, TFLOP, Range

PRECISIONS: Final = ("fp32", "tf32", "bf16", "fp16", "fp8", "int8")

DEFAULT_LIFETIME_YEARS: Final = Range(3.0, 4.0, 6.0)
"""Life of an accelerator that says none of its own, as in the catalog (assumption)."""

_PEAK_COLUMNS: Final = {kind: f"peak_{kind}_tflops" for kind in PRECISIONS} | {
    "int8": "peak_int8_tops"
}


@dataclass(frozen=True, slots=True)
class AcceleratorFacts:
    """What is known of one accelerator; what is unknown is None (see `needed`).

    Attributes
    ----------
    name : str
        Its name in the catalog or the user's file.
    tdp_w : float or None
        Power when busy at full load. [W]
    min_cap_fraction : float or None
        Lowest power cap that the card takes, over TDP. [-]
    idle_bare_w, idle_resident_w : float or None
        Idle power with nothing loaded, and with a model resident. [W]
    peak_flop_per_s : mapping of str to float
        Dense peak rate by precision, of those that are known. [FLOP/s]
    memory_bytes : float or None
        Size of its memory. [B]
    memory_bytes_per_s : float or None
        Bandwidth of its memory. [B/s]
    link_bytes_per_s : float or None
        Bandwidth of its links to the others of a node, both ways together. [B/s]
    embodied_kg : Range or None
        Embodied carbon of the accelerator alone. [kgCO2e]
    lifetime_years : Range
        How long it is used. [year]
    """

    name: str
    tdp_w: float | None
    min_cap_fraction: float | None
    idle_bare_w: float | None
    idle_resident_w: float | None
    peak_flop_per_s: Mapping[str, float]
    memory_bytes: float | None
    memory_bytes_per_s: float | None
    link_bytes_per_s: float | None
    embodied_kg: Range | None
    lifetime_years: Range


def facts_of(name: str, values: Mapping[str, Any]) -> AcceleratorFacts:
    """Return an accelerator's facts from values named as the columns of the catalog.

    Parameters
    ----------
    name : str
        What to call it.
    values : mapping of str to object
        Values by column; None where unknown.

    Returns
    -------
    AcceleratorFacts
        The facts.
    """
    peaks = {kind: values.get(_PEAK_COLUMNS[kind]) for kind in PRECISIONS}
    return AcceleratorFacts(
        name=name,
        tdp_w=values.get("tdp_w"),
        min_cap_fraction=values.get("min_cap_fraction"),
        idle_bare_w=values.get("idle_bare_w"),
        idle_resident_w=values.get("idle_resident_w"),
        peak_flop_per_s=MappingProxyType(
            {kind: peak * TFLOP for kind, peak in peaks.items() if peak is not None}
        ),
        memory_bytes=_times(values.get("memory_gb"), GB),
        memory_bytes_per_s=_times(values.get("memory_bandwidth_gb_per_s"), GB),
        link_bytes_per_s=_times(values.get("link_gb_per_s"), GB),
        embodied_kg=range_of(values, "embodied", "kg"),
        lifetime_years=range_of(values, "lifetime", "years") or DEFAULT_LIFETIME_YEARS,
    )


def range_of(values: Mapping[str, Any], what: str, unit: str) -> Range | None:
    """Return a low, middle and high value of a row; one value alone stands for all three.

    Parameters
    ----------
    values : mapping of str to object
        Values by column, e.g. ``embodied_low_kg``, or ``embodied_kg`` alone.
    what : str
        Begin of the columns' names.
    unit : str
        End of the columns' names.

    Returns
    -------
    Range or None
        The three values [unit of the columns]; None where they are unknown.
    """
    one = values.get(f"{what}_{unit}")
    found = [values.get(f"{what}_{bound}_{unit}", one) for bound in Range._fields]
    return None if None in found else Range(*map(float, found))


def needed(facts: AcceleratorFacts, value: str) -> float:
    """Return a value of an accelerator that a calculation cannot do without.

    Parameters
    ----------
    facts : AcceleratorFacts
        The accelerator.
    value : str
        Name of the attribute, e.g. ``memory_bytes``.

    Returns
    -------
    float
        Its value. [any]

    Raises
    ------
    ValueError
        If it is unknown; the message says what to do.
    """
    found = getattr(facts, value)
    if found is None:
        _refuse(facts, value)
    return float(found)


def peak_flop_per_s(facts: AcceleratorFacts, precision: str) -> float:
    """Return the dense peak rate of an accelerator at a precision.

    Parameters
    ----------
    facts : AcceleratorFacts
        The accelerator.
    precision : str
        One of `PRECISIONS`.

    Returns
    -------
    float
        The rate. [FLOP/s]

    Raises
    ------
    ValueError
        If there is no such precision, or the rate is unknown.
    """
    if precision not in PRECISIONS:
        msg = f'there is no precision "{precision}". Allowed: {", ".join(PRECISIONS)}.'
        raise ValueError(msg)
    if precision not in facts.peak_flop_per_s:
        _refuse(facts, f"peak rate at {precision}")
    return facts.peak_flop_per_s[precision]


def _times(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit


def _refuse(facts: AcceleratorFacts, what: str) -> NoReturn:
    msg = f"accelerator {facts.name}: its {what} is unknown, but needed here. Describe the "
    msg += "accelerator in the scenario, or in a CSV file of your own (datacenter.hardware)."
    raise ValueError(msg)
