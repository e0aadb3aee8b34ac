"""Check a sweep: its fields, values and design, as far as nothing need be built for it."""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from sim.scenario.checks.messages import shown
from sim.scenario.checks.partial import BROKEN, BrokenPartError, each_settled, settled
from sim.scenario.positions import FieldPath, Finding, repeated
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.sweep import Sweep, SweepAxis
from sim.scenario.sweep.axes import name_of
from sim.scenario.sweep.designs import POWERS_OF_TWO, SAMPLED, count_points, listed_values, plain
from sim.scenario.sweep.field_paths import NoFieldError, ScalarField, find_field, value_at

MAX_POINTS: Final = 100_000
"""Points of a study at most, over all variants."""

COLUMNS: Final = ("variant", "policy", "seed", "point", "run_id", "content_hash")
"""Columns that the table of a study has besides the axes' and the metrics'."""

_PATH: Final[FieldPath] = ("sweep", "axes")


def sweep_mistakes(scenario: Scenario, tree: Mapping[str, Any]) -> list[Finding]:
    """Check the sweep of a scenario or a variant.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.
    tree : mapping
        Its raw values.

    Returns
    -------
    list of Finding
        The mistakes; whether single values are right is for `sim.scenario.sweep.trials`.
    """
    sweep = scenario.sweep
    found = settled(_in_variants(scenario))
    if sweep is None or sweep is BROKEN:
        return found
    for check in (_samples, _unused, _names, _moved_twice, _lengths):
        found += settled(check(sweep, tree))
    found += settled(_size(sweep, scenario))
    checks = [partial(check, tree=tree) for check in (_field, _values, _range, _tied)]
    checks.append(partial(_count, tree=tree, sweep=sweep))
    return found + each_settled(sweep.axes, checks, _PATH)


def _in_variants(scenario: Scenario) -> Iterator[Finding]:
    for index, variant in enumerate(scenario.variants):
        if "sweep" in (variant.model_extra or {}):
            message = ("a variant has no sweep of its own; the scenario's is for all of them. "
                       "Remove this.")
            yield Finding(("variants", index, "sweep"), message, at_key=True)


def _samples(sweep: Sweep, _: Mapping[str, Any]) -> Iterator[Finding]:
    path: FieldPath = ("sweep", "samples")
    count, design = sweep.samples, sweep.combine
    if design in SAMPLED and count is None:
        yield Finding(path, f"required field is missing: {design} draws so many.")
    elif design in POWERS_OF_TWO and count is not None and count & (count - 1):
        below = 1 << (count.bit_length() - 1)
        yield Finding(path, f"{count} is not a power of two, which {design} needs. Take {below} or "
                            f"{2 * below}.")


def _unused(sweep: Sweep, tree: Mapping[str, Any]) -> Iterator[Finding]:
    """Find fields that the design has no use for."""
    for name in ("samples", "seed"):
        if sweep.combine not in SAMPLED and value_at(tree, ("sweep", name)) is not None:
            message = (f"{sweep.combine} draws no samples. Remove this, or combine: "
                       f"{', '.join(sorted(SAMPLED))}.")
            yield Finding(("sweep", name), message, at_key=True)


def _names(sweep: Sweep, _: Mapping[str, Any]) -> Iterator[Finding]:
    names = [name_of(axis) for axis in sweep.axes]
    yield from repeated("axis", names, _PATH)
    for index, name in enumerate(names):
        if name in COLUMNS:
            message = f"{name} is the name of another column. Give the axis another name:."
            yield Finding((*_PATH, index, "name"), message)


def _moved_twice(sweep: Sweep, _: Mapping[str, Any]) -> Iterator[Finding]:
    """Find fields that two axes move, or one of which holds the other."""
    seen: list[str] = []
    for index, axis in enumerate(sweep.axes):
        places = [((*_PATH, index, "path"), axis.path)]
        places += [((*_PATH, index, "tied", dotted), dotted) for dotted in axis.tied.by_path]
        for place, dotted in places:
            other = next((one for one in seen if _overlap(one, dotted)), None)
            if other:
                message = f"{dotted} moves already, with {other}. A field moves once."
                yield Finding(place, message, at_key="tied" in place)
            seen.append(dotted)


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _lengths(sweep: Sweep, _: Mapping[str, Any]) -> Iterator[Finding]:
    if sweep.combine != "zip":
        return
    first, *others = [len(axis.values) if axis.values else axis.count for axis in sweep.axes]
    for index, length in enumerate(others, 1):
        if first and length and length != first:
            part = "values" if sweep.axes[index].values else "count"
            message = (f"makes {length} values, but the first axis {first}. zip takes them in "
                       "pairs: give all axes as many, or combine: grid.")
            yield Finding((*_PATH, index, part), message)


def _size(sweep: Sweep, scenario: Scenario) -> Iterator[Finding]:
    count = count_points(sweep) * (1 + len(scenario.variants))
    if count > MAX_POINTS:
        of_all = f" with {len(scenario.variants)} variants" if scenario.variants else ""
        message = (f"makes {count:,} points{of_all}; a study has at most {MAX_POINTS:,}. Take "
                   "fewer values, or samples (latin-hypercube, sobol).")
        yield Finding(("sweep",), message)


def _field(axis: SweepAxis, path: FieldPath, *, tree: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        find_field(tree, axis.path)
    except NoFieldError as error:
        yield Finding((*path, "path"), str(error))


def _values(axis: SweepAxis, path: FieldPath, *, tree: Mapping[str, Any]) -> Iterator[Finding]:
    ranged = [name for name in ("from", "to", "count", "spacing")
              if value_at(tree, (*path, name)) is not None]
    if axis.values is None:
        if not ranged:
            yield Finding(path, "has no values. Write values: [...], or from: and to:.")
        return
    for name in ranged:
        yield Finding((*path, name), "stands beside values. Remove one of them.", at_key=True)
    for index, value in enumerate(axis.values):
        place = (*path, "values", index)
        if value in axis.values[:index]:
            yield Finding(place, f"{shown(plain(value))} stands twice. Remove one.")
        elif type(value) is not type(axis.values[0]):
            first = shown(plain(axis.values[0]))
            message = f"{shown(plain(value))} is of another kind than the first value, {first}."
            yield Finding(place, message)


def _range(axis: SweepAxis, path: FieldPath, *, tree: Mapping[str, Any]) -> Iterator[Finding]:
    least, most = axis.least, axis.to
    if axis.values is not None or (least is None and most is None):
        return
    if least is None or most is None:
        missing = "from" if least is None else "to"
        yield Finding((*path, missing), "required field is missing: a range has both ends.")
        return
    if least >= most:
        yield Finding((*path, "to"), f"{most:g} is not above from, which is {least:g}.")
    if axis.spacing == "log" and least <= 0:
        yield Finding((*path, "from"), f"{least:g} is not above 0, which spacing: log needs.")
    if not _found(tree, axis.path).takes_numbers:
        message = f"{axis.path} takes no numbers. Write its values: [...]."
        yield Finding((*path, "from"), message, at_key=True)


def _count(
    axis: SweepAxis, path: FieldPath, *, tree: Mapping[str, Any], sweep: Sweep
) -> Iterator[Finding]:
    if axis.values is not None or axis.least is None or axis.to is None:
        return
    counted = sweep.combine in {"grid", "zip"}
    if counted != (axis.count is not None):
        message = (f"required field is missing: {sweep.combine} needs to know how many values."
                   if counted else f"{sweep.combine} has no use for it. Remove this.")
        yield Finding((*path, "count"), message, at_key=True)
    elif axis.count is not None and not list(_range(axis, path, tree=tree)):
        values = set(listed_values(axis, _found(tree, axis.path), sweep.combine))
        if len(values) < axis.count:
            message = (f"{axis.count} values do not fit between {axis.least:g} and {axis.to:g} in "
                       f"whole numbers: only {len(values)} differ.")
            yield Finding((*path, "count"), message)


def _tied(axis: SweepAxis, path: FieldPath, *, tree: Mapping[str, Any]) -> Iterator[Finding]:
    for dotted, how in axis.tied.by_path.items():
        place = (*path, "tied", dotted)
        try:
            find_field(tree, dotted)
        except NoFieldError as error:
            yield Finding(place, str(error), at_key=True)
        yield from _how_tied(axis, how, place)


def _how_tied(axis: SweepAxis, how: object, place: FieldPath) -> Iterator[Finding]:
    if isinstance(how, tuple):
        if axis.values is None:
            yield Finding(place, "is a list, but the axis lists no values. Write a factor.")
        elif len(how) != len(axis.values):
            message = (f"has {len(how)} entries, but the axis {len(axis.values)} values. Give one "
                       "for each.")
            yield Finding(place, message)
        for index, value in enumerate(how):
            if not isinstance(value, (str, bool)) and not _is_finite(value):
                message = f"{shown(value)} is no number, text, true or false."
                yield Finding((*place, index), message)
    elif isinstance(how, bool) or not _is_finite(how):
        message = (f"{shown(how)} is no factor. Write a number, or a list with one entry for each "
                   "value of the axis.")
        yield Finding(place, message)
    elif any(isinstance(value, (str, bool)) for value in axis.values or ()):
        message = ("is a factor, but the axis has no numbers. Write a list with one entry for each "
                   "value of the axis.")
        yield Finding(place, message)


def _found(tree: Mapping[str, Any], dotted: str) -> ScalarField:
    try:
        return find_field(tree, dotted)
    except NoFieldError:
        raise BrokenPartError from None  # told already


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
