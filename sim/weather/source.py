"""From a site's weather in the scenario to its year."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from sim.scenario.schema.weather import Weather, WeatherFile
from sim.weather.model import WeatherYear
from sim.weather.plain_csv import read_csv
from sim.weather.readers import Label, read_table, read_tmy, year_of
from sim.weather.resample import resampled
from sim.weather.srw import read_srw


def weather_year(
    spec: Weather | WeatherFile, folder: Path, *, rng: np.random.Generator | None = None
) -> WeatherYear:
    """Return the year of weather that a site's scenario asks for.

    Parameters
    ----------
    spec : Weather or WeatherFile
        The site's weather.
    folder : Path
        Folder that its file name is relative to.
    rng : Generator
        Random stream of this site and seed; only drawn from where the year is resampled.

    Returns
    -------
    WeatherYear
        The year; each file is read once as long as it does not change.

    Raises
    ------
    DataError
        If the file cannot be used; names the file, the row and what is wrong.
    ValueError
        If the catalog has no such station, or the year is to be resampled without `rng`.
    """
    year = read_tmy(spec.tmy) if isinstance(spec, Weather) else _file_year(spec, folder)
    if spec.resample == "none":
        return year
    if rng is None:
        msg = "resample: daily-block needs the random stream of the run's seed."
        raise ValueError(msg)
    return resampled(year, rng)


def _file_year(spec: WeatherFile, folder: Path) -> WeatherYear:
    path = (folder / spec.file).absolute()
    state = (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else (0, 0)
    return _read(path, state, spec.model_copy(update={"resample": "none"}))


@lru_cache(maxsize=16)
def _read(path: Path, _state: tuple[int, int], spec: WeatherFile) -> WeatherYear:
    # `_state` (time of change and size) is only there for the cache to notice a changed file
    file_format = spec.file_format or "csv"
    if file_format == "csv":
        table = read_csv(path, spec)
    elif file_format == "srw" and spec.location is not None:
        table = read_srw(path, spec.file, place=spec.location.model_dump())
    else:
        table = read_table(path, file_format, file=spec.file)
    name = Path(spec.file).name.partition(".")[0]
    label = Label(name, f"{spec.file} ({file_format})", spec.file)
    return year_of(table, label, wind_height_m=spec.wind_height_m)
