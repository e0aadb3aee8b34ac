"""Check outages, demand response and UPS against the run and the rest of their site."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from sim.scenario.checks.partial import settled
from sim.scenario.positions import FieldPath, Finding
from sim.scenario.schema.cooling import Cooling
from sim.scenario.schema.resilience import DemandResponse, Outage, RandomOutages
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.site import Site
from sim.units import DAY_S, HOUR_S, MINUTE_S


def resilience_mistakes(scenario: Scenario) -> Iterator[Finding]:
    """Check what can fail or be called on at every site.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.

    Yields
    ------
    Finding
        A mistake.
    """
    for index, site in enumerate(scenario.sites):
        path: FieldPath = ("sites", index)
        yield from settled(_outages(scenario, site, path))
        yield from settled(_responses(scenario, site, path))
        yield from settled(_ups(site, path))


def _outages(scenario: Scenario, site: Site, path: FieldPath) -> Iterator[Finding]:
    if not site.grid or isinstance(site.grid.outages, RandomOutages):
        return
    where: FieldPath = (*path, "grid", "outages")
    yield from _spans(scenario, site.grid.outages, where)


def _responses(scenario: Scenario, site: Site, path: FieldPath) -> Iterator[Finding]:
    events = site.grid.demand_response if site.grid else ()
    where: FieldPath = (*path, "grid", "demand_response")
    yield from _spans(scenario, events, where)
    for number, event in enumerate(events):
        for name in ("from_h", "to_h"):
            steps = getattr(event, name) * HOUR_S / (scenario.step_min * MINUTE_S)
            if abs(steps - round(steps)) > 1e-9 * max(1.0, steps):
                yield Finding(
                    (*where, number, name),
                    f"{getattr(event, name):g} h is not on a step of {scenario.step_min} min.",
                )
        if event.baseline_kw is None and event.from_h * HOUR_S < DAY_S:
            yield Finding(
                (*where, number),
                "is on the first day, before which the run has no import to make a baseline of. "
                "Give baseline_kw.",
            )


def _spans(
    scenario: Scenario, spans: Sequence[Outage | DemandResponse], where: FieldPath
) -> Iterator[Finding]:
    """Check that spans lie in the run, end after they begin, and do not overlap."""
    for number, span in enumerate(spans):
        if span.to_h <= span.from_h:
            yield Finding(
                (*where, number, "to_h"), f"{span.to_h:g} is not after from_h ({span.from_h:g})."
            )
        elif span.to_h > scenario.duration_h:
            yield Finding(
                (*where, number, "to_h"),
                f"{span.to_h:g} is after the run's end ({scenario.duration_h:g}).",
            )
    for number, (one, two) in enumerate(pairwise(spans)):
        if two.from_h < one.to_h:
            yield Finding(
                (*where, number + 1, "from_h"),
                f"{two.from_h:g} is before the end of the one before ({one.to_h:g}). Keep them in "
                "order and apart.",
            )


def _ups(site: Site, path: FieldPath) -> Iterator[Finding]:
    datacenter = site.datacenter
    if datacenter and datacenter.ups and not isinstance(datacenter.pue, Cooling):
        yield Finding(
            (*path, "datacenter", "ups"),
            "a constant pue has the losses of a UPS in it already. Name a cooling plant, e.g. "
            "pue: {cooling: air-chiller}, or leave ups out.",
        )
