"""Gridloom: a renewable-aware AI-workload and grid simulator.

>>> import sim
>>> run = sim.simulate("scenarios/quickstart.yaml")   # doctest: +SKIP
>>> run.metrics, run.steps, run.jobs                  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.engine.contract import check_policy
    from sim.engine.simulation import simulate
    from sim.scenario.load import load_scenario
    from sim.study.dataset.read import read_study
    from sim.study.run_study import run_study
    from sim.study.summary.drawing import plot

__version__ = "0.1.0"
__all__ = [
    "__version__", "check_policy", "load_scenario", "plot", "read_study", "run_study", "simulate",
]

_WHERE = {
    "check_policy": "sim.engine.contract",
    "load_scenario": "sim.scenario.load",
    "plot": "sim.study.summary.drawing",
    "read_study": "sim.study.dataset.read",
    "run_study": "sim.study.run_study",
    "simulate": "sim.engine.simulation",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that ``import sim`` costs nothing."""
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
