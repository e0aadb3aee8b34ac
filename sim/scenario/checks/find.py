"""Check what the schema cannot say: how the fields of a scenario fit together.

Every check looks at one thing and stands on its own: where a scenario has broken fields, a check
that meets one of them falls silent, and all others still speak.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from sim.scenario.checks.data import file_mistakes, series_mistakes
from sim.scenario.checks.datacenter import datacenter_mistakes
from sim.scenario.checks.forecast import forecast_mistakes
from sim.scenario.checks.model_jobs import model_job_mistakes
from sim.scenario.checks.partial import settled
from sim.scenario.checks.policy import policy_mistakes
from sim.scenario.checks.resilience import resilience_mistakes
from sim.scenario.checks.service import service_mistakes
from sim.scenario.checks.site import site_mistakes
from sim.scenario.checks.tariff import tariff_mistakes
from sim.scenario.checks.weather import weather_mistakes
from sim.scenario.checks.workload import workload_mistakes
from sim.scenario.positions import FieldPath, Finding, repeated
from sim.scenario.schema.scenario import Scenario
from sim.units import HOUR_S, MINUTE_S

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100
"""Runs must start between these: dates far beyond do not fit 64-bit nanoseconds."""

MAX_SEED: Final = 2**63 - 1


def find_mistakes(scenario: Scenario, tree: Mapping[str, object], folder: Path) -> list[Finding]:
    """Find the mistakes that the schema alone cannot see.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.
    tree : mapping
        Its raw values.
    folder : Path
        Folder that its file names are relative to.

    Returns
    -------
    list of Finding
        The mistakes, in no particular order.
    """
    found = [finding for check in _CHECKS for finding in settled(check(scenario))]
    found += site_mistakes(scenario)
    found += datacenter_mistakes(scenario, folder)
    found += tariff_mistakes(scenario)
    found += settled(resilience_mistakes(scenario))
    found += weather_mistakes(scenario)
    found += workload_mistakes(scenario)
    found += model_job_mistakes(scenario, folder)
    found += service_mistakes(scenario, folder)
    found += policy_mistakes(scenario, folder)
    found += forecast_mistakes(scenario, folder)
    found += file_mistakes(tree, folder)
    found += series_mistakes(scenario, folder)
    return found


def _start(scenario: Scenario) -> Iterator[Finding]:
    start, step_min = scenario.start, scenario.step_min
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        yield Finding(("start",), f"the year {start.year} is not in {FIRST_YEAR} to {LAST_YEAR}.")
    if start.minute % step_min or start.second or start.microsecond:
        at = start.strftime("%H:%M:%S")
        yield Finding(("start",), f"{at} (UTC) is not on a step of {step_min} min. Move it to one.")


def _duration(scenario: Scenario) -> Iterator[Finding]:
    steps = scenario.duration_h * HOUR_S / (scenario.step_min * MINUTE_S)
    if round(steps) < 1 or abs(steps - round(steps)) > 1e-9 * steps:
        yield Finding(
            ("duration_h",),
            f"{scenario.duration_h:g} h is not a whole number of steps of {scenario.step_min} min.",
        )


def _seeds(scenario: Scenario) -> Iterator[Finding]:
    for index, seed in enumerate(scenario.seeds):
        path: FieldPath = ("seeds", index)
        if not 0 <= seed <= MAX_SEED:
            yield Finding(path, f"{seed} is not between 0 and {MAX_SEED}.")
        if seed in scenario.seeds[:index]:
            yield Finding(path, f"{seed} stands twice. Each seed is one replicate.")


def _site_names(scenario: Scenario) -> Iterator[Finding]:
    yield from repeated("site", [site.name for site in scenario.sites], ("sites",))


_CHECKS: Final[tuple[Callable[[Scenario], Iterator[Finding]], ...]] = (
    _start,
    _duration,
    _seeds,
    _site_names,
)
