"""How policies fare against the baseline: means, paired differences, who does best."""

from collections.abc import Mapping
from dataclasses import replace
from math import sqrt
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from sim.report.comparison import Outcome
from sim.report.labels import BOUNDS, HEADLINES, RARE, percent

WORK_DONE: Final = "work_done_gpu_h"
"""Column with the accelerator time of completed jobs at full speed; caps do not change it."""

_SAME_WORK: Final = 0.01
_CONFIDENCE: Final = 0.95
_QUESTIONS: Final = (
    ("cost_total_usd", "Costs least"),
    ("carbon_operational_location_kg", "Emits least (average intensity)"),
    ("carbon_marginal_kg", "Emits least (marginal intensity)"),
)
_WORK: Final = (
    (WORK_DONE, "accelerator hours completed"),
    ("jobs_completed_count", "jobs completed"),
)


def outcomes(runs: pd.DataFrame) -> dict[str, dict[str, Outcome]]:
    """Compare every policy with the first.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, metrics; the baseline first.

    Returns
    -------
    dict
        Outcome by headline metric, then by policy.
    """
    told = [metric for metric in RARE if runs.get(metric.name, pd.Series()).notna().any()]
    metrics = (*HEADLINES, *told, *(metric for metric in BOUNDS if metric.name in runs))
    return {metric.name: _of_metric(runs, metric.name, metric.better) for metric in metrics}


def findings(found: Mapping[str, Mapping[str, Outcome]]) -> tuple[str, ...]:
    """Say which policy costs and which emits least.

    Parameters
    ----------
    found : mapping
        Outcome by metric, then by policy.

    Returns
    -------
    tuple of str
        Sentences; none where all policies are alike.
    """
    best = {words: [f"{policy}{_change(one)}" for policy, one in found[metric].items() if one.best]
            for metric, words in _QUESTIONS}
    return tuple(f"{words}: {', '.join(names)}." for words, names in best.items() if names)


def cautions(runs: pd.DataFrame) -> tuple[str, ...]:
    """Warn where policies got different amounts of work done.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, metrics.

    Returns
    -------
    tuple of str
        Sentences; none where all did the same within 1 %.
    """
    apart = [text for metric, words in _WORK if (text := _apart(_by_policy(runs, metric), words))]
    if not apart:
        return ()
    return (
        f"The policies did not do the same work: {'; '.join(apart)}. Totals of cost, carbon and "
        "energy do not compare.",
    )


def _by_policy(runs: pd.DataFrame, metric: str) -> "dict[str, pd.Series[float]]":
    """Give a metric's known values by policy, then by seed."""
    if metric not in runs:
        return {str(policy): pd.Series(dtype=float) for policy in dict.fromkeys(runs["policy"])}
    return {
        str(policy): pd.to_numeric(group.set_index("seed")[metric]).dropna()
        for policy, group in runs.groupby("policy", sort=False)
    }


def _of_metric(runs: pd.DataFrame, metric: str, better: str) -> dict[str, Outcome]:
    values = _by_policy(runs, metric)
    baseline = next(iter(values.values()))
    found = {policy: _outcome(series, baseline) for policy, series in values.items()}
    best = _best({policy: one.mean for policy, one in found.items()}, better)
    return {policy: replace(one, best=policy in best) for policy, one in found.items()}


def _outcome(values: "pd.Series[float]", baseline: "pd.Series[float]") -> Outcome:
    """Compare one policy's values with the baseline's, seed by seed."""
    if values.empty:
        return Outcome(None)
    mean = _whole(values)
    base = values.index.intersection(baseline.index)
    reference = baseline.loc[base].mean() if len(base) else 0.0
    if values is baseline or reference == 0.0:
        return Outcome(mean)
    change = (values.loc[base] - baseline.loc[base]).to_numpy(dtype=float)
    scale = 100.0 / abs(float(reference))
    half_width = _half_width(change)
    return Outcome(
        mean, float(change.mean()) * scale, None if half_width is None else half_width * scale
    )


def _whole(values: "pd.Series[float]") -> float | int:
    """Return the mean; a count of a single run stays a whole number."""
    if len(values) == 1 and pd.api.types.is_integer_dtype(values.dtype):
        return int(values.iloc[0])
    return float(values.mean())


def _half_width(change: NDArray[np.floating]) -> float | None:
    """Return half the width of the confidence interval of a mean, by Student's t."""
    count = len(change)
    if count < 2:
        return None
    quantile = stdtrit(count - 1, 0.5 + _CONFIDENCE / 2)  # of scipy.stats.t, which loads slowly
    return float(quantile * change.std(ddof=1) / sqrt(count))


def _best(means: Mapping[str, float | int | None], better: str) -> set[str]:
    """Return the policies that no other beats, unless all are alike."""
    known = {policy: mean for policy, mean in means.items() if mean is not None}
    if not better or len(known) < 2:
        return set()
    goal = min(known.values()) if better == "low" else max(known.values())
    tolerance = 1e-9 * max(map(abs, known.values()))
    reached = {policy for policy, mean in known.items() if abs(mean - goal) <= tolerance}
    return reached if len(reached) < len(known) else set()


def _apart(values: "Mapping[str, pd.Series[float]]", words: str) -> str:
    """Say how far the policies are apart in the work they did, if it is more than a trifle."""
    means = {policy: float(one.mean()) for policy, one in values.items() if len(one)}
    if not means or max(means.values()) <= 0.0:
        return ""
    least, most = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    gap = 1.0 - means[least] / means[most]
    if gap <= _SAME_WORK:
        return ""
    return f"{words} differ by {100.0 * gap:.1f} % ({least} least, {most} most)"


def _change(outcome: Outcome) -> str:
    change = percent(outcome.change_percent, outcome.half_width_percent)
    return f" ({change})" if change else ""
