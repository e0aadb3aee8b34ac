"""What a study runs: every point with its policies and seeds, and the hash of each run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.errors import ScenarioError
from sim.scenario.checks.data import data_files
from sim.scenario.hashes import SeedHash, code_hash, file_hash, joined
from sim.scenario.load import LoadedScenario
from sim.scenario.positions import Finding, Source
from sim.scenario.schema.scenario import policy_label
from sim.scenario.sweep.axes import Axis, BoundAxis
from sim.scenario.sweep.designs import Scalar
from sim.scenario.sweep.trials import built


@dataclass(frozen=True, slots=True)
class Point:
    """A scenario of a study: the base or a variant, with one value for each axis of the sweep.

    Attributes
    ----------
    name : str
        Its name, also that of its folder.
    variant : str or None
        The variant that the values are laid over; None for the base.
    values : mapping
        Value by the name of the axis.
    """

    name: str
    variant: str | None
    values: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Start:
    """The base or a variant, ready to take the values of a sweep.

    Attributes
    ----------
    loaded : LoadedScenario
        The scenario without the sweep.
    tree : mapping
        Its raw values.
    axes : tuple of BoundAxis
        The axes of the sweep.
    base : tuple
        Value that it has itself where each axis is.
    """

    loaded: LoadedScenario
    tree: Mapping[str, Any]
    axes: tuple[BoundAxis, ...] = ()
    base: tuple[Scalar | None, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """All runs of a study, made without building a single one.

    Attributes
    ----------
    path : Path
        The scenario file.
    name : str
        Name of the scenario.
    description : str
        What it is for.
    variants : tuple of LoadedScenario
        The base, then its variants, all without the sweep.
    axes : tuple of Axis
        Axes of the sweep.
    design : str
        How they go together; empty without a sweep.
    points : tuple of Point
        Everything to run, each once: those of the base first, then those of each variant, both in
        the order of the design (see `sim.scenario.sweep.designs.combinations`).
    policies : tuple of str
        Labels of the policies that some variant has, the baseline first.
    seeds : tuple of int
        Seeds that some variant has. [-]
    starts : mapping
        What the points are laid over, by variant.
    source : Source
        The scenario file.
    """

    path: Path
    name: str
    description: str
    variants: tuple[LoadedScenario, ...]
    axes: tuple[Axis, ...]
    design: str
    points: tuple[Point, ...]
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    starts: Mapping[str | None, Start] = field(repr=False)
    source: Source = field(repr=False)
    _hashes: dict[tuple[Any, ...], SeedHash] = field(default_factory=dict, repr=False)
    _files: dict[tuple[Any, ...], list[str]] = field(default_factory=dict, repr=False)

    def policies_of(self, point: Point) -> tuple[str, ...]:
        """Return the labels of a point's policies, its baseline first."""
        return tuple(map(policy_label, self.starts[point.variant].loaded.spec.policies))

    def seeds_of(self, point: Point) -> tuple[int, ...]:
        """Return the seeds that the file gives a point."""
        return self.starts[point.variant].loaded.spec.seeds

    def runs(self) -> Iterator[tuple[Point, str, int]]:
        """Yield every run as point, policy and seed; those of one point follow each other."""
        for point in self.points:
            for policy in self.policies_of(point):
                for seed in self.seeds_of(point):
                    yield point, policy, seed

    def load(self, point: Point) -> LoadedScenario:
        """Build a point.

        Parameters
        ----------
        point : Point
            One of the points.

        Returns
        -------
        LoadedScenario
            The scenario there.

        Raises
        ------
        ScenarioError
            If its values do not go together.
        """
        start = self.starts[point.variant]
        named = replace(start.loaded, point=point.name, axes=dict(point.values))
        moved = self._moved(point)
        if not moved:
            return named
        spec, findings = built(start.tree, moved, named.folder)
        if findings:
            raise ScenarioError(str(self.path), [self.source.problem(one) for one in findings])
        return replace(named, spec=spec, data_files=data_files(spec, named.folder))

    def content_hash(self, point: Point, policy: str, seed: int) -> str:
        """Hash everything that the result of one run depends on, without building the point.

        Parameters
        ----------
        point : Point
            One of the points.
        policy : str
            Label of one of its policies.
        seed : int
            Seed of the random streams. [-]

        Returns
        -------
        str
            That of `sim.study.disk.identity.content_hash` where the sweep sets nothing; else one of
            that scenario, of all that the sweep sets, and of the files that this brings in.
        """
        start = self.starts[point.variant]
        content = self._seed_hash(start.loaded, policy).of(seed)
        if moved := self._moved(point):
            sets = sorted([dotted, value] for axis, one in moved
                          for dotted, _, value in axis.assignments(one))
            files = [self._hashes_of_files(start, axis, value, policy) for axis, value in moved]
            content = joined((content, json.dumps([sets, sorted(filter(None, files))])))
        return joined((content, code_hash()))

    def _moved(self, point: Point) -> list[tuple[BoundAxis, Scalar]]:
        """Return what of a point is laid over the scenario; one at a time, the rest stays."""
        start = self.starts[point.variant]
        return [
            (axis, point.values[axis.axis.name])
            for axis, base in zip(start.axes, start.base, strict=True)
            if self.design != "one-at-a-time" or point.values[axis.axis.name] != base
        ]

    def _seed_hash(self, loaded: LoadedScenario, policy: str) -> SeedHash:
        key = (loaded.variant, policy)
        if key not in self._hashes:
            self._hashes[key] = loaded.seed_hash(policy)
        return self._hashes[key]

    def _hashes_of_files(
        self, start: Start, axis: BoundAxis, value: Scalar, policy: str
    ) -> list[str]:
        """Hash data and the user's own classes that a run uses with a value of an axis."""
        if not any(isinstance(one, str) for *_, one in axis.assignments(value)):
            return []  # numbers name no files
        key = (start.loaded.variant, axis.axis.path, value, policy)
        if key not in self._files:
            folder = start.loaded.folder
            spec, _ = built(start.tree, [(axis, value)], folder)
            there = replace(start.loaded, spec=spec, data_files=data_files(spec, folder))
            paths = (*there.data_files, *there.sources(policy))
            self._files[key] = [file_hash(path) for path in paths]
        return self._files[key]

    def mistakes(self, point: Point) -> list[Finding]:
        """List what does not go together at a point, by its place in the sweep."""
        start = self.starts[point.variant]
        moved = self._moved(point)
        findings = built(start.tree, moved, start.loaded.folder)[1] if moved else []
        message = f"in variant {point.variant}: " if point.variant else ""
        return [replace(one, message=message + one.message) for one in findings]
