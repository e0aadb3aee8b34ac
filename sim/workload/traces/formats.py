"""Public formats of job traces: which columns say when a job came, ran, and on how many GPUs.

A job that never ran or has not ended has no run time (nan): that is not a fault, such jobs are left
out and counted. Run times are those of the trace, waits are not: waiting is what a policy decides.
"""

import io
import json
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.scenario.schema.trace import TraceFile
from sim.units import HOUR_S, MINUTE_S
from sim.workload.traces.table import Column, Table, has_column, lines_of, read_csv, refuse

_SECONDS: Final = {"s": 1.0, "min": MINUTE_S, "h": HOUR_S}


@dataclass(frozen=True, slots=True)
class RawJobs:
    """Jobs as a trace has them, shape (n_jobs,).

    Attributes
    ----------
    table : Table
        The rows they stand in, with their lines and faults.
    arrival_s : ndarray of float
        Arrival, by the trace's own clock. [s]
    duration_s : ndarray of float
        Run time; nan where the job never ran or has not ended. [s]
    gpus_count : ndarray of float
        Accelerators, or fractions of one; 0 where it wants none. [-]
    status : ndarray of str
        State, as the trace writes it; empty where it has none.
    user : ndarray of str or None
        Who it belongs to; None where the trace does not say.
    dated : bool
        Whether the trace's clock counts from 1970 UTC.
    """

    table: Table
    arrival_s: Column
    duration_s: Column
    gpus_count: Column
    status: NDArray[np.str_]
    dated: bool = False
    user: NDArray[np.str_] | None = None


def _swf(path: Path, spec: TraceFile, folder: Path) -> RawJobs:
    """Read the Standard Workload Format (18 numbers a line); processors are accelerators."""
    line_of, faults, whole = array("q"), {}, io.BytesIO()
    for number, text in lines_of(path):
        fields = 0 if text.startswith(";") else len(text.split())
        if fields == _SWF_FIELDS:
            line_of.append(number)
            whole.write(text.encode())
        elif fields:
            faults[number] = f"has {fields} fields instead of {_SWF_FIELDS}"
    if not line_of and not faults:
        refuse(path, "has no rows.")
    whole.seek(0)
    frame = pd.read_csv(
        whole, sep=r"\s+", header=None, names=range(_SWF_FIELDS), usecols=list(_SWF.values())
    )
    frame.columns = pd.Index(list(_SWF))
    table = Table(path, frame, np.array(line_of, dtype=np.int64), faults)
    run_s = table.numbers("run time")
    allocated = table.numbers("allocated processors")
    requested = table.numbers("requested processors")
    return RawJobs(
        table,
        arrival_s=table.numbers("submit time"),
        duration_s=np.where(run_s < 0.0, np.nan, run_s),
        gpus_count=np.maximum(np.where(allocated > 0.0, allocated, requested), 0.0),
        status=table.text("status"),
        user=table.text("user"),
    )


_SWF_FIELDS: Final = 18
_SWF: Final = {
    "submit time": 1,
    "run time": 3,
    "allocated processors": 4,
    "requested processors": 7,
    "status": 10,
    "user": 11,
}


def _gavel(path: Path, spec: TraceFile, folder: Path) -> RawJobs:
    """Read a Gavel trace: how long its steps take stands in a table of throughputs."""
    names = ["job_type", "command", "steps_argument", "needs_data", "steps", "arrival", "gpus"]
    table = read_csv(
        path, ["job_type", "steps", "arrival", "gpus"], names=names, separator="\t"
    )
    if spec.throughputs is None:
        refuse(path, "counts steps, not time. Name a table of throughputs (job_type, gpus, "
               "steps_per_s) as `throughputs`.")
    speeds = read_csv(folder / spec.throughputs, ["job_type", "gpus", "steps_per_s"])
    rates = speeds.numbers("steps_per_s")
    if speeds.faults or not np.all(rates > 0.0):
        refuse(folder / spec.throughputs, "steps_per_s must be positive numbers in every row.")
    known = dict(zip(zip(speeds.text("job_type"), speeds.numbers("gpus"), strict=True), rates,
                     strict=True))
    gpus = table.numbers("gpus")
    kinds = list(zip(table.text("job_type"), gpus, strict=True))
    if missing := [kind for kind in dict.fromkeys(kinds) if kind not in known]:
        name, count = missing[0]
        refuse(folder / spec.throughputs, f'has no row for "{name}" on {count:g} accelerators '
               f"({len(missing)} kinds of job are missing).")
    per_s = np.array([known[kind] for kind in kinds])
    return RawJobs(
        table,
        arrival_s=table.numbers("arrival"),
        duration_s=table.numbers("steps") / per_s,
        gpus_count=gpus,
        status=np.full(len(gpus), ""),
    )


def _philly(path: Path, spec: TraceFile, folder: Path) -> RawJobs:
    """Read Microsoft's Philly trace (``cluster_job_log``, JSON): all attempts of a job together."""
    try:
        jobs = json.loads("".join(line for _, line in lines_of(path)))
    except (json.JSONDecodeError, RecursionError) as error:
        refuse(path, f"is not the JSON of a Philly trace: {error}")
    if not isinstance(jobs, list) or not all(isinstance(job, Mapping) for job in jobs):
        refuse(path, "is not the JSON of a Philly trace: a list of jobs is expected.")
    frame = pd.DataFrame(
        [
            (job.get("submitted_time"), str(job.get("status", "")), str(job.get("user", "")))
            for job in jobs
        ],
        columns=["submitted_time", "status", "user"],
    )
    table = Table(path, frame, np.arange(1, len(jobs) + 1))
    runs = np.array([_philly_run(job.get("attempts")) for job in jobs], dtype=float)
    return RawJobs(
        table,
        arrival_s=table.stamps_s("submitted_time", "America/Los_Angeles"),
        duration_s=runs[:, 0],
        gpus_count=runs[:, 1],
        status=table.text("status"),
        dated=True,
        user=table.text("user"),
    )


def _philly_run(attempts: Any) -> tuple[float, float]:  # noqa: ANN401 - any JSON
    """Return how long a job held accelerators [s], and how many."""
    try:
        ran = [one for one in attempts if one["start_time"] and one["end_time"]]
        spans = [pd.Timestamp(one["end_time"]) - pd.Timestamp(one["start_time"]) for one in ran]
        held = [sum(len(node["gpus"]) for node in one["detail"]) for one in attempts]
    except (TypeError, KeyError, ValueError):
        return np.nan, 0.0
    total_s = sum(span.total_seconds() for span in spans)
    return (total_s if spans else np.nan), float(max(held, default=0))


def _pai2020(path: Path, spec: TraceFile, folder: Path) -> RawJobs:
    """Read the task table of Alibaba's PAI trace of 2020: no header, plan_gpu in percent."""
    # A task's instances start together: its gang is inst_num times plan_gpu.
    names = ["job_name", "task_name", "inst_num", "status", "start_time", "end_time", "plan_cpu",
             "plan_mem", "plan_gpu", "gpu_type"]
    wanted = ["inst_num", "status", "start_time", "end_time", "plan_gpu"]
    table = read_csv(path, wanted, names=names)
    start_s = table.numbers("start_time")
    per_instance = np.nan_to_num(table.numbers("plan_gpu")) / 100.0
    return RawJobs(
        table,
        arrival_s=np.where(np.isnan(start_s), np.inf, start_s),
        duration_s=table.numbers("end_time") - start_s,
        gpus_count=per_instance * np.nan_to_num(table.numbers("inst_num"), nan=1.0),
        status=table.text("status"),
    )


def _openb(path: Path, spec: TraceFile, folder: Path) -> RawJobs:
    """Read the pods of Alibaba's openb trace of 2023: gpu_milli is the share of each GPU."""
    wanted = ["num_gpu", "gpu_milli", "pod_phase", "creation_time", "deletion_time",
              "scheduled_time"]
    table = read_csv(path, wanted)
    share = np.nan_to_num(table.numbers("gpu_milli"), nan=1000.0) / 1000.0
    return RawJobs(
        table,
        arrival_s=table.numbers("creation_time"),
        duration_s=table.numbers("deletion_time") - table.numbers("scheduled_time"),
        gpus_count=np.nan_to_num(table.numbers("num_gpu")) * share,
        status=table.text("pod_phase"),
    )


def _slurm(zone: str) -> Callable[[Path, TraceFile, Path], RawJobs]:
    """Return a reader of the Slurm records that Helios and Acme publish, with local times."""

    def read(path: Path, spec: TraceFile, folder: Path) -> RawJobs:
        wanted = ["gpu_num", "state", "submit_time", "duration"]
        has_user = has_column(path, "user")
        table = read_csv(path, [*wanted, "user"] if has_user else wanted)
        duration_s = table.numbers("duration")
        return RawJobs(
            table,
            arrival_s=table.stamps_s("submit_time", zone),
            duration_s=duration_s,
            gpus_count=np.nan_to_num(table.numbers("gpu_num")),
            status=table.text("state"),
            dated=True,
            user=table.text("user") if has_user else None,
        )

    return read


def _gaia(path: Path, spec: TraceFile, folder: Path) -> RawJobs:
    """Read a trace of GAIA: arrival_time, length, cpus; each CPU stands for an accelerator."""
    table = read_csv(path, ["arrival_time", "length", "cpus"])
    unit_s = _SECONDS[spec.time_unit]
    cpus = table.numbers("cpus")
    return RawJobs(
        table,
        arrival_s=table.numbers("arrival_time") * unit_s,
        duration_s=table.numbers("length") * unit_s,
        gpus_count=np.nan_to_num(cpus),
        status=np.full(len(cpus), ""),
    )


FORMATS: Final[Mapping[str, Callable[[Path, TraceFile, Path], RawJobs]]] = MappingProxyType(
    {
        "swf": _swf,
        "gavel": _gavel,
        "philly": _philly,
        "pai2020": _pai2020,
        "openb": _openb,
        "helios": _slurm("Asia/Shanghai"),
        "acme": _slurm("Asia/Shanghai"),
        "gaia": _gaia,
    }
)
"""Readers by the format's name; each takes the file, the stream and the scenario's folder."""
