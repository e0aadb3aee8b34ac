"""How well carbon-free supply and caps were met: hourly and annual matching, 24/7 score, cap.

References
----------
.. [1] Google, "24/7 Carbon-Free Energy: Methodologies and Metrics," 2021.
"""

import numpy as np
import pandas as pd

from sim.ledger.ledger import TOLERANCE, RunLog
from sim.ledger.result import Metrics
from sim.units import HOUR_S, KW, TONNE_KG


def matching(log: RunLog, steps: pd.DataFrame) -> Metrics:
    """Return how much of the load carbon-free supply matches, by hour and over the run.

    Parameters
    ----------
    log : RunLog
        What happened.
    steps : DataFrame
        One row for each site and step.

    Returns
    -------
    dict
        ``cfe_score_fraction``, ``hourly_matching_fraction``, ``annual_matching_fraction``.

    Notes
    -----
    In each hour of a site, load is met by its own sun, wind and battery, then by import under
    carbon-free contracts as far as they produce in that hour, then by other import, which is
    carbon-free by the share of the grid's generation; an hour's surplus is not banked. The score
    counts all three, hourly matching the first two. Annual matching is the run's carbon-free
    generation, contracts and certificates over its load, at most 1. Both are None where nothing
    carbon-free is owned or contracted; the score is None where it needs a share that is unknown.
    """
    hours = _by_hour(steps)
    load = float(hours["load"].sum())
    matched = float((hours["own"] + hours["contracted"]).sum())
    duration_h = log.sites[0].grid.duration_s / HOUR_S
    step_h = log.sites[0].grid.step_s / HOUR_S
    generated = steps["solar_kw"] + steps["wind_kw"] - steps["curtailed_kw"]
    supply_kwh = float((generated + steps["contracted_kw"]).sum()) * step_h
    for site in log.sites:
        if site.instruments is not None:
            supply_kwh += site.instruments.certificates_w / KW * duration_h
    found: Metrics = {
        "cfe_score_fraction": _score(hours, matched, load),
        "hourly_matching_fraction": None,
        "annual_matching_fraction": None,
    }
    if load > 0.0 and supply_kwh > 0.0:
        found["hourly_matching_fraction"] = matched / load
        found["annual_matching_fraction"] = min(1.0, supply_kwh / (load * step_h))
    return found


def emission_cap(log: RunLog, steps: pd.DataFrame) -> Metrics:
    """Return whether every site with a cap keeps it, and by how much the closest one does.

    Parameters
    ----------
    log : RunLog
        What happened.
    steps : DataFrame
        One row for each site and step.

    Returns
    -------
    dict
        ``emission_cap_met`` (1 or 0) and ``emission_cap_margin_t``: cap less emissions, negative
        where it is missed; None without a cap, or where emissions are unknown.
    """
    margins_t = []
    for site in log.sites:
        cap_kg = site.instruments.emission_cap_kg if site.instruments else None
        if cap_kg is not None:
            mine = steps.loc[steps["site"] == site.name, "carbon_operational_location_kg"]
            margins_t.append((cap_kg - float(mine.sum(skipna=False))) / TONNE_KG)
    margin_t = float(np.min(margins_t)) if margins_t else np.nan
    known = bool(np.isfinite(margin_t))
    return {
        "emission_cap_met": int(margin_t >= 0.0) if known else None,
        "emission_cap_margin_t": margin_t if known else None,
    }


def _by_hour(steps: pd.DataFrame) -> pd.DataFrame:
    """Return what meets the load of each site's hours, and the grid's carbon-free share."""
    free = steps["carbon_free_fraction"].mask(steps["grid_import_kw"] == 0.0, 0.0)
    columns = {
        "site": steps["site"],
        "hour": steps["time"].dt.floor("h"),
        "load": steps["facility_kw"],
        "grid": steps["grid_import_kw"],
        "free": steps["grid_import_kw"] * free.fillna(0.0),
        "unknown": free.isna(),
        "other": steps["unserved_kw"] + steps["backup_kw"],
        "contract": steps["contracted_kw"],
    }
    hours = pd.DataFrame(columns).groupby(["site", "hour"], observed=True).sum()
    hours["own"] = (hours["load"] - hours["grid"] - hours["other"]).clip(lower=0.0)
    # Import beyond the load charges the battery; it cannot count towards this hour's load.
    imported = (hours["load"] - hours["own"] - hours["other"]).clip(lower=0.0)
    hours["contracted"] = np.minimum(imported, hours["contract"])
    hours["rest"] = imported - hours["contracted"]
    share = hours["free"] / hours["grid"].where(hours["grid"] > 0.0)
    hours["share"] = share.fillna(0.0).mask(hours["unknown"] > 0)
    return hours


def _score(hours: pd.DataFrame, matched: float, load: float) -> float | None:
    rest = hours["rest"].where(hours["rest"] > TOLERANCE * hours["load"], 0.0)
    if load == 0.0 or bool((hours["share"].isna() & (rest > 0.0)).any()):
        return None
    return (matched + float((rest * hours["share"].fillna(0.0)).sum())) / load
