"""What is asked of a service: how many requests in each step, how long prompts and answers are.

Requests that are drawn come around a mean rate that follows the day and the week. How bursty they
are is the coefficient of variation c of the times between them: in any span the count has the
variance c^2 times its mean, as a renewal process has in the long run [1]_. For the fluid model the
count of a step is drawn so (a Poisson count whose mean is gamma-distributed); request by request,
the times between are gamma-distributed on a clock that runs with the rate.

References
----------
.. [1] D. R. Cox, "Renewal Theory," Methuen 1962, chapter 4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.catalog import table
from sim.registry import did_you_mean
from sim.scenario.schema.service import (
    DrawnRequests,
    RateSeries,
    RequestTraceFile,
    Service,
)
from sim.scenario.series.piecewise import read_series
from sim.streams import stream
from sim.units import HOUR_S
from sim.workload.lengths import (
    Lengths,
    binned_lengths,
    drawn_tokens,
    length_specs,
    likely_lengths,
)
from sim.workload.traces.requests import read_requests

Column = NDArray[np.float64]

@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a run.

    Attributes
    ----------
    start : datetime
        First moment, UTC.
    step_s : float
        Length of a step. [s]
    count : int
        Number of steps. [-]
    """

    start: datetime
    step_s: float
    count: int

    @property
    def edges_s(self) -> Column:
        """Edges of the steps, shape (count + 1,). [s]."""
        return np.arange(self.count + 1.0) * self.step_s

    def index(self, time_s: Column) -> NDArray[np.int64]:
        """Return the step that each time lies in; later ones lie in the last. [-]."""
        return np.minimum((time_s / self.step_s).astype(np.int64), self.count - 1)


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests in order of arrival, shape (n_requests,).

    Attributes
    ----------
    arrival_s : ndarray of float
        When it arrives. [s]
    prompt_tokens, output_tokens : ndarray of float
        Lengths of the prompt and of the answer, at least 1. [-]
    """

    arrival_s: Column
    prompt_tokens: Column
    output_tokens: Column

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.arrival_s)


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a service in each step; columns have shape (n_steps,).

    Attributes
    ----------
    steps : Steps
        The steps.
    requests_count : ndarray of float
        Requests that arrive. [-]
    prompt_tokens, output_tokens : ndarray of float
        Their tokens, all together. [-]
    lengths : Lengths
        How long they are over the whole run.
    cluster_ratio : float
        Requests that come at once, in the mean: (c^2 + 1) / 2 gives Poisson clusters of geometric
        size the coefficient of variation c. [-]
    requests : Requests or None
        The requests one by one, where they are known.
    """

    steps: Steps
    requests_count: Column
    prompt_tokens: Column
    output_tokens: Column
    lengths: Lengths
    cluster_ratio: float
    requests: Requests | None

    @property
    def further_tokens(self) -> Column:
        """Tokens written after the first ones, which prefills write, shape (n_steps,). [-]."""
        return self.output_tokens - self.requests_count

    def reading_s(self, prefill_s: Callable[[Column], Column]) -> Column:
        """Return the time that one replica would need for each step's prompts.

        Parameters
        ----------
        prefill_s : callable
            From prompt lengths [-] to times [s].

        Returns
        -------
        ndarray of float, shape (n_steps,)
            Sums over the requests of the step. [s]
        """
        if self.requests is None:
            return self.requests_count * float(np.mean(prefill_s(self.lengths.prompt_tokens)))
        return _per_step(self.steps, self.requests, prefill_s(self.requests.prompt_tokens))


def build_demand(
    spec: Service, steps: Steps, *, folder: Path, seed: int
) -> tuple[Demand, list[str]]:
    """Return what is asked of a service.

    Parameters
    ----------
    spec : Service
        The service.
    steps : Steps
        The run's steps.
    folder : Path
        Folder that its file names are relative to.
    seed : int
        Seed of the random streams. [-]

    Returns
    -------
    tuple
        The demand, and what the user should know about it.

    Raises
    ------
    DataError
        If a file cannot be used.
    ValueError
        If the catalog lacks a name.
    """
    if isinstance(spec.requests, RequestTraceFile):
        requests, notes = _from_trace(spec.requests, steps, folder)
        gaps_s = np.diff(requests.arrival_s)
        seen_cv = float(gaps_s.std() / gaps_s.mean()) if gaps_s.any() else 1.0
        return _counted(steps, requests, seen_cv), notes
    rate_per_s = _rates_per_s(spec.requests, steps, folder)
    burstiness_cv = spec.requests.burstiness_cv

    def draws(purpose: str) -> np.random.Generator:
        """Return the random stream of a purpose."""
        return stream(seed, f"workload/{spec.name}/{purpose}")

    if spec.mode == "requests":
        arrival_s = _arrivals_s(rate_per_s, steps, burstiness_cv, draws("arrivals"))
        prompt, output = length_specs(spec.lengths)
        requests = Requests(
            arrival_s,
            drawn_tokens(prompt, draws("prompts"), len(arrival_s)),
            drawn_tokens(output, draws("outputs"), len(arrival_s)),
        )
        return _counted(steps, requests, burstiness_cv), []
    count = _counts(rate_per_s * steps.step_s, burstiness_cv, draws("requests"))
    lengths = likely_lengths(spec.lengths)
    demand = Demand(
        steps=steps,
        requests_count=count,
        prompt_tokens=count * lengths.prompt_tokens.mean(),
        output_tokens=count * lengths.output_tokens.mean(),
        lengths=lengths,
        cluster_ratio=_cluster_ratio(burstiness_cv),
        requests=None,
    )
    return demand, []


def hourly_ratios(shape: str) -> tuple[Column, Column]:
    """Return a rate over its mean by local hour of workdays and of weekends, each shape (24,).

    Parameters
    ----------
    shape : str
        Name in the catalog's ``request_hours``.

    Returns
    -------
    tuple of ndarray of float
        Ratios; their mean over a week is 1. [-]

    Raises
    ------
    ValueError
        If there is no such shape.
    """
    hours = table("request_hours")
    mine = hours[hours["shape"] == shape]
    if mine.empty:
        msg = f'no day shape "{shape}".{did_you_mean(shape, set(hours["shape"]))}'
        raise ValueError(msg)
    workday, weekend = (mine[f"{day}_ratio"].to_numpy(dtype=float) for day in _DAYS)
    return workday, weekend


_DAYS: Final = ("workday", "weekend")


def _rates_per_s(spec: DrawnRequests | RateSeries, steps: Steps, folder: Path) -> Column:
    """Return the mean rate of each step."""
    if isinstance(spec, RateSeries):
        duration_s = steps.count * steps.step_s
        series = read_series(folder, spec, start=steps.start, duration_s=duration_s)
        return np.asarray(series.mean_over(steps.edges_s))
    if spec.shape is None:
        return np.full(steps.count, spec.requests_per_s)
    workday, weekend = hourly_ratios(spec.shape)
    middle = pd.date_range(
        pd.Timestamp(steps.start) + pd.Timedelta(seconds=steps.step_s / 2.0),
        periods=steps.count,
        freq=pd.Timedelta(seconds=steps.step_s),
    ).tz_convert(spec.timezone)
    week = np.concatenate([np.tile(workday, 5), np.tile(weekend, 2)])
    hour = middle.day_of_week * 24 + middle.hour + middle.minute / 60.0
    # A ratio is that of the middle of its hour; the rate changes steadily between.
    ratio = np.interp(hour, np.arange(168) + 0.5, week, period=168)
    return spec.requests_per_s * np.asarray(ratio)


def _counts(mean_count: Column, burstiness_cv: float, rng: np.random.Generator) -> Column:
    """Draw the number of requests in each step."""
    scale = burstiness_cv**2 - 1.0
    if scale > 0.0:
        mean_count = scale * rng.standard_gamma(mean_count / scale)
    return rng.poisson(mean_count).astype(float)


def _arrivals_s(
    rate_per_s: Column, steps: Steps, burstiness_cv: float, rng: np.random.Generator
) -> Column:
    """Draw the times of requests: a renewal process on a clock that runs with the rate."""
    clock = np.concatenate([[0.0], np.cumsum(rate_per_s * steps.step_s)])
    shape = burstiness_cv**-2
    parts, now = [], 0.0
    while now < clock[-1]:
        gaps = rng.standard_gamma(shape, size=max(1000, int(clock[-1] - now))) / shape
        parts.append(now + np.cumsum(gaps))
        now = float(parts[-1][-1])
    ticks = np.concatenate(parts) if parts else np.empty(0)
    return np.asarray(np.interp(ticks[ticks < clock[-1]], clock, steps.edges_s))


def _from_trace(
    spec: RequestTraceFile, steps: Steps, folder: Path
) -> tuple[Requests, list[str]]:
    """Read the requests of a trace; those after the run's end are left out."""
    trace = read_requests(folder / spec.file, spec.format, drop_bad=spec.bad_rows == "drop")
    arrival_s = trace.arrival_s * spec.time_ratio
    inside = arrival_s < steps.count * steps.step_s
    left_out = {
        "were not answered": trace.failed_count,
        "could not be read": trace.bad_count,
        "arrive after the run's end": int(np.sum(~inside)),
    }
    notes = [
        f"{spec.file}: {count} requests {why} and are left out."
        for why, count in left_out.items()
        if count
    ]
    lasts_h = float(arrival_s[-1]) / HOUR_S
    if arrival_s[-1] < 0.5 * steps.count * steps.step_s:
        notes.append(f"{spec.file}: its requests end {lasts_h:.3g} h after the run's start.")
    prompt, output = trace.prompt_tokens[inside], trace.output_tokens[inside]
    return Requests(arrival_s[inside], np.maximum(prompt, 1.0), output.astype(float)), notes


def _counted(steps: Steps, requests: Requests, burstiness_cv: float) -> Demand:
    """Return the demand that requests known one by one make."""
    return Demand(
        steps=steps,
        requests_count=_per_step(steps, requests, np.ones(len(requests))),
        prompt_tokens=_per_step(steps, requests, requests.prompt_tokens),
        output_tokens=_per_step(steps, requests, requests.output_tokens),
        lengths=Lengths(
            binned_lengths(requests.prompt_tokens), binned_lengths(requests.output_tokens)
        ),
        cluster_ratio=_cluster_ratio(burstiness_cv),
        requests=requests,
    )


def _cluster_ratio(burstiness_cv: float) -> float:
    return max(1.0, (burstiness_cv**2 + 1.0) / 2.0)


def _per_step(steps: Steps, requests: Requests, weight: Column) -> Column:
    return np.bincount(steps.index(requests.arrival_s), weight, minlength=steps.count).astype(float)
