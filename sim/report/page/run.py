"""The page of one run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sim.ledger.result import Run
from sim.report.labels import KEY_METRICS, decimals, written
from sim.report.page.origin import run_command
from sim.report.page.parts import Column, Origin, Table, pictures
from sim.report.page.render import render
from sim.report.page.scenario import description, site_facts
from sim.report.page.timelines import run_timelines

_SECTIONS: Final = (
    ("question", "Question"), ("setup", "Set-up"), ("answer", "Answer"), ("figures", "Figures"),
)
_FILES: Final = (
    ("metrics.json", "every metric"),
    ("steps.parquet", "one row per site and step"),
    ("jobs.parquet", "one row per job"),
    ("scenario.yaml", "the scenario with every default written out"),
    ("manifest.json", "versions, hashes, time and memory used"),
)
_SERVICES: Final = ("services.parquet", "one row per service and step")


def run_page(run: Run, figures: Sequence[Path] = (), *, scenario_yaml: str = "") -> str:
    """Return the page of one run.

    Parameters
    ----------
    run : Run
        A finished run, its `info` the manifest.
    figures : sequence of Path
        Figure files, PNG or SVG, which become part of the page.
    scenario_yaml : str
        The scenario with every default written out; empty where it is not known.

    Returns
    -------
    str
        HTML; the same for the same run.
    """
    rows = {
        heading: [(metric.title, _written(run.metrics[metric.name])) for metric in metrics
                  if run.metrics.get(metric.name) is not None]
        for heading, metrics in KEY_METRICS.items()
    }
    timelines = run_timelines(run)
    later = (("timelines", "Timelines"), ("metrics", "Metrics"), ("data", "Data"))
    return render(
        "run.html.jinja",
        {
            "run": run,
            "question": description(scenario_yaml),
            "facts": [*_facts(run), *site_facts(scenario_yaml)],
            "groups": {heading: found for heading, found in rows.items() if found},
            "pictures": pictures(figures),
            "warnings": run.info.get("warnings", []),
            "files": [*_FILES, _SERVICES] if len(run.services) else _FILES,
        },
        origin=Origin(run.info, scenario_yaml, run_command(run.policy, run.seed)),
        sections=(*_SECTIONS, *(later if timelines else later[1:])),
        tables={"every": _every(run)},
        timelines=timelines,
    )


def _every(run: Run) -> Table:
    """All metrics, at full precision."""
    told = "Every metric of metrics.json; - where one has no meaning here."
    return Table(told, (Column("Metric"), Column("Value")), tuple(sorted(run.metrics.items())))


def _written(value: float | int | None) -> str:
    return written(value, decimals([value]))


def _facts(run: Run) -> list[tuple[str, str]]:
    """Tell what ran; nothing that changes from one time to the next, so that the page does not."""
    info = run.info
    return [
        ("Scenario", run.scenario_name),
        ("Policy", run.policy),
        ("Seed", str(run.seed)),
        ("Start", str(info["start"])),
        ("Length", f"{info['duration_h']:g} h in steps of {info['step_min']:g} min"),
        ("Sites", ", ".join(map(str, run.steps["site"].unique()))),
        ("Jobs", f"{len(run.jobs):,}"),
        *_of_study(info),
        *_services(run),
    ]


def _of_study(info: dict[str, Any]) -> list[tuple[str, str]]:
    axes = [(f"Axis {name}", str(value)) for name, value in (info.get("axes") or {}).items()]
    return [("Variant", str(info["variant"])), *axes] if info.get("variant") else axes


def _services(run: Run) -> list[tuple[str, str]]:
    if not len(run.services):
        return []
    return [("Services", ", ".join(map(str, run.services["service"].unique())))]
