"""What holds for the means of a step, whatever its parts, so that no schedule trades with itself.

In any part of a step the battery charges or discharges or neither, and the site imports or exports
or neither, so the shares of the step that these take add up to 1 at most. Load is unserved only
while import and generator are at their limits, and supply is curtailed only while export is.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.optimize.horizon import Columns, Rates
from sim.optimize.limits import SURPLUS
from sim.optimize.parts import Entries, Rows, Scaled

_SMALL: Final = 1e-6  # in units of power; below it a row of ratios is not worth its rounding errors


def mixture_rows(scaled: Scaled) -> Iterator[Rows]:
    """Yield those rows, in the steps in which breaking them could pay."""
    horizon, most, unit_w = scaled.horizon, scaled.most, scaled.unit_w
    rates, limits = horizon.rates, horizon.connection
    least_per_j = least_import_per_j(rates)
    whole = np.ones(len(scaled.net), dtype=np.bool_)
    if horizon.grid_fraction is not None:
        whole = horizon.grid_fraction == 1.0
    plain = (rates.export_per_j >= 0.0) & (least_per_j >= rates.export_per_j)
    odd = whole & ~plain
    calm = odd & (most["backup"] == 0.0)
    surplus = most[SURPLUS]
    # Else energy that leaks late when charged, and early when not given out, would come of nothing.
    leaky = horizon.battery is not None and horizon.battery.self_discharge_per_s > 0.0
    yield from _shares(odd | leaky, {"charge": most["charge"], "discharge": most["discharge"]})
    yield from _shares(calm, {"import": most["import"], "export": surplus, "curtailed": surplus})
    yield from _binding(whole, "unserved", "import", most, limits.import_limit_w / unit_w)
    yield from _binding(whole, "unserved", "backup", most, limits.backup_limit_w / unit_w)
    yield from _binding(calm, "curtailed", "export", most, limits.export_limit_w / unit_w)


def more_load_pays(rates: Rates) -> NDArray[np.bool_]:
    """Return in which steps a site may be the better off for drawing more, shape (n,)."""
    return np.asarray((least_import_per_j(rates) < 0.0) | (rates.export_per_j < 0.0))


def least_import_per_j(rates: Rates) -> Columns:
    """Return what import costs at the least, where contracted energy is used, shape (n,)."""
    if rates.contracted_saving_per_j is None:
        return rates.import_per_j
    return rates.import_per_j - np.maximum(0.0, rates.contracted_saving_per_j)


def _shares(where: NDArray[np.bool_], most: Mapping[str, Columns]) -> Iterator[Rows]:
    """Yield ``sum(flow / most) <= 1`` where all of them can be."""
    steps = np.flatnonzero(where & (np.minimum.reduce(list(most.values())) > _SMALL))
    if steps.size:
        blocks = {flow: Entries.each(steps, 1.0 / limit[steps]) for flow, limit in most.items()}
        yield Rows.at_most(blocks, np.ones(len(steps)))


def _binding(
    where: NDArray[np.bool_], flow: str, full: str, most: Mapping[str, Columns], limit: float
) -> Iterator[Rows]:
    """Yield ``full >= limit * flow / most``: there is such a flow only while `full` is at it."""
    steps = np.flatnonzero(where & (most[flow] > _SMALL))
    if steps.size and limit > _SMALL:
        blocks = {flow: Entries.each(steps, limit / most[flow][steps]),
                  full: Entries.each(steps, -1.0)}
        yield Rows.at_most(blocks, np.zeros(len(steps)))
