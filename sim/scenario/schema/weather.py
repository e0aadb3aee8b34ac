"""Fields of a site's weather: a typical year that ships with pvlib, or a file of the user's."""

from pathlib import PurePath
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Discriminator, Tag

from sim.scenario.schema.fields import Part, by_shape, item, number

Resampling = Literal["none", "daily-block"]

FORMAT_OF_ENDING: Final = MappingProxyType(
    {".epw": "epw", ".tm2": "tmy2", ".srw": "srw", ".json": "pvgis"}
)
"""Formats that a file's ending tells; .csv may be anything."""

USUAL_WIND_HEIGHT_M: Final = 10.0
"""Height of wind measurements where neither file nor scenario tells: WMO stations (assumption)."""


def _resampling() -> Resampling:
    return item(
        "With daily-block each seed draws another plausible year: blocks of about five days of the "
        "typical year, shuffled within their month, all variables together; none takes the "
        "typical year as it is.",
        default="none",
    )


class Weather(Part):
    """Weather of a station: a typical year that ships with pvlib, laid onto the run's dates."""

    tmy: str = item(
        "Typical-year file that ships with pvlib; `gridloom catalog weather_stations` lists them."
    )
    resample: Resampling = _resampling()


class Location(Part):
    """Where weather was measured, for files that do not tell."""

    latitude_deg: float = number("Latitude, north positive.", unit="degree", ge=-90, le=90)
    longitude_deg: float = number("Longitude, east positive.", unit="degree", ge=-180, le=180)
    altitude_m: float = number("Height above sea level.", unit="m", ge=-500, le=9000)
    utc_offset_h: float = number(
        "Local standard time minus UTC, e.g. -7 in Arizona.", unit="h", ge=-12, le=14
    )


class WeatherColumns(Part):
    """What the columns of a weather file in plain CSV are called."""

    time: str = item(
        "Time of each row: timestamps, local standard time where they carry no zone.",
        default="time",
    )
    ghi: str = item("Global horizontal irradiance.", default="ghi")
    dni: str = item("Direct normal irradiance.", default="dni")
    dhi: str = item("Diffuse horizontal irradiance.", default="dhi")
    temp_air: str = item("Air temperature.", default="temp_air")
    wind_speed: str = item("Wind speed.", default="wind_speed")
    pressure: str | None = item(
        "Air pressure; null means that of the standard atmosphere at the location's altitude.",
        default=None,
    )
    relative_humidity: str | None = item(
        "Relative humidity; null means unknown, so that there is no wet-bulb temperature.",
        default=None,
    )


class WeatherUnits(Part):
    """Units of the columns of a weather file in plain CSV."""

    irradiance: Literal["W/m2", "kW/m2"] = item("Unit of ghi, dni and dhi.", default="W/m2")
    temp_air: Literal["degC", "degF", "K"] = item("Unit of the temperature.", default="degC")
    wind_speed: Literal["m/s", "km/h", "mph", "kn"] = item(
        "Unit of the wind speed.", default="m/s"
    )
    pressure: Literal["Pa", "hPa", "kPa", "mbar", "atm"] = item(
        "Unit of the pressure.", default="Pa"
    )
    relative_humidity: Literal["%", "-"] = item("Unit of the humidity.", default="%")


class WeatherFile(Part):
    """Weather from the user's file: every hour of one year, typical or real."""

    file: str = item(
        "Weather file (may be .gz), relative to the scenario file.", min_length=1
    )
    format: Literal["epw", "tmy3", "tmy2", "psm3", "pvgis", "srw", "csv"] | None = item(
        "Format; null goes by the ending: .epw, .tm2, .srw, or .json of PVGIS.", default=None
    )
    location: Location | None = item(
        "Where it was measured; for csv, and for srw files that do not tell.", default=None
    )
    wind_height_m: float | None = number(
        "Height of the wind measurement above ground; null means 10 m (assumption), and for srw "
        "the heights in the file.",
        unit="m", default=None, gt=0, le=300,
    )
    stamp: Literal["start", "middle", "end"] = item(
        "What of its hour the time of a csv row is.", default="start"
    )
    columns: WeatherColumns = item("Names of the columns of a csv.", default=WeatherColumns())
    units: WeatherUnits = item("Units of the columns of a csv.", default=WeatherUnits())
    resample: Resampling = _resampling()

    @property
    def file_format(self) -> str | None:
        """The format given, or else the one that the ending tells; None where it tells none."""
        if self.format is not None:
            return self.format
        return FORMAT_OF_ENDING.get(PurePath(self.file.lower().removesuffix(".gz")).suffix)


AnyWeather = Annotated[
    Annotated[Weather, Tag("station")] | Annotated[WeatherFile, Tag("file")],
    Discriminator(by_shape("station", file="file")),
]
"""Weather of a station by name, or from a file."""
