"""Try values of a sweep on a scenario, and say where in the sweep a mistake stands."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.scenario.checks.messages import shown
from sim.scenario.load import checked
from sim.scenario.positions import FieldPath, Finding, path_text
from sim.scenario.schema.scenario import Scenario
from sim.scenario.sweep.axes import BoundAxis
from sim.scenario.sweep.designs import Scalar

Moved = Sequence[tuple[BoundAxis, Scalar]]
"""Axes, each with a value of its own to lay over the scenario."""


def built(tree: Mapping[str, Any], moved: Moved, folder: Path) -> tuple[Scenario, list[Finding]]:
    """Build a scenario with values of axes laid over it.

    Parameters
    ----------
    tree : mapping
        Raw values of the scenario.
    moved : sequence of (BoundAxis, Scalar)
        Axes and values.
    folder : Path
        Folder that its file names are relative to.

    Returns
    -------
    tuple of (Scenario, list of Finding)
        What could be built, and the mistakes by their places in the sweep.
    """
    for axis, value in moved:
        tree = axis.laid(tree, value)
    spec, findings = checked(tree, folder)
    return spec, [_placed(finding, moved) for finding in findings]


def value_mistakes(
    tree: Mapping[str, Any], axes: Sequence[BoundAxis], folder: Path
) -> Iterator[Finding]:
    """Try each value of each axis by itself.

    Parameters
    ----------
    tree : mapping
        Raw values of the scenario.
    axes : sequence of BoundAxis
        The axes.
    folder : Path
        Folder that its file names are relative to.

    Yields
    ------
    Finding
        The mistakes, by their places in the sweep.
    """
    for axis in axes:
        for value in axis.axis.values:
            yield from built(tree, [(axis, value)], folder)[1]


def _placed(finding: Finding, moved: Moved) -> Finding:
    """Put a mistake to the value that it is about, or else to the only one, or to all of them."""
    values = ", ".join(f"{axis.axis.name} = {shown(value)}" for axis, value in moved)
    for axis, value in moved:
        for dotted, path, _ in axis.assignments(value):
            if finding.path[: len(path)] == path:
                unknown = finding.at_key and dotted == axis.axis.path
                where = axis.part("path") if unknown else axis.place(value, dotted)
                together = f"with {values}: " if len(moved) > 1 else ""
                return Finding(where, together + finding.message)
    place: FieldPath = ("sweep",)
    if len(moved) == 1:
        axis, value = moved[0]
        place = axis.place(value, axis.axis.path)
    return Finding(place, f"with {values}: {path_text(finding.path)}: {finding.message}")
