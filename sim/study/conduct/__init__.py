"""Carry out a study: many runs, on many cores or a cluster, nothing lost whatever stops it."""

from sim.study.conduct.conductor import Outcome, conduct
from sim.study.conduct.progress import Progress
from sim.study.conduct.settings import Selection, Settings
from sim.study.conduct.until import conduct_until

__all__ = ["Outcome", "Progress", "Selection", "Settings", "conduct", "conduct_until"]
