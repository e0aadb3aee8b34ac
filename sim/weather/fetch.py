"""Fetch typical years from the services that pvlib knows: PVGIS (most of the world) and NSRDB.

pvlib takes 0.7 s to import: only the functions that need it do so.
"""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import pandas as pd

from sim.errors import DataError
from sim.registry import did_you_mean
from sim.weather.readers import Label, read_table, year_of

TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks; NSRDB wants to know, PVGIS does not.

    Attributes
    ----------
    api_key : str
        Key of the service.
    email : str
        Address that the key belongs to.
    """

    api_key: str = field(repr=False)
    email: str


@dataclass(frozen=True, slots=True)
class _Request:
    latitude_deg: float
    longitude_deg: float
    account: Account | None
    url: str | None


@dataclass(frozen=True, slots=True)
class _Service:
    """A service: how to ask it, what its files end in, and in which format they are."""

    text: Callable[[_Request], str]
    home: Callable[[], str]
    suffix: str
    file_format: str
    wants_account: bool


def fetch_weather(
    source: str,
    out: Path,
    *,
    latitude_deg: float,
    longitude_deg: float,
    account: Account | None = None,
    url: str | None = None,
) -> Path:
    """Fetch the typical year of a place into a file that a scenario can name.

    Parameters
    ----------
    source : str
        ``pvgis`` (writes JSON) or ``nsrdb`` (writes CSV, format psm3).
    out : Path
        File to write; it must not exist yet. It is written whole or not at all.
    latitude_deg : float
        Latitude, north positive. [degree]
    longitude_deg : float
        Longitude, east positive. [degree]
    account : Account
        Key and address for nsrdb.
    url : str
        Address of the service instead of its usual one: for pvgis the folder of its API, ending in
        ``/``, for nsrdb the whole address.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there is no such source.
    DataError
        If something is missing or in the way, the service cannot be reached or refuses, or what it
        answers is no year of weather.

    References
    ----------
    .. [1] T. Huld, R. Mueller and A. Gambardella, "A new solar radiation database for estimating PV
       performance in Europe and Africa," Solar Energy 86(6), 2012.
    .. [2] M. Sengupta et al., "The National Solar Radiation Data Base (NSRDB)," Renewable and
       Sustainable Energy Reviews 89, 2018.
    """
    if source not in _SERVICES:
        msg = f'weather source "{source}" is unknown.{did_you_mean(source, _SERVICES)}'
        raise ValueError(msg)
    service = _SERVICES[source]
    if fault := _fault(service, out, account) or _address_fault(url):
        msg = f"{source}: {fault}"
        raise DataError(msg)
    text = _asked(service, source, _Request(latitude_deg, longitude_deg, account, url))
    part = out.with_name(f".{out.name.removesuffix(service.suffix)}.part{service.suffix}")
    try:
        part.write_text(text, encoding="utf-8")
        table = read_table(part, service.file_format, file=str(out))
        year_of(table, Label(out.stem, source, str(out)), wind_height_m=None)
        part.replace(out)
    except OSError as error:
        msg = f"{out}: cannot be written ({error.strerror})."
        raise DataError(msg) from error
    finally:
        part.unlink(missing_ok=True)
    return out


def _fault(service: _Service, out: Path, account: Account | None) -> str | None:
    if service.wants_account and not (account and account.api_key and account.email):
        return "needs an API key and the e-mail address it belongs to."
    if out.suffix.lower() != service.suffix:
        return f"writes {service.suffix} files; {out} ends in something else."
    if out.exists():
        return f"{out} exists already. Choose another name."
    return None if out.absolute().parent.is_dir() else f"there is no folder {out.parent}."


def _address_fault(url: str | None) -> str | None:
    parts = urlsplit(url or "http://x")
    if parts.scheme in {"http", "https"} and parts.hostname:
        return None
    return f'"{url}" is no address; it must begin with http:// or https://.'


def _asked(service: _Service, source: str, request: _Request) -> str:
    host = urlsplit(request.url or service.home()).hostname
    try:
        return service.text(request)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        reason = f"answered with something that is no weather ({type(error).__name__})."
    except OSError as error:  # of requests, the library behind pvlib
        # where nobody answered its text holds the whole address, key and all: not to be shown
        answered = type(error).__name__ == "HTTPError"
        reason = f"refused: {error}" if answered else "did not answer. Is this machine online?"
    if request.account is not None:
        reason = reason.replace(request.account.api_key, "***")
    msg = f"{source}: {host} {reason}"
    raise DataError(msg)


def _pvgis_home() -> str:
    from pvlib.iotools import pvgis

    return str(pvgis.URL)


def _nsrdb_home() -> str:
    from pvlib.iotools import psm4

    return str(psm4.PSM4_TMY_URL)


def _pvgis_text(request: _Request) -> str:
    """Ask PVGIS, and put its JSON together again from what pvlib took apart."""
    from pvlib.iotools import get_pvgis_tmy

    data, meta = get_pvgis_tmy(
        request.latitude_deg,
        request.longitude_deg,
        outputformat="json",
        map_variables=False,
        coerce_year=None,
        url=request.url or _pvgis_home(),
        timeout=TIMEOUT_S,
    )
    stamps = pd.DataFrame({"time(UTC)": data.index.strftime("%Y%m%d:%H%M")})
    hours = stamps.join(data.reset_index(drop=True)).to_dict(orient="records")
    inputs = {name: value for name, value in meta["inputs"].items() if name != "descriptions"}
    answer = {
        "inputs": inputs,
        "outputs": {"months_selected": meta["months_selected"], "tmy_hourly": hours},
        "meta": {"inputs": meta["inputs"].get("descriptions", {})},
    }
    return json.dumps(answer, indent=1) + "\n"


def _nsrdb_text(request: _Request) -> str:
    """Ask NSRDB, and put its CSV together again from what pvlib took apart."""
    from pvlib.iotools import get_nsrdb_psm4_tmy

    account = request.account or Account("", "")
    data, meta = get_nsrdb_psm4_tmy(
        request.latitude_deg,
        request.longitude_deg,
        account.api_key,
        account.email,
        map_variables=False,
        url=request.url,
        timeout=TIMEOUT_S,
    )
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([meta.keys(), meta.values()])
    data.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue()


_SERVICES: Final[Mapping[str, _Service]] = MappingProxyType(
    {
        "pvgis": _Service(_pvgis_text, _pvgis_home, ".json", "pvgis", wants_account=False),
        "nsrdb": _Service(_nsrdb_text, _nsrdb_home, ".csv", "psm3", wants_account=True),
    }
)
SOURCES: Final = tuple(_SERVICES)
"""Names of the services."""
