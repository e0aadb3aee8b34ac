"""Figures of backtests: what is drawn, told apart without colour, and labelled with units."""

from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting import History
from forecasting.backtest import Plan, backtest
from forecasting.models import SeasonalNaive, WeeklyMean
from sim.report.forecast_figures import (
    Subject,
    error_by_hour,
    error_by_lead,
    fans,
    reliability,
    write_forecast_figures,
)
from sim.report.forecast_tables import decision_table, lead_table

DAY = 86400.0
ORIGIN = datetime(2025, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def results():
    hour = np.arange(24 * 200)
    noise = np.random.default_rng(3).normal(size=hour.size)
    truth = 100 + 30 * np.sin(2 * np.pi * hour / 24) + 5 * noise
    history = History(truth, start_s=0.0, origin=ORIGIN)
    plan = Plan(150 * DAY, 190 * DAY, 48)
    models = {"weekly-mean": WeeklyMean(), "seasonal-naive": SeasonalNaive()}
    made = {name: backtest(model, history, truth, plan=plan) for name, model in models.items()}
    return made, Subject("carbon", "g/kWh", ORIGIN, truth)


def labels(axes):
    return axes.get_legend_handles_labels()[1]


def test_fans_show_three_issues_with_their_interval_on_what_came(results):
    made, subject = results
    figure = fans(made, subject)
    assert [axes.get_title("left").split(":")[0] for axes in figure.axes] == [
        "A typical issue, better than 50 % of all",
        "A good issue, better than 90 % of all",
        "A bad issue, better than 10 % of all",
    ]
    for axes in figure.axes:
        assert labels(axes) == ["80 % interval", "What came", "Forecast", "Issued"]
        assert axes.get_ylabel() == "carbon (g/kWh)"
    assert figure.axes[-1].get_xlabel() == "Time (UTC)"


def test_a_bad_issue_errs_more_than_a_good_one(results):
    made, subject = results
    typical, good, bad = (
        float(axes.get_title("left").split("error ")[1].split()[0])
        for axes in fans(made, subject).axes
    )
    assert good < typical < bad


def test_what_came_before_the_issue_is_drawn_up_to_it(results):
    made, subject = results
    axes = fans(made, subject).axes[0]
    before, came = axes.get_lines()[:2]
    assert before.get_xdata()[-1] == came.get_xdata()[0]
    assert before.get_xdata()[-1] - before.get_xdata()[0] == pytest.approx(2.0)  # days
    hour = round((before.get_xdata()[0] - ORIGIN.timestamp() / DAY) * 24)
    assert before.get_ydata()[0] == subject.values[hour]


def test_errors_are_drawn_by_lead_and_by_hour_with_their_unit(results):
    made, subject = results
    for figure, count in ((error_by_lead(made, subject), 48), (error_by_hour(made, subject), 24)):
        (axes,) = figure.axes
        assert labels(axes) == ["weekly-mean", "seasonal-naive"]
        assert axes.get_ylabel() == "Mean absolute error (g/kWh)"
        assert len(axes.get_lines()[0].get_ydata()) == count
        assert axes.get_ylim()[0] == 0
    unsaid = Subject("carbon", "", ORIGIN, subject.values)
    assert error_by_lead(made, unsaid).axes[0].get_ylabel() == (
        "Mean absolute error (unit of carbon)"
    )


def test_models_are_told_apart_without_colour(results):
    made, subject = results
    for figure in (error_by_lead(made, subject), error_by_hour(made, subject)):
        looks = {(line.get_linestyle(), line.get_marker()) for line in figure.axes[0].get_lines()}
        assert len(looks) == 2


def test_reliability_shows_the_diagonal_and_coverage_over_time(results):
    made, subject = results
    left, right = reliability(made, subject).axes
    assert labels(left) == ["Honest", "weekly-mean", "seasonal-naive"]
    line = left.get_lines()[1]
    assert list(line.get_xdata()) == [0.1, 0.5, 0.9]
    np.testing.assert_array_equal(line.get_ydata(), made["weekly-mean"].scorecard.reliability)
    covered = right.get_lines()[0].get_ydata()
    assert len(covered) == 41 - 30 + 1  # 41 daily issues, windows of 30
    worst = made["weekly-mean"].scorecard.overall["worst_30_days_coverage_fraction"]
    assert min(covered) == pytest.approx(worst)


def test_the_same_figures_have_the_same_bytes(results, tmp_path):
    made, subject = results
    once = [path.read_bytes() for path in write_forecast_figures(made, subject, tmp_path)]
    again = [path.read_bytes() for path in write_forecast_figures(made, subject, tmp_path)]
    assert len(once) == 4
    assert once == again


def test_tables_leave_out_scores_without_a_meaning(results):
    made, _ = results
    headings = [str(column.header) for column in lead_table(made).columns]
    assert headings == ["Model", "Lead", "MAE", "RMSE", "MAPE %", "Skill %", "Rank corr.",
                        "Pinball", "80 % covers %", "Worst 30 d %"]
    assert decision_table(made).row_count == 2
