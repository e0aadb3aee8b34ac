"""What a power cap does to an accelerator: less power, and less work per time.

The form and its parameters are fitted on 1,609 measured points of four GPUs (Zeus, NSDI 2023: V100,
A40, P100, RTX 6000): throughput within 0.039 (0.028 for caps of at least half the TDP), energy per
work within 6.4 %. Caps below half the TDP are not offered: a measured card collapses there.
"""

import math
from typing import Final

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

LOWEST_CAP_FRACTION: Final = 0.5
"""Lowest cap over TDP."""


def relative_throughput(cap_fraction: float) -> float:
    """Return work per time under a cap, relative to none.

    Parameters
    ----------
    cap_fraction : float
        Cap over TDP, from 0.5 to 1. [-]

    Returns
    -------
    float
        Throughput over that without a cap. [-]

    Notes
    -----
    x = (cap - s) / (1 - s); clock f = x^(1/a); r = 1 / ((1 - k) + k / f), for a job that draws its
    accelerator's TDP.

    References
    ----------
    .. [1] J. You et al., "Zeus: Understanding and Optimizing GPU Energy Consumption of DNN
       Training," NSDI 2023: the measurements.
    """
    share = (cap_fraction - STATIC_FRACTION) / (1.0 - STATIC_FRACTION)
    clock = math.pow(share, 1.0 / CLOCK_EXPONENT)
    return 1.0 / ((1.0 - CLOCK_SENSITIVE_FRACTION) + CLOCK_SENSITIVE_FRACTION / clock)


def relative_draw(cap_fraction: float) -> float:
    """Return power under a cap, relative to none.

    Parameters
    ----------
    cap_fraction : float
        Cap over TDP, from 0.5 to 1. [-]

    Returns
    -------
    float
        Power over that without a cap. [-]

    Notes
    -----
    P = ((0.961 cap)^-n + 1)^(-1/n) with n = 6.57, over its value at the highest cap.
    """
    return _soft_minimum(DRAW_UNDER_CAP * cap_fraction) / _soft_minimum(DRAW_UNDER_CAP)


def _soft_minimum(cap: float) -> float:
    return float((cap**-DRAW_SHARPNESS + 1.0) ** (-1.0 / DRAW_SHARPNESS))
