"""Parameters that policies of several roles take: each is refused where it cannot be meant."""

from collections.abc import Mapping
from typing import Any

from sim.registry import METHODS, POLICIES, SIGNALS, did_you_mean, load_class


def checked_signal(signal: str) -> str:
    """Return a signal, if there is one of that name.

    Parameters
    ----------
    signal : str
        Its name.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ValueError
        If it is none of ``registry.SIGNALS``.
    """
    if signal not in SIGNALS:
        msg = f"signal {signal!r} is unknown.{did_you_mean(signal, SIGNALS)}"
        raise ValueError(msg)
    return signal


def checked_fraction(name: str, value: float) -> float:
    """Return a parameter that must lie between 0 and 1.

    Parameters
    ----------
    name : str
        Its name.
    value : float
        Its value. [-]

    Returns
    -------
    float
        The same.

    Raises
    ------
    ValueError
        If it does not.
    """
    if not 0.0 <= value <= 1.0:
        msg = f"{name} is {value}; it must lie between 0 and 1."
        raise ValueError(msg)
    return value


def inner_policy(role: str, inner: str | Mapping[str, Any]) -> Any:  # noqa: ANN401 - by its role
    """Return a policy that another one follows.

    Parameters
    ----------
    role : str
        One of ``registry.ROLES``.
    inner : str or mapping
        Its name, or ``use`` and its parameters.

    Returns
    -------
    OrderPolicy, ShiftPolicy, PlacePolicy, PowerPolicy or StoragePolicy
        The policy, by its role.

    Raises
    ------
    ValueError
        If there is no such policy.
    """
    parameters = {} if isinstance(inner, str) else dict(inner)
    name = inner if isinstance(inner, str) else str(parameters.pop("use", ""))
    if ":" not in name and name not in POLICIES[role]:
        msg = f"there is no {role} policy {name!r}.{did_you_mean(name, POLICIES[role])}"
        raise ValueError(msg)
    built = load_class(POLICIES[role].get(name, name))(**parameters)
    if not hasattr(built, METHODS[role]):
        msg = f"{name} is no {role} policy: it has no method {METHODS[role]}."
        raise ValueError(msg)
    return built
