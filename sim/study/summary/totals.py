"""Totals of all sites in every step, mean over the seeds of each policy."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from sim.study.disk.store import STEPS, read_frame

TOTALS: Final[Mapping[str, str]] = MappingProxyType({
    "cost_total_usd": "sum",
    "carbon_operational_location_kg": "sum",
    "soc": "mean",
    "grid_import_kw": "sum",
})
"""Columns of steps, and whether the sites' are added or averaged."""


def policy_totals(runs: Iterable[tuple[str, Path]]) -> dict[str, pd.DataFrame]:
    """Return the timelines of the policies of one point.

    Parameters
    ----------
    runs : iterable of (str, Path)
        Policy and folder of each run.

    Returns
    -------
    dict
        By policy: time, then the columns of `TOTALS`; NaN where no site has a value.
    """
    folders: dict[str, list[Path]] = {}
    for policy, folder in runs:
        folders.setdefault(policy, []).append(folder)
    return {policy: _mean_of(found) for policy, found in folders.items()}


def _mean_of(folders: Sequence[Path]) -> pd.DataFrame:
    """Add up run by run: all steps of all seeds at once may be too much."""
    first, *others = folders
    total = _totals(first)
    for folder in others:
        total[list(TOTALS)] += _totals(folder)[list(TOTALS)]
    total[list(TOTALS)] /= len(folders)
    return total


def _totals(folder: Path) -> pd.DataFrame:
    steps = read_frame(folder / STEPS, ["site", "time", *TOTALS])
    sites = steps["site"].nunique()
    frame = pd.DataFrame({"time": steps["time"].iloc[: len(steps) // sites].to_numpy()})
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    for name, how in TOTALS.items():
        values = steps[name].to_numpy(dtype=float).reshape(sites, -1)
        known = ~np.isnan(values)
        sums, counts = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
        sums[counts == 0] = np.nan
        frame[name] = sums / np.maximum(counts, 1) if how == "mean" else sums
    return frame
