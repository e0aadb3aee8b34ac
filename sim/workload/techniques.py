"""Techniques that change the time, power, bytes or accelerators of a piece of work.

A technique is rows of the catalog's table ``techniques``. Where its effect depends on the batch or
on the size of the model it has a row for each measured one, and what lies between is interpolated.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, Final, Literal

from sim.catalog import table
from sim.registry import did_you_mean
from sim.units import Range
from sim.workload.ranges import exact, product

Phase = Literal["training", "inference"]

EFFECTS: Final = ("time", "power", "bytes", "gpus")
CONDITIONS: Final = {"batch_count": "batch", "parameters_b": "number of parameters"}
"""What an effect may depend on, as columns of the catalog, and what messages call it."""


@dataclass(frozen=True, slots=True)
class Modifiers:
    """What techniques do to a piece of work, as ratios to it without them.

    Attributes
    ----------
    time_ratio : Range
        Time on the same accelerators, so accelerator-hours too.
    power_ratio : Range
        Power of an accelerator alone while it works.
    bytes_ratio : Range
        Bytes stored or moved: weights, updates, data.
    gpus_ratio : Range
        Accelerators that the model needs for its memory, before rounding.
    notes : tuple of str
        What holds only under conditions, was held at the edge of what is measured, or is from
        memory.
    """

    time_ratio: Range
    power_ratio: Range
    bytes_ratio: Range
    gpus_ratio: Range
    notes: tuple[str, ...] = ()

    @property
    def energy_ratio(self) -> Range:
        """Energy of the accelerators for the same work."""
        return product(self.time_ratio, self.power_ratio)


@dataclass(frozen=True, slots=True)
class Technique:
    """One technique, as the catalog has it.

    Attributes
    ----------
    name : str
        Its name.
    description : str
        What it is.
    exclusive_group : str
        Techniques of one group exclude each other; empty: none.
    rows : tuple of dict
        Rows of the catalog, by column.
    """

    name: str
    description: str
    exclusive_group: str
    rows: tuple[dict[str, Any], ...]

    def rows_for(self, work: Phase) -> tuple[dict[str, Any], ...]:
        """Return the rows that hold for training or for inference."""
        return tuple(row for row in self.rows if row["phase"] in {work, "both"})


def technique(name: str) -> Technique:
    """Return a technique of the catalog.

    Parameters
    ----------
    name : str
        Its name.

    Returns
    -------
    Technique
        The technique.

    Raises
    ------
    ValueError
        If the catalog has none of that name.
    """
    known = _catalog()
    if name not in known:
        msg = f'there is no technique "{name}".{did_you_mean(name, known)}'
        raise ValueError(msg)
    return known[name]


def combine(
    names: Sequence[str],
    work: Phase,
    *,
    batch: float | None = None,
    parameters_count: float | None = None,
) -> Modifiers:
    """Return what several techniques do together.

    Parameters
    ----------
    names : sequence of str
        Techniques, in any order; none leaves everything as it is.
    work : {'training', 'inference'}
        What they are applied to.
    batch : float or None
        Requests that are decoded together, where an effect depends on it. [-]
    parameters_count : float or None
        Parameters of the model, where an effect depends on it. [-]

    Returns
    -------
    Modifiers
        Their ratios multiplied, as `sim.workload.ranges` has it: each technique is taken to do to
        the rest what it does alone.

    Raises
    ------
    ValueError
        If a technique is unknown, named twice, not made for this work, excludes another, or depends
        on something that is not given; all of it in one message.
    """
    given = {
        "batch_count": batch,
        "parameters_b": None if parameters_count is None else parameters_count / 1e9,
    }
    mistakes = technique_mistakes(names, work, given)
    if mistakes:
        raise ValueError("\n".join(mistakes))
    effects = [_effect(technique(name), work, given) for name in names]
    time, power, bytes_, gpus = (
        product(exact(1.0), *(effect[kind] for effect, _ in effects)) for kind in EFFECTS
    )
    notes = tuple(note for _, notes in effects for note in notes)
    return Modifiers(time, power, bytes_, gpus, notes)


def technique_mistakes(
    names: Sequence[str], work: Phase, given: dict[str, float | None]
) -> list[str]:
    """Return everything that keeps techniques from being combined.

    Parameters
    ----------
    names : sequence of str
        Techniques.
    work : {'training', 'inference'}
        What they are applied to.
    given : dict
        The batch (``batch_count``) and the model's size (``parameters_b``); None where not known.

    Returns
    -------
    list of str
        One message a mistake; empty if there is none.
    """
    known, mistakes = [], []
    for name in dict.fromkeys(names):
        try:
            known.append(technique(name))
        except ValueError as error:
            mistakes.append(str(error))
        if list(names).count(name) > 1:
            mistakes.append(f'technique "{name}" is named twice; name it once.')
    for each in known:
        mistakes += _own_mistakes(each, work, given)
    mistakes += [
        f'techniques "{one.name}" and "{other.name}" exclude each other '
        f"({one.exclusive_group}); choose one."
        for one, other in combinations(known, 2)
        if one.exclusive_group and one.exclusive_group == other.exclusive_group
    ]
    return mistakes


def _own_mistakes(one: Technique, work: Phase, given: dict[str, float | None]) -> list[str]:
    rows = one.rows_for(work)
    if not rows:
        return [f'technique "{one.name}" is not for {work}, only for {one.rows[0]["phase"]}.']
    on = _depends_on(rows)
    value = None if on is None else given[on]
    if on is None or (value is not None and value > 0.0):
        return []
    return [f'technique "{one.name}" depends on the {CONDITIONS[on]}; give it, above 0.']


def _effect(
    one: Technique, work: Phase, given: dict[str, float | None]
) -> tuple[dict[str, Range], list[str]]:
    rows = one.rows_for(work)
    on = _depends_on(rows)
    notes = [f"{one.name}: {rows[0]['conditions']}."]
    if rows[0]["from_memory"] == "yes":
        notes.append(f"{one.name}: its figures are from memory or assumed; try its whole range.")
    value = None if on is None else given[on]
    if on is None or value is None:
        return {kind: _ratios(rows[0], kind) for kind in EFFECTS}, notes
    ordered = sorted(rows, key=lambda row: float(row[on]))
    least, most = float(ordered[0][on]), float(ordered[-1][on])
    if not least <= value <= most:
        notes.append(
            f"{one.name}: {CONDITIONS[on]} {value:g} is outside {least:g} to {most:g}, where it "
            "is known; its effect at the nearest is taken."
        )
    at = min(max(value, least), most)
    return {kind: _between(ordered, on, at, kind) for kind in EFFECTS}, notes


def _between(ordered: Sequence[dict[str, Any]], on: str, value: float, kind: str) -> Range:
    """Interpolate the logarithm of a ratio over the logarithm of what it depends on."""
    upper = next(row for row in ordered if row[on] >= value)
    lower = next(row for row in reversed(ordered) if row[on] <= value)
    if upper is lower:
        return _ratios(lower, kind)
    share = math.log(value / lower[on]) / math.log(upper[on] / lower[on])
    pairs = zip(_ratios(lower, kind), _ratios(upper, kind), strict=True)
    return Range(*(below ** (1.0 - share) * above**share for below, above in pairs))


def _ratios(row: dict[str, Any], kind: str) -> Range:
    return Range(*(float(row[f"{kind}_{bound}_ratio"]) for bound in Range._fields))


def _depends_on(rows: Sequence[dict[str, Any]]) -> str | None:
    return next((column for column in CONDITIONS if rows[0][column] is not None), None)


@cache
def _catalog() -> dict[str, Technique]:
    data = table("techniques")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in data.astype(object).where(data.notna(), None).to_dict("records"):
        found.setdefault(row["technique"], []).append({str(key): row[key] for key in row})
    return {
        name: Technique(
            name, rows[0]["description"], rows[0]["exclusive_group"] or "", tuple(rows)
        )
        for name, rows in found.items()
    }
