"""One place put together: weather in; supply, grid and data center out, as columns.

Energy, grid and datacenter do not know each other; here their arrays meet. Everything is computed
before the run begins, on an hourly window that starts nine days early, or a year where forecasters
learn, and ends a forecast horizon late (what they are asked about).
"""

from sim.site.build import build_sites, is_drawn
from sim.site.model import ClusterSpec, Site
from sim.site.times import TimeGrid

__all__ = ["ClusterSpec", "Site", "TimeGrid", "build_sites", "is_drawn"]
