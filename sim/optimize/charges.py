"""Charges that are no rate of a flow: on peaks, on tiers of a month's import, on contracts."""

from collections.abc import Iterator

import numpy as np

from sim.optimize.horizon import ImportTier, PeakCharge
from sim.optimize.parts import Block, Entries, Rows, Scaled


def charge_blocks(scaled: Scaled) -> Iterator[tuple[str, Block]]:
    """Yield columns: contracted import, then for each charge one a month."""
    rates = scaled.horizon.rates
    if rates.contracted_w is not None and rates.contracted_saving_per_j is not None:
        most = np.minimum(rates.contracted_w / scaled.unit_w, scaled.most["import"])
        cost = -rates.contracted_saving_per_j * scaled.unit_j
        yield "contracted", Block(cost, np.zeros(len(most)), most)
    # Limits that never bind; a bound needs all columns to have some.
    most_import = scaled.most["import"]
    for number, peak in enumerate(rates.peaks):
        floor = peak.floor_w / scaled.unit_w
        highest = np.maximum(floor, most_import.max())
        yield f"billed {number}", Block(peak.cost_per_w * scaled.unit_w, floor, highest)
        if peak.ratchet_fraction:
            yield f"peak {number}", Block(0.0 * floor, 0.0 * floor, highest)
    for number, tier in enumerate(rates.tiers):
        zeros = np.zeros(len(tier.beyond_j))
        cost = zeros + tier.more_per_j * scaled.unit_j
        yield f"tier {number}", Block(cost, zeros, zeros + most_import.sum())


def charge_rows(scaled: Scaled) -> Iterator[Rows]:
    """Yield what binds those columns to the import."""
    rates = scaled.horizon.rates
    if rates.contracted_w is not None:
        steps = np.arange(len(rates.contracted_w))
        blocks = {"contracted": Entries.each(steps, 1.0), "import": Entries.each(steps, -1.0)}
        yield Rows.at_most(blocks, np.zeros(len(steps)))
    for number, peak in enumerate(rates.peaks):
        yield from _peak(peak, number)
    for number, tier in enumerate(rates.tiers):
        yield _tier(tier, number, scaled)


def _peak(peak: PeakCharge, number: int) -> Iterator[Rows]:
    """Hold the mean import of every interval to the peak of its month."""
    billed = f"billed {number}"
    own = f"peak {number}" if peak.ratchet_fraction else billed
    steps = np.flatnonzero(peak.interval_of_step >= 0)
    interval, count = peak.interval_of_step[steps], len(peak.month_of_interval)
    means = Entries(interval, steps, 1.0 / np.bincount(interval, minlength=count)[interval])
    peaks = Entries(np.arange(count), peak.month_of_interval, np.full(count, -1.0))
    yield Rows.at_most({"import": means, own: peaks}, np.zeros(count))
    if not peak.ratchet_fraction:
        return
    months = np.arange(len(peak.cost_per_w))
    for back in range(min(peak.ratchet_months, len(months) - 1) + 1):
        share = peak.ratchet_fraction if back else 1.0
        blocks = {own: Entries.each(months[: len(months) - back], share),
                  billed: Entries.each(months[back:], -1.0)}
        yield Rows.at_most(blocks, np.zeros(len(months) - back))


def _tier(tier: ImportTier, number: int, scaled: Scaled) -> Rows:
    """Let a month's column hold the import beyond where the tier begins."""
    steps, months = np.flatnonzero(tier.month_of_step >= 0), np.arange(len(tier.beyond_j))
    blocks = {"import": Entries(tier.month_of_step[steps], steps, np.ones(len(steps))),
              f"tier {number}": Entries.each(months, -1.0)}
    return Rows.at_most(blocks, tier.beyond_j / scaled.unit_j)
