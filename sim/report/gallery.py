"""All figures that there are, of runs and of studies: what they show, and what they need."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from matplotlib.figure import Figure

from sim.registry import did_you_mean
from sim.report.run_figures import RUN_FIGURES
from sim.report.study_figures import STUDY_FIGURES

Kind = Literal["run", "study"]

_RUNS_NEED: Final[Mapping[str, str]] = MappingProxyType({
    "services": "a run with services",
    "signals": "a price, a carbon intensity or jobs",
    "carbon_price": "a price and a carbon intensity that vary",
    "gantt": "jobs that started",
    "battery": "a battery",
    "forecasts": "a policy that looked at forecasts",
    "weeks": "a price, a carbon intensity or a load that vary, over at least a day",
    "calendar": "a run of several weeks",
})


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of figure.

    Attributes
    ----------
    kind : {'run', 'study'}
        What it is of.
    title : str
        What it is called.
    alt : str
        What it shows, for those who cannot see it.
    needs : str
        What there must be for it to show something.
    draw : callable
        Draws a `Run` or `StudyResults`; None if there is nothing to show.
    """

    kind: Kind
    title: str
    alt: str
    needs: str
    draw: Callable[[Any], Figure | None]


GALLERY: Final[Mapping[str, Entry]] = MappingProxyType(
    {name: Entry("study", one.title, one.alt, one.needs, one.draw)
     for name, one in STUDY_FIGURES.items()}
    | {name: Entry("run", one.title, one.alt, _RUNS_NEED.get(name, "steps of a run"), one.draw)
       for name, one in RUN_FIGURES.items()}
)
"""Every figure by name: those of studies, then those of runs, each in a reader's order."""


def figures_of(kind: Kind, wanted: Iterable[str] = ()) -> dict[str, Entry]:
    """Pick figures by name.

    Parameters
    ----------
    kind : {'run', 'study'}
        What they shall be of.
    wanted : iterable of str
        Their names, dashes as good as underscores; none means all of the kind.

    Returns
    -------
    dict of str to Entry
        In the order of the gallery.

    Raises
    ------
    ValueError
        If there is no such figure, or it is of the other kind.
    """
    plain = {_plain(name): name for name in GALLERY}
    found = set()
    for name in wanted:
        known = plain.get(_plain(name))
        if known is None:
            allowed = [one for one, entry in GALLERY.items() if entry.kind == kind]
            near = did_you_mean(_plain(name), map(_plain, allowed)).partition(" Allowed")[0]
            msg = f"{name}: no such figure.{near} Figures of a {kind}: {', '.join(allowed)}."
            raise ValueError(msg)
        if GALLERY[known].kind != kind:
            msg = f"{name}: a figure of a {GALLERY[known].kind}, and this is a {kind}."
            raise ValueError(msg)
        found.add(known)
    return {name: entry for name, entry in GALLERY.items()
            if entry.kind == kind and (name in found or not found)}


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
