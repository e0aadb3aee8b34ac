"""One finished run: its metrics, steps and jobs, in the units people say."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Metrics = dict[str, float | int | None]
"""Flat metrics by name with unit; None where a metric has no meaning."""


@dataclass(frozen=True, slots=True)
class Run:
    """One policy with one seed on one scenario.

    Attributes
    ----------
    scenario_name : str
        Name of the scenario.
    policy : str
        Name of the policy.
    seed : int
        Seed of the random streams. [-]
    metrics : dict
        Flat metrics by name with unit; None where a metric has no meaning.
    steps : DataFrame
        One row per site and step: flows, state of charge, prices, intensities, cost, carbon.
    jobs : DataFrame
        One row per job: times, site, energy, cost, carbon, outcome.
    info : dict
        Manifest: hashes, versions, CPU seconds, warnings.
    services : DataFrame
        One row per service and step: requests, replicas, times, energy, cost; empty without any.
    stretches : DataFrame
        One row per stretch at one power, of jobs that had several; empty without any.
    forecasts : DataFrame
        One row per site, signal, issue and hour, of one issue a day of the signals that a policy
        looked at: what was expected and what came; empty without any.
    """

    scenario_name: str
    policy: str
    seed: int
    metrics: Metrics
    steps: pd.DataFrame
    jobs: pd.DataFrame
    info: dict[str, Any] = field(default_factory=dict)
    services: pd.DataFrame = field(default_factory=pd.DataFrame)
    stretches: pd.DataFrame = field(default_factory=pd.DataFrame)
    forecasts: pd.DataFrame = field(default_factory=pd.DataFrame)
