"""Figure of the services of a run: requests, replicas, time to the first token, power."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures.canvas import canvas, finish, step_s
from sim.report.timeline import Timeline

_SHOWN: Final = 3
_PANELS: Final = ("requests", "replicas", "times", "power")


def services_figure(run: Run) -> Figure | None:
    """Draw what was asked of each service, what served it, how well, and at which power.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    Figure or None
        Four panels a service, for at most three; None if the run has none.
    """
    if not len(run.services):
        return None
    groups = run.services.groupby("service", sort=False, observed=True)
    lines = {str(name): Timeline.of(frame, step_s(run)) for name, frame in groups}
    shown = dict(list(lines.items())[:_SHOWN])
    with style.house_style():
        some = f" ({len(shown)} of {len(lines)})" if len(shown) < len(lines) else ""
        figure, rows = canvas(run, f"services{some}", [4.9] * len(shown))
        drawn: list[Axes] = []
        for row, (name, line) in zip(rows, shown.items(), strict=True):
            parts = row.subgridspec(len(_PANELS), 1, hspace=0.2)
            panels = [figure.add_subplot(parts[panel]) for panel in range(len(_PANELS))]
            _draw(panels, line, run.info.get("services", {}).get(name, {}))
            panels[0].set_title(name)
            drawn += panels
        finish(figure, drawn, line)
    return figure


def _draw(panels: list[Axes], line: Timeline, objective: dict[str, float | None]) -> None:
    """Draw one service."""
    requests, replicas, times, power = panels
    edges = line.edges_day
    rate = line.mean("requests_arrived_count") / line.step_s
    style.step_area(requests, edges, low=np.zeros_like(rate), high=rate,
                    look={"color": style.SKY, "label": "Arriving"})
    served = line.mean("requests_served_count") / line.step_s
    style.step_line(requests, edges, served, {"label": "Served", "color": style.BLUE})
    requests.set_ylabel("Requests\n(1/s)")
    ready, loading = line.mean("replicas_ready_count"), line.mean("replicas_loading_count")
    style.step_area(replicas, edges, low=np.zeros_like(ready), high=ready,
                    look={"color": style.GREEN, "alpha": 0.6, "label": "Serving"})
    if loading.any():
        style.step_area(replicas, edges, low=ready, high=ready + loading,
                        look={"color": style.ORANGE, "label": "Loading"})
    replicas.set_ylabel("Replicas")
    style.step_line(times, edges, line.mean("ttft_p95_s"),
                    {"label": "First token, 95th percentile", "color": style.BLACK})
    limit_s = objective.get("ttft_s")
    if limit_s is not None:
        times.axhline(limit_s, color=style.VERMILION, linestyle="--", label="Objective")
    _log_if_wide(times, line.mean("ttft_p95_s"))
    times.set_ylabel("First token\n(s)")
    style.step_line(power, edges, line.mean("power_it_kw"),
                    {"label": "IT power", "color": style.PURPLE})
    power.set_ylabel("IT power\n(kW)")
    for axes in (requests, replicas, power):
        axes.set_ylim(bottom=0.0)


def _log_if_wide(axes: Axes, values: NDArray[np.float64]) -> None:
    """Use a logarithmic axis where a backlog would flatten everything else."""
    known = values[np.isfinite(values) & (values > 0.0)]
    if len(known) and known.max() > 20.0 * float(np.median(known)):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0.0)
