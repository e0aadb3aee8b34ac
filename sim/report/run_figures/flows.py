"""Where the energy of a run came from and where it went, in sums that balance."""

from typing import NamedTuple

import pandas as pd

from sim.ledger.result import Run
from sim.report.run_figures.canvas import known, step_h
from sim.report.run_figures.layers import LOAD

NOTHING_KWH = 1e-6
"""Rounding in the balance is no flow. [kWh]."""


class Flow(NamedTuple):
    """A sum of energy and what it is. [kWh]."""

    label: str
    energy_kwh: float


class Flows(NamedTuple):
    """Sources and uses of a run's energy, with equal sums, and the site or sites they are of."""

    sources: tuple[Flow, ...]
    uses: tuple[Flow, ...]
    place: str


def energy_flows(run: Run) -> Flows:
    """Add up sources and uses of energy over all sites.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Flows
        Without those that are nothing. A battery counts with what it lost, and with what it holds
        more or less at the end than after the first step.
    """
    steps, hours = run.steps, step_h(run)

    def total(column: str) -> float:
        """Add a power up over all steps and sites."""
        return float(steps[column].sum()) * hours if column in steps else 0.0

    load = {layer.label: total(layer.column) for layer in LOAD}
    charged_kwh, discharged_kwh = total("battery_charge_kw"), total("battery_discharge_kw")
    gained_kwh = sum(
        _gained_kwh(frame, hours) for _, frame in steps.groupby("site", observed=True)
    )
    sources = {
        "Solar": total("solar_kw"),
        "Wind": total("wind_kw"),
        "Grid import": total("grid_import_kw"),
        "Backup generator": total("backup_kw"),
        "From battery stock": max(0.0, -gained_kwh),
        "Unserved": total("unserved_kw"),
    }
    uses = load | {
        "Battery losses": charged_kwh - discharged_kwh - gained_kwh,
        "Left in batteries": max(0.0, gained_kwh),
        "Grid export": total("grid_export_kw"),
        "Curtailed": total("curtailed_kw"),
    }
    names = steps["site"].unique()
    return Flows(_some(sources), _some(uses), "All sites" if len(names) > 1 else str(names[0]))


def _some(flows: dict[str, float]) -> tuple[Flow, ...]:
    return tuple(Flow(label, kwh) for label, kwh in flows.items() if kwh > NOTHING_KWH)


def _gained_kwh(frame: pd.DataFrame, hours: float) -> float:
    """Return by how much a battery's stock grew."""
    if not (known(frame, "soc") and known(frame, "battery_capacity_kwh")):
        return 0.0
    stored_kwh = (frame["soc"] * frame["battery_capacity_kwh"]).to_numpy(dtype=float)
    # Steps keep the stock at their end: that of the beginning is the first one's less what moved.
    first = frame.iloc[0]
    moved_kwh = (first["battery_charge_kw"] - first["battery_discharge_kw"]) * hours
    return float(stored_kwh[-1] - stored_kwh[0] + moved_kwh)
