"""Whether a difference may be chance: sign-flip tests, Holm's correction, effect sizes."""

from math import ceil, log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.report.comparison import SIGNIFICANT
from sim.study.statistics.intervals import FEWEST, SEED

_FLIPS: Final = 9999
"""Patterns of signs that are tried: all there are up to 13 seeds, that many at random beyond."""
_BATCH: Final = 2000


def sign_flip_p(differences: NDArray[np.floating]) -> NDArray[np.float64]:
    """Test whether paired differences are as likely positive as negative.

    Parameters
    ----------
    differences : ndarray of float, shape (n_rows, n_seeds)
        Paired differences, one per seed. [any]

    Returns
    -------
    ndarray of float, shape (n_rows,)
        Two-sided p values of each row's mean. [-]

    Notes
    -----
    Fisher's paired randomisation test. The null hypothesis: which of the two policies got which
    of a seed's two values was up to chance. Then each difference could as well have the other sign,
    and the p value is twice the share of sign patterns whose mean is as far out. It is exact up to
    13 seeds, and wants no normal distribution.

    References
    ----------
    .. [1] R. A. Fisher, The Design of Experiments, section 21, 1935.
    """
    from scipy.stats import permutation_test  # slow to load, and needed with several seeds only

    return np.asarray(permutation_test(
        (differences,), np.mean, permutation_type="samples", vectorized=True, axis=-1,
        n_resamples=_FLIPS, rng=np.random.default_rng(SEED), batch=_BATCH,
    ).pvalue)


def holm(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """Correct p values for how many were looked at.

    Parameters
    ----------
    p : ndarray of float, shape (n_tests,)
        P values of one family of tests. [-]

    Returns
    -------
    ndarray of float, shape (n_tests,)
        Adjusted p values: those below 5 % hold together with 95 %. [-]

    References
    ----------
    .. [1] S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure," Scandinavian Journal
       of Statistics 6(2), 1979.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def fewest_seeds(tests: int) -> int:
    """Return how many seeds the sign-flip test needs to find anything.

    Parameters
    ----------
    tests : int
        Tests in the family that Holm's correction is for. [-]

    Returns
    -------
    int
        The least n with ``tests * 2 / 2**n`` below 5 %: all seeds agree, in all tests. [-]

    Notes
    -----
    Of n signs at least two of the ``2**n`` patterns are as extreme as what was seen: itself and its
    mirror image. Six seeds for one test, nine for ten.
    """
    return ceil(log2(2.0 * max(tests, 1) / SIGNIFICANT))


def seeds_caution(seeds: int, policies: int) -> str:
    """Say that there are too few seeds to show a difference.

    Parameters
    ----------
    seeds : int
        Seeds there are. [-]
    policies : int
        Policies, the baseline among them. [-]

    Returns
    -------
    str
        A sentence; empty where there are enough, or nothing is compared.
    """
    tests = policies - 1
    enough = fewest_seeds(tests)
    if tests < 1 or seeds >= enough:
        return ""
    told = "comparison with the baseline" if tests == 1 else "comparisons with the baseline"
    normal = " The intervals take the differences to be normal (Student's t)."
    return (
        f"{seeds} seed{'s' * (seeds > 1)} cannot show that a difference is more than chance: for "
        f"{tests} {told} it takes {enough}.{normal * (1 < seeds < FEWEST)}"
    )


def effect_sizes(differences: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return Cohen's d_z of each row of paired differences.

    Parameters
    ----------
    differences : ndarray of float, shape (n_rows, n_seeds)
        Paired differences, one per seed. [any]

    Returns
    -------
    ndarray of float, shape (n_rows,)
        Mean over standard deviation; NaN with fewer than two seeds, and where all are alike. [-]

    References
    ----------
    .. [1] J. Cohen, Statistical Power Analysis for the Behavioral Sciences, section 2.3.5, 1988.
    """
    if differences.shape[1] < 2:
        return np.full(len(differences), np.nan)
    mean, spread = differences.mean(axis=1), differences.std(axis=1, ddof=1)
    told = spread > 1e-12 * np.abs(differences).max(axis=1)
    return np.where(told, mean / np.where(told, spread, 1.0), np.nan)
