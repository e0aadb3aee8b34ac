"""Times of day on a site's own clock."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.units import HOUR_S, MINUTE_S

_UTC: Final = "UTC"


def zone_of(run: Run, site: str) -> str:
    """Return the time zone of a site: that of its tariff, or UTC where it has none."""
    return str(run.info.get("timezones", {}).get(site, _UTC))


def zones_told(run: Run, sites: Iterable[str]) -> str:
    """Say whose hours a figure shows."""
    found = sorted({zone_of(run, site) for site in sites})
    if len(found) == 1:
        return found[0] if found[0] == _UTC else f"local, {found[0].replace('_', ' ')}"
    return "each site's own zone"


def local_time(frame: pd.DataFrame, zone: str) -> pd.DatetimeIndex:
    """Return the starts of a site's steps on the clock of a zone."""
    return pd.DatetimeIndex(frame["time"]).tz_convert(zone)


def hour_of_day(frame: pd.DataFrame, zone: str) -> NDArray[np.float64]:
    """Return the time of day at which each step starts, shape (n_steps,). [h]."""
    local = local_time(frame, zone)
    return np.asarray(local.hour + local.minute * (MINUTE_S / HOUR_S), dtype=float)
