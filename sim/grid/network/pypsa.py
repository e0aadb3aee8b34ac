"""Read a network from the folder of CSV files that PyPSA exports.

What couples hours (storage, unit commitment, ramps) or a whole year (limits on energy or emissions)
has no place in a market that clears hour by hour: parts that cannot be left out are refused, the
rest is told in the network's notes.

References
----------
.. [1] T. Brown, J. Hoersch, D. Schlachtberger, "PyPSA: Python for Power System Analysis," Journal
   of Open Research Software 6(1), 2018; component attributes of version 1.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from sim.catalog import table
from sim.errors import DataError
from sim.grid.network.csv_table import Table, hint, located, read_optional, read_rows
from sim.grid.network.network import Buses, Columns, Lines, Links, Network, Units
from sim.units import TONNE_KG

_COUPLED: Final = ("storage_units", "stores", "processes", "investment_periods")
"""Components that tie hours together, and more than two buses to each other."""

_REFUSED: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "generators": {
            "committable": "False", "ramp_limit_up": "", "ramp_limit_down": "", "sign": "1",
            "marginal_cost_quadratic": "0", "e_sum_min": "-inf", "e_sum_max": "inf", "p_set": "0",
        },
        "links": {
            "committable": "False", "ramp_limit_up": "", "ramp_limit_down": "", "bus2": "",
            "marginal_cost_quadratic": "0", "p_set": "0",
        },
        "transformers": {"type": "", "phase_shift": "0"},
        "loads": {"sign": "-1"},
    }
)
"""Columns that may hold nothing but their default."""

_REFUSED_BY_HOUR: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "generators": ("p_set", "efficiency", "marginal_cost_quadratic"),
        "lines": ("s_max_pu",),
        "transformers": ("s_max_pu", "phase_shift"),
        "links": ("p_min_pu", "p_max_pu", "p_set", "efficiency", "marginal_cost"),
    }
)
"""Files by hour that would change the result; those not named here hold results."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder, and the labels of its snapshots."""

    path: Path
    labels: list[str]

    def component(self, name: str) -> Table:
        """Give the active rows of a component; none if there is no such file."""
        rows = read_optional(self.path / f"{name}.csv")
        rows = rows.where(rows.flags("active", default=True))
        for column, default in _REFUSED.get(name, {}).items():
            for row, cell in enumerate(rows.cells.get(column, ())):
                if not _same(cell, default):
                    rows.fail(row, f"{column} is {cell}. A market that clears hour by hour knows "
                               f"only {default or 'an empty cell'} there.")
        for attribute in _REFUSED_BY_HOUR.get(name, ()):
            if (self.path / f"{name}-{attribute}.csv").exists():
                msg = f"{self.path / f'{name}-{attribute}.csv'}: {attribute} by hour is not read."
                raise DataError(msg)
        return rows

    def by_hour(self, component: str, attribute: str) -> Table:
        """Give a file of hours, checked against the snapshots; empty if there is none."""
        rows = read_optional(self.path / f"{component}-{attribute}.csv")
        if rows.cells and len(rows.lines) != len(self.labels):
            msg = f"{rows.file} has {len(rows.lines)} rows for {len(self.labels)} snapshots."
            raise DataError(msg)
        for row, cell in enumerate(next(iter(rows.cells.values()), ())):
            if cell not in {self.labels[row], str(row)}:
                rows.fail(row, f'snapshot "{cell}" stands in this row, but "{self.labels[row]}" '
                           "in that of snapshots.csv.")
        return rows

    def values(self, rows: Table, component: str, attribute: str, default: float) -> Columns:
        """Give an attribute of each row in each hour: by hour if it is given so, else constant."""
        values = np.tile(rows.numbers(attribute, default), (len(self.labels), 1))
        series = self.by_hour(component, attribute)
        for row, name in enumerate(rows.text("name")):
            if name in series.cells:
                values[:, row] = series.numbers(name)
        return values


def is_pypsa(path: Path) -> bool:
    """Return whether a folder was written by PyPSA."""
    return any((path / name).exists() for name in ("network.csv", "snapshots.csv"))


def read_pypsa(path: Path) -> Network:
    """Read a folder of CSV files as PyPSA exports them.

    Parameters
    ----------
    path : Path
        The folder.

    Returns
    -------
    Network
        The network; a capacity that may be extended is the optimised one if that is there, else
        the one in the file.

    Raises
    ------
    DataError
        If it cannot be used; names file, line and what is wrong.
    """
    for name in _COUPLED:
        if (rows := read_optional(path / f"{name}.csv")).lines:
            rows.fail(0, f"{name} tie hours together, which no hourly market can. Remove them.")
    snapshots = read_optional(path / "snapshots.csv")
    folder = _Folder(path, _labels(snapshots))
    buses, units = read_rows(path / "buses.csv"), folder.component("generators")
    lines, transformers = folder.component("lines"), folder.component("transformers")
    links, names = folder.component("links"), tuple(buses.text("name"))
    origins = {"buses": buses.origins, "lines": [*lines.origins, *transformers.origins],
               "links": links.origins, "units": units.origins}
    with located(origins):
        return Network(
            name=path.resolve().name,
            buses=Buses(names, buses.numbers("y", np.nan), buses.numbers("x", np.nan)),
            lines=_lines(folder, lines, transformers, buses),
            links=_links(links, names),
            units=_units(folder, units, names),
            time=_time(folder.labels),
            load_mw=_load_mw(folder, names),
            weight_h=_weight_h(snapshots),
            notes=_notes(folder, (lines, transformers, links, units)),
        )


def _labels(snapshots: Table) -> list[str]:
    if "period" in snapshots.cells:
        msg = f"{snapshots.file}: several investment periods are not read. Give one."
        raise DataError(msg)
    if snapshots.cells and not snapshots.lines:
        msg = f"{snapshots.file} has no rows below its first line."
        raise DataError(msg)
    for column in ("snapshot", "name"):
        if column in snapshots.cells:
            return snapshots.cells[column]
    return next(iter(snapshots.cells.values()), ["now"])


def _time(labels: list[str]) -> pd.Index:
    time = pd.to_datetime(labels, format="ISO8601", utc=True, errors="coerce")
    return pd.Index(labels) if time.isna().any() else pd.DatetimeIndex(time)


def _weight_h(snapshots: Table) -> Columns:
    column = "objective" if "objective" in snapshots.cells else "weightings"
    return snapshots.amounts(column, 1.0) if snapshots.lines else np.ones(1)


def _lines(folder: _Folder, lines: Table, transformers: Table, buses: Table) -> Lines:
    """Lines, then transformers, on a base of 1 MVA."""
    names = tuple(buses.text("name"))
    from_bus = lines.places("bus0", names, "bus")
    is_direct = np.array([carrier == "DC" for carrier in buses.text("carrier", "AC")])[from_bus]
    ohm = np.where(is_direct, _ohm(folder, lines, "r"), _ohm(folder, lines, "x"))
    capacity_mva = _capacity(transformers, "s_nom")
    with np.errstate(divide="ignore", invalid="ignore"):  # not finite is told as no reactance
        per_mw = ohm / buses.numbers("v_nom", 1.0)[from_bus] ** 2
        of_transformers = (
            transformers.numbers("x", 0.0) / capacity_mva * transformers.numbers("tap_ratio", 1.0)
        )
    rating_mw = [_capacity(rows, "s_nom") * rows.numbers("s_max_pu", 1.0)
                 for rows in (lines, transformers)]
    to_bus = [rows.places("bus1", names, "bus") for rows in (lines, transformers)]
    return Lines(
        names=(*lines.text("name"), *(f"transformer {name}" for name in transformers.text("name"))),
        from_bus=np.concatenate([from_bus, transformers.places("bus0", names, "bus")]),
        to_bus=np.concatenate(to_bus),
        reactance_rad_per_mw=np.concatenate([per_mw, of_transformers]),
        rating_mw=np.concatenate(rating_mw),
    )


def _ohm(folder: _Folder, lines: Table, column: str) -> Columns:
    """Reactance or resistance of each line, its own or by its type, length and circuits."""
    ohm = lines.numbers(column, 0.0)
    length_km, circuits = lines.numbers("length", 0.0), lines.numbers("num_parallel", 1.0)
    for row, kind in enumerate(lines.text("type", "")):
        if kind:
            ohm[row] = _ohm_per_km(folder, lines, row, column) * length_km[row] / circuits[row]
    return ohm


def _ohm_per_km(folder: _Folder, lines: Table, row: int, column: str) -> float:
    """Look a line's type up in the folder, then in the catalog."""
    kind, own = lines.cells["type"][row], read_optional(folder.path / "line_types.csv")
    if kind in own.text("name"):
        return float(own.numbers(f"{column}_per_length")[own.text("name").index(kind)])
    types = table("line_types")
    known = dict(zip(types["line_type"], types[f"{column}_ohm_per_km"].tolist(), strict=True))
    if kind not in known:
        near = hint(kind, known)
        lines.fail(row, f'there is no line type "{kind}".{near} Or leave it empty; give x and r.')
    return float(known[kind])


def _links(links: Table, buses: tuple[str, ...]) -> Links:
    capacity_mw = _capacity(links, "p_nom")
    return Links(
        names=tuple(links.text("name")),
        from_bus=links.places("bus0", buses, "bus"),
        to_bus=links.places("bus1", buses, "bus"),
        p_min_mw=_scaled(capacity_mw, links.numbers("p_min_pu", 0.0)),
        p_max_mw=_scaled(capacity_mw, links.numbers("p_max_pu", 1.0)),
        efficiency_fraction=links.numbers("efficiency", 1.0),
        cost_usd_per_mwh=links.numbers("marginal_cost", 0.0),
    )


def _units(folder: _Folder, units: Table, buses: tuple[str, ...]) -> Units:
    capacity_mw = _capacity(units, "p_nom")
    by_hour = folder.by_hour("generators", "p_max_pu").cells
    names, carriers = units.text("name"), units.text("carrier", "")
    known = _co2_kg_per_mwh(folder)
    emission = np.array([known.get(carrier, 0.0) for carrier in carriers], dtype=np.float64)
    return Units(
        names=tuple(names),
        technologies=tuple(carrier or "generator" for carrier in carriers),
        bus=units.places("bus", buses, "bus"),
        profiled=np.array([name in by_hour for name in names], dtype=bool),
        p_min_mw=_scaled(capacity_mw, folder.values(units, "generators", "p_min_pu", 0.0)),
        p_max_mw=_scaled(capacity_mw, folder.values(units, "generators", "p_max_pu", 1.0)),
        cost_usd_per_mwh=folder.values(units, "generators", "marginal_cost", 0.0),
        emission_kg_per_mwh=emission / units.numbers("efficiency", 1.0),
    )


def _co2_kg_per_mwh(folder: _Folder) -> dict[str, float]:
    """Emissions of each carrier per MWh of fuel."""
    carriers = read_optional(folder.path / "carriers.csv")
    emission = carriers.numbers("co2_emissions", 0.0) * TONNE_KG
    return dict(zip(carriers.text("name"), emission.tolist(), strict=True))


def _load_mw(folder: _Folder, buses: tuple[str, ...]) -> Columns:
    loads, series = folder.component("loads"), folder.by_hour("loads", "p_set")
    constant_mw, places = loads.amounts("p_set", 0.0), loads.places("bus", buses, "bus")
    load_mw = np.zeros((len(folder.labels), len(buses)))
    for row, name in enumerate(loads.text("name")):
        of_load = series.amounts(name) if name in series.cells else constant_mw[row]
        load_mw[:, places[row]] += of_load
    return load_mw


def _capacity(rows: Table, column: str) -> Columns:
    """Capacity of each row; the optimised one where it may be extended and that is given."""
    capacity = rows.amounts(column, 0.0)
    optimised = rows.numbers(f"{column}_opt", np.nan)
    chosen = rows.flags(f"{column}_extendable", default=False) & np.isfinite(optimised)
    return np.where(chosen, optimised, capacity)


def _scaled(capacity_mw: Columns, share: Columns) -> Columns:
    """Product in which nothing of an infinite capacity is nothing."""
    return np.multiply(capacity_mw, share, out=np.zeros_like(share), where=share != 0)


def _notes(folder: _Folder, tables: tuple[Table, ...]) -> tuple[str, ...]:
    notes = []
    limits = read_optional(folder.path / "global_constraints.csv")
    if limits.lines:
        names = ", ".join(limits.text("name"))
        notes.append(f"Left out, since it binds all hours together: global constraint {names}.")
    extendable = sum(
        int(rows.flags(f"{column}_nom_extendable", default=False).sum())
        for rows in tables for column in "ps"
    )
    if extendable:
        notes.append(f"{extendable} capacities that may be extended are taken as they stand.")
    unknown = set(tables[-1].text("carrier", "")) - {"", *_co2_kg_per_mwh(folder)}
    if unknown:
        missing = ", ".join(sorted(unknown))
        notes.append(f"Counted without emissions, as not in carriers.csv: {missing}.")
    return tuple(notes)


def _same(cell: str, default: str) -> bool:
    try:
        return not cell or float(cell) == float(default)
    except ValueError:
        return cell.lower() == default.lower()
