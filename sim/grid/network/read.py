"""Read a network: a folder of our own CSV form or of PyPSA's, or a built-in test case.

Our own form, one row a part, times in UTC:

* ``buses.csv``: ``bus``, ``area`` and ``load_share_of_area``, or ``mw_load`` where no demand by
  hour is given; ``lat`` and ``lng`` if known.
* ``lines.csv``: ``line``, ``from``, ``to``, ``x_pu100`` (reactance per unit of 100 MVA) and
  ``rate_mw``, which may be ``inf``.
* ``dc_links.csv``, if there are any: ``link``, ``from``, ``to``, ``p_nom_mw``, either way.
* ``generators.csv``, blocks of one cost each: ``segment``, ``bus``, ``p_min_mw``, ``p_max_mw``,
  ``mc_usd_mwh``, ``co2_kg_mwh``, ``fuel``; ``profiled`` is 1 if ``unit`` is a column of the next.
* ``vre*.csv``: a time, then what each profiled unit can give in the hour, in MW.
* ``load*.csv``: a time, then ``load_area<area>`` for each area, in MW.

Other columns (names, tap ratios) are left out. The last two may be gzipped.
"""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from sim import catalog
from sim.errors import DataError
from sim.grid.network.csv_table import Table, located, read_optional, read_rows, read_table
from sim.grid.network.network import Buses, Columns, Lines, Links, Network, Units
from sim.grid.network.pypsa import is_pypsa, read_pypsa
from sim.registry import did_you_mean

BASE_MVA: Final = 100.0
SHARES_AGREE: Final = 1e-6
"""How far the shares of an area may add up to something else than 1 by rounding."""

_HOUR: Final = pd.Timedelta(hours=1)


def built_in() -> dict[str, Path]:
    """Return the folders of the built-in networks, by name."""
    home = Path(str(catalog.__file__)).parent / "networks"
    return {folder.name: folder for folder in sorted(home.iterdir()) if folder.is_dir()}


def find_network(source: str | Path) -> Path:
    """Return the folder of a network.

    Parameters
    ----------
    source : str or Path
        A folder, or the name of a built-in.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DataError
        If there is neither.
    """
    folder, known = Path(source), built_in()
    if folder.is_dir():
        return folder
    if str(source) not in known:
        what = "is a file, not a folder" if folder.exists() else "no such folder, nor built-in"
        msg = f"{source}: {what}.{did_you_mean(str(source), known)}"
        raise DataError(msg)
    return known[str(source)]


def read_network(source: str | Path) -> Network:
    """Read a network.

    Parameters
    ----------
    source : str or Path
        A folder of our own form or of PyPSA's, told apart by its files; or the name of a built-in.

    Returns
    -------
    Network
        The network.

    Raises
    ------
    DataError
        If it cannot be used; names file, line and what is wrong.
    """
    folder = find_network(source)
    return read_pypsa(folder) if is_pypsa(folder) else read_own(folder)


def read_own(folder: Path) -> Network:
    """Read a folder of our own CSV form.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    Network
        The network.

    Raises
    ------
    DataError
        If it cannot be used; names file, line and what is wrong.
    """
    buses, units = read_rows(folder / "buses.csv"), read_rows(folder / "generators.csv")
    lines, links = read_table(folder / "lines.csv"), read_optional(folder / "dc_links.csv")
    load, available = _hourly(folder, "load"), _hourly(folder, "vre")
    time = _time(load, available)
    load_mw = _load_mw(buses, load, len(time))
    names = tuple(buses.text("bus"))
    load_origins = load.origins if load else [buses.file]
    with located({"buses": buses.origins, "lines": lines.origins, "links": links.origins,
                  "units": units.origins, "load": load_origins}):
        return Network(
            name=folder.resolve().name,
            buses=Buses(names, buses.numbers("lat", np.nan), buses.numbers("lng", np.nan)),
            lines=_lines(lines, names),
            links=_links(links, names),
            units=_units(units, names, available, hours=len(time)),
            time=time,
            load_mw=load_mw,
            weight_h=np.ones(len(time)),
        )


def _lines(table: Table, buses: tuple[str, ...]) -> Lines:
    return Lines(
        names=tuple(table.text("line")),
        from_bus=table.places("from", buses, "bus"),
        to_bus=table.places("to", buses, "bus"),
        reactance_rad_per_mw=table.numbers("x_pu100") / BASE_MVA,
        rating_mw=table.numbers("rate_mw"),
    )


def _links(table: Table, buses: tuple[str, ...]) -> Links:
    capacity_mw = table.amounts("p_nom_mw")
    return Links(
        names=tuple(table.text("link")),
        from_bus=table.places("from", buses, "bus"),
        to_bus=table.places("to", buses, "bus"),
        p_min_mw=-capacity_mw,
        p_max_mw=capacity_mw,
        efficiency_fraction=np.ones_like(capacity_mw),
        cost_usd_per_mwh=np.zeros_like(capacity_mw),
    )


def _units(table: Table, buses: tuple[str, ...], available: Table | None, *, hours: int) -> Units:
    profiled = table.flags("profiled", default=False)
    every_hour = (hours, len(table.lines))
    p_min_mw, p_max_mw = table.amounts("p_min_mw"), table.amounts("p_max_mw")
    p_max_by_hour = np.tile(p_max_mw, (hours, 1))
    for row in np.flatnonzero(profiled).tolist():
        p_max_by_hour[:, row] = _profile(table, row, available)
    return Units(
        names=tuple(table.text("segment")),
        technologies=tuple(table.text("fuel")),
        bus=table.places("bus", buses, "bus"),
        profiled=profiled,
        p_min_mw=np.broadcast_to(np.where(profiled, 0.0, p_min_mw), every_hour),
        p_max_mw=p_max_by_hour,
        cost_usd_per_mwh=np.broadcast_to(table.numbers("mc_usd_mwh"), every_hour),
        emission_kg_per_mwh=table.numbers("co2_kg_mwh"),
    )


def _profile(units: Table, row: int, available: Table | None) -> Columns:
    unit = units.text("unit")[row]
    if available is None:
        units.fail(row, f'generator "{unit}" is profiled, but there is no vre*.csv. Add one.')
    if unit not in available.cells:
        units.fail(row, f'generator "{unit}" is profiled, but {available.file} has no such column.')
    return available.amounts(unit)


def _load_mw(buses: Table, load: Table | None, hours: int) -> Columns:
    """Demand at each bus: its share of its area's, or its own in every hour."""
    if load is None:
        return np.broadcast_to(buses.amounts("mw_load"), (hours, len(buses.lines)))
    areas, share = np.array(buses.text("area")), buses.amounts("load_share_of_area")
    load_mw = np.empty((hours, len(areas)))
    for area in np.unique(areas).tolist():
        inside = areas == area
        if abs(share[inside].sum() - 1.0) > SHARES_AGREE:
            whole = f"the shares of area {area} in column load_share_of_area add up to"
            buses.fail(int(np.argmax(inside)), f"{whole} {share[inside].sum():g}, not to 1.")
        load_mw[:, inside] = np.outer(load.amounts(f"load_area{area}"), share[inside])
    return load_mw


def _hourly(folder: Path, prefix: str) -> Table | None:
    found = sorted(path for kind in ("csv", "csv.gz") for path in folder.glob(f"{prefix}*.{kind}"))
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        msg = f"{folder} has {names}; keep one of them."
        raise DataError(msg)
    return read_table(found[0]) if found else None


def _time(load: Table | None, available: Table | None) -> pd.Index:
    """Hours of the hourly files, which must agree; one hour if there are none."""
    times = [(table, _hours(table)) for table in (load, available) if table]
    if not times:
        return pd.Index(["now"])
    (first, hours), (second, others) = times[0], times[-1]
    if len(hours) != len(others):
        msg = f"{second.file} has {len(others)} hours, but {first.file} has {len(hours)}."
        raise DataError(msg)
    for row in np.flatnonzero(hours != others).tolist():
        second.fail(row, f"time {others[row]} stands in this row, but {hours[row]} in that of "
                    f"{first.file}.")
    return hours


def _hours(table: Table) -> pd.DatetimeIndex:
    cells = next(iter(table.cells.values()), [])
    if not cells:
        msg = f"{table.file} has no rows."
        raise DataError(msg)
    hours = pd.DatetimeIndex(pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce"))
    for row in np.flatnonzero(hours.isna()).tolist():
        table.fail(row, f'"{cells[row]}" in the first column is no time such as 2020-01-01 00:00.')
    for row in np.flatnonzero(hours[1:] - hours[:-1] != _HOUR).tolist():
        table.fail(row + 1, f"time {cells[row + 1]} is not one hour after the row above.")
    return hours
