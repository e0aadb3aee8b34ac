"""A signal of the user's own data and the forecasters that are to forecast it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from forecasting.base import Forecaster
from forecasting.data import Series, read_series
from forecasting.history import ForecastError, History, Place
from sim.errors import DataError
from sim.registry import FORECASTERS, did_you_mean, load_class, parameters_of
from sim.scenario.checks.classes import Methods, class_mistakes, importable
from sim.units import HOUR_S

_METHODS: Final = Methods(("fit", "predict"), all=True)


@dataclass(frozen=True, slots=True)
class Source:
    """Which signal of which file, and what is known of it.

    Attributes
    ----------
    file : Path
        A CSV file.
    column : str
        The signal.
    time_column : str or None
        Column of the intervals' starts; None takes the first that holds times.
    timezone : str
        Zone of times that name none.
    past_columns : tuple of str, or "all"
        Columns known as late as the signal.
    shares : bool or None
        Whether these become shares of their sum, and that sum; None: if they are all columns, two
        at least, and none is ever negative, as generation by source is not.
    unit : str
        Unit of the signal, for tables and figures; empty if not said.
    latency_h : float
        How long after an interval's end its values are published. [h]
    hold_gaps_h : float
        For how long a gap repeats the value before it. [h]
    latitude_deg, longitude_deg : float or None
        Where the signal comes from; both or neither. [degree]
    """

    file: Path
    column: str
    time_column: str | None = None
    timezone: str = "UTC"
    past_columns: tuple[str, ...] | Literal["all"] = ()
    shares: bool | None = None
    unit: str = ""
    latency_h: float = 0.0
    hold_gaps_h: float = 0.0
    latitude_deg: float | None = None
    longitude_deg: float | None = None

    def read(self) -> Series:
        """Return the signal with its past columns.

        Returns
        -------
        Series
            As it stands in the file.

        Raises
        ------
        DataError
            If the file cannot be used.
        """
        with as_data_error():
            series = read_series(
                self.file,
                self.column,
                past_columns=self.past_columns,
                time_column=self.time_column,
                timezone=self.timezone,
            )
            return series.as_shares() if self._in_shares(series) else series

    def _in_shares(self, series: Series) -> bool:
        if self.shares is not None or self.past_columns != "all":
            return bool(self.shares)
        lowest = [float(np.nanmin(values)) for values in series.others.values()]
        return len(lowest) >= 2 and min(lowest) >= 0

    def history(self, series: Series) -> History:
        """Return the guarded past of the signal.

        Parameters
        ----------
        series : Series
            What `read` gave.

        Returns
        -------
        History
            With time 0 at the first interval's start.

        Raises
        ------
        DataError
            If only one of latitude and longitude is given.
        """
        if (self.latitude_deg is None) != (self.longitude_deg is None):
            msg = "A place needs latitude and longitude; one of them is missing."
            raise DataError(msg)
        place = None
        if self.latitude_deg is not None and self.longitude_deg is not None:
            place = Place(self.latitude_deg, self.longitude_deg)
        return series.history(
            latency_s=self.latency_h * HOUR_S, hold_s=self.hold_gaps_h * HOUR_S, place=place
        )


@contextmanager
def as_data_error(subject: str = "") -> Iterator[None]:
    """Turn what forecasting refuses into a DataError.

    Parameters
    ----------
    subject : str
        What the message begins with.

    Yields
    ------
    None
        While the block runs.

    Raises
    ------
    DataError
        If the block raises a ForecastError, or the ValueError of a forecaster.
    """
    try:
        yield
    except (ForecastError, ValueError) as error:
        message = f"{subject}: {error}" if subject else str(error)
        raise DataError(message) from error


def build_forecaster(choice: str, series: Series, *, seed: int) -> Forecaster:
    """Build a forecaster from what the command line says.

    Parameters
    ----------
    choice : str
        A built-in name or ``module:Class``, then ``,parameter=value`` as often as needed.
    series : Series
        The signal, which oracles are handed.
    seed : int
        For forecasters that draw at random, unless the choice gives them one. [-]

    Returns
    -------
    Forecaster
        Not fitted yet.

    Raises
    ------
    DataError
        If there is none of that name, or it cannot be built.
    """
    name, *settings = choice.split(",")
    if ":" not in name and name not in FORECASTERS:
        msg = f'There is no forecaster "{name}".{did_you_mean(name, FORECASTERS)}'
        raise DataError(msg)
    parameters = dict(_setting(text, choice) for text in settings)
    truth = {"truth": series.values, "start_s": 0.0, "step_s": series.step_s}
    target = FORECASTERS.get(name, name)
    with importable(Path.cwd()):
        found = class_mistakes(target, parameters, ("model",), methods=_METHODS, given=truth)
        for finding in found:
            where = "" if finding.path == ("model",) else f"{finding.path[-1]}: "
            msg = f"Model {choice}: {where}{finding.message}"
            raise DataError(msg)
        cls = load_class(target)
    handed = truth if getattr(cls, "needs_truth", False) else {}
    seeded = {"seed": seed} if "seed" in parameters_of(cls) else {}
    made: Forecaster = cls(**{**handed, **seeded, **parameters})
    return made


def _setting(text: str, choice: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        msg = f'Model {choice}: "{text}" is not of the form parameter=value.'
        raise DataError(msg)
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value
