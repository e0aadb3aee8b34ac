"""Check that the policies of a scenario exist and can be built."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from sim.registry import JOINT, METHODS, POLICIES, ROLES, did_you_mean, load_class
from sim.scenario.checks.classes import Methods, class_mistakes, importable
from sim.scenario.checks.forecast import forecaster_names
from sim.scenario.checks.partial import BROKEN, settled
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.scenario import Policy, Role, Scenario, policy_label


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
            found += settled(_joint(choice, path))
    return found


def user_sources(choice: str | Policy, scenario: Scenario, folder: Path) -> tuple[Path, ...]:
    """List the source files of the user's own classes that a run of a policy uses.

    Parameters
    ----------
    choice : str or Policy
        The policy.
    scenario : Scenario
        The scenario, whose forecasters may be the user's as well.
    folder : Path
        Its folder, where modules of the user may lie.

    Returns
    -------
    tuple of Path
        The files in which the classes stand, without what these import in turn.
    """
    names = [choice] if isinstance(choice, str) else _names_in(choice)
    own = sorted({name for name in (*names, *forecaster_names(scenario)) if ":" in name})
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
        yield from class_mistakes(name, {}, path, methods=Methods(tuple(METHODS.values())))
        return
    if name in JOINT:
        return
    roles = [role for role in ROLES if name in POLICIES[role]]
    if not roles:
        known = {known for role in ROLES for known in POLICIES[role]} | set(JOINT)
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
        yield from class_mistakes(target, parameters, path, methods=Methods((METHODS[role],)))


def _joint(policy: Policy, path: FieldPath) -> Iterator[Finding]:
    choice = policy.joint
    if choice is None:
        return
    name = _name_of(choice)
    path = (*path, "joint") if isinstance(choice, str) else (*path, "joint", "use")
    if ":" not in name and name not in JOINT:
        hint = did_you_mean(name, JOINT)
        yield Finding(path, f"there is no joint policy {quoted(name)}.{hint}")
        return
    parameters = choice.parameters if isinstance(choice, Role) else {}
    methods = Methods(tuple(METHODS.values()))
    yield from class_mistakes(JOINT.get(name, name), parameters, path, methods=methods)


def _names_in(policy: Policy) -> list[str]:
    """Return the names of all that a policy is put together from."""
    chosen = [getattr(policy, role) for role in (*ROLES, "joint")]
    return [_name_of(choice) for choice in chosen if choice is not None]


def _name_of(choice: str | Role) -> str:
    return choice.use if isinstance(choice, Role) else choice
