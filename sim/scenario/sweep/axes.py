"""Axes of a sweep, bound to a scenario: which field each moves, and what moves with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sim.scenario.positions import FieldPath
from sim.scenario.schema.sweep import Sweep, SweepAxis
from sim.scenario.sweep.designs import Scalar, listed_values, plain
from sim.scenario.sweep.field_paths import ScalarField, find_field, laid, value_at


@dataclass(frozen=True, slots=True)
class Axis:
    """What varies in a study.

    Attributes
    ----------
    name : str
        Its name, also of its column.
    title : str
        What figures call it.
    unit : str
        Its unit; empty where it has none.
    path : str
        The field that it moves, with dots.
    values : tuple of (bool, int, float or str)
        Its values; the two ends of the range where the design draws samples of it.
    """

    name: str
    title: str
    unit: str
    path: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class BoundAxis:
    """An axis in a scenario or one of its variants.

    Attributes
    ----------
    axis : Axis
        The axis.
    field : ScalarField
        The field that it moves.
    tied : tuple of (str, ScalarField, float or tuple)
        What moves with it: path, field, and a factor or one value for each of the axis'.
    told : mapping
        Where in the file each of its values stands, by value; with None the axis itself.
    """

    axis: Axis
    field: ScalarField
    tied: tuple[tuple[str, ScalarField, float | tuple[Scalar, ...]], ...]
    told: Mapping[Scalar | None, FieldPath]

    def assignments(self, value: Scalar) -> tuple[tuple[str, FieldPath, Scalar], ...]:
        """Say what a value of the axis sets: path with dots, path in the tree, value."""
        found = [(self.axis.path, self.field.path, value)]
        for dotted, field, how in self.tied:
            found.append((dotted, field.path, self._tied_value(value, how)))
        return tuple(found)

    def laid(self, tree: Mapping[str, Any], value: Scalar) -> dict[str, Any]:
        """Return raw values of the scenario with a value of the axis."""
        for _, path, one in self.assignments(value):
            tree = laid(tree, path, one)
        return dict(tree)

    def part(self, name: str) -> FieldPath:
        """Return where in the file a field of the axis stands, or the axis without it."""
        return (*self.told[None], name)

    def place(self, value: Scalar, dotted: str) -> FieldPath:
        """Return where in the file it says that a value of the axis sets a field."""
        if dotted == self.axis.path:
            return self.told.get(value, self.told[None])
        (how,) = (how for path, _, how in self.tied if path == dotted)
        entry = (self.axis.values.index(value),) if isinstance(how, tuple) else ()
        return (*self.part("tied"), dotted, *entry)

    def _tied_value(self, value: Scalar, how: float | tuple[Scalar, ...]) -> Scalar:
        if isinstance(how, tuple):
            return how[self.axis.values.index(value)]
        return plain(float(f"{float(value) * how:.12g}"))


def bind(sweep: Sweep, tree: Mapping[str, Any]) -> tuple[BoundAxis, ...]:
    """Find the fields of a sweep's axes in a scenario.

    Parameters
    ----------
    sweep : Sweep
        The sweep, without mistakes.
    tree : mapping
        Raw values of the scenario or a variant.

    Returns
    -------
    tuple of BoundAxis
        One for each axis.
    """
    return tuple(_bound(index, sweep, tree) for index in range(len(sweep.axes)))


def name_of(axis: SweepAxis) -> str:
    """Return the name of an axis: its own, or the last part of its path as a column's name."""
    return axis.name or re.sub(r"[^a-z0-9_-]", "-", axis.path.rpartition(".")[2].lower())[:64]


def base_values(
    axes: Sequence[BoundAxis], resolved: Mapping[str, Any]
) -> tuple[Scalar | None, ...]:
    """Return what a scenario has where the axes are; None where it is no single value."""
    found = (value_at(resolved, axis.field.path) for axis in axes)
    return tuple(plain(value) if isinstance(value, (bool, int, float, str)) else None
                 for value in found)


def _bound(index: int, sweep: Sweep, tree: Mapping[str, Any]) -> BoundAxis:
    axis = sweep.axes[index]
    field = find_field(tree, axis.path)
    name = name_of(axis)
    values = listed_values(axis, field, sweep.combine)
    return BoundAxis(
        Axis(name, axis.title or name, field.unit, axis.path, values),
        field,
        tuple((path, find_field(tree, path), _how(how)) for path, how in axis.tied.by_path.items()),
        _told(axis, values, ("sweep", "axes", index)),
    )


def _told(
    axis: SweepAxis, values: Sequence[Scalar], place: FieldPath
) -> dict[Scalar | None, FieldPath]:
    """Say where in the file each value stands; those between from and to at their count."""
    told: dict[Scalar | None, FieldPath] = {None: place}
    if axis.values is not None:
        return told | {value: (*place, "values", index) for index, value in enumerate(values)}
    if axis.count is not None:
        told |= dict.fromkeys(values, (*place, "count"))
    return told | {values[0]: (*place, "from"), values[-1]: (*place, "to")}


def _how(how: object) -> float | tuple[Scalar, ...]:
    if isinstance(how, (tuple, list)):
        return tuple(plain(value) for value in how)
    return cast("float", how)
