"""Designs of a study: which values of its axes go together."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from sim.scenario.schema.sweep import Design, Sweep, SweepAxis
from sim.scenario.sweep.field_paths import ScalarField

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Unit = NDArray[np.float64]

Scalar = bool | int | float | str
"""A value of an axis."""

SAMPLED: Final = frozenset({"latin-hypercube", "sobol", "sobol-indices"})
"""Designs that draw samples."""

POWERS_OF_TWO: Final = frozenset({"sobol", "sobol-indices"})
"""Designs whose sequence is balanced only at powers of two."""

_DIGITS: Final = 6  # of a sampled value: enough to fill the space, and still readable


def listed_values(axis: SweepAxis, field: ScalarField, design: Design) -> tuple[Scalar, ...]:
    """Return the values of an axis.

    Parameters
    ----------
    axis : SweepAxis
        The axis, without mistakes.
    field : ScalarField
        Its field.
    design : str
        The design.

    Returns
    -------
    tuple of (bool, int, float or str)
        Those it lists; or those its range makes; or, where no count says how many, its two ends.
    """
    if axis.values is not None:
        return tuple(map(plain, axis.values))
    least, most = _ends(axis)
    if axis.count is None or design in SAMPLED or design == "one-at-a-time":
        return plain(least), plain(most)
    fractions = [step / (axis.count - 1) for step in range(axis.count)]
    inner = [_between(least, most, share, axis.spacing) for share in fractions[1:-1]]
    fitted = [round(value) if field.takes_whole_only else float(f"{value:.12g}") for value in inner]
    return tuple(map(plain, (least, *fitted, most)))


def count_points(sweep: Sweep) -> int:
    """Return how many points a design has in one scenario, at most."""
    counts = [len(axis.values) if axis.values else (axis.count or 2) for axis in sweep.axes]
    match sweep.combine:
        case "grid":
            return math.prod(counts)
        case "zip":
            return max(counts)
        case "one-at-a-time":
            return 1 + sum(counts)
        case "sobol-indices":
            return (sweep.samples or 1) * (len(counts) + 2)
    return sweep.samples or 1


def combinations(
    sweep: Sweep, fields: Sequence[ScalarField], base: Sequence[Scalar | None]
) -> Iterator[tuple[Scalar, ...]]:
    """Yield the points of a design, each as one value for every axis.

    Parameters
    ----------
    sweep : Sweep
        The sweep, without mistakes.
    fields : sequence of ScalarField
        Field of each axis.
    base : sequence of (bool, int, float, str or None)
        Value that the scenario itself has for each; for one-at-a-time.

    Yields
    ------
    tuple of (bool, int, float or str)
        Points in the order of the design. sobol-indices: with N samples of k axes, first the N
        rows of A, then the N of B, then for each axis in turn the N of A with that axis' column
        from B; reshaped to (k + 2, N) that is f_A, f_B and f_AB of `scipy.stats.sobol_indices`.
    """
    axes = sweep.axes
    if sweep.combine in SAMPLED:
        for row in _samples(sweep):
            yield tuple(map(_drawn, axes, fields, row.tolist()))
        return
    values = [listed_values(axis, field, sweep.combine)
              for axis, field in zip(axes, fields, strict=True)]
    if sweep.combine == "grid":
        yield from product(*values)
    elif sweep.combine == "zip":
        yield from zip(*values, strict=True)
    else:
        yield from _one_at_a_time(values, [value for value in base if value is not None])


def plain(value: float | str) -> Scalar:
    """Write a whole number as one, so that a field of whole numbers takes it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _one_at_a_time(
    values: Sequence[Sequence[Scalar]], base: Sequence[Scalar]
) -> Iterator[tuple[Scalar, ...]]:
    yield tuple(base)
    for place, of_axis in enumerate(values):
        texts = any(isinstance(value, (str, bool)) for value in of_axis)
        ends = of_axis if texts else (min(of_axis), max(of_axis))
        for value in dict.fromkeys(ends):
            if value != base[place]:
                yield (*base[:place], value, *base[place + 1 :])


def _samples(sweep: Sweep) -> "Unit":
    """Draw points of the unit cube, one a row."""
    import numpy as np
    from scipy.stats import qmc

    axes, samples = len(sweep.axes), sweep.samples or 1
    if sweep.combine == "latin-hypercube":
        return _of(qmc.LatinHypercube(axes, seed=sweep.seed), samples)
    if sweep.combine == "sobol":
        return _of(qmc.Sobol(axes, seed=sweep.seed), samples)
    # A and B are the halves of one sequence (Saltelli et al. 2010, section 5)
    both = _of(qmc.Sobol(2 * axes, seed=sweep.seed, bits=64), samples)
    a, b = both[:, :axes], both[:, axes:]
    mixed = [np.where(np.arange(axes) == axis, b, a) for axis in range(axes)]
    return np.vstack([a, b, *mixed])


def _of(engine: Any, samples: int) -> "Unit":  # noqa: ANN401 - scipy ships no types
    drawn: Unit = engine.random(samples)
    return drawn


def _drawn(axis: SweepAxis, field: ScalarField, share: float) -> Scalar:
    """Turn a number of 0..1 into a value of an axis."""
    if axis.values is not None:
        return plain(axis.values[min(int(share * len(axis.values)), len(axis.values) - 1)])
    least, most = _ends(axis)
    value: float
    if field.takes_whole_only:
        least, most = float(math.ceil(least)), float(math.floor(most))
        half = 0.5 if axis.spacing == "linear" else 0.0  # so that the ends are as likely as others
        value = round(_between(least - half, most + half, share, axis.spacing))
    else:
        value = float(f"{_between(least, most, share, axis.spacing):.{_DIGITS}g}")
    return plain(min(max(value, least), most))


def _between(least: float, most: float, share: float, spacing: str) -> float:
    if spacing == "log":
        return float(least * (most / least) ** share)
    return least + (most - least) * share


def _ends(axis: SweepAxis) -> tuple[float, float]:
    least, most = axis.least, axis.to
    if least is None or most is None:
        msg = f"{axis.path}: an axis has values, or from and to"
        raise ValueError(msg)
    return least, most
