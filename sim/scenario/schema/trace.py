"""Fields of a stream of jobs from a public trace format."""

from typing import Literal

from sim.scenario.schema.fields import Slug, item, number
from sim.scenario.schema.standing import Standing

JobFormat = Literal["swf", "gavel", "philly", "pai2020", "openb", "helios", "acme", "gaia"]
"""Formats of job traces that can be read."""


class TraceFile(Standing):
    """Jobs from a public trace; what is filtered out or scaled is said and counted."""

    type: Literal["trace"] = item("Kind of workload.")
    name: Slug = item("Name in the outputs.", default="trace")
    file: str = item("The trace (may be .gz), relative to the scenario file.", min_length=1)
    format: JobFormat = item(
        "Its format: Standard Workload Format, Gavel, Microsoft Philly (JSON), Alibaba PAI 2020 "
        "(task table), Alibaba openb 2023 (pods), SenseTime Helios, Shanghai AI Lab Acme, or GAIA."
    )
    time_unit: Literal["s", "min", "h"] = item(
        "Unit of a GAIA trace's times; the other formats have theirs.", default="s"
    )
    throughputs: str | None = item(
        "CSV file with job_type, gpus, steps_per_s, without which a Gavel trace has no run times.",
        default=None,
    )
    site: Slug | None = item(
        "Home site; null means the first site with a data center.", default=None
    )
    cluster: Slug | None = item(
        "Cluster at the home site; null means the first that is large enough.", default=None
    )
    origin: Literal["trace", "first-arrival"] = item(
        "What falls on the run's start: time 0 of the trace (or its own dates), or its first "
        "arrival after from_h.",
        default="trace",
    )
    from_h: float = number(
        "Jobs that arrive earlier in the trace, counted from its first arrival, are left out.",
        unit="h", default=0.0, ge=0,
    )
    to_h: float | None = number(
        "Jobs that arrive from here on are left out; null: no limit.",
        unit="h", default=None, gt=0,
    )
    min_duration_h: float = number(
        "Jobs that ran for less, by the trace, are left out.", unit="h", default=0.0, ge=0
    )
    max_duration_h: float | None = number(
        "Jobs that ran for this long or longer are left out; null: no limit.",
        unit="h", default=None, gt=0,
    )
    statuses: tuple[str, ...] = item(
        "Only jobs with one of these states, as the trace writes them; empty: all.", default=()
    )
    bad_rows: Literal["refuse", "drop"] = item(
        "A row that cannot be read stops everything, or is left out, with its line, and counted.",
        default="refuse",
    )
    unsorted: Literal["refuse", "sort"] = item(
        "What to do with a trace that is not in order of arrival.", default="refuse"
    )
    too_large: Literal["refuse", "drop", "shrink"] = item(
        "What to do with gangs that no cluster can hold.", default="refuse"
    )
    time_ratio: float = number(
        "Times between arrivals are multiplied by this; run times stay.",
        unit="-", default=1.0, gt=0,
    )
    duration_ratio: float = number(
        "Run times are multiplied by this, as on faster or slower accelerators.",
        unit="-", default=1.0, gt=0,
    )
    load_ratio: float = number(
        "Share of the jobs that is kept, drawn at random with the run's seed.",
        unit="-", default=1.0, gt=0, le=1,
    )
    gpus_ratio: float = number(
        "Gang sizes are multiplied by this and rounded up to whole accelerators.",
        unit="-", default=1.0, gt=0,
    )
    truncate_s: float | None = number(
        "Arrivals and run times are cut down to whole multiples of this, as some simulators do.",
        unit="s", default=None, gt=0,
    )
    slack_h: float | None = number(
        "Slack of the deadlines; null means no deadline.", unit="h", default=None, ge=0
    )
    max_wait_h: float | None = number(
        "Longest time for which a policy may put a job off, deadline or not; null: no limit.",
        unit="h", default=None, ge=0,
    )
    power_per_gpu_w: float | None = number(
        "IT power of a job per accelerator; null means by the accelerator's TDP.",
        unit="W", default=None, ge=0,
    )
    interruptible: bool = item("Whether a job may be suspended and resumed.", default=False)
    checkpoint_min: float = number(
        "Work between two checkpoints: what a job may lose when it has to make way; 0 loses "
        "nothing.",
        unit="min", default=0.0, ge=0,
    )
    duration_known: bool = item(
        "Whether policies see a job's own duration, or only the mean of all.", default=True
    )
