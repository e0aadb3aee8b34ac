"""Issued forecasts, their model card, and what a forecaster is."""

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from forecasting.history import FloatArray, History, IntArray, issue_times

CODE_VERSION: Final = "0.1.0"
"""Version of the distribution, kept here because forecasting stands alone; a test compares them."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Where a forecast comes from.

    Attributes
    ----------
    name : str
        Name of the forecaster's class.
    parameters : mapping
        What the forecaster was built with.
    trained_until_s : float or None
        It learned from values known by then; None if it learned nothing. [s]
    data_hash : str
        SHA-256 of the history's values.
    code_version : str
        Version of Gridloom.
    metrics : mapping
        Scores from a backtest by name with unit; empty where there was none.
    trained_from_s : float or None
        It learned from values from then on; None if it learned nothing. [s]
    features : tuple of str
        What it looks at; empty if it learned nothing.
    fit_s : float
        CPU time that learning took. [s]
    fallback_until_s : float or None
        Issues before this time come from another model, for want of history; infinite if all do,
        None if none do. [s]
    """

    name: str
    parameters: Mapping[str, Any]
    trained_until_s: float | None
    data_hash: str
    code_version: str = CODE_VERSION
    metrics: Mapping[str, float] = field(default_factory=dict)
    trained_from_s: float | None = None
    features: tuple[str, ...] = ()
    fit_s: float = 0.0
    fallback_until_s: float | None = None

    @classmethod
    def of(cls, forecaster: "Forecaster", history: History) -> Self:
        """Return the card of a forecaster, from its parameters and what it says of its learning.

        Parameters
        ----------
        forecaster : Forecaster
            One that stores its parameters under their names and, if it learns, the times between
            which it learned as ``trained_from_s`` and ``trained_until_s``, the names of its
            features as ``features`` and the CPU seconds it took as ``fit_s``.
        history : History
            What it forecasts from.

        Returns
        -------
        ModelCard
            The card, without metrics.
        """
        return cls(
            name=type(forecaster).__name__,
            parameters=stored_parameters(forecaster),
            trained_until_s=getattr(forecaster, "trained_until_s", None),
            data_hash=history.data_hash,
            trained_from_s=getattr(forecaster, "trained_from_s", None),
            features=tuple(getattr(forecaster, "features", ())),
            fit_s=getattr(forecaster, "fit_s", 0.0),
        )


class Issue(NamedTuple):
    """One issued forecast; element ``h`` covers ``[valid_start_s + h * step_s, + step_s)``.

    ``point`` has shape (horizon,), ``quantiles`` (horizon, q) or is None; neither is writable.
    """

    point: FloatArray
    quantiles: FloatArray | None
    issued_at_s: float
    step_s: float
    valid_start_s: float


@dataclass(frozen=True, slots=True, eq=False)
class ForecastSet:
    """All forecasts of one signal for a run, evenly spaced in time: the currency of forecasting.

    Element ``[i, h]`` covers ``[valid_start_s[i] + h * step_s, + step_s)``. Where issues stand on
    the grid, valid_start_s equals issued_at_s; an issue inside an interval begins with that
    interval. Arrays are copied and not writable.

    Attributes
    ----------
    issued_at_s : ndarray of float, shape (issues,)
        Issue times, rising by equal amounts. [s]
    valid_start_s : ndarray of float, shape (issues,)
        Start of the interval that element 0 covers: the one the issue lies in. [s]
    step_s : float
        Length of each interval. [s]
    point : ndarray of float, shape (issues, horizon)
        Expected mean over each interval; NaN where nothing can be said. [any]
    card : ModelCard
        Where the forecasts come from.
    quantile_levels : ndarray of float, shape (q,)
        Rising levels between 0 and 1; empty without quantiles. [-]
    quantiles : ndarray of float, shape (issues, horizon, q), or None
        Quantiles at those levels. [any]

    Raises
    ------
    ValueError
        If shapes, spacing or levels do not fit together; the message says which.
    """

    issued_at_s: FloatArray
    valid_start_s: FloatArray
    step_s: float
    point: FloatArray
    card: ModelCard
    quantile_levels: FloatArray = field(default_factory=lambda: np.empty(0))
    quantiles: FloatArray | None = None

    def __post_init__(self) -> None:
        """Freeze copies of the arrays, and check that they fit together."""
        for name in ("issued_at_s", "valid_start_s", "point", "quantile_levels", "quantiles"):
            if getattr(self, name) is not None:
                array = np.array(getattr(self, name), dtype=np.float64, order="C")
                array.flags.writeable = False
                object.__setattr__(self, name, array)
        self._check_times()
        self._check_forecasts()

    def _check_times(self) -> None:
        # Issues must be evenly spaced for `at` to find its row by arithmetic.
        issued_at_s, spacing_s = issue_times(self.issued_at_s), np.diff(self.issued_at_s)
        if len(issued_at_s) == 0 or (spacing_s <= 0).any() or (spacing_s != spacing_s[:1]).any():
            msg = "issued_at_s must hold at least one time and rise by equal amounts"
            raise ValueError(msg)
        if self.valid_start_s.shape != issued_at_s.shape:
            found = self.valid_start_s.shape
            msg = f"valid_start_s must have shape {issued_at_s.shape}; got {found}"
            raise ValueError(msg)

    def _check_forecasts(self) -> None:
        issues = len(self.issued_at_s)
        if self.point.ndim != 2 or len(self.point) != issues or self.point.shape[1] == 0:
            msg = f"point must have shape ({issues}, horizon >= 1); got {self.point.shape}"
            raise ValueError(msg)
        bounded = np.concatenate([[0.0], self.quantile_levels, [1.0]])
        if not (np.diff(bounded) > 0).all():
            msg = f"quantile_levels must rise between 0 and 1; got {self.quantile_levels}"
            raise ValueError(msg)
        shape = (*self.point.shape, len(self.quantile_levels))
        found = (*self.point.shape, 0) if self.quantiles is None else self.quantiles.shape
        if found != shape:
            msg = f"quantiles must have shape {shape}; got {found}"
            raise ValueError(msg)

    @classmethod
    def on_grid(
        cls,
        history: History,
        issued_at_s: FloatArray,
        *,
        point: FloatArray,
        card: ModelCard,
        quantile_levels: ArrayLike = (),
        quantiles: FloatArray | None = None,
    ) -> Self:
        """Return forecasts that lie on the grid of the history they were made from.

        Parameters
        ----------
        history : History
            Gives the grid.
        issued_at_s : ndarray of float, shape (issues,)
            Issue times, rising by equal amounts. [s]
        point : ndarray of float, shape (issues, horizon)
            Forecasts for the indices that ``history.target_index`` gives. [any]
        card : ModelCard
            Where the forecasts come from.
        quantile_levels : array_like of float, shape (q,)
            Rising levels between 0 and 1. [-]
        quantiles : ndarray of float, shape (issues, horizon, q), or None
            Quantiles at those levels. [any]

        Returns
        -------
        ForecastSet
            The forecasts.
        """
        return cls(
            issued_at_s=issued_at_s,
            valid_start_s=history.valid_start_s(issued_at_s),
            step_s=history.step_s,
            point=point,
            card=card,
            quantile_levels=np.asarray(quantile_levels, dtype=np.float64),
            quantiles=quantiles,
        )

    @property
    def data_hash(self) -> str:
        """SHA-256 of issue times, step, forecasts and quantiles as little-endian float64."""
        times = (self.issued_at_s, self.valid_start_s, np.array([self.step_s]))
        digest = hashlib.sha256()
        for array in (*times, self.point, self.quantile_levels, self.quantiles):
            digest.update(b"" if array is None else array.astype("<f8").tobytes())
        return digest.hexdigest()

    def rows_at(self, times_s: FloatArray) -> IntArray:
        """Return the row of the latest forecast issued by each time.

        Parameters
        ----------
        times_s : ndarray of float, any shape
            Times. [s]

        Returns
        -------
        ndarray of int, same shape
            The row, -1 where nothing is issued by then. [-]
        """
        return np.searchsorted(self.issued_at_s, times_s, side="right") - 1

    def at(self, time_s: float) -> Issue:
        """Return the latest forecast issued by a time, in constant time.

        Parameters
        ----------
        time_s : float
            The present time. [s]

        Returns
        -------
        Issue
            Never issued later than time_s; after the last issue, the last one.

        Raises
        ------
        LookupError
            If nothing is issued by then.
        """
        times_s = self.issued_at_s
        first_s: float = times_s.item(0)
        if not time_s >= first_s:
            msg = (
                f"no forecast is issued by {time_s:.12g} s; the first is issued at {first_s:.12g} s"
            )
            raise LookupError(msg)
        row = len(times_s) - 1
        if time_s < times_s.item(row):
            row = int((time_s - first_s) // (times_s.item(1) - first_s))
            row -= times_s.item(row) > time_s  # the difference above may have been rounded up
        quantiles = None if self.quantiles is None else self.quantiles[row]
        return Issue(
            self.point[row], quantiles, times_s.item(row), self.step_s, self.valid_start_s.item(row)
        )


class Forecaster(Protocol):
    """What makes forecasts: fit it once, then predict all issues of a run in one call.

    The constructor only stores its parameters, under their names. Nothing is to be inherited from.
    A class attribute ``needs_truth = True`` marks an oracle, which is built as
    ``cls(truth, start_s=..., step_s=...)`` with the values that its history guards.
    """

    def fit(self, history: History, until_s: float) -> Self:
        """Learn from the values known at ``until_s`` and return self.

        Parameters
        ----------
        history : History
            The signal.
        until_s : float
            Take values as of this issue time, none later. [s]

        Returns
        -------
        Forecaster
            Itself.
        """
        ...

    def predict(self, history: History, issued_at_s: FloatArray, horizon_count: int) -> ForecastSet:
        """Return the forecasts of all issues, each from the values known at that issue.

        Parameters
        ----------
        history : History
            The signal.
        issued_at_s : ndarray of float, shape (issues,)
            Issue times, rising by equal amounts. [s]
        horizon_count : int
            Intervals that each forecast covers, the present one first. [-]

        Returns
        -------
        ForecastSet
            One forecast for each issue.
        """
        ...


def stored_parameters(forecaster: Forecaster) -> dict[str, Any]:
    """Return the constructor's parameters, read from the attributes of the same names.

    Parameters
    ----------
    forecaster : Forecaster
        The forecaster.

    Returns
    -------
    dict
        Value by name.
    """
    names = inspect.signature(type(forecaster)).parameters
    return {name: getattr(forecaster, name) for name in names}
