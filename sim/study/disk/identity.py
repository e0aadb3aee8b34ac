"""What a run depends on, as hashes; and what it ran with, for the record."""

import platform
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import sim
from sim.scenario.hashes import code_hash, file_hash, joined
from sim.scenario.load import LoadedScenario
from sim.scenario.schema.scenario import Policy, PolicyChoice, policy_label

_PACKAGES: Final = (
    "numpy", "pandas", "scipy", "scikit-learn", "simpy", "pvlib", "highspy", "pydantic", "pyarrow",
    "matplotlib",
)


def content_hash(loaded: LoadedScenario, policy: PolicyChoice, seed: int) -> str:
    """Hash everything that the result of one run depends on.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario.
    policy : str or Policy
        One of its policies.
    seed : int
        Seed of the random streams. [-]

    Returns
    -------
    str
        Changes with the scenario, the policy, the seed, the bytes of the data files, Gridloom's
        code and catalog, and the source of the user's own classes.
    """
    return joined((loaded.content_hash(policy, seed), code_hash()))


def study_hash(loaded: LoadedScenario) -> str:
    """Hash what all runs that may be compared have in common: all but policies and seeds.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario.

    Returns
    -------
    str
        Runs with different ones belong to different versions of the scenario or the code.
    """
    return joined((loaded.content_hash(Policy(name="any"), 0), code_hash()))


def data_hashes(loaded: LoadedScenario) -> dict[str, str]:
    """Return the hash of each data file, by its path relative to the scenario."""
    return {_relative(path, loaded.folder): file_hash(path) for path in loaded.data_files}


def of_scenario(loaded: LoadedScenario) -> dict[str, Any]:
    """Return what the manifests of all runs of a scenario, a variant or a point have in common."""
    return {
        "study_hash": study_hash(loaded),
        "data_hashes": data_hashes(loaded),
        "policies": [policy_label(choice) for choice in loaded.spec.policies],
    }


def provenance() -> dict[str, Any]:
    """Return what the run was made with and when: differs from machine to machine."""
    return {
        "gridloom_version": sim.__version__,
        "code_hash": code_hash(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in _PACKAGES},
        "peak_memory_mb": peak_memory_mb(),
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def peak_memory_mb() -> float | None:
    """Return the most memory this process ever held, in MB; None where that is not known."""
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1e6 if sys.platform == "darwin" else 1e3), 1)  # bytes there, kB elsewhere


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
