"""The command line. Everything heavy is imported inside the commands: help must come at once."""

from sim.cli import data, estimate, forecast, inspect, plot, query, report, runs, study
from sim.cli.core import Commands, Terminated, app, main

__all__ = [
    "Commands",
    "Terminated",
    "app",
    "data",
    "estimate",
    "forecast",
    "inspect",
    "main",
    "plot",
    "query",
    "report",
    "runs",
    "study",
]
