"""What the runs of a study show and how surely: intervals, tests, ranks, fronts, sensitivities."""

from sim.study.statistics.evidence import evidence_of
from sim.study.statistics.fronts import front_of
from sim.study.statistics.ranking import ranking_of
from sim.study.statistics.sensitivity import sensitivity
from sim.study.statistics.stopping import half_width_fraction, until_ci

__all__ = [
    "evidence_of",
    "front_of",
    "half_width_fraction",
    "ranking_of",
    "sensitivity",
    "until_ci",
]
