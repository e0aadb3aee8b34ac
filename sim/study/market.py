"""The market of a network over its hours: solved, summed up, drawn, written to a folder."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.table import Table

from sim.grid.network.read import find_network, read_network
from sim.grid.network.year import MarketYear, solve_year
from sim.report.labels import Value, decimals, written
from sim.report.market_figures import write_market_figures
from sim.report.tables import text_table
from sim.scenario.hashes import file_hash
from sim.study.disk.folders import appearing, open_folder, refuse_foreign
from sim.study.disk.identity import provenance
from sim.study.disk.store import FIGURES
from sim.units import TONNE_KG

SUMMARY: Final = "summary.json"
MANIFEST: Final = "manifest.json"
_KIND: Final = "market"

_ROWS: Final = (
    ("cost_usd", "Cost of generation", "USD"),
    ("carbon_cost_usd", "Paid for carbon", "USD"),
    ("co2_t", "Emissions", "tCO2e"),
    ("load_mwh", "Demand", "MWh"),
    ("unserved_mwh", "Unserved", "MWh"),
    ("curtailed_fraction", "Curtailed sun, wind and water", "fraction"),
    ("average_intensity_kg_per_mwh", "Average intensity", "kgCO2e/MWh"),
    ("marginal_emissions_mean_kg_per_mwh", "Marginal emissions, mean", "kgCO2e/MWh"),
    ("lmp_mean_usd_per_mwh", "Price, mean over buses and hours", "USD/MWh"),
    ("lmp_load_mean_usd_per_mwh", "Price, mean over the demand", "USD/MWh"),
    ("congested_hours_count", "Hours with congestion", ""),
    ("hours_count", "Hours", ""),
)


def market_command(
    source: str,
    out: Path,
    *,
    carbon_price_usd_per_t: float = 0.0,
    value_of_lost_load_usd_per_mwh: float | None = None,
    on_progress: Callable[[str, float], None] = lambda _name, _fraction: None,
) -> dict[str, Any]:
    """Solve a network's market and write what came out.

    Parameters
    ----------
    source : str
        Folder of the network, or the name of a built-in.
    out : Path
        Folder to write: new, empty, or one that this command wrote before and that it replaces.
    carbon_price_usd_per_t : float
        Carbon price that the generators pay. [USD/tCO2e]
    value_of_lost_load_usd_per_mwh : float or None
        Cost of demand that is not served; None for the network's own. [USD/MWh]
    on_progress : callable
        Gets the network's name and the fraction that is done.

    Returns
    -------
    dict
        What stands in summary.json, and the network's ``notes``.

    Raises
    ------
    DataError
        If the network cannot be used, an hour cannot be dispatched, or the folder not be written.
    """
    out = out.resolve()
    refuse_foreign(out, own=is_market)
    started = time.process_time()
    network = read_network(source)
    if value_of_lost_load_usd_per_mwh is not None:
        network = replace(network, value_of_lost_load_usd_per_mwh=value_of_lost_load_usd_per_mwh)
    open_folder(out.parent)
    year = solve_year(network, carbon_price_usd_per_t=carbon_price_usd_per_t,
                      on_progress=lambda fraction: on_progress(network.name, fraction))
    summary = summarise(year)
    with appearing(out, whole=is_market, replace=True) as partial:
        write_frames(year, partial)
        (partial / FIGURES).mkdir()
        write_market_figures(year, partial / FIGURES)
        _write_json(summary, partial / SUMMARY)
        _write_json(_manifest(year, find_network(source), started), partial / MANIFEST)
    return summary | {"notes": notes_of(year)}


def summarise(year: MarketYear) -> dict[str, Any]:
    """Sum up what a market gave.

    Parameters
    ----------
    year : MarketYear
        What the market gave.

    Returns
    -------
    dict
        Totals and means by name with unit; None where a number has no meaning.
    """
    network, weight_h = year.network, year.network.weight_h
    load_mwh, co2_kg = float(weight_h @ network.load_mw.sum(axis=1)), float(year.co2_kg.sum())
    generated_mwh = weight_h @ year.generation_mw
    price, marginal = year.lmp_usd_per_mwh, year.marginal_emissions_kg_per_mwh
    load_value_usd = float(weight_h @ (price * network.load_mw).sum(axis=1))
    by_technology = pd.Series(generated_mwh).groupby(list(network.units.technologies)).sum()
    return {
        "cost_usd": float(year.cost_usd.sum()),
        "carbon_cost_usd": co2_kg / TONNE_KG * year.carbon_price_usd_per_t,
        "objective_usd": float(year.objective_usd.sum()),
        "co2_t": co2_kg / TONNE_KG,
        "load_mwh": load_mwh,
        "unserved_mwh": float(year.unserved_mwh.sum()),
        "curtailed_fraction": _ratio(float(weight_h @ year.curtailed_mw),
                                     float(weight_h @ year.available_mw)),
        "average_intensity_kg_per_mwh": _ratio(co2_kg, generated_mwh.sum()),
        "marginal_emissions_mean_kg_per_mwh": float(np.average(marginal.mean(1), weights=weight_h)),
        "lmp_mean_usd_per_mwh": float(np.average(price.mean(axis=1), weights=weight_h)),
        "lmp_load_mean_usd_per_mwh": _ratio(load_value_usd, load_mwh),
        "congested_hours_count": int(year.congested.sum()),
        "unserved_hours_count": int((year.unserved_mwh > 0).sum()),
        "hours_count": len(network.time),
        "generation_mwh_by_technology": {str(name): mwh for name, mwh in by_technology.items()},
    }


def write_frames(year: MarketYear, folder: Path) -> None:
    """Write what a market gave as Parquet files, one row an hour, named by what they hold.

    Parameters
    ----------
    year : MarketYear
        What the market gave.
    folder : Path
        Existing folder.
    """
    network = year.network
    links, lines = network.links.names, network.lines.names
    of_links, of_lines = np.split(year.limit_price_usd_per_mwh, [len(links)], axis=1)
    by_part = {
        "lmp_usd_per_mwh": (network.buses.names, year.lmp_usd_per_mwh),
        "marginal_emissions_kg_per_mwh": (network.buses.names, year.marginal_emissions_kg_per_mwh),
        "unserved_mw": (network.buses.names, year.shed_mw),
        "generation_mw": (network.units.names, year.generation_mw),
        "link_flow_mw": (links, year.link_flow_mw),
        "line_flow_mw": (lines, year.line_flow_mw),
        "link_limit_price_usd_per_mwh": (links, of_links),
        "line_limit_price_usd_per_mwh": (lines, of_lines),
    }
    for name, (columns, values) in by_part.items():
        _write_frame(network.time, pd.DataFrame(values, columns=list(columns)), folder, name)
    system = pd.DataFrame({
        "load_mw": network.load_mw.sum(axis=1),
        "generation_mw": year.generation_mw.sum(axis=1),
        "curtailed_mw": year.curtailed_mw,
        "unserved_mw": year.shed_mw.sum(axis=1),
        "cost_usd": year.cost_usd,
        "co2_kg": year.co2_kg,
        "average_intensity_kg_per_mwh": year.average_intensity_kg_per_mwh,
        "carbon_free_fraction": year.carbon_free_fraction,
        "congested": year.congested,
        "weight_h": network.weight_h,
    })
    _write_frame(network.time, system, folder, "system")


def market_table(summary: Mapping[str, Any]) -> Table:
    """Return the summary of a market as a table for the terminal."""
    rows = [(f"{label} ({unit})" if unit else label, _text(summary[name]))
            for name, label, unit in _ROWS]
    return text_table(("Market", "Value"), rows)


def notes_of(year: MarketYear) -> list[str]:
    """Return what the user should know of a market: assumptions, islands, demand not served."""
    network, notes = year.network, list(year.network.notes)
    islands = int(network.islands().max()) + 1
    if islands > 1:
        notes.append(f"The network falls into {islands} islands that nothing joins.")
    short_hours = int((year.unserved_mwh > 0).sum())
    if short_hours:
        notes.append(
            f"{year.unserved_mwh.sum():,.6g} MWh of demand are not served, in {short_hours} hours, "
            f"at {network.value_of_lost_load_usd_per_mwh:g} USD/MWh."
        )
    return notes


def is_market(folder: Path) -> bool:
    """Return whether a folder was written by this command, as a whole."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("kind") == _KIND


def _manifest(year: MarketYear, folder: Path, started_s: float) -> dict[str, Any]:
    files = sorted(path for path in folder.iterdir() if ".csv" in path.suffixes)
    return {
        "kind": _KIND,
        "network": year.network.name,
        "carbon_price_usd_per_t": year.carbon_price_usd_per_t,
        "value_of_lost_load_usd_per_mwh": year.network.value_of_lost_load_usd_per_mwh,
        "notes": notes_of(year),
        "data_hashes": {path.name: file_hash(path) for path in files},
        "cpu_s": time.process_time() - started_s,
    } | provenance()


def _write_frame(hours: pd.Index, frame: pd.DataFrame, folder: Path, name: str) -> None:
    label = "time" if isinstance(hours, pd.DatetimeIndex) else "snapshot"
    frame.insert(0, label, hours)
    frame.to_parquet(folder / f"{name}.parquet", compression="zstd", index=False)


def _write_json(content: Mapping[str, Any], path: Path) -> None:
    text = json.dumps(content, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _text(value: Value) -> str:
    return written(value, decimals([value]))
