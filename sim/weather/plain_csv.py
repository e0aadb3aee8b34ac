"""Weather in a plain CSV file whose columns and units the scenario names."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn

import numpy as np
import pandas as pd

from sim.errors import DataError
from sim.scenario.schema.weather import Location, WeatherFile
from sim.scenario.series.files import read_columns
from sim.units import ZERO_CELSIUS_K
from sim.weather.formats import MBAR_PA, Table
from sim.weather.model import IRRADIANCES, PLAUSIBLE, Column
from sim.weather.srw import ATMOSPHERE_PA

_TO_START: Final = MappingProxyType(
    {"start": timedelta(0), "middle": timedelta(minutes=30), "end": timedelta(hours=1)}
)

_UNITS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "W/m2": (1.0, 0.0),
        "kW/m2": (1e3, 0.0),
        "degC": (1.0, 0.0),
        "degF": (5 / 9, -160 / 9),
        "K": (1.0, -ZERO_CELSIUS_K),
        "m/s": (1.0, 0.0),
        "km/h": (1 / 3.6, 0.0),
        "mph": (0.44704, 0.0),  # exact, international mile
        "kn": (1852 / 3600, 0.0),  # exact, international nautical mile
        "Pa": (1.0, 0.0),
        "hPa": (MBAR_PA, 0.0),
        "mbar": (MBAR_PA, 0.0),
        "kPa": (1e3, 0.0),
        "atm": (ATMOSPHERE_PA, 0.0),
        "%": (1.0, 0.0),
        "-": (100.0, 0.0),
    }
)
"""Units as factor and offset to those of `PLAUSIBLE`."""


def read_csv(path: Path, spec: WeatherFile) -> Table:
    """Read a plain CSV file of weather.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.csv.gz`` file.
    spec : WeatherFile
        Its place, columns, units and what its times mean.

    Returns
    -------
    Table
        Its rows from the first hour of the year on, whichever month the file begins with.

    Raises
    ------
    DataError
        If the file has no such column, or a row no time or number where one should be.
    ValueError
        If the scenario does not tell the place.

    Notes
    -----
    Times with a zone are moved to local standard time; where that is off by a fraction of an hour,
    the nearest whole hour is used. Without a pressure column the pressure is that of the standard
    atmosphere (ISO 2533) at the altitude.
    """
    if spec.location is None:
        msg = f"{spec.file} is plain CSV: it needs a location."
        raise ValueError(msg)
    names = {name: column for name in PLAUSIBLE if (column := getattr(spec.columns, name))}
    found = read_columns(path, spec.file, (spec.columns.time, *names.values()))
    reader = _Rows(spec, found.lines)
    starts = [reader.start(row, text) for row, text in enumerate(found.cells[0])]
    hours = [(start.month, start.day, start.hour + 1) for start in starts]
    rows = pd.DataFrame(hours, columns=["month", "day", "hour"], dtype=np.int_)
    for (name, column), texts in zip(names.items(), found.cells[1:], strict=True):
        rows[name] = reader.numbers(name, column, texts)
    if "pressure" not in names:
        rows["pressure"] = _standard_pressure_pa(spec.location.altitude_m)
    lines = np.array(found.lines, dtype=np.int_)
    first = _first_of_year(hours)
    order = np.roll(np.arange(len(rows)), -first)
    return Table(rows.iloc[order], _place(spec.location), lines[order])


class _Rows:
    """Turns cells into times and numbers, and names the line of one that is neither."""

    def __init__(self, spec: WeatherFile, lines: Sequence[int]) -> None:
        self.spec, self.lines = spec, lines
        offset_h = spec.location.utc_offset_h if spec.location else 0.0
        self.zone = timedelta(hours=int(np.floor(offset_h + 0.5)))

    def fail(self, row: int, fault: str) -> NoReturn:
        msg = f"{self.spec.file}, row {self.lines[row]}: {fault}"
        raise DataError(msg)

    def start(self, row: int, text: str) -> datetime:
        column = self.spec.columns.time
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            self.fail(row, f'"{text}" in column {column} is no time such as 2025-06-02T00:00.')
        if time.tzinfo is not None:
            time = time.astimezone(UTC).replace(tzinfo=None) + self.zone
        start = time - _TO_START[self.spec.stamp]
        if start.minute or start.second or start.microsecond:
            self.fail(
                row,
                f"{text} is not the {self.spec.stamp} of a full hour; rows must be hourly, and "
                "stamp must say what of its hour a row's time is.",
            )
        return start

    def numbers(self, name: str, column: str, texts: Sequence[str]) -> Column:
        kind = "irradiance" if name in IRRADIANCES else name
        factor, offset = _UNITS[getattr(self.spec.units, kind)]
        values = np.empty(len(texts))
        for row, text in enumerate(texts):
            try:
                values[row] = float(text)
            except ValueError:
                what = f'"{text}" is no number' if text else "the cell is empty"
                self.fail(row, f"{what} in column {column}. Fill the gap before use.")
        return values * factor + offset


def _first_of_year(hours: Sequence[tuple[int, int, int]]) -> int:
    return hours.index((1, 1, 1)) if (1, 1, 1) in hours else 0


def _standard_pressure_pa(altitude_m: float) -> float:
    return float(ATMOSPHERE_PA * (1.0 - 2.25577e-5 * altitude_m) ** 5.25588)


def _place(location: Location) -> dict[str, float]:
    return {name: float(getattr(location, name)) for name in type(location).model_fields}
