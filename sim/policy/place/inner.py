"""A place policy inside another, by its name."""

from collections.abc import Mapping
from typing import Any

from sim.policy.base import PlacePolicy
from sim.registry import METHODS, POLICIES, did_you_mean, load_class


def place_policy(inner: str | Mapping[str, Any]) -> PlacePolicy:
    """Return a place policy.

    Parameters
    ----------
    inner : str or mapping
        Its name, or ``use`` and its parameters.

    Returns
    -------
    PlacePolicy
        The policy.

    Raises
    ------
    ValueError
        If there is no such policy.
    """
    parameters = {} if isinstance(inner, str) else dict(inner)
    name = inner if isinstance(inner, str) else str(parameters.pop("use", ""))
    if ":" not in name and name not in POLICIES["place"]:
        msg = f"there is no place policy {name!r}.{did_you_mean(name, POLICIES['place'])}"
        raise ValueError(msg)
    built: Any = load_class(POLICIES["place"].get(name, name))(**parameters)
    if not hasattr(built, METHODS["place"]):
        msg = f"{name} is no place policy: it has no method {METHODS['place']}."
        raise ValueError(msg)
    policy: PlacePolicy = built
    return policy
