"""What power and storage policies answer, checked before the engine does it."""

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from operator import index
from typing import Final, NoReturn

from sim.energy.dispatch import FOLLOW, Act, HoldImport, KeepReserve, Setpoint
from sim.engine.cluster import Place
from sim.engine.model_runs import ModelRuns
from sim.engine.runs import Runs
from sim.errors import PolicyError
from sim.policy.controls import Controls, JobControls, ServiceState

UNCONTROLLED: Final = Controls(cap_fraction=1.0)
"""What holds where a power policy wants nothing."""


def checked_controls(
    answer: object, place: Place, runs: Runs, *, where: Callable[[], str]
) -> Controls:
    """Return a power policy's answer in full; refuse one that breaks the contract.

    Parameters
    ----------
    answer : object
        What it answered: a cap, None, or Controls.
    place : Place
        The site.
    runs : Runs
        Jobs on their accelerators.
    where : callable
        Returns policy and time, for messages.

    Returns
    -------
    Controls
        The answer, with a cap of 1 where there is none.

    Raises
    ------
    PolicyError
        If it is not as it must be.
    """
    if answer is None:
        return UNCONTROLLED
    at = f"{where()}, site {place.name}: power"
    given = answer if isinstance(answer, Controls) else Controls(answer)  # type: ignore[arg-type]  # whatever it is, it is checked
    cap, lowest = given.cap_fraction, place.lowest_cap_fraction
    cap = 1.0 if cap is None else cap
    if not (_is_number(cap) and lowest <= cap <= 1.0):
        _refuse(
            at, given.cap_fraction, f"None or a cap over TDP from {lowest:g} to 1, or Controls"
        )
    if not (_is_number(given.import_w) and given.import_w >= 0.0):
        _refuse(at, given.import_w, "for the import, a power [W] of 0 or more")
    sizes = None if given.sizes is None else _sizes(at, given.sizes, place, runs)
    replicas = _replicas(at, given.replicas, place.services)
    return Controls(float(cap), float(given.import_w), sizes, replicas)


def checked_job(answer: object, policy: str, job: int) -> JobControls:
    """Return what a power policy answered for a job; refuse what breaks the contract.

    Parameters
    ----------
    answer : object
        JobControls, or None for nothing.
    policy : str
        Name of the policy, for messages.
    job : int
        Job id. [-]

    Returns
    -------
    JobControls
        The answer.

    Raises
    ------
    PolicyError
        If it is not as it must be.
    """
    at = f"policy {policy}: at_arrival of power for job {job}"
    if answer is None:
        return JobControls()
    if not isinstance(answer, JobControls):
        _refuse(at, answer, "JobControls or None")
    if not (_is_number(answer.cap_fraction) and 0.0 < answer.cap_fraction <= 1.0):
        _refuse(at, answer.cap_fraction, "for the cap, over TDP, above 0 and at most 1")
    return answer


def checked_setpoint(answer: Setpoint, site: str, *, where: Callable[[], str]) -> Setpoint:
    """Return a storage policy's answer; refuse one that breaks the contract.

    Parameters
    ----------
    answer : object
        What it answered.
    site : str
        Name of the site.
    where : callable
        Returns policy and time, for messages.

    Returns
    -------
    Setpoint
        The answer.

    Raises
    ------
    PolicyError
        If it is not as it must be.
    """
    act = answer.act if isinstance(answer, KeepReserve) else answer
    checked = _checked_act(act)
    keeps = not isinstance(answer, KeepReserve) or (
        _is_number(answer.reserve_j) and 0.0 <= answer.reserve_j < math.inf
    )
    if checked is None or not keeps:
        _refuse(
            f"{where()}, site {site}: storage",
            answer,
            '"follow", (charge_w, discharge_w), neither negative, one of them 0, '
            "HoldImport(import_w, charge_w, discharge_w), one of the last two 0, "
            "or KeepReserve(reserve_j, one of these)",
        )
    if isinstance(answer, KeepReserve):
        return KeepReserve(float(answer.reserve_j), checked)
    return checked


def _checked_act(act: Act) -> Act | None:
    """Return what a battery can be asked to do; None where it can not."""
    if isinstance(act, str) and act == FOLLOW:
        return FOLLOW
    if isinstance(act, HoldImport):
        powers_w = act.import_w, act.charge_w, act.discharge_w
        valid = min(powers_w) >= 0.0 and (act.charge_w == 0.0 or act.discharge_w == 0.0)
        return act if valid else None
    try:
        charge_w, discharge_w = act
        valid = charge_w >= 0.0 and discharge_w >= 0.0 and charge_w * discharge_w == 0.0
    except (TypeError, ValueError):
        return None
    return (float(charge_w), float(discharge_w)) if valid else None


def give_size(runs: Runs, job: int, gpus_count: int, *, policy: str) -> None:
    """Let an elastic job start with some accelerators.

    Parameters
    ----------
    runs : Runs
        Jobs on their accelerators.
    job : int
        Job id. [-]
    gpus_count : int
        Accelerators; 0 for none yet. [-]
    policy : str
        Name of the policy, for messages.

    Raises
    ------
    PolicyError
        If the job cannot have that size.
    """
    size = _checked_size(f"policy {policy}: at_arrival of power", job, gpus_count, runs)
    if isinstance(runs, ModelRuns):
        runs.first_gpus[job] = size


def _sizes(at: str, sizes: Mapping[int, int], place: Place, runs: Runs) -> Mapping[int, int]:
    """Return sizes of jobs, without those that have ended."""
    if not isinstance(sizes, Mapping):
        _refuse(at, sizes, "for the sizes, a mapping of job ids to accelerators")
    checked: dict[int, int] = {}
    for key, size in sizes.items():
        job = whole(key)
        if job is None or not 0 <= job < len(runs.gpus):
            _refuse(at, key, "for the sizes, ids of jobs that have arrived")
        if runs.site_of(job) != place.index:
            _refuse(at, job, f"for the sizes, ids of jobs that are at {place.name}")
        if not runs.has_ended(job):
            checked[job] = _checked_size(at, job, size, runs)
    return checked


def _checked_size(at: str, job: int, size: object, runs: Runs) -> int:
    elastic = runs.powers.profile(job).elastic
    if elastic is None:
        _refuse(at, size, f"no size for job {job}, which is not elastic")
    gpus = whole(size)
    if gpus is None or not (gpus == 0 or elastic.least <= gpus <= elastic.most):
        wanted = f"for job {job} 0 or from {elastic.least} to {elastic.most} accelerators"
        _refuse(at, size, wanted)
    return gpus


def _replicas(
    at: str, replicas: Mapping[str, int], services: Sequence[ServiceState]
) -> Mapping[str, int]:
    bounds = {service.name: service.bounds for service in services}
    if not isinstance(replicas, Mapping):
        _refuse(at, replicas, "for replicas, a mapping of services to numbers")
    for name, count in replicas.items():
        if name not in bounds:
            names = ", ".join(bounds) or "none"
            _refuse(at, name, f"for replicas, a service of the site: {names}")
        least, most = bounds[name]
        if whole(count) is None or not least <= count <= most:
            _refuse(at, count, f"for replicas of {name}, from {least} to {most}")
    return {name: int(count) for name, count in replicas.items()}


def whole(value: object) -> int | None:
    """Return a whole number of any kind as int; None if it is none.

    Parameters
    ----------
    value : object
        What somebody answered.

    Returns
    -------
    int or None
        The number. [-]
    """
    try:
        return None if isinstance(value, bool) else index(value)  # type: ignore[arg-type]  # if it is no number, it is refused
    except TypeError:
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(value)


def _refuse(at: str, answer: object, wanted: str) -> NoReturn:
    msg = f"{at} answered {answer!r:.200}; it must be {wanted}."
    raise PolicyError(msg)
