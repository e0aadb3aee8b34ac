"""A policy to start from, with its test."""

import keyword
import re
from importlib.resources import files
from string import Template
from typing import NamedTuple

from sim.registry import ROLES, did_you_mean


class Starter(NamedTuple):
    """A policy to start from: names and the text of its two files."""

    module: str
    cls: str
    slug: str
    policy_text: str
    test_text: str


def starter(name: str, role: str = "shift") -> Starter:
    """Return a small policy that works, and a test of it.

    Parameters
    ----------
    name : str
        What to call it: letters, digits, - and _; ``my-policy`` gives ``my_policy:MyPolicy``.
    role : str
        The role it takes.

    Returns
    -------
    Starter
        Module, class, name in scenarios, and the text of module and test.

    Raises
    ------
    ValueError
        If the role is unknown, or the name cannot be that of a module.
    """
    if role not in ROLES:
        msg = f'there is no role "{role}".{did_you_mean(role, ROLES)}'
        raise ValueError(msg)
    module = name.removesuffix(".py").replace("-", "_").lower()
    if not re.fullmatch(r"[a-z][a-z0-9_]*", module) or keyword.iskeyword(module):
        msg = f'"{name}" cannot name a module: use letters, digits, - and _, a letter first.'
        raise ValueError(msg)
    words = [word for word in module.split("_") if word]
    names = {
        "module": module,
        "cls": "".join(word[:1].upper() + word[1:] for word in words),
        "slug": "-".join(words),
        "role": role,
    }
    return Starter(names["module"], names["cls"], names["slug"], *(
        Template(_text(kind)).substitute(names) for kind in (role, "test")
    ))


def _text(kind: str) -> str:
    return files("sim.policy").joinpath("templates", f"{kind}.txt").read_text(encoding="utf-8")
