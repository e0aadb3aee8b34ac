"""What could have been reached with perfect information: bounds that no policy can beat."""

from bisect import bisect_left, insort
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import minimum_filter1d

from sim.optimize.coarse import coarse, steps_per_hour
from sim.optimize.horizon import Columns, Horizon, Plan
from sim.optimize.limits import grid_fraction
from sim.optimize.lp import Solver
from sim.optimize.rates import Objective, rates_of
from sim.optimize.replay import Replay
from sim.site import Site


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """The least cost or emissions of a site with a given load.

    Attributes
    ----------
    value : float
        The least that any storage policy could have reached. [USD or kgCO2e]
    unserved_j : float
        Load that the plan leaves unserved. [J]
    plan : Plan
        A schedule that reaches it.
    """

    value: float
    unserved_j: float
    plan: Plan


def storage_bound(
    site: Site,
    facility_w: Columns,
    *,
    objective: Objective = "cost_usd",
    unserved_j: float | None = None,
) -> Bound:
    """Return the least that a storage policy could have reached, had it known all in advance.

    Parameters
    ----------
    site : Site
        The site.
    facility_w : ndarray of float, shape (n_steps,)
        Its load in each step, base load included. [W]
    objective : {'cost_usd', 'carbon_location_kg', 'carbon_marginal_kg'}
        Money, or emissions at the average or the marginal intensity of the grid.
    unserved_j : float or None
        How much load may stay unserved in all, at no cost; None serves what can be served, as
        unserved load then costs `rates.UNSERVED_PER_KWH`. [J]

    Returns
    -------
    Bound
        No more than what any policy reached with the same load that left no more than `unserved_j`
        unserved. Without a battery it is just what the site's load costs.

    Raises
    ------
    ValueError
        If a price or an intensity is unknown, the cost has parts without a bound (see
        `rates.rates_of`), or more load must stay unserved than may.

    Notes
    -----
    A linear program on the run's own steps, from the initial state of charge to any final one. The
    value is proven by its dual, so that the solver's tolerance cannot lift it. The module `program`
    says where it is less strict than settling, so that the bound may be out of reach.
    """
    rates = rates_of(site, objective=objective)
    if unserved_j is not None:
        rates = replace(rates, unserved_per_j=0.0)
    horizon = Horizon(
        net_w=site.solar_w + site.wind_w - facility_w,
        step_s=site.grid.step_s,
        rates=rates,
        connection=site.connection,
        battery=site.battery,
        grid_fraction=grid_fraction(site),
        unserved_limit_j=np.inf if unserved_j is None else unserved_j,
    )
    plan = Solver().solve(horizon)
    left_j = float(plan.unserved_w.sum()) * horizon.step_s
    return Bound(plan.bound - rates.unserved_per_j * left_j, left_j, plan)


@dataclass(frozen=True, slots=True)
class RunBound:
    """The least cost or emissions of all sites with the work of a run.

    Attributes
    ----------
    value : float
        The least that any policy could have reached. [USD or kgCO2e]
    step_s : float
        Length of the steps that were planned. [s]
    classes_count : int
        Classes of work that were planned. [-]
    """

    value: float
    step_s: float
    classes_count: int


def run_bound(replay: Replay, *, objective: Objective = "cost_usd") -> RunBound:
    """Return the least that a policy could have reached with a run's work, all known in advance.

    Parameters
    ----------
    replay : Replay
        The run as a problem to plan.
    objective : {'cost_usd', 'carbon_location_kg', 'carbon_marginal_kg'}
        Money, or emissions at the average or the marginal intensity of the grid.

    Returns
    -------
    RunBound
        No more than what the run reached, or any other that does the same work in the same windows
        and leaves no more load unserved.

    Raises
    ------
    ValueError
        If a price or an intensity is unknown, or the cost has parts without a bound (see
        `rates.rates_of`).

    Notes
    -----
    A linear program as of `storage_bound`, in which the work may be moved. Long runs of short steps
    are planned in hours, which can only lower the bound (see `coarse`).
    """
    grid = replay.sites[0].grid
    count = steps_per_hour(grid.n_steps, grid.step_s)
    value, classes = 0.0, 0
    for group in replay.together():
        horizons = [_horizon(replay, number, objective) for number in group]
        if all(one.battery is None and one.flexible is None for one in horizons):
            # Nothing was to be decided there.
            value += sum(replay.ran.sites[number].reached[objective] for number in group)
            continue
        work = replay.work(group, count)
        value += Solver().solve_all([coarse(one, count) for one in horizons], work).bound
        classes += 0 if work is None else int(work.first.sum())
    return RunBound(value, grid.step_s * count, classes)


def _horizon(replay: Replay, number: int, objective: Objective) -> Horizon:
    """Return what is to be planned at a site; load may stay unserved as far as it did, for free."""
    rates = rates_of(replay.sites[number], objective=objective)
    return replay.horizon(number, replace(rates, unserved_per_j=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class DeferralBounds:
    """The least that one job of constant power could cost, by the step in which it arrives.

    Attributes
    ----------
    no_delay : ndarray of float, shape (n_arrivals,)
        Started at once. [step x unit of the signal]
    contiguous : ndarray of float, shape (n_arrivals,)
        Started when an unbroken run costs least. [step x unit of the signal]
    interruptible : ndarray of float, shape (n_arrivals,)
        Run in whichever steps cost least. [step x unit of the signal]
    """

    no_delay: Columns
    contiguous: Columns
    interruptible: Columns


def deferral_bounds(signal: Columns, *, length_count: int, slack_count: int) -> DeferralBounds:
    """Return what waiting for lower prices or intensities could save a job at most.

    Parameters
    ----------
    signal : ndarray of float, shape (n,)
        Price or carbon intensity in each step. [any]
    length_count : int
        Steps that the job needs. [-]
    slack_count : int
        Steps by which its end may be later than without delay. [-]

    Returns
    -------
    DeferralBounds
        Sums of the signal over the job's steps, for arrivals in steps 0 to n - `length_count`. Near
        the end of the signal the slack ends with it.

    Raises
    ------
    ValueError
        If the job is empty or longer than the signal, or its slack is negative.

    References
    ----------
    .. [1] T. Sukprasert et al., "On the Limitations of Carbon-Aware Temporal and Spatial Workload
       Shifting in the Cloud," EuroSys 2024, doi:10.1145/3627703.3629581.
    """
    if not 1 <= length_count <= len(signal) or slack_count < 0:
        msg = (f"a job of {length_count} steps with a slack of {slack_count} has no bound on a "
               f"signal of {len(signal)}: the length must be 1 to that, the slack not negative.")
        raise ValueError(msg)
    sums = np.lib.stride_tricks.sliding_window_view(signal, length_count).sum(axis=1)
    starts = min(slack_count, len(sums) - 1) + 1
    least = minimum_filter1d(
        np.r_[sums, np.full(starts, np.inf)], starts, origin=-(starts // 2)
    )[: len(sums)]
    chosen = _least_sums(signal.tolist(), length_count, length_count + slack_count)
    return DeferralBounds(sums, least, np.array(chosen))


def _least_sums(signal: list[float], taken: int, width: int) -> list[float]:
    """Return the sum of the least values of each window, kept sorted while it moves."""
    window, sums = sorted(signal[:width]), []
    for first in range(len(signal) - taken + 1):
        sums.append(sum(window[:taken]))
        del window[bisect_left(window, signal[first])]
        if first + width < len(signal):
            insort(window, signal[first + width])
    return sums
