"""From a policy's description in the scenario to its five role objects."""

from typing import Any

from sim.errors import PolicyError
from sim.policy.base import Roles
from sim.registry import (
    DEFAULT_ROLES,
    JOINT,
    METHODS,
    POLICIES,
    ROLES,
    did_you_mean,
    load_class,
)
from sim.scenario.schema.scenario import Policy, Role, policy_label


def build(choice: str | Policy | type) -> Roles:
    """Return new role objects for one run of a policy.

    Parameters
    ----------
    choice : str, Policy or type
        A built-in name, ``module:Class``, a policy put together from roles, or a class.

    Returns
    -------
    Roles
        One object for each role.

    Raises
    ------
    PolicyError
        If a class has none of the roles' methods or cannot be built.
    """
    label = _label(choice)
    chosen: dict[str, Any]
    if isinstance(choice, Policy):
        chosen = {role: _role(label, role, getattr(choice, role)) for role in ROLES}
        if choice.joint is not None:
            chosen |= _joint(label, choice, choice.joint)
    else:
        chosen = {role: _role(label, role, DEFAULT_ROLES[role]) for role in ROLES}
        chosen |= _named(label, choice)
    return Roles(label, **chosen)


def chosen_roles(choice: str | Policy | type) -> dict[str, str]:
    """Return what fills each role of a policy, by the name under which it was chosen.

    Parameters
    ----------
    choice : str, Policy or type
        A built-in name, ``module:Class``, a policy put together from roles, or a class.

    Returns
    -------
    dict of str to str
        Name by role.
    """
    if isinstance(choice, Policy):
        chosen = {role: _use(getattr(choice, role)) for role in ROLES}
        if choice.joint is None:
            return chosen
        name = _use(choice.joint)
        cls = load_class(JOINT.get(name, name))
        return chosen | dict.fromkeys(_left_to(cls, choice), name)
    if isinstance(choice, str) and choice in JOINT:
        whole = load_class(JOINT[choice])
        return {
            role: choice if hasattr(whole, METHODS[role]) else DEFAULT_ROLES[role]
            for role in ROLES
        }
    if isinstance(choice, str) and ":" not in choice:
        return {role: choice if choice in POLICIES[role] else DEFAULT_ROLES[role] for role in ROLES}
    cls = choice if isinstance(choice, type) else load_class(choice)
    name = f"{cls.__module__}:{cls.__qualname__}"
    return {
        role: name if hasattr(cls, METHODS[role]) else DEFAULT_ROLES[role] for role in ROLES
    }


def _label(choice: str | Policy | type) -> str:
    return choice.__name__.lower() if isinstance(choice, type) else policy_label(choice)


def _named(label: str, name: str | type) -> dict[str, Any]:
    """Return the roles that one name fills: a built-in fills one, a class as many as it has."""
    if isinstance(name, str) and ":" not in name and name not in JOINT:
        filled = [role for role in ROLES if name in POLICIES[role]]
        if len(filled) != 1:
            names = {name for built_in in POLICIES.values() for name in built_in} - {"none"}
            names |= set(JOINT)
            msg = f'no policy is named "{name}".{did_you_mean(name, names)}'
            raise PolicyError(msg)
        return {filled[0]: _role(label, filled[0], name)}
    whole = _new(label, JOINT.get(name, name) if isinstance(name, str) else name, {})
    roles = {role: whole for role, method in METHODS.items() if hasattr(whole, method)}
    if not roles:
        msg = f"{label}: {name} has none of the methods {', '.join(METHODS.values())}."
        raise PolicyError(msg)
    return roles


def _joint(label: str, policy: Policy, choice: str | Role) -> dict[str, Any]:
    """Return the roles that a joint policy takes."""
    name, parameters = _use(choice), {} if isinstance(choice, str) else choice.parameters
    whole = _new(label, JOINT.get(name, name), parameters)
    return dict.fromkeys(_left_to(type(whole), policy), whole)


def _left_to(cls: type, policy: Policy) -> list[str]:
    """Return the roles that a joint policy has a method for and that are not chosen otherwise."""
    return [
        role
        for role in ROLES
        if hasattr(cls, METHODS[role]) and getattr(policy, role) == DEFAULT_ROLES[role]
    ]


def _use(choice: str | Role) -> str:
    return choice if isinstance(choice, str) else choice.use


def _role(label: str, role: str, choice: str | Role) -> object:
    name, parameters = (choice, {}) if isinstance(choice, str) else (choice.use, choice.parameters)
    built = _new(label, POLICIES[role].get(name, name), parameters)
    if not hasattr(built, METHODS[role]):
        msg = f"{label}: {name} is no {role} policy: it has no method {METHODS[role]}."
        raise PolicyError(msg)
    return built


def _new(label: str, target: str | type, parameters: dict[str, Any]) -> object:
    try:
        cls = target if isinstance(target, type) else load_class(target)
        built: object = cls(**parameters)
    except (Exception, SystemExit) as error:
        msg = f"{label}: {target} cannot be built: {type(error).__name__}: {error}"
        raise PolicyError(msg) from error
    return built
