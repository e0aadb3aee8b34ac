"""What a forecast is worth to who acts on it: the share of the oracle's gain that it captures."""

from dataclasses import dataclass

import numpy as np

from forecasting.base import ForecastSet
from forecasting.history import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Job:
    """A job that may wait: one arrives with every issue.

    Attributes
    ----------
    duration_count : int
        Intervals that it runs. [-]
    window_count : int
        Intervals within which it must have run, from its arrival on. [-]
    contiguous : bool
        Whether it must run in one stretch; else it may be interrupted.
    highest : bool
        Whether it seeks the highest values, as of solar power; else the lowest, as of prices.
    """

    duration_count: int = 4
    window_count: int = 24
    contiguous: bool = False
    highest: bool = False

    def __post_init__(self) -> None:
        """Check that it fits into its window.

        Raises
        ------
        ValueError
            If it does not.
        """
        if not 1 <= self.duration_count <= self.window_count:
            msg = f"a job of {self.duration_count} intervals must fit into {self.window_count}"
            raise ValueError(msg)

    def chosen(self, signal: FloatArray) -> IntArray:
        """Return in which intervals it runs if it believes a signal.

        Parameters
        ----------
        signal : ndarray of float, shape (arrivals, window)
            What it believes; NaN is avoided where possible. [any]

        Returns
        -------
        ndarray of int, shape (arrivals, duration)
            Intervals in each window; of equal ones the earliest. [-]
        """
        cost = np.where(np.isfinite(signal), -signal if self.highest else signal, np.inf)
        if not self.contiguous:
            order: IntArray = np.argsort(cost, axis=1, kind="stable")
            return order[:, : self.duration_count]
        stretches = np.lib.stride_tricks.sliding_window_view(cost, self.duration_count, axis=1)
        first = np.argmin(stretches.sum(axis=2), axis=1)
        stretch: IntArray = first[:, None] + np.arange(self.duration_count)
        return stretch


@dataclass(frozen=True, slots=True)
class DecisionValue:
    """What jobs gained by following a forecast.

    Attributes
    ----------
    captured_fraction : float or None
        Gain over the oracle's gain; None where there was nothing to gain. [-]
    gain, oracle_gain : float
        Mean over the jobs: by how much the signal was better while they ran than on the mean over
        their windows, with this forecast and with the truth. [any]
    arrivals_count : int
        Jobs; those whose window is not wholly known do not count. [-]
    """

    captured_fraction: float | None
    gain: float
    oracle_gain: float
    arrivals_count: int


def decision_value(forecasts: ForecastSet, truth: FloatArray, *, job: Job) -> DecisionValue:
    """Return what jobs that arrive with each issue gain by following it.

    Parameters
    ----------
    forecasts : ForecastSet
        The forecasts, whose horizon is at least the job's window.
    truth : ndarray of float, shape (issues, horizon)
        What came, as `forecasting.scores.truth_for` gives it. [any]
    job : Job
        The jobs, which are all alike.

    Returns
    -------
    DecisionValue
        Sums over all jobs are compared, so that days with much to gain weigh more.

    Raises
    ------
    ValueError
        If the horizon is shorter than the window.

    Notes
    -----
    Only the order of the forecast hours counts: one scaled by 1.3 is worth exactly as much.
    """
    if forecasts.point.shape[1] < job.window_count:
        horizon = forecasts.point.shape[1]
        msg = f"a window of {job.window_count} intervals needs a longer horizon than {horizon}"
        raise ValueError(msg)
    window = truth[:, : job.window_count]
    whole = np.isfinite(window).all(axis=1)
    window, point = window[whole], forecasts.point[whole, : job.window_count]
    if not len(window):
        return DecisionValue(None, 0.0, 0.0, 0)
    gain, oracle_gain = (_gain(window, job.chosen(signal), job) for signal in (point, window))
    tiny = 1e-12 * float(np.abs(window).max())
    captured = gain / oracle_gain if oracle_gain > tiny else None
    return DecisionValue(captured, gain, oracle_gain, len(window))


def _gain(window: FloatArray, chosen: IntArray, job: Job) -> float:
    taken = np.take_along_axis(window, chosen, axis=1).mean(axis=1)
    better = taken - window.mean(axis=1)
    return float(better.mean() if job.highest else -better.mean())
