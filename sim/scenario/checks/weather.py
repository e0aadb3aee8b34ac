"""Check a site's weather, and that its solar and wind supply can be simulated from it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from sim.catalog import table
from sim.catalog.cec import cec_inverter, cec_module
from sim.scenario.checks.partial import each_settled
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.grid import Market
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.site import Site
from sim.scenario.schema.supply import SolarArray, WindFarm
from sim.scenario.schema.weather import (
    FORMAT_OF_ENDING,
    USUAL_WIND_HEIGHT_M,
    Weather,
    WeatherFile,
)
from sim.scenario.series.files import file_fault


def weather_mistakes(scenario: Scenario) -> list[Finding]:
    """Check weather, solar and wind of every site.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.

    Returns
    -------
    list of Finding
        The mistakes.
    """
    return each_settled(scenario.sites, _CHECKS, ("sites",))


def weather_fault(path: Path) -> str | None:
    """Look at a weather file without opening it.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        Why it cannot be used, or None if it can.
    """
    known = (".csv", *FORMAT_OF_ENDING)
    if not path.name.lower().removesuffix(".gz").endswith(known):
        return f"is no weather file: its name must end in {', '.join(known)} (or that with .gz)."
    return file_fault(path)


def _format(site: Site, path: FieldPath) -> Iterator[Finding]:
    weather = site.weather
    if not isinstance(weather, WeatherFile) or weather.file_format is not None:
        return
    if weather.file.lower().removesuffix(".gz").endswith(".csv"):  # others are told with the file
        yield Finding(
            (*path, "weather", "file"),
            f"{quoted(weather.file)} may be of several formats. Say which: format: tmy3, psm3, "
            "pvgis or csv.",
        )


def _place(site: Site, path: FieldPath) -> Iterator[Finding]:
    weather = site.weather
    if not isinstance(weather, WeatherFile):
        return
    if weather.file_format == "csv" and weather.location is None:
        yield Finding(
            (*path, "weather"),
            "plain CSV does not tell where it is from. Add location: {latitude_deg: ..., "
            "longitude_deg: ..., altitude_m: ..., utc_offset_h: ...}.",
        )
    if weather.location is not None and weather.file_format not in {None, "csv", "srw"}:
        yield Finding(
            (*path, "weather", "location"),
            f"{weather.file_format} files tell their own place. Leave location out.",
        )


def _csv_only(site: Site, path: FieldPath) -> Iterator[Finding]:
    weather = site.weather
    if not isinstance(weather, WeatherFile) or weather.file_format in {None, "csv"}:
        return
    for name in ("stamp", "columns", "units"):
        if getattr(weather, name) != WeatherFile.model_fields[name].default:
            yield Finding(
                (*path, "weather", name),
                f"is for csv files; {weather.file_format} files say it themselves.",
            )


def _sunless(site: Site, path: FieldPath) -> Iterator[Finding]:
    weather = site.weather
    if not isinstance(weather, WeatherFile) or weather.file_format != "srw":
        return
    advice = "needs sunshine, but srw files have wind only. Use another weather file."
    if isinstance(site.solar, SolarArray):
        yield Finding((*path, "solar"), f"a simulated array {advice}")
    if site.grid and isinstance(site.grid.market, (str, Market)):
        yield Finding((*path, "grid", "market"), f"a market {advice}")


def _shear(site: Site, path: FieldPath) -> Iterator[Finding]:
    farm = site.wind
    if not isinstance(farm, WindFarm) or farm.shear_exponent is not None:
        return
    measured_m = _wind_height_m(site.weather)
    if measured_m is not None and farm.hub_height_m != measured_m:
        yield Finding(
            (*path, "wind"),
            f"needs shear_exponent: the wind is measured at {measured_m:g} m and the hub is at "
            f"{farm.hub_height_m:g} m (0.14 open flat land, 0.2 rough, 0.3 forest).",
        )


def _wind_height_m(weather: Weather | WeatherFile | None) -> float | None:
    """Return the height of the wind measurement, None where only the file knows."""
    if isinstance(weather, Weather):
        stations = table("weather_stations").set_index("station")["wind_height_m"]
        return float(stations[weather.tmy]) if weather.tmy in stations else None
    if isinstance(weather, WeatherFile) and weather.file_format != "srw":
        return weather.wind_height_m or USUAL_WIND_HEIGHT_M
    return None


def _measured_twice(site: Site, path: FieldPath) -> Iterator[Finding]:
    weather = site.weather
    if isinstance(weather, WeatherFile) and weather.file_format == "srw" and weather.wind_height_m:
        yield Finding(
            (*path, "weather", "wind_height_m"), "srw files tell their own heights. Leave it out."
        )


def _cec_names(site: Site, path: FieldPath) -> Iterator[Finding]:
    array = site.solar
    if not isinstance(array, SolarArray):
        return
    for name, look_up in (("module", cec_module), ("inverter", cec_inverter)):
        chosen = getattr(array, name)
        if array.model == "cec" and chosen is None:
            yield Finding((*path, "solar"), f"model: cec needs {name}, a name of the CEC list.")
        elif array.model != "cec" and chosen is not None:
            yield Finding((*path, "solar", name), f"is for model: cec, not for {array.model}.")
        elif chosen is not None:
            try:
                look_up(chosen)
            except ValueError as error:
                yield Finding((*path, "solar", name), str(error))


_CHECKS: Final[tuple[Callable[[Site, FieldPath], Iterator[Finding]], ...]] = (
    _format,
    _place,
    _csv_only,
    _sunless,
    _shear,
    _measured_twice,
    _cec_names,
)
