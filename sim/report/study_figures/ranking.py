"""The figure of rankings: each policy's place in cost, carbon and time, and how surely."""

from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.report import style
from sim.report.evidence import Ranking
from sim.report.study_figures.panels import named_panels
from sim.report.study_figures.results import StudyResults
from sim.report.study_tables import metric_of

_MOST_PANELS: Final = 3
_MOST_POLICIES: Final = 20
_ROW_IN: Final = 0.3
_PERCENT_IN: Final = 0.6
"""Room for a percentage beside a panel. [inch]"""


def ranking_figure(results: StudyResults) -> Figure | None:
    """Draw the policies in the order of their ranks, with intervals and chances to be the best.

    Parameters
    ----------
    results : StudyResults
        The study.

    Returns
    -------
    Figure or None
        A panel a metric; None with fewer than two policies.
    """
    shown = results.evidence.rankings[:_MOST_PANELS]
    if not shown or len(results.table.policies) < 2:
        return None
    places = {policy: place for place, policy in enumerate(results.table.policies)}
    count = min(_MOST_POLICIES, max(len(one.rows) for one in shown))
    with style.house_style():
        figure, panels, name_in = named_panels(
            len(shown), _ROW_IN * (count + 0.6), names=results.table.policies,
            spare_in=_PERCENT_IN,
        )
        style.title(figure, _title(results, shown[0].points_count), note=_note(shown[0]),
                    from_left_in=name_in)
        for axes, ranking in zip(panels, shown, strict=True):
            _draw(axes, ranking, places)
        style.legend_above(figure)
    return figure


def _title(results: StudyResults, points: int) -> str:
    over = f"{results.seeds_told} and {points} points" if points > 1 else results.seeds_told
    return f"{results.table.scenario}: policies ranked, {over}"


def _note(ranking: Ranking) -> str:
    if ranking.seeds_count < 2:
        return "Rank 1 is best. With one seed nobody can tell how sure the ranks are."
    return ("Rank 1 is best; lines are 95 % intervals; % is how often a policy is the best when "
            "seeds are resampled.")


def _draw(axes: Axes, ranking: Ranking, places: dict[str, int]) -> None:
    rows = ranking.rows[:_MOST_POLICIES]
    for height, row in enumerate(rows):
        look = style.look(places[row.policy])
        if row.rank.low is not None and row.rank.high is not None:
            axes.plot((row.rank.low, row.rank.high), (height, height), color=look["color"],
                      linewidth=1.6, solid_capstyle="butt")
        axes.plot(row.rank.value, height, color=look["color"], marker=look["marker"], markersize=6)
        if row.best_fraction is not None:
            axes.annotate(f"{100.0 * row.best_fraction:.0f} %", (1.0, height), va="center",
                          xycoords=("axes fraction", "data"), xytext=(4, 0), fontsize=8.5,
                          textcoords="offset points", annotation_clip=False)
    axes.set_yticks(range(len(rows)), [row.policy for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0.7, len(ranking.rows) + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.tick_params(left=False)
    axes.grid(visible=False, axis="y")
    room_in = axes.get_window_extent().width / axes.figure.dpi + _PERCENT_IN
    axes.set_title(style.wrapped(metric_of(ranking.metric).label, room_in))
    axes.set_xlabel("Rank")
