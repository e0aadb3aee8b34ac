"""Where results come from: versions, hashes, the command that makes them again, how to cite."""

import shlex
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

_TITLE = (
    "{Gridloom}: renewable-aware simulator of {AI} workloads, data centers, storage and the grid"
)


def version_of(info: Mapping[str, Any]) -> str:
    """Return the version of Gridloom that made results; this one where they do not say."""
    return str(info.get("gridloom_version") or version("gridloom"))


def versions(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what results were made with; nothing that changes from one time to the next.

    Parameters
    ----------
    info : mapping
        A run's manifest, or what a study says about itself.

    Returns
    -------
    list of (str, str)
        Names and versions.
    """
    packages = info.get("packages") or {}
    return [
        ("Gridloom", version_of(info)),
        *([("Python", str(info["python"]))] if "python" in info else []),
        *((str(name), str(number)) for name, number in packages.items() if number),
    ]


def hashes(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the hashes that tell two results apart.

    Parameters
    ----------
    info : mapping
        A run's manifest, or what a study says about itself.

    Returns
    -------
    list of (str, str)
        What was hashed, and the hash.
    """
    known = (
        ("Run: scenario, policy, seed, data and code", "content_hash"),
        ("Scenario, data and code, without policy and seed", "study_hash"),
        ("Gridloom's code and catalog", "code_hash"),
    )
    return [
        *((what, str(info[name])) for what, name in known if info.get(name)),
        *((f"Data file {name}", str(value))
          for name, value in (info.get("data_hashes") or {}).items()),
    ]


def run_command(policy: str, seed: int) -> str:
    """Return the command that makes a run again from the scenario beside it."""
    return f"gridloom run scenario.yaml --policy {shlex.quote(policy)} --seed {seed}"


def bibtex(info: Mapping[str, Any]) -> str:
    """Return the entry for a bibliography; the note names the code that made the results.

    Parameters
    ----------
    info : mapping
        A run's manifest, or what a study says about itself.

    Returns
    -------
    str
        BibTeX.
    """
    year = str(info.get("written_at", ""))[:4]
    code = str(info.get("code_hash", ""))[:12]
    fields = {
        "author": "{The Gridloom contributors}",
        "title": _TITLE,
        "version": version_of(info),
        "year": year,
        "license": "Apache-2.0",
        "note": f"Code {code}" if code else "",
    }
    told = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return "@software{gridloom,\n" + ",\n".join(told) + "\n}"
