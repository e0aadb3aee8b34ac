"""What a policy decided for each job, when, and on which forecast."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plans:
    """The last plan of a shift policy for each job; columns have shape (n_jobs,).

    Attributes
    ----------
    decided_at_s : ndarray of float
        When it was made; nan where the job has not arrived. [s]
    planned_start_s : ndarray of float
        From when the job was to run. [s]
    on_forecast_s : ndarray of float
        When the forecast was issued that the policy looked at (the last, of several); nan where it
        looked at none. Single precision: issues stand on whole hours. [s]
    decisions_count : ndarray of int
        How many plans were made for the job. [-]
    """

    decided_at_s: Column
    planned_start_s: Column
    on_forecast_s: NDArray[np.float32]
    decisions_count: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a policy decided for the jobs of a run.

    Attributes
    ----------
    plans : Plans or None
        What its shift role planned; None where it has none.
    places : bool
        Whether it has a place role, so that where a job ran may differ from its home.
    """

    plans: Plans | None = None
    places: bool = False


def decided(decisions: Decisions) -> dict[str, NDArray[Any]]:
    """Return the columns of the jobs' table that say what was planned; none without a shift role.

    Parameters
    ----------
    decisions : Decisions
        What the policy decided.

    Returns
    -------
    dict of str to ndarray, shape (n_jobs,)
        Times in seconds since the start, nan where there is none.
    """
    plans = decisions.plans
    if plans is None:
        return {}
    return {
        "decided_at_s": plans.decided_at_s,
        "planned_start_s": plans.planned_start_s,
        "decided_on_forecast_s": plans.on_forecast_s,
        "decisions_count": plans.decisions_count,
    }
