"""How policies fare against the baseline: means, paired differences, who does best."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final

import pandas as pd

from sim.report.comparison import Comparison, Outcome
from sim.report.labels import BOUNDS, HEADLINES, RARE
from sim.study.disk.store import WORK_DONE
from sim.study.statistics.pairs import Difference, differences, known_values
from sim.study.statistics.significance import seeds_caution

_SAME_WORK: Final = 0.01
_QUESTIONS: Final = (
    ("cost_total_usd", "Costs least"),
    ("carbon_operational_location_kg", "Emits least (average intensity)"),
    ("carbon_marginal_kg", "Emits least (marginal intensity)"),
)
_WORK: Final = (
    (WORK_DONE, "accelerator hours completed"),
    ("jobs_completed_count", "jobs completed"),
)


def compared(scenario: str, policies: Sequence[str], runs: pd.DataFrame) -> Comparison:
    """Put policies side by side.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    policies : sequence of str
        Those that ran, the baseline first.
    runs : DataFrame
        One row per run: policy, seed, metrics; the baseline first.

    Returns
    -------
    Comparison
        Means over seeds and paired differences from the baseline.
    """
    found = outcomes(runs)
    return Comparison(
        scenario=scenario,
        policies=tuple(policies),
        seeds=tuple(sorted(map(int, set(runs["seed"])))),
        outcomes=found,
        runs=runs,
        findings=findings(found),
        cautions=cautions(runs),
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
    """Warn where policies got different amounts of work done, and of too few seeds.

    Parameters
    ----------
    runs : DataFrame
        One row per run: policy, seed, metrics.

    Returns
    -------
    tuple of str
        Sentences; none where all did the same within 1 %, and one seed or enough of them ran.
    """
    return tuple(filter(None, (_unequal_work(runs), _few_seeds(runs))))


def _few_seeds(runs: pd.DataFrame) -> str:
    """Say that the seeds are too few; a single one claims nothing."""
    seeds = runs["seed"].nunique()
    return seeds_caution(seeds, runs["policy"].nunique()) if seeds > 1 else ""


def _unequal_work(runs: pd.DataFrame) -> str:
    apart = [text for metric, words in _WORK if (text := _apart(_means(runs, metric), words))]
    if not apart:
        return ""
    return (
        f"The policies did not do the same work: {'; '.join(apart)}. Totals of cost, carbon and "
        "energy do not compare."
    )


def _of_metric(runs: pd.DataFrame, metric: str, better: str) -> dict[str, Outcome]:
    apart = differences(known_values(runs, metric))
    means = _means(runs, metric)
    best = _best(means, better)
    return {
        policy: replace(_outcome(apart.get(policy), better), mean=mean, best=policy in best)
        for policy, mean in means.items()
    }


def _means(runs: pd.DataFrame, metric: str) -> dict[str, float | int | None]:
    """Return the mean of a metric by policy, None where no run has a value."""
    if metric not in runs:
        return dict.fromkeys(map(str, dict.fromkeys(runs["policy"])))
    return {str(policy): _whole(values.dropna().tolist())
            for policy, values in runs.groupby("policy", sort=False)[metric]}


def _outcome(found: Difference | None, better: str) -> Outcome:
    """Write a difference in percent of the baseline's mean."""
    if found is None or found.baseline == 0.0:
        return Outcome(None)
    scale = 100.0 / abs(found.baseline)
    shares = {"low": found.lower_fraction, "high": found.higher_fraction}
    return Outcome(
        None,
        change_percent=found.mean * scale,
        low_percent=None if found.low is None else found.low * scale,
        high_percent=None if found.high is None else found.high * scale,
        p_holm=found.p_holm,
        effect_size=found.effect_size,
        better_fraction=shares.get(better),
    )


def _whole(values: Sequence[float]) -> float | int | None:
    """Return the mean, None of nothing; a count of a single run stays a whole number."""
    if not values:
        return None
    if len(values) == 1 and isinstance(values[0], int):
        return values[0]
    return fmean(values)


def _best(means: Mapping[str, float | int | None], better: str) -> set[str]:
    """Return the policies that no other beats, unless all are alike."""
    known = {policy: mean for policy, mean in means.items() if mean is not None}
    if not better or len(known) < 2:
        return set()
    goal = min(known.values()) if better == "low" else max(known.values())
    tolerance = 1e-9 * max(map(abs, known.values()))
    reached = {policy for policy, mean in known.items() if abs(mean - goal) <= tolerance}
    return reached if len(reached) < len(known) else set()


def _apart(found: Mapping[str, float | int | None], words: str) -> str:
    """Say how far the policies are apart in the work they did, if it is more than a trifle."""
    means = {policy: mean for policy, mean in found.items() if mean is not None}
    if not means or max(means.values()) <= 0.0:
        return ""
    least, most = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    gap = 1.0 - means[least] / means[most]
    if gap <= _SAME_WORK:
        return ""
    return f"{words} differ by {100.0 * gap:.1f} % ({least} least, {most} most)"


def _change(outcome: Outcome) -> str:
    change = f"{outcome.change_text} {outcome.interval_text}".strip()
    return f" ({change})" if change else ""
