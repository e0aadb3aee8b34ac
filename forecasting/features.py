"""What a learned model looks at: a few dozen numbers for each issue and hour, all known by then.

The signal's own level is told once, as its usual value at that hour of day; every other feature of
it is told as a departure from that. What is learned from them is the target's departure, so that a
model that has seen little forecasts the usual.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import calendar_features
from forecasting.history import DAY_S, HOUR_S, FloatArray, History, IntArray, Outlook

DAYS_BACK: Final = 7
"""Latest known days whose value at the target's hour is looked at."""
WEEKS_BACK: Final = 4
"""Latest known values at the target's hour and weekday whose mean is looked at."""
_WINDOWS_H: Final = (3, 24, 168)  # of which the mean is looked at
_BACK_H: Final = (3, 6, 9, 12, 18)  # single hours looked at, counted back from the last known


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What is known at each issue of each interval that it covers.

    Attributes
    ----------
    names : tuple of str
        What each feature is.
    values : ndarray of float, shape (features, issues, horizon)
        The features, in single precision; NaN where there is no value. [any]
    usual : ndarray of float, shape (issues, horizon)
        Mean of the latest seven known values at the interval's hour of day; NaN if none. [any]
    steady : ndarray of bool, shape (issues, horizon)
        Whether these seven are all the same, as they are at night for the sun.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    usual: FloatArray
    steady: NDArray[np.bool_]

    def until(self, issues_count: int) -> "Features":
        """Return the features of the first issues."""
        first = slice(issues_count)
        return Features(
            self.names, self.values[:, first], self.usual[first], self.steady[first]
        )

    def with_more(self, later: "Features") -> "Features":
        """Return the features of these issues and of later ones."""
        return Features(
            self.names,
            np.concatenate([self.values, later.values], axis=1),
            np.concatenate([self.usual, later.usual]),
            np.concatenate([self.steady, later.steady]),
        )


def steps_per_day(history: History) -> int:
    """Return how many steps make a day; raise ValueError if that is not a whole number."""
    count = DAY_S / history.step_s
    if not count.is_integer():
        msg = f"a day must be a whole number of steps; a step is {history.step_s:.12g} s"
        raise ValueError(msg)
    return int(count)


def make_features(history: History, issued_at_s: FloatArray, horizon_count: int) -> Features:
    """Return the features of all issues and intervals, read through `History.take` alone.

    Parameters
    ----------
    history : History
        The signal with its covariates and outlooks.
    issued_at_s : ndarray of float, shape (issues,)
        Issue times. [s]
    horizon_count : int
        Intervals that each forecast covers. [-]

    Returns
    -------
    Features
        For the intervals that ``history.target_index`` gives.

    Raises
    ------
    ValueError
        If a day is not a whole number of steps, or the history does not say the moment of time 0.
    """
    target = history.target_index(issued_at_s, horizon_count)
    own, usual = _own(history, issued_at_s, target)
    columns = {
        **calendar_features(history, target),
        "lead_h": np.arange(horizon_count)[None, :] * history.step_s / HOUR_S,
        **own,
    }
    for name, covariate in history.covariates.items():
        columns |= _covariate(name, covariate, issued_at_s, horizon_count)
    for name, outlook in history.outlooks.items():
        columns |= _outlook(name, outlook, history, issued_at_s, target)
    values = np.empty((len(columns), *target.shape), dtype=np.float32)
    for row, column in enumerate(columns.values()):
        values[row] = column
    return Features(tuple(columns), values, usual, own["usual_spread"] == 0)


def _own(
    history: History, issued_at_s: FloatArray, target: IntArray
) -> tuple[dict[str, FloatArray], FloatArray]:
    # What the signal itself says, and its usual value.
    day_count = steps_per_day(history)
    days = _same_hour(history, issued_at_s, target.shape[1], DAYS_BACK)
    usual = _mean(days, days[0])
    departures = days - usual
    weeks = _known(history, issued_at_s, target, period_count=7 * day_count, count=WEEKS_BACK)
    last = history.last_known_index(issued_at_s)[:, None]
    value = history.take(issued_at_s, last)
    columns = {
        "usual": usual,
        "usual_spread": np.sqrt((departures**2).mean(axis=0)),
        **{f"same_hour_{back + 1}": departure for back, departure in enumerate(departures)},
        "same_weekday_mean": _mean(weeks, weeks[0]) - usual,
        "last": value - usual,
        "day_change": value - history.take(issued_at_s, last - day_count),
    }
    recent = _recent(history, issued_at_s, value[:, 0])
    columns |= {name: column[:, None] - usual for name, column in recent.items()}
    return columns, usual


def _same_hour(
    history: History, issued_at_s: FloatArray, horizon_count: int, count: int
) -> FloatArray:
    # Latest known values at the targets' hours of day, shape (count, issues, horizon). One day of
    # targets is looked up, then repeated: the same hour tomorrow has the same past.
    day_count = steps_per_day(history)
    first_day = history.target_index(issued_at_s, min(horizon_count, day_count))
    found = _known(history, issued_at_s, first_day, period_count=day_count, count=count)
    return found[:, :, np.arange(horizon_count) % day_count]


def _known(
    history: History, issued_at_s: FloatArray, target: IntArray, *, period_count: int, count: int
) -> FloatArray:
    # The latest known values whole periods before the targets, shape (count, issues, horizon).
    index = history.same_phase_indices(
        issued_at_s, target, period_count=period_count, count=count
    )
    return np.stack([history.take(issued_at_s, rows) for rows in index])


def _recent(
    history: History, issued_at_s: FloatArray, last: FloatArray
) -> dict[str, FloatArray]:
    # Means over the latest known hours, and some of these hours.
    per_hour = HOUR_S / history.step_s
    counts = {hours: max(1, round(hours * per_hour)) for hours in (*_BACK_H, *_WINDOWS_H)}
    ended = history.known_count(issued_at_s)[:, None] - 1
    window = history.take(issued_at_s, ended - np.arange(max(counts.values()))).T
    return {
        **{f"mean_{hours}_h": _mean(window[: counts[hours]], last) for hours in _WINDOWS_H},
        **{f"back_{hours}_h": window[counts[hours] - 1] for hours in _BACK_H},
    }


def _covariate(
    name: str, covariate: History, issued_at_s: FloatArray, horizon_count: int
) -> dict[str, FloatArray]:
    day_count = steps_per_day(covariate)
    last = covariate.last_known_index(issued_at_s)[:, None]
    ended = covariate.known_count(issued_at_s)[:, None] - 1
    value = covariate.take(issued_at_s, last)
    day = covariate.take(issued_at_s, ended - np.arange(day_count)).T
    return {
        f"{name}_last": value,
        f"{name}_day_change": value - covariate.take(issued_at_s, last - day_count),
        f"{name}_same_hour": _same_hour(covariate, issued_at_s, horizon_count, 1)[0],
        f"{name}_mean_24_h": _mean(day, value[:, 0])[:, None],
    }


def _outlook(
    name: str, outlook: Outlook, history: History, issued_at_s: FloatArray, target: IntArray
) -> dict[str, FloatArray]:
    # What is foreseen for the target, and how that differs from what had been foreseen for the
    # latest known interval at its hour of day, just before that began.
    latest = history.last_same_phase_index(
        issued_at_s, target, period_count=steps_per_day(history)
    )
    start_s = history.start_s + history.step_s * target.astype(np.float64)
    latest_s = np.full(latest.shape, -np.inf)
    latest_s[latest >= 0] = history.start_s + history.step_s * latest[latest >= 0]
    foreseen = _read(outlook, issued_at_s[:, None], start_s)
    return {name: foreseen, f"{name}_change": foreseen - _read(outlook, latest_s, latest_s)}


def _read(outlook: Outlook, known_at_s: FloatArray, start_s: FloatArray) -> FloatArray:
    # What the latest issue by known_at_s says of the interval that begins at start_s.
    row = np.broadcast_to(outlook.rows_at(known_at_s), start_s.shape)
    ahead = np.rint((start_s - outlook.valid_start_s[row]) / outlook.step_s)
    lead = np.where(row < 0, -1, ahead)
    there = (lead >= 0) & (lead < outlook.point.shape[1])
    found: FloatArray = np.where(
        there, outlook.point[row, np.where(there, lead, 0).astype(np.int64)], np.nan
    )
    return found


def _mean(values: FloatArray, around: FloatArray) -> FloatArray:
    # Mean over the first axis of what is not NaN; NaN if there is nothing. Taken around one of the
    # values, the mean of equal values is that value to the bit.
    there = ~np.isnan(values)
    count = there.sum(axis=0)
    total = np.where(there, values - around, 0.0).sum(axis=0)
    mean: FloatArray = np.where(count > 0, around + total / np.maximum(count, 1), np.nan)
    return mean
