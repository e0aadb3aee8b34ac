"""Events of the grid: outages, and demand response with its baseline, payment and penalty."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.units import DAY_S

Columns = NDArray[np.float64]

BASELINE_DAYS = 10
"""Days before an event whose import makes its baseline, as in the common ten-day baselines."""


@dataclass(frozen=True, slots=True)
class ResponseEvent:
    """A demand-response event on whole steps.

    Attributes
    ----------
    first : int
        Its first step. [-]
    end : int
        The step after its last. [-]
    reduce_w : float
        Promised reduction below the baseline. [W]
    baseline_w : float or None
        Given baseline; None for the mean of the days before. [W]
    payment_usd_per_j : float
        Paid for what is below the baseline, up to the promise. [USD/J]
    penalty_usd_per_j : float
        Charged for what is missing of the promise. [USD/J]
    """

    first: int
    end: int
    reduce_w: float
    baseline_w: float | None
    payment_usd_per_j: float
    penalty_usd_per_j: float


def draw_outages(
    rng: np.random.Generator, *, mtbf_s: float, mttr_s: float, duration_s: float
) -> tuple[tuple[float, float], ...]:
    """Draw times without grid; the run begins with grid.

    Parameters
    ----------
    rng : Generator
        Random stream of the site's outages.
    mtbf_s : float
        Mean time from the end of an outage to the next. [s]
    mttr_s : float
        Mean length of an outage. [s]
    duration_s : float
        Length of the run. [s]

    Returns
    -------
    tuple of (float, float)
        Begin and end of each outage, in order [s].
    """
    outages, now_s = [], float(rng.exponential(mtbf_s))
    while now_s < duration_s:
        end_s = now_s + float(rng.exponential(mttr_s))
        outages.append((now_s, min(end_s, duration_s)))
        now_s = end_s + float(rng.exponential(mtbf_s))
    return tuple(outages)


def baseline_w(event: ResponseEvent, import_w: Columns, step_s: float) -> float:
    """Return an event's baseline.

    Parameters
    ----------
    event : ResponseEvent
        The event.
    import_w : ndarray of float, shape (n_steps,)
        Import of the run, known at least up to the event's begin. [W]
    step_s : float
        Length of a step. [s]

    Returns
    -------
    float
        The given one, or the mean import in the event's hours on up to ten days before. [W]

    Raises
    ------
    ValueError
        If none is given and the run has no day before the event.
    """
    if event.baseline_w is not None:
        return event.baseline_w
    day = round(DAY_S / step_s)
    days = [
        import_w[event.first - back * day : event.end - back * day]
        for back in range(1, BASELINE_DAYS + 1)
        if event.first >= back * day
    ]
    if not days:
        msg = "a demand-response event on the first day needs baseline_kw"
        raise ValueError(msg)
    return float(np.mean(days))


def response_usd(
    events: Sequence[ResponseEvent], import_w: Columns, step_s: float
) -> tuple[Columns, Columns]:
    """Return what demand response earned and cost in each step.

    Parameters
    ----------
    events : sequence of ResponseEvent
        The events.
    import_w : ndarray of float, shape (n_steps,)
        Import of the run. [W]
    step_s : float
        Length of a step. [s]

    Returns
    -------
    tuple of ndarray of float, shape (n_steps,)
        Payment and penalty. [USD]
    """
    payment_usd, penalty_usd = np.zeros_like(import_w), np.zeros_like(import_w)
    for event in events:
        steps = slice(event.first, event.end)
        reduced_w = np.clip(baseline_w(event, import_w, step_s) - import_w[steps], 0.0, None)
        kept_w = np.minimum(reduced_w, event.reduce_w)
        payment_usd[steps] += kept_w * step_s * event.payment_usd_per_j
        penalty_usd[steps] += (event.reduce_w - kept_w) * step_s * event.penalty_usd_per_j
    return payment_usd, penalty_usd
