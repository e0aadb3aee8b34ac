"""What a study runs: the scenario and its variants, at every point of its sweep.

>>> plan = load_study("battery-solar")                     # doctest: +SKIP
>>> [(point.name, point.values) for point in plan.points]  # doctest: +SKIP
>>> plan.load(plan.points[0]).spec                         # doctest: +SKIP
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from sim.errors import ScenarioError
from sim.scenario.load import LoadedScenario, read_variants
from sim.scenario.positions import Finding, Source
from sim.scenario.schema.scenario import policy_label
from sim.scenario.sweep.axes import BoundAxis, base_values, bind
from sim.scenario.sweep.designs import Scalar, combinations, count_points
from sim.scenario.sweep.plan import Point, Start, StudyPlan
from sim.scenario.sweep.trials import value_mistakes
from sim.scenario.variants import Version

T = TypeVar("T")

TRIED_POINTS: Final = 200
"""So many points at most are all built before anything runs (about 10 ms each)."""

_TOLD_MISTAKES: Final = 20  # of points: the rest are mostly the same
_NAME_LENGTH: Final = 64
_DIGITS: Final = 6


def load_study(
    source: str | Path, *, taken: Collection[str] = (), tried: bool = True
) -> StudyPlan:
    """Read a scenario with its variants and its sweep, and check all that a study of it runs.

    Each value of each axis is tried by itself, and where there are few points each of these; what
    does not go together at others shows when they are built.

    Parameters
    ----------
    source : str or Path
        The scenario file, or the name of a built-in scenario such as ``quickstart``.
    taken : collection of str
        Names that no axis may have, because other columns have them.
    tried : bool
        Whether to try the values and points; who reads again what was tried need not.

    Returns
    -------
    StudyPlan
        Its runs.

    Raises
    ------
    ScenarioError
        If there are mistakes: in the file; else in the sweep's values; else in its points.
    """
    text, made, variants = read_variants(source)
    base, sweep = variants[0].spec, variants[0].spec.sweep
    starts = [_start(*both) for both in zip(made, variants, strict=True)]
    axes = starts[0].axes
    _refuse(str(source), text, _taken_names(axes, taken))
    if tried:
        _refuse(str(source), text, _value_mistakes(starts))
    _refuse(str(source), text, _without_base(starts))
    plan = StudyPlan(
        path=variants[0].path,
        name=base.name,
        description=base.description,
        variants=variants,
        axes=tuple(bound.axis for bound in axes),
        design=sweep.combine if sweep else "",
        points=tuple(point for start in starts for point in _points(start)),
        policies=_union(map(policy_label, one.spec.policies) for one in variants),
        seeds=_union(one.spec.seeds for one in variants),
        starts={start.loaded.variant: start for start in starts},
        source=text,
    )
    if tried:
        _refuse(str(source), text, _point_mistakes(plan, starts))
    return plan


def _start(version: Version, loaded: LoadedScenario) -> Start:
    tree = {key: value for key, value in version.tree.items() if key not in {"variants", "sweep"}}
    if loaded.spec.sweep is None:
        return Start(loaded, tree)
    axes = bind(loaded.spec.sweep, tree)
    return Start(loaded, tree, axes, base_values(axes, loaded.spec.model_dump(mode="json")))


def _points(start: Start) -> Iterator[Point]:
    """Yield the points of the base or a variant, equal ones once."""
    loaded, sweep = start.loaded, start.loaded.spec.sweep
    if sweep is None:
        yield Point(loaded.point, loaded.variant, {})
        return
    names = [axis.axis.name for axis in start.axes]
    fields = [axis.field for axis in start.axes]
    for values in dict.fromkeys(combinations(sweep, fields, start.base)):
        by_name = dict(zip(names, values, strict=True))
        is_base = sweep.combine == "one-at-a-time" and values == start.base
        name = loaded.point if is_base else _name(loaded.variant, by_name)
        yield Point(name, loaded.variant, by_name)


def _name(variant: str | None, values: Mapping[str, Scalar]) -> str:
    """Name a point so that one can read it, and so that no other has the same name."""
    digest = sha256(json.dumps([variant, values], sort_keys=True).encode()).hexdigest()
    words = [f"{name}-{_word(value)}" for name, value in values.items()]
    text = "-".join([variant, *words] if variant else words)
    if len(text) < _NAME_LENGTH - _DIGITS:
        return f"{text}-{digest[:_DIGITS]}"
    return f"{text[: _NAME_LENGTH - 2 * _DIGITS - 1]}-{digest[: 2 * _DIGITS]}"


def _word(value: Scalar) -> str:
    text = f"{value:.6g}".replace(".", "p") if isinstance(value, float) else str(value).lower()
    return re.sub(r"[^a-z0-9_-]", "-", text)


def _taken_names(axes: Iterable[BoundAxis], taken: Collection[str]) -> Iterator[Finding]:
    for axis in axes:
        if axis.axis.name in taken:
            message = f"{axis.axis.name} is the name of another column. Give the axis a name:."
            yield Finding(axis.part("name"), message)


def _value_mistakes(starts: Sequence[Start]) -> Iterator[Finding]:
    """Try each value; what is wrong in the base already is not told again for a variant."""
    known: set[tuple[object, str]] = set()
    for start in starts:
        variant = start.loaded.variant
        for found in value_mistakes(start.tree, start.axes, start.loaded.folder):
            if (found.path, found.message) not in known:
                yield replace(found, message=_of(variant) + found.message)
            if variant is None:
                known.add((found.path, found.message))


def _without_base(starts: Sequence[Start]) -> Iterator[Finding]:
    """Find axes where a scenario has no value of its own, which one-at-a-time begins with."""
    for start in starts:
        sweep = start.loaded.spec.sweep
        if sweep is None or sweep.combine != "one-at-a-time":
            continue
        for axis, value in zip(start.axes, start.base, strict=True):
            if value is None:
                message = (f"{_of(start.loaded.variant)}{axis.axis.path} is null in the scenario. "
                           "one-at-a-time begins with the scenario's own value: give it one.")
                yield Finding(axis.part("path"), message)


def _point_mistakes(plan: StudyPlan, starts: Sequence[Start]) -> Iterator[Finding]:
    """Try each point where there are few; the mistakes of the first are told."""
    sweep = plan.variants[0].spec.sweep
    if sweep is None:
        return
    wanted = len(starts) * count_points(sweep)
    if sweep.combine == "sobol-indices" and len(plan.points) < wanted:
        message = ("draws the same point twice, as an axis has too few values. sobol-indices needs "
                   "axes with from and to that take other than whole numbers.")
        yield Finding(("sweep", "combine"), message)
    if len(plan.points) <= TRIED_POINTS:
        found = (one for point in plan.points for one in plan.mistakes(point))
        yield from islice(found, _TOLD_MISTAKES)


def _of(variant: str | None) -> str:
    return f"in variant {variant}: " if variant else ""


def _union(lists: Iterable[Iterable[T]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(entry for entries in lists for entry in entries))


def _refuse(name: str, source: Source, findings: Iterable[Finding]) -> None:
    problems = sorted({source.problem(finding) for finding in findings})
    if problems:
        raise ScenarioError(name, problems)
