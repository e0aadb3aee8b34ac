"""The guarded past: values of a signal, readable only as far as they are known."""

import hashlib
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HOUR_S: Final = 3600.0
DAY_S: Final = 24 * HOUR_S


class ForecastError(Exception):
    """A forecaster broke its contract; the message names the forecaster and the check."""


class LeakError(ForecastError):
    """A forecaster asked for a value that is not known yet when its forecast is issued."""


class TooShortError(ForecastError):
    """There is too little history to learn from; the message says what it takes."""


class Place(NamedTuple):
    """Where a signal comes from, for the sun's position: north and east of zero, above the sea."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float = 0.0


class Outlook(Protocol):
    """Forecasts of something else, each known from its own issue time on: a `ForecastSet`."""

    @property
    def step_s(self) -> float:
        """Length of each interval. [s]."""
        ...

    @property
    def valid_start_s(self) -> FloatArray:
        """Start of the interval that element 0 of each issue covers. [s]."""
        ...

    @property
    def point(self) -> FloatArray:
        """Forecasts, shape (issues, horizon). [any]."""
        ...

    @property
    def data_hash(self) -> str:
        """SHA-256 of all that can be read."""
        ...

    def rows_at(self, times_s: FloatArray) -> IntArray:
        """Return the row of the latest issue at or before each time, -1 where there is none."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Values of one signal on an even grid, readable only as far as they are known.

    Element ``i`` is the mean over ``[start_s + i * step_s, start_s + (i + 1) * step_s)``. It is
    known once that interval has ended and the latency has passed, not earlier. All values, those
    to come too, are handed in once; `take` is the only way to read any of them.

    Attributes
    ----------
    values : ndarray of float, shape (n,)
        The signal, NaN where there is no value; copied. [any]
    start_s : float
        Start of the first interval, seconds since the scenario's start. [s]
    step_s : float
        Length of each interval. [s]
    latency_s : float
        How long after an interval's end its value is published. [s]
    origin : datetime or None
        Moment of time 0, with its zone: what tells hours and weekdays apart.
    covariates : mapping of str to History
        Other signals of the same step, each guarded by its own `take`.
    outlooks : mapping of str to ForecastSet
        Forecasts that come from elsewhere, such as the weather's; readable as far as issued.
    place : Place or None
        Where the signal comes from.

    Raises
    ------
    ValueError
        If values are not one-dimensional or infinite, a time is not finite, a step not positive,
        a latency negative, an origin without a zone, or a companion on another grid.
    """

    values: InitVar[ArrayLike]
    start_s: float
    step_s: float = HOUR_S
    latency_s: float = 0.0
    origin: datetime | None = field(default=None, kw_only=True)
    covariates: Mapping[str, "History"] = field(default_factory=dict, kw_only=True)
    outlooks: Mapping[str, Outlook] = field(default_factory=dict, kw_only=True)
    place: Place | None = field(default=None, kw_only=True)
    _values: FloatArray = field(init=False, repr=False)  # with one NaN behind, for "no value"
    _latest: dict[int, IntArray] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self, values: ArrayLike) -> None:
        """Copy and check; the copy is private so that nobody reads past `take` by mistake.

        Raises
        ------
        ValueError
            As the class says.
        """
        array = np.asarray(values, dtype=np.float64)
        if array.ndim != 1 or np.isinf(array).any():
            msg = "values must be one-dimensional, finite or NaN (NaN says: no value)"
            raise ValueError(msg)
        times_s = (self.start_s, self.step_s, self.latency_s)
        if not (np.isfinite(times_s).all() and self.step_s > 0 and self.latency_s >= 0):
            msg = f"start_s, step_s > 0 and latency_s >= 0 must be finite; got {times_s}"
            raise ValueError(msg)
        object.__setattr__(self, "_values", np.concatenate([array, [np.nan]]))
        self._check_companions()

    def _check_companions(self) -> None:
        if self.origin is not None and self.origin.tzinfo is None:
            msg = f"origin must say its time zone; got {self.origin}"
            raise ValueError(msg)
        for name, start_s, step_s in self._companion_grids():
            if step_s != self.step_s or not ((start_s - self.start_s) / step_s).is_integer():
                msg = f"{name} must have steps of {self.step_s:.12g} s and the same edges"
                raise ValueError(msg)

    def _companion_grids(self) -> list[tuple[str, float, float]]:
        past = [(name, other.start_s, other.step_s) for name, other in self.covariates.items()]
        return past + [
            (name, float(other.valid_start_s[0]), other.step_s)
            for name, other in self.outlooks.items()
        ]

    @property
    def data_hash(self) -> str:
        """SHA-256 of all values as little-endian float64, and of what goes with them by name."""
        digest = hashlib.sha256(self._values[:-1].astype("<f8").tobytes())
        for companions in (self.covariates, self.outlooks):
            for name in sorted(companions):
                digest.update(f"{name}={companions[name].data_hash}".encode())
        return digest.hexdigest()

    def since(self, time_s: float) -> "History":
        """Return the history and its covariates without the intervals that begin before a time.

        Parameters
        ----------
        time_s : float
            The time. [s]

        Returns
        -------
        History
            On the same grid; empty if the time is past the end.
        """
        starts_s = self.start_s + np.arange(len(self._values) - 1) * self.step_s
        first = int(np.searchsorted(starts_s, time_s))
        return History(
            self._values[first:-1],
            self.start_s + first * self.step_s,
            self.step_s,
            self.latency_s,
            origin=self.origin,
            covariates={name: other.since(time_s) for name, other in self.covariates.items()},
            outlooks=self.outlooks,
            place=self.place,
        )

    def valid_start_s(self, issued_at_s: FloatArray) -> FloatArray:
        """Return the start of the present interval, which is what element 0 of a forecast covers.

        Parameters
        ----------
        issued_at_s : ndarray of float, shape (issues,)
            Issue times; they may lie between two edges of the grid. [s]

        Returns
        -------
        ndarray of float, shape (issues,)
            The latest edge of the grid at or before each issue. [s]
        """
        present = self.target_index(issued_at_s, 1)[:, 0].astype(np.float64)
        return self.start_s + present * self.step_s

    def target_index(self, issued_at_s: FloatArray, horizon_count: int) -> IntArray:
        """Return the indices that forecasts cover: the present interval first.

        Parameters
        ----------
        issued_at_s : ndarray of float, shape (issues,)
            Issue times; they may lie between two edges of the grid. [s]
        horizon_count : int
            Intervals that each forecast covers. [-]

        Returns
        -------
        ndarray of int, shape (issues, horizon)
            ``floor((issued_at_s - start_s) / step_s) + h``; may lie outside the values. [-]
        """
        return self._steps_until(issue_times(issued_at_s))[:, None] + np.arange(horizon_count)

    def known_count(self, issued_at_s: FloatArray) -> IntArray:
        """Return how many of the values are known at each issue, NaN among them counted.

        Parameters
        ----------
        issued_at_s : ndarray of float, shape (issues,)
            Issue times. [s]

        Returns
        -------
        ndarray of int, shape (issues,)
            Elements with a smaller index are known, the others are not. [-]
        """
        return np.minimum(self._published_count(issued_at_s), len(self._values) - 1)

    def last_known_index(self, issued_at_s: FloatArray) -> IntArray:
        """Return the index of the latest known value that is not NaN.

        Parameters
        ----------
        issued_at_s : ndarray of float, shape (issues,)
            Issue times. [s]

        Returns
        -------
        ndarray of int, shape (issues,)
            The index, -1 where there is none. [-]
        """
        anywhere = np.zeros((len(issued_at_s), 1), dtype=np.int64)
        return self.last_same_phase_index(issued_at_s, anywhere, period_count=1)[:, 0]

    def last_same_phase_index(
        self, issued_at_s: FloatArray, index: IntArray, *, period_count: int
    ) -> IntArray:
        """Return the latest known index that is whole periods away and whose value is not NaN.

        Parameters
        ----------
        issued_at_s : ndarray of float, shape (issues,)
            Issue times. [s]
        index : ndarray of int, shape (issues, k)
            Any indices, those of the future too, as `target_index` gives them. [-]
        period_count : int
            Intervals in a period; 24 finds the same hour of day in hourly values. [-]

        Returns
        -------
        ndarray of int, shape (issues, k)
            The index, -1 where there is none. [-]
        """
        found: IntArray = self.same_phase_indices(
            issued_at_s, index, period_count=period_count, count=1
        )[0]
        return found

    def same_phase_indices(
        self, issued_at_s: FloatArray, index: IntArray, *, period_count: int, count: int
    ) -> IntArray:
        """Return the latest known indices that are whole periods away and have a value, not NaN.

        Parameters
        ----------
        issued_at_s : ndarray of float, shape (issues,)
            Issue times. [s]
        index : ndarray of int, shape (issues, k)
            Any indices, those of the future too. [-]
        period_count : int
            Intervals in a period. [-]
        count : int
            How many to find. [-]

        Returns
        -------
        ndarray of int, shape (count, issues, k)
            The latest first; -1 where there are no more. [-]
        """
        last = self.known_count(issued_at_s)[:, None] - 1
        candidate = last - (last - index) % period_count
        latest = self._latest_valid(period_count)
        found = np.empty((count, *index.shape), dtype=np.int64)
        for place in range(count):
            found[place] = latest[np.maximum(candidate, -1) + 1]
            candidate = found[place] - period_count
        return found

    def take(self, issued_at_s: FloatArray, index: IntArray) -> FloatArray:
        """Return past values, as they are known at each issue: the only way to read any.

        Parameters
        ----------
        issued_at_s : ndarray of float, shape (issues,)
            Issue times. [s]
        index : ndarray of int, shape (issues, k)
            What each issue wants to read; negative is before the first value, never from the
            end. [-]

        Returns
        -------
        ndarray of float, shape (issues, k)
            The values; NaN before the first, after the last and where the signal has none. [any]

        Raises
        ------
        LeakError
            If the interval of any element, but one before the first value, ends after
            ``issued_at_s - latency_s``.
        ValueError
            If index is not an array of integers with one row for each issue.
        """
        known = self._published_count(issued_at_s)
        if index.ndim != 2 or len(index) != len(known) or index.dtype.kind not in "iu":
            wanted, found = f"({len(known)}, k)", f"{index.dtype} of shape {index.shape}"
            msg = f"index must be integers of shape {wanted}; got {found}"
            raise ValueError(msg)
        early = index >= known[:, None]
        if early.any():
            row, column = np.argwhere(early)[0]
            raise LeakError(self._leak(issued_at_s[row], index[row, column], known[row]))
        inside = (index >= 0) & (index < len(self._values) - 1)
        return self._values[np.where(inside, index, -1)]

    def _published_count(self, issued_at_s: FloatArray) -> IntArray:
        # Intervals whose values would be out at each issue, whether or not the signal has them.
        return np.maximum(self._steps_until(issue_times(issued_at_s) - self.latency_s), 0)

    def _steps_until(self, times_s: FloatArray) -> IntArray:
        # Whole steps since the start; the comparison undoes a difference that was rounded up.
        count = (times_s - self.start_s) // self.step_s
        count -= self.start_s + count * self.step_s > times_s
        return count.astype(np.int64)

    def _latest_valid(self, period_count: int) -> IntArray:
        # Shape (n + 1,): at i + 1 stands the latest of i, i - period, ... that is not NaN, or -1.
        if period_count not in self._latest:
            self._latest[period_count] = self._look_back(period_count)
        return self._latest[period_count]

    def _look_back(self, period_count: int) -> IntArray:
        count = len(self._values) - 1
        found = np.full((-(-count // period_count), period_count), -1)
        found.flat[:count] = np.where(np.isnan(self._values[:-1]), -1, np.arange(count))
        latest = np.maximum.accumulate(found, axis=0).ravel()[:count]
        return np.concatenate([[-1], latest])

    def _leak(self, issued_at_s: float, index: int, known_count: int) -> str:
        end_s = self.start_s + (int(index) + 1) * self.step_s
        known = f"indices up to {known_count - 1}" if known_count else "nothing"
        return (
            f"a forecast issued at {issued_at_s:.12g} s asked for index {index}, which is known "
            f"only from {end_s + self.latency_s:.12g} s on (its interval ends at {end_s:.12g} s, "
            f"the latency is {self.latency_s:.12g} s). Known by then: {known}."
        )


def issue_times(issued_at_s: FloatArray) -> FloatArray:
    """Return issue times as an array.

    Parameters
    ----------
    issued_at_s : ndarray of float, shape (issues,)
        Issue times. [s]

    Returns
    -------
    ndarray of float, shape (issues,)
        The same. [s]

    Raises
    ------
    ValueError
        If they are not one-dimensional, or not all finite.
    """
    times_s = np.asarray(issued_at_s, dtype=np.float64)
    if times_s.ndim != 1 or not np.isfinite(times_s).all():
        msg = "issued_at_s must be a one-dimensional array of finite times"
        raise ValueError(msg)
    return times_s
