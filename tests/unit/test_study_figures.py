"""Figures of studies: what they draw, by hand."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from fake_study import BATTERY, CLIMATE, POLICIES, SOLAR, fake_study

from sim.report import style
from sim.report.comparison import Comparison, Outcome
from sim.report.evidence import (
    Candidate,
    Estimate,
    Evidence,
    Front,
    Ranked,
    Ranking,
    Sensitivity,
    SobolIndex,
    Swing,
)
from sim.report.study_figures import STUDY_FIGURES
from sim.report.study_figures.differences import differences
from sim.report.study_figures.heat_map import heat_map
from sim.report.study_figures.pareto import pareto_figure
from sim.report.study_figures.ranking import ranking_figure
from sim.report.study_figures.response import response
from sim.report.study_figures.results import StudyResults
from sim.report.study_figures.sensitivity import sensitivity_figure
from sim.study.statistics import evidence_of
from sim.study.summary.results import study_results

COST, CARBON = "cost_total_usd", "carbon_operational_location_kg"


def results(*axes, **options):
    table = fake_study(axes, **options)
    return study_results(table, evidence_of(table))


def labels(axes):
    return [label for _, label in zip(*axes.get_legend_handles_labels(), strict=True)]


def grid_results(cost, carbon):
    """Return a study of two axes whose means are two given arrays."""
    table = fake_study((BATTERY, SOLAR), policies=("fifo",), seeds=(1,))
    means = {}
    for name, values in ((COST, cost), (CARBON, carbon)):
        frame = table.runs[["point", "variant", "battery_kwh", "solar_kw", "policy"]].copy()
        frame["mean"] = np.asarray(values, dtype=float).ravel()  # battery by solar
        means[name] = frame.assign(low=np.nan, high=np.nan)
    return StudyResults(table, means=means)


def test_heat_map_marks_where_cost_and_where_carbon_is_least_in_both_panels():
    cost, carbon = np.ones((5, 4)), np.ones((5, 4))
    cost[2, 1] = 0.0  # battery 1000 kWh, solar 400 kW
    carbon[4, 3] = 0.0  # battery 4000 kWh, solar 1200 kW
    panels = [axes for axes in heat_map(grid_results(cost, carbon)).axes if axes.get_xlabel()]
    assert [axes.get_xlabel() for axes in panels] == ["Battery (kWh)", "Battery (kWh)"]
    assert panels[0].get_ylabel() == "Solar (kW)"
    for axes in panels:
        marks = {line.get_label(): (line.get_xdata()[0], line.get_ydata()[0] // 1)
                 for line in axes.lines}
        assert marks == {"Least: Total cost": (2.5, 1.0), "Least: Carbon, average": (4.5, 3.0)}
        assert len({line.get_marker() for line in axes.lines}) == 2


def test_heat_map_has_the_values_of_the_axes_and_of_the_cells():
    values = np.arange(20.0).reshape(5, 4)
    axes = heat_map(grid_results(values, values)).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "0", "500", "1,000", "2,000", "4,000",
    ]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "400", "800", "1,200"]
    assert axes.collections[0].get_array().tolist() == values.T.tolist()
    assert sorted(float(text.get_text()) for text in axes.texts) == list(range(20))


def test_heat_map_leaves_cells_without_a_result_empty():
    values = np.arange(20.0).reshape(5, 4)
    values[0, 0] = np.nan
    axes = heat_map(grid_results(values, values)).axes[0]
    assert axes.collections[0].get_array().mask.sum() == 1
    assert labels(axes)[-1] == "No value"
    assert len(axes.texts) == 19


def test_panels_of_a_heat_map_have_the_same_cells_also_where_a_metric_has_no_meaning():
    cost, carbon = np.ones((5, 4)), np.ones((5, 4))
    cost[4, 3], carbon[1, 0], carbon[0] = 0.0, 0.0, np.nan
    panels = [axes for axes in heat_map(grid_results(cost, carbon)).axes if axes.get_xlabel()]
    assert {axes.collections[0].get_array().shape for axes in panels} == {(4, 5)}
    assert [line.get_xdata()[0] for line in panels[1].lines] == [4.5, 1.5]


def test_words_stand_in_the_order_of_the_scenario_and_are_tilted_where_they_do_not_fit():
    found = results(CLIMATE, SOLAR, seeds=(1,))
    with style.sized("single"):
        tight = heat_map(found).axes[0].get_xticklabels()
    wide = heat_map(found).axes[0].get_xticklabels()
    assert [text.get_text() for text in wide] == ["Oslo", "Greensboro", "Phoenix"]
    assert (wide[0].get_rotation(), tight[0].get_rotation()) == (0.0, 30.0)


def test_response_prefers_an_axis_of_numbers_with_a_line_for_each_word():
    axes = response(results(CLIMATE, SOLAR, seeds=(1,))).axes[0]
    assert axes.get_xlabel() == "Solar (kW)"
    assert labels(axes) == ["Climate: Oslo", "Climate: Greensboro", "Climate: Phoenix"]


def test_heat_map_is_of_the_policy_that_does_best_and_says_so():
    found = results(BATTERY, SOLAR, seeds=(1, 2))
    best = found.evidence.rankings[0].rows[0].policy
    assert best != POLICIES[0]
    assert f"Policy {best}, mean over 2 seeds" in heat_map(found).get_label()
    mine = found.table.runs.query(f"policy == '{best}' and battery_kwh == 0 and solar_kw == 0")
    cell = heat_map(found).axes[0].collections[0].get_array()[0, 0]
    assert cell == pytest.approx(mine[COST].mean())


@pytest.mark.parametrize(
    "found",
    [
        results(BATTERY, seeds=(1,)),
        results(seeds=(1,)),
        results(BATTERY, SOLAR, seeds=(1,), design="latin-hypercube",
                points=[{"battery_kwh": 10.0 * k, "solar_kw": 7.0 * k} for k in range(9)]),
    ],
    ids=["one axis", "none", "no grid"],
)
def test_without_a_grid_there_is_no_heat_map(found):
    assert heat_map(found) is None


def test_response_has_a_line_a_policy_with_its_interval():
    found = results(BATTERY)
    cost, carbon = response(found).axes
    assert labels(cost) == list(POLICIES)
    assert (cost.get_xlabel(), cost.get_title("left")) == ("Battery (kWh)", "Total cost (USD)")
    runs = found.table.runs
    for line, policy in zip(cost.lines, POLICIES, strict=True):
        means = runs[runs["policy"] == policy].groupby("battery_kwh")[COST].mean()
        assert line.get_xdata().tolist() == [0, 500, 1000, 2000, 4000]
        assert line.get_ydata() == pytest.approx(means.to_numpy())
    assert len(carbon.collections) == len(POLICIES)
    band = carbon.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() < carbon.lines[0].get_ydata().min()


def test_response_of_a_single_seed_has_no_bands_and_of_words_one_place_each():
    axes = response(results(CLIMATE, seeds=(1,))).axes[0]
    assert not axes.collections
    assert [text.get_text() for text in axes.get_xticklabels()] == ["Oslo", "Greensboro", "Phoenix"]


def test_response_over_two_axes_has_a_line_for_each_value_of_the_other():
    axes = response(results(BATTERY, SOLAR, seeds=(1,))).axes[0]
    assert labels(axes) == [f"Solar (kW): {value}" for value in ("0", "400", "800", "1,200")]


def test_response_to_a_factor_is_drawn_by_factors():
    prices = replace(BATTERY, values=(1, 10, 100, 1000))
    assert response(results(prices, seeds=(1,))).axes[0].get_xscale() == "log"
    assert response(results(BATTERY, seeds=(1,))).axes[0].get_xscale() == "linear"


def compared(*outcomes, name="base"):
    """Return comparisons in which policy b has these outcomes of cost."""
    found = {COST: {"a": Outcome(1.0), "b": outcomes[0]}}
    return Comparison("fake", ("a", "b"), (1, 2), found, pd.DataFrame())


def difference_axes(**comparisons):
    table = fake_study(policies=("a", "b"), seeds=(1, 2))
    return differences(StudyResults(table, comparisons=comparisons)).axes


def test_difference_has_its_interval_and_is_hollow_where_it_may_be_chance():
    sure = compared(Outcome(2.0, -10.0, -12.0, -8.0, p_holm=0.01))
    doubtful = compared(Outcome(2.0, -10.0, -22.0, 2.0, p_holm=0.3))
    (axes,) = difference_axes(base=sure, oslo=doubtful)
    ends = [tuple(line.get_xdata()) for line in axes.lines if line.get_marker() == "|"]
    assert ends == [(-12.0, -8.0), (-22.0, 2.0)]
    points = [line for line in axes.lines if list(line.get_xdata()) == [-10.0]]
    assert [line.get_markerfacecolor() == "white" for line in points] == [False, True]
    assert len({line.get_marker() for line in points}) == 2
    assert labels(axes) == ["base", "oslo", "May be chance (Holm-corrected p ≥ 0.05)"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b"]


def test_difference_without_seeds_for_it_has_no_interval_and_says_so():
    figure = differences(StudyResults(fake_study(policies=("a", "b"), seeds=(1,)),
                                      comparisons={"base": compared(Outcome(2.0, -10.0))}))
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "|"]
    assert "Too few seeds" in figure.get_label()


def test_differences_need_two_policies_and_not_too_many_variants():
    one = compared(Outcome(2.0, -10.0))
    assert differences(StudyResults(fake_study(policies=("a",)), comparisons={"base": one})) is None
    many = {f"v{k}": one for k in range(8)}
    assert differences(StudyResults(fake_study(policies=("a", "b")), comparisons=many)) is None


def test_sweep_is_compared_by_the_means_over_its_points():
    found = results(BATTERY, policies=("fifo", "edf"))
    (name, comparison), = found.comparisons.items()
    assert name == "5 points"
    means = found.table.runs.groupby("policy")[COST].mean()
    change = comparison.outcomes[COST]["edf"].change_percent
    assert change == pytest.approx(100.0 * (means["edf"] / means["fifo"] - 1.0))


def test_ranking_has_places_intervals_and_the_chance_to_be_the_best():
    rows = (Ranked("b", 1.0, Estimate(1.2, 1.0, 2.0), 0.9), Ranked("a", 2.0, Estimate(1.8), 0.1))
    ranking = Ranking(COST, rows, 5, 3)
    table = fake_study(policies=("a", "b"))
    figure = ranking_figure(StudyResults(table, Evidence(rankings=(ranking,))))
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b", "a"]
    assert [tuple(line.get_xdata()) for line in axes.lines] == [(1.0, 2.0), (1.2,), (1.8,)]
    assert [text.get_text() for text in axes.texts] == ["90 %", "10 %"]
    assert "8 seeds and 3 points" in figure.get_label()
    assert ranking_figure(StudyResults(fake_study(policies=("a",)))) is None


def candidate(point, policy, *values, front=False, chance=None):
    return Candidate(point, policy, values, front, chance)


def test_front_joins_those_that_nobody_beats_in_cost_and_carbon():
    found = Front((COST, CARBON, "jct_mean_h"), (
        candidate("p", "fifo", 1.0, 9.0, 1.0, front=True, chance=0.8),
        candidate("q", "fifo", 5.0, 5.0, 2.0, front=True, chance=1.0),
        candidate("r", "fifo", 6.0, 6.0, 0.5, front=True),
        candidate("s", "fifo", 9.0, 9.0, 3.0),
    ), 4)
    table = replace(fake_study(policies=("fifo",), variants=("p", "q")), axes=())
    axes = pareto_figure(StudyResults(table, Evidence(front=found))).axes[0]
    line = next(line for line in axes.lines if line.get_label() == "Front")
    assert list(zip(line.get_xdata(), line.get_ydata(), strict=True)) == [(1.0, 9.0), (5.0, 5.0)]
    dots, rings = axes.collections
    sizes = dots.get_sizes()
    assert list(np.argsort(sizes)) == [2, 0, 1, 3]  # by the completion time
    assert rings.get_offsets().tolist() == [[1.0, 9.0], [5.0, 5.0], [6.0, 6.0]]
    assert {text.get_text() for text in axes.texts} == {"p (80 %)", "q", "r", "s"}
    assert axes.get_xlabel() == "Total cost (USD)"
    assert axes.get_ylabel() == "Carbon, average (kgCO2e)"


def test_points_of_a_sweep_are_named_by_their_values():
    axes = pareto_figure(results(BATTERY, policies=("fifo",), seeds=(1,))).axes[0]
    assert {text.get_text() for text in axes.texts} == {"0", "500", "1,000", "2,000", "4,000"}


def sensitive(method, *rows):
    table = fake_study((BATTERY, SOLAR), policies=("fifo",), seeds=(1,))
    one = Sensitivity(COST, "fifo", method, rows)
    return sensitivity_figure(StudyResults(table, Evidence(sensitivities=(one,)))).axes[0]


def test_sobol_indices_are_bars_of_first_order_and_total_with_intervals():
    axes = sensitive("sobol", SobolIndex("solar_kw", Estimate(0.3, 0.2, 0.4), Estimate(0.6)))
    assert [patch.get_width() for patch in axes.patches] == [0.3, 0.6]
    assert len({patch.get_hatch() for patch in axes.patches}) == 2
    assert [tuple(line.get_xdata()) for line in axes.lines] == [(0.2, 0.4)]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["Solar (kW)"]


def test_tornado_goes_from_end_to_end_around_the_base_with_the_values_of_the_axis():
    axes = sensitive(
        "tornado", Swing("battery_kwh", 1000, 4000, Estimate(90.0), Estimate(150.0), 100.0)
    )
    assert [(patch.get_x(), patch.get_width()) for patch in axes.patches] == [
        (100.0, -10.0), (100.0, 50.0),
    ]
    assert [text.get_text() for text in axes.texts] == ["1,000", "4,000"]
    assert axes.get_xlabel() == "Total cost (USD)"


def test_rank_correlations_go_from_minus_one_to_one():
    found = results(BATTERY, SOLAR, seeds=(1, 2))
    figure = sensitivity_figure(found)
    assert all(axes.get_xlim() == (-1.05, 1.05) for axes in figure.axes)
    assert figure.axes[0].get_title("left") == found.leader


SWEEP = results(BATTERY, SOLAR, policies=POLICIES[:2], seeds=(1, 2))
TOURNAMENT = results(policies=[f"a policy of long name {k}" for k in range(10)],
                     variants=("base", "oslo"), seeds=(1, 2))


@pytest.mark.parametrize(
    ("found", "size"),
    [(SWEEP, "screen"), (SWEEP, "single"), (TOURNAMENT, "single"), (TOURNAMENT, "double")],
    ids=["sweep-screen", "sweep-single", "tournament-single", "tournament-double"],
)
def test_nothing_leaves_any_figure_and_no_text_is_too_small(found, size):
    with style.sized(size):
        figures = [one.draw(found) for one in STUDY_FIGURES.values()]
        scale = style.current().scale
        for figure in filter(None, figures):
            figure.draw_without_rendering()
            whole = figure.bbox.padded(2.0)
            for axes in figure.axes:
                box = axes.get_tightbbox()
                assert whole.x0 <= box.x0, figure.get_label()
                assert whole.y0 <= box.y0, figure.get_label()
                assert box.x1 <= whole.x1, figure.get_label()
                assert box.y1 <= whole.y1, figure.get_label()
            sizes = [text.get_fontsize() for text in figure.findobj(mpl.text.Text)
                     if text.get_text()]
            assert min(sizes) * scale >= 6.0
    assert sum(figure is not None for figure in figures) >= 6


def test_every_figure_says_what_it_is_of():
    found = results(BATTERY, seeds=(1, 2))
    figures = [one.draw(found) for one in STUDY_FIGURES.values()]
    assert all(figure.get_label().startswith("fake") for figure in figures if figure)


def test_running_totals_need_the_steps_of_every_policy():
    found = results(policies=("fifo", "edf"), seeds=(1,))
    time = pd.date_range("2025-06-02", periods=3, freq="1h", tz="UTC")
    steps = pd.DataFrame({"time": time, COST: [1.0, 2.0, 3.0], CARBON: [1.0, 1.0, 1.0]})
    draw = STUDY_FIGURES["cumulative"].draw
    assert draw(replace(found, totals={"fifo": steps})) is None
    axes = draw(replace(found, totals={"fifo": steps, "edf": steps})).axes[0]
    assert [line.get_ydata()[-1] for line in axes.lines] == [6.0, 6.0]
