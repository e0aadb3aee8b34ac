"""Pages for a browser: one a run, one a comparison, one a study; each a single file, no network."""

from sim.report.page.comparison import comparison_page
from sim.report.page.parts import Column, Origin, Table
from sim.report.page.render import standing_alone
from sim.report.page.run import run_page
from sim.report.page.study import study_page

__all__ = [
    "Column",
    "Origin",
    "Table",
    "comparison_page",
    "run_page",
    "standing_alone",
    "study_page",
]
