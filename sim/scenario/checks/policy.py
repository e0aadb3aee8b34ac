"""Check that the policies and the forecaster of a scenario exist and can be built."""

import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim.registry import (
    FORECASTERS,
    METHODS,
    POLICIES,
    ROLES,
    did_you_mean,
    load_class,
    parameters_of,
)
from sim.scenario.checks.partial import BROKEN, settled
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.scenario import Policy, Role, Scenario, policy_label


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


def policy_mistakes(scenario: Scenario, folder: Path) -> list[Finding]:
    """Check every policy: names, modules, classes and parameters.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.
    folder : Path
        Its folder, where modules of the user may lie.

    Returns
    -------
    list of Finding
        The mistakes.
    """
    choices = () if scenario.policies is BROKEN else scenario.policies
    found = settled(_labels(scenario))
    with importable(folder):
        for index, choice in enumerate(choices):
            path: FieldPath = ("policies", index)
            if isinstance(choice, str):
                found += settled(_whole(choice, path))
                continue
            for role in ROLES:
                found += settled(_role(role, choice, path))
    return found


def forecast_mistakes(scenario: Scenario, folder: Path) -> list[Finding]:
    """Check that the forecaster exists and can be built.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.
    folder : Path
        Its folder, where modules of the user may lie.

    Returns
    -------
    list of Finding
        The mistakes.
    """
    with importable(folder):
        return settled(_forecaster(scenario))


def user_sources(choice: str | Policy, scenario: Scenario, folder: Path) -> tuple[Path, ...]:
    """List the source files of the user's own classes that a run of a policy uses.

    Parameters
    ----------
    choice : str or Policy
        The policy.
    scenario : Scenario
        The scenario, whose forecaster may be the user's as well.
    folder : Path
        Its folder, where modules of the user may lie.

    Returns
    -------
    tuple of Path
        The files in which the classes stand, without what these import in turn.
    """
    names = [choice] if isinstance(choice, str) else [_name_of(getattr(choice, r)) for r in ROLES]
    own = sorted({name for name in (*names, scenario.forecast.model) if ":" in name})
    with importable(folder):
        files = [inspect.getsourcefile(load_class(name)) for name in own]
    return tuple(Path(file) for file in dict.fromkeys(files) if file)


def _labels(scenario: Scenario) -> Iterator[Finding]:
    labels = [policy_label(choice) for choice in scenario.policies]
    for index, label in enumerate(labels):
        if label in labels[:index]:
            message = f"a policy named {label} stands above. Give one of them another name:."
            yield Finding(("policies", index), message)


def _whole(name: str, path: FieldPath) -> Iterator[Finding]:
    if ":" in name:
        yield from _class(name, {}, path, methods=tuple(METHODS.values()))
        return
    roles = [role for role in ROLES if name in POLICIES[role]]
    if not roles:
        known = {known for role in ROLES for known in POLICIES[role]}
        yield Finding(path, f"there is no policy {quoted(name)}.{did_you_mean(name, known)}")
    elif len(roles) > 1:
        both = " and ".join(roles)
        message = f"{quoted(name)} can be {both}. Say which: {{name: ..., {roles[0]}: {name}}}."
        yield Finding(path, message)


def _role(role: str, policy: Policy, path: FieldPath) -> Iterator[Finding]:
    choice: str | Role = getattr(policy, role)
    name = _name_of(choice)
    path = (*path, role) if isinstance(choice, str) else (*path, role, "use")
    if ":" not in name and name not in POLICIES[role]:
        hint = did_you_mean(name, POLICIES[role])
        yield Finding(path, f"there is no {role} policy {quoted(name)}.{hint}")
    elif ":" in name or isinstance(choice, Role):
        parameters = choice.parameters if isinstance(choice, Role) else {}
        target = POLICIES[role].get(name, name)
        yield from _class(target, parameters, path, methods=(METHODS[role],))


def _name_of(choice: str | Role) -> str:
    return choice.use if isinstance(choice, Role) else choice


def _forecaster(scenario: Scenario) -> Iterator[Finding]:
    name, path = scenario.forecast.model, ("forecast", "model")
    if ":" in name:
        yield from _class(name, {}, path, methods=("fit", "predict"), needs_all=True)
    elif name not in FORECASTERS:
        hint = did_you_mean(name, FORECASTERS)
        yield Finding(path, f"there is no forecaster {quoted(name)}.{hint}")


def _class(
    target: str,
    parameters: Mapping[str, Any],
    path: FieldPath,
    *,
    methods: tuple[str, ...],
    needs_all: bool = False,
) -> Iterator[Finding]:
    try:
        cls = _imported(target)
    except _CannotImportError as error:
        yield Finding(path, str(error))
        return
    has = [callable(getattr(cls, method, None)) for method in methods]
    if not (all(has) if needs_all else any(has)):
        wanted = " and " if needs_all else " or "
        yield Finding(path, f"{target} has no method {wanted.join(methods)}.")
    unknown = list(_unknown_parameters(cls, parameters, path))
    yield from unknown
    if not unknown and (fault := _build_fault(cls, parameters)):
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
    cls: type, parameters: Mapping[str, Any], path: FieldPath
) -> Iterator[Finding]:
    known = parameters_of(cls)
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
