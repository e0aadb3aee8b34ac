"""What happened to one job and why, in plain sentences and a small table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from sim.report.tables import number_table
from sim.units import HOUR_S, MINUTE_S

_FULL: Final = 0.999  # of the most that a job drew: less is not full power
_CHARGED: Final = {
    "cost_usd": "USD",
    "carbon_location_kg": "kgCO2e by the average intensity",
    "carbon_marginal_kg": "kgCO2e by the marginal one",
    "carbon_embodied_kg": "kgCO2e embodied",
}
_NEVER_STARTED: Final = {
    "rejected": "It was turned away: its queue was full.",
    "unpowered": "It was turned away: its site never has the power for so many accelerators.",
}
_ROWS: Final = 20  # stretches that are printed; --json has all


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a job at one power and one size; without accelerators only its data move."""

    site: str
    start_s: float
    end_s: float
    power_it_kw: float
    gpus_count: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity of a job as it ran, and as it would have been had the job started at once."""

    name: str
    label: str
    ran: float | None
    at_once: float | None

    @property
    def change_percent(self) -> float | None:
        """By how much the first is more than the second; None where that has no meaning."""
        if self.ran is None or not self.at_once:
            return None
        return (self.ran / self.at_once - 1.0) * 100.0


@dataclass(frozen=True, slots=True)
class Story:
    """What a run's folder knows of one job.

    Attributes
    ----------
    run : str
        Name of the run's folder.
    scenario, policy : str
        Names.
    start : datetime
        Moment of time 0.
    roles : mapping of str to str
        What fills each role of the policy.
    job : mapping
        The job's row of ``jobs.parquet``; None where there is no value.
    stretches : sequence of Stretch
        What it did, in order of time.
    compared : sequence of Compared
        Against a start as early as possible; empty where nothing can be said.
    forecaster : str
        What made the forecasts of its site; empty where that is not known.
    """

    run: str
    scenario: str
    policy: str
    start: datetime
    roles: Mapping[str, str]
    job: Mapping[str, Any]
    stretches: Sequence[Stretch]
    compared: Sequence[Compared]
    forecaster: str = ""


def story_text(story: Story) -> list[str]:
    """Return a story as sentences.

    Parameters
    ----------
    story : Story
        What is known.

    Returns
    -------
    list of str
        Sentences in order of time.
    """
    job = story.job
    parts = (_arrival, _place, _plan, _queue, _run, _setbacks, _end)
    told = [sentence for part in parts for sentence in part(story)]
    if job["start_s"] is not None:
        charged = [
            f"{job[name]:,.4g} {unit}" for name, unit in _CHARGED.items() if job[name] is not None
        ]
        told.append(
            f"It took {job['energy_it_kwh']:,.4g} kWh, {job['energy_facility_kwh']:,.4g} kWh with "
            f"its share of the facility; the books charge it {', '.join(charged) or 'nothing'}."
        )
    return told


def story_facts(story: Story) -> dict[str, Any]:
    """Return a story as plain data, for JSON.

    Parameters
    ----------
    story : Story
        What is known.

    Returns
    -------
    dict
        The job's row, its stretches, the comparison by quantity, and the sentences.
    """
    return {
        "run": story.run,
        "scenario": story.scenario,
        "policy": story.policy,
        "roles": dict(story.roles),
        "start": story.start.isoformat(),
        "forecaster": story.forecaster or None,
        "job": dict(story.job),
        "stretches": [asdict(stretch) for stretch in story.stretches],
        "compared_with_starting_at_once": {
            one.name: {"ran": one.ran, "at_once": one.at_once, "change_percent": one.change_percent}
            for one in story.compared
        },
        "story": story_text(story),
    }


def print_story(story: Story, console: Console) -> None:
    """Print a story: sentences, stretches where there are several, comparison."""
    console.print(Text(f"Job {story.job['job_id']} of {story.scenario} under {story.policy}\n"))
    for sentence in story_text(story):
        console.print(Text(sentence))
    if len(story.stretches) > 1:
        _print_stretches(story, console)
    if not story.compared:
        return
    console.print()
    table = number_table([""], ["As it ran", "Started at once", "Change"])
    for one in story.compared:
        change = one.change_percent
        table.add_row(
            one.label, _number(one.ran), _number(one.at_once),
            "" if change is None else f"{change:+z.1f} %",
        )
    console.print(table)
    site = story.job.get("home_site") or story.job["site"]
    console.print(Text(
        f"By the grid's price and intensities in each step; at once is at {site} from its earliest "
        "start on, with the same energy. The books also count own sun, battery and demand charges."
    ))


def _print_stretches(story: Story, console: Console) -> None:
    console.print()
    table = number_table(["From", "To", "Site"], ["Accelerators", "IT power (kW)"])
    for one in story.stretches[:_ROWS]:
        table.add_row(
            _moment(story, one.start_s), _moment(story, one.end_s), one.site,
            str(one.gpus_count), f"{one.power_it_kw:,.3g}",
        )
    console.print(table)
    if len(story.stretches) > _ROWS:
        console.print(Text(f"and {len(story.stretches) - _ROWS} more; --json has them all."))


def _arrival(story: Story) -> Iterator[str]:
    job = story.job
    wanted = f"{job['gpus_count']} accelerators" if job["gpus_count"] > 1 else "1 accelerator"
    said = f"It arrived on {_moment(story, job['arrival_s'])} and needed {wanted} for "
    said += _span(job["duration_s"])
    if job["earliest_start_s"] > job["arrival_s"]:
        said += f", not before {_moment(story, job['earliest_start_s'])}"
    due_s = job["deadline_s"]
    yield said + (f", by {_moment(story, due_s)}." if due_s is not None else ", with no deadline.")


def _place(story: Story) -> Iterator[str]:
    job, home = story.job, story.job.get("home_site")
    where = f"{job['site']}, cluster {job['cluster']}"
    policy = story.roles.get("place", "")
    if home is None:
        yield f"It stayed at its home, {where}: no place policy was asked."
    elif home == job["site"]:
        yield f"The place policy {policy} left it at its home, {where}."
    else:
        yield f"The place policy {policy} sent it from its home {home} to {where}."


def _plan(story: Story) -> Iterator[str]:
    job = story.job
    planned_s = job.get("planned_start_s")
    if planned_s is None:
        yield "No shift policy held it back."
        return
    decided_s, issued_s = job["decided_at_s"], job["decided_on_forecast_s"]
    when = "at its arrival"
    if job["decisions_count"] > 1:
        when = f"{job['decisions_count']} times, the last on {_moment(story, decided_s)}"
    wait_s = planned_s - job["arrival_s"]
    to = f"{_moment(story, planned_s)}, {_span(wait_s)} after its arrival"
    said = f"The shift policy {story.roles.get('shift', '')} was asked {when}, and planned it "
    said += "to start at once" if planned_s <= decided_s else f"from {to}"
    if issued_s is None:
        yield said + ", without looking at a forecast."
        return
    by = f" by {story.forecaster}" if story.forecaster else ""
    yield said + f", on the forecast issued on {_moment(story, issued_s)}{by}."


def _ready_s(job: Mapping[str, Any]) -> float:
    """Return from when a job was in the queue for accelerators."""
    earliest_s: float = job["earliest_start_s"]
    planned_s: float | None = job.get("planned_start_s")
    return earliest_s if planned_s is None else max(earliest_s, planned_s)


def _queue(story: Story) -> Iterator[str]:
    job = story.job
    moved = [one for one in story.stretches if one.gpus_count == 0]
    if moved:
        yield f"Its data took {_span(sum(one.end_s - one.start_s for one in moved))} to move there."
    if job["start_s"] is None:
        yield _NEVER_STARTED.get(job["outcome"], "It had not started when the run ended.")
        return
    waited_s = job["start_s"] - _ready_s(job)
    when = _moment(story, job["start_s"])
    if waited_s < 1.0:
        yield f"It started on {when}; it found its accelerators free."
    else:
        yield f"It then waited {_span(waited_s)} for accelerators or data, and started on {when}."


def _run(story: Story) -> Iterator[str]:
    """Tell where a job paused, changed its size, or drew less than its full power."""
    job, held = story.job, [one for one in story.stretches if one.gpus_count > 0]
    if job["suspensions_count"]:
        paused_s = sum(max(0.0, after.start_s - one.end_s) for one, after in pairwise(held))
        times = _times(job["suspensions_count"])
        yield f"It was suspended {times} and stood still for {_span(paused_s)}."
    if job.get("migrations_count"):
        yield f"It moved to another site {_times(job['migrations_count'])} while it ran."
    sizes = {one.gpus_count for one in held}
    if len(sizes) > 1:
        yield f"It ran on {min(sizes)} to {max(sizes)} accelerators."
    each = [(one.power_it_kw / one.gpus_count, one.end_s - one.start_s) for one in held]
    most_kw = max((power_kw for power_kw, _ in each), default=0.0)
    less = [(power_kw, span_s) for power_kw, span_s in each if power_kw < _FULL * most_kw]
    if less:
        lowest = min(power_kw for power_kw, _ in less) / most_kw
        yield (
            f"For {_span(sum(span_s for _, span_s in less))} an accelerator of it drew less than "
            f"at other times, down to {lowest:.0%}: a power cap, or a restart."
        )
    elif len(held) == 1 and job["end_s"] is not None:
        ran_s = job["end_s"] - job["start_s"]
        if ran_s > job["duration_s"] * (1.0 + 1e-6):
            yield f"It ran under a power cap, for {_span(ran_s)} in all."


def _setbacks(story: Story) -> Iterator[str]:
    job = story.job
    if job["failures_count"]:
        yield f"It failed {_times(job['failures_count'])}."
    if job["lost_s"]:
        yield f"It did {_span(job['lost_s'])} of work again."


def _end(story: Story) -> Iterator[str]:
    job = story.job
    if job["end_s"] is None:
        if job["start_s"] is not None:
            yield "It had not ended when the run did."
        return
    said = f"It ended on {_moment(story, job['end_s'])}, "
    said += f"{_span(job['end_s'] - job['arrival_s'])} after its arrival"
    if job["deadline_s"] is None:
        yield said + "."
        return
    spare_s = job["deadline_s"] - job["end_s"]
    if spare_s >= -1e-6:
        yield f"{said}, and kept its deadline with {_span(max(0.0, spare_s))} to spare."
    else:
        yield f"{said}, and missed its deadline by {_span(-spare_s)}."


def _moment(story: Story, time_s: float) -> str:
    return f"{story.start + timedelta(seconds=time_s):%Y-%m-%d %H:%M} UTC"


def _span(span_s: float) -> str:
    if span_s < 2 * MINUTE_S:
        return f"{span_s:.0f} s"
    if span_s < 2 * HOUR_S:
        return f"{span_s / MINUTE_S:.0f} min"
    return f"{span_s / HOUR_S:.1f} h"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"
