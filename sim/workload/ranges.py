"""How ranges combine.

Factors of a product are taken as independent: the logarithms of their spreads add in quadrature,
below and above the middle apart (the law of propagation of uncertainty for products, ISO/IEC Guide
98-3 (GUM), 5.1.6). Terms of a sum mostly share their causes (the same hours, the same overhead), so
their bounds add.
"""

import math
from collections.abc import Iterable

from sim.units import Range


def exact(value: float) -> Range:
    """Return a value that is known, or that the user gave."""
    return Range(value, value, value)


def product(*factors: Range) -> Range:
    """Return the product of independent factors, the same in whatever order they come.

    Parameters
    ----------
    *factors : Range
        Factors, none of them negative.

    Returns
    -------
    Range
        The product of the middles, with bounds as this module says.

    Notes
    -----
    low = mid exp(-sqrt(sum ln(mid_i / low_i)^2)), high likewise. Where a middle is 0 so is the
    product's, and its bounds are the products of the bounds.
    """
    low, mid, high = (math.prod(sorted(bounds)) for bounds in zip(*factors, strict=True))
    if mid == 0.0:
        return Range(low, mid, high)
    below = 0.0 if low == 0.0 else math.exp(-_spread(f.mid / f.low for f in factors))
    return Range(mid * below, mid, mid * math.exp(_spread(f.high / f.mid for f in factors)))


def inverse(divisor: Range) -> Range:
    """Return one over a positive range."""
    return Range(1.0 / divisor.high, 1.0 / divisor.mid, 1.0 / divisor.low)


def total(*terms: Range) -> Range:
    """Return the sum of terms, bounds added."""
    return Range(*(math.fsum(bounds) for bounds in zip(*terms, strict=True)))


def _spread(ratios: Iterable[float]) -> float:
    return math.sqrt(math.fsum(math.log(ratio) ** 2 for ratio in ratios))
