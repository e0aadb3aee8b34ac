"""What a power cap does to an accelerator: less power, and less work per time.

The form and its parameters are fitted on 1,609 measured points of four GPUs (Zeus, NSDI 2023: V100,
A40, P100, RTX 6000): throughput within 0.039 (0.028 for caps of at least half the TDP), energy per
work within 6.4 %. Caps below half the TDP are not offered unless a scenario insists: a measured
card collapses there.
"""

import math
from typing import Final

from sim.catalog import row
from sim.scenario.nodes import LOWEST_CAP_FRACTION as LOWEST_CAP_FRACTION
from sim.units import Range

STATIC_FRACTION: Final = 0.30
"""Power that does not follow the clock, over TDP; fit on the Zeus measurements."""
CLOCK_EXPONENT: Final = 2.0
"""Exponent of dynamic power over clock; fixed, because it cannot be told from the next."""
CLOCK_SENSITIVE_FRACTION: Final = 0.50
"""Share of a training job's time that follows the clock; 0.4 to 0.6 in the fits."""
DRAW_SHARPNESS: Final = 6.57
"""How sharply the draw bends from the cap to the job's own power; fit, 3.4 % error."""
DRAW_UNDER_CAP: Final = 0.961
"""Draw over cap where the cap binds; fit."""
LEAST_SHARE: Final = 0.001
"""Least share of the dynamic power that a cap leaves, so that a job goes on; of the fit."""


def clock_sensitivity(kind: str) -> Range:
    """Return the share of its time that a kind of work spends in proportion to the clock.

    Parameters
    ----------
    kind : str
        ``training``, ``prefill`` or ``decode``; the catalog's table ``work_kinds``.

    Returns
    -------
    Range
        The share, 0..1. [-]

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    facts = row("work_kinds", kind)
    return Range(*(facts[f"clock_sensitive_{bound}_fraction"] for bound in Range._fields))


def relative_throughput(
    cap_fraction: float,
    clock_sensitive_fraction: float = CLOCK_SENSITIVE_FRACTION,
    draw_fraction: float = 1.0,
) -> float:
    """Return work per time under a cap, relative to none.

    Parameters
    ----------
    cap_fraction : float
        Cap over TDP, from 0.5 to 1. [-]
    clock_sensitive_fraction : float
        Share of the work's time that follows the clock: k below. [-]
    draw_fraction : float
        Power that the work draws without a cap, over TDP: P below. [-]

    Returns
    -------
    float
        Throughput over that without a cap. [-]

    Notes
    -----
    x = (cap - s) / (P - s), at most 1; clock f = x^(1/a); r = 1 / ((1 - k) + k / f).

    References
    ----------
    .. [1] J. You et al., "Zeus: Understanding and Optimizing GPU Energy Consumption of DNN
       Training," NSDI 2023: the measurements.
    """
    if cap_fraction >= draw_fraction:
        return 1.0
    share = (cap_fraction - STATIC_FRACTION) / (draw_fraction - STATIC_FRACTION)
    clock = math.pow(max(share, LEAST_SHARE), 1.0 / CLOCK_EXPONENT)
    return 1.0 / ((1.0 - clock_sensitive_fraction) + clock_sensitive_fraction / clock)


def relative_draw(cap_fraction: float, draw_fraction: float = 1.0) -> float:
    """Return power under a cap, relative to none.

    Parameters
    ----------
    cap_fraction : float
        Cap over TDP, from 0.5 to 1. [-]
    draw_fraction : float
        Power that the work draws without a cap, over TDP: P below. [-]

    Returns
    -------
    float
        Power over that without a cap; never above the cap. [-]

    Notes
    -----
    The fit is a soft minimum of cap and draw, ((b cap)^-n + P^-n)^(-1/n) with b = 0.961 and
    n = 6.57. It would have work draw less than P even under the highest cap, where P was measured;
    the constant b^-n is taken off so that it draws P there.
    """
    n = -DRAW_SHARPNESS
    bend = (DRAW_UNDER_CAP * cap_fraction) ** n - DRAW_UNDER_CAP**n
    return float((bend + draw_fraction**n) ** (1.0 / n) / draw_fraction)
