"""What a page tells of the scenario: its question and what stands at its sites."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sim.scenario.schema.datacenter import DataCenter
from sim.scenario.schema.grid import Grid, NetworkMarket
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.site import Site
from sim.scenario.schema.supply import WindFarm


def description(scenario_yaml: str) -> str:
    """Return the scenario's own description; empty where it has none."""
    return str(_mapping(scenario_yaml).get("description") or "")


@lru_cache(maxsize=8)
def read_scenario(scenario_yaml: str) -> Scenario | None:
    """Return a scenario that was written out; None where this version cannot read it."""
    try:
        return Scenario.model_validate_json(json.dumps(_mapping(scenario_yaml)))
    except (TypeError, ValidationError):
        return None


def site_facts(scenario_yaml: str) -> list[tuple[str, str]]:
    """Return what stands at each site.

    Parameters
    ----------
    scenario_yaml : str
        The scenario with every default written out.

    Returns
    -------
    list of (str, str)
        The site, and its equipment in words; none where the scenario cannot be read.
    """
    spec = read_scenario(scenario_yaml)
    return [(f"Site {site.name}", "; ".join(_equipment(site)) or "nothing")
            for site in (spec.sites if spec else ())]


@lru_cache(maxsize=8)
def _mapping(scenario_yaml: str) -> dict[str, Any]:
    try:
        told = YAML(typ="safe").load(scenario_yaml)
    except YAMLError:
        return {}
    return told if isinstance(told, dict) else {}


def _equipment(site: Site) -> Iterator[str]:
    if site.solar:
        yield f"solar{_rated(site.solar.dc_capacity_kw)}"
    if isinstance(site.wind, WindFarm):
        yield f"wind {site.wind.count} x {site.wind.turbine}"
    elif site.wind:
        yield f"wind{_rated(site.wind.capacity_kw)}"
    if site.battery:
        yield (f"battery {site.battery.capacity_kwh:,.6g} kWh, "
               f"{site.battery.max_discharge_kw:,.6g} kW")
    if site.backup:
        yield f"backup {site.backup.capacity_kw:,.6g} kW"
    if site.datacenter:
        yield from _clusters(site.datacenter)
    yield _connection(site.grid) if site.grid else "no grid"


def _clusters(center: DataCenter) -> Iterator[str]:
    for cluster in center.clusters:
        chip = cluster.accelerator if isinstance(cluster.accelerator, str) else "accelerators"
        yield f"{cluster.nodes * cluster.gpus_per_node:,} {chip}"


def _connection(grid: Grid) -> str:
    where = ""
    if isinstance(grid.market, NetworkMarket):
        where = f" {grid.market.network}, bus {grid.market.bus}"
    elif grid.market:
        where = f" {grid.market if isinstance(grid.market, str) else grid.market.fleet}"
    limit_kw = grid.import_limit_kw
    return f"grid{where}" + (f", import up to {limit_kw:,.6g} kW" if limit_kw is not None else "")


def _rated(capacity_kw: float | None) -> str:
    return " from a series" if capacity_kw is None else f" {capacity_kw:,.6g} kW"
