"""Check that a class which a scenario names exists, has its methods and can be built."""

import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.registry import did_you_mean, load_class, parameters_of
from sim.scenario.positions import FieldPath, Finding


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Let modules beside the scenario and in the current folder be imported.

    Parameters
    ----------
    folder : Path
        Folder of the scenario.

    Yields
    ------
    None
        While the block runs, both folders stand at the end of the search path: no file of the
        user's can take the place of a module of Python's.
    """
    before = list(sys.path)
    sys.path += [str(folder), str(Path.cwd())]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


@dataclass(frozen=True, slots=True)
class Methods:
    """Methods that a class must have: all of them, or any."""

    names: tuple[str, ...]
    all: bool = False

    def missing(self, cls: type, target: str) -> str | None:
        """Say which it lacks; None if it has what it needs."""
        has = [callable(getattr(cls, name, None)) for name in self.names]
        if all(has) if self.all else any(has):
            return None
        return f"{target} has no method {(' and ' if self.all else ' or ').join(self.names)}."


def class_mistakes(
    target: str,
    parameters: Mapping[str, Any],
    path: FieldPath,
    *,
    methods: Methods,
    given: Mapping[str, Any] | None = None,
) -> Iterator[Finding]:
    """Check that a class exists, has its methods, and takes its parameters.

    Parameters
    ----------
    target : str
        ``"module:Class"``.
    parameters : mapping
        What the scenario builds it with.
    path : tuple
        Where its name stands; parameters stand beside it.
    methods : Methods
        What it must be able to do.
    given : mapping or None
        What an oracle (``needs_truth``) is handed besides, which no scenario says.

    Yields
    ------
    Finding
        The mistakes.
    """
    try:
        cls = _imported(target)
    except _CannotImportError as error:
        yield Finding(path, str(error))
        return
    if missing := methods.missing(cls, target):
        yield Finding(path, missing)
    handed = dict(given or {}) if getattr(cls, "needs_truth", False) else {}
    unknown = list(_unknown_parameters(cls, parameters, path, handed=tuple(handed)))
    yield from unknown
    if not unknown and (fault := _build_fault(cls, {**handed, **parameters})):
        yield Finding(path, f"{target} cannot be built: {fault}")


class _CannotImportError(Exception):
    """A class of the user's cannot be imported; the message says why."""


def _imported(target: str) -> type:
    module = target.partition(":")[0]
    try:
        if module:
            importlib.import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's module may raise anything
        message = f"cannot import {module}: {_one_line(error)}"
        raise _CannotImportError(message) from None
    try:
        return load_class(target)
    except ValueError as error:
        raise _CannotImportError(str(error)) from None


def _unknown_parameters(
    cls: type, parameters: Mapping[str, Any], path: FieldPath, *, handed: Sequence[str]
) -> Iterator[Finding]:
    known = [name for name in parameters_of(cls) if name not in handed]
    if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(cls).parameters.values()):
        return
    for name in parameters:
        if name not in known:
            hint = did_you_mean(name, known) if known else f" {cls.__name__} takes none."
            yield Finding((*path[:-1], name), f"unknown parameter.{hint}", at_key=True)


def _build_fault(cls: type, parameters: Mapping[str, Any]) -> str | None:
    try:
        cls(**parameters)
    except Exception as error:  # noqa: BLE001 - the user's class may raise anything
        return _one_line(error)
    return None


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}".removesuffix(".").removesuffix(": ") + "."
