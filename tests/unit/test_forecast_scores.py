"""Scores of forecasts: numbers worked out by hand on a few hours."""

from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting import ForecastSet, History, ModelCard, Place, scores
from forecasting.scorecard import scorecard

H = 3600.0
DAY = 24 * H
NAN = np.nan
ORIGIN = datetime(2025, 6, 2, tzinfo=UTC)


def rows(*values):
    return np.array(values, dtype=np.float64)


def issued(point, *, every_s=DAY, first_s=0.0, quantiles=None, levels=(0.1, 0.9)):
    point = np.atleast_2d(np.array(point, dtype=np.float64))
    times_s = first_s + every_s * np.arange(len(point))
    card = ModelCard("Test", {}, trained_until_s=None, data_hash="")
    if quantiles is None:
        return ForecastSet(times_s, times_s, H, point, card)
    return ForecastSet(times_s, times_s, H, point, card, levels, quantiles)


def test_truth_has_the_shape_of_the_forecasts_and_is_nan_outside():
    forecasts = issued(np.zeros((2, 3)), every_s=2 * H, first_s=-H)
    truth = scores.truth_for(forecasts, [5.0, 6.0, 7.0], start_s=0.0)
    np.testing.assert_array_equal(truth, [[NAN, 5.0, 6.0], [6.0, 7.0, NAN]])


def test_truth_on_another_grid_is_refused():
    with pytest.raises(ValueError, match="must lie on the grid of the values, which starts at 60"):
        scores.truth_for(issued([0.0]), [1.0], start_s=60.0)


def test_errors_of_four_hours():
    point, truth = rows([10, 20], [30, NAN]), rows([12, 16], [40, 8])
    # Errors 2, 4, 10.
    assert scores.mean_absolute_error(point, truth) == pytest.approx(16 / 3)
    assert scores.root_mean_square_error(point, truth) == pytest.approx(np.sqrt(120 / 3))
    assert scores.mean_absolute_percentage_error(point, truth) == pytest.approx(
        (2 / 12 + 4 / 16 + 10 / 40) / 3
    )
    assert scores.normalised_error(point, truth, capacity=100) == pytest.approx(0.16 / 3)


@pytest.mark.parametrize("other", [0.0, -1.0])
def test_a_percentage_needs_a_signal_that_is_always_positive(other):
    assert scores.mean_absolute_percentage_error(rows([1, 1]), rows([2, other])) is None


def test_daylight_alone_can_be_counted():
    where = np.array([[True, False]])
    assert scores.normalised_error(rows([1, 9]), rows([2, 2]), capacity=10, where=where) == 0.1


def test_capacity_must_be_positive():
    with pytest.raises(ValueError, match="capacity must be positive; got 0"):
        scores.normalised_error(rows([1]), rows([1]), capacity=0)


def test_skill_is_the_error_saved_where_both_forecast():
    truth, reference = rows([10, 10, 10]), rows([14, 6, NAN])
    assert scores.skill(rows([11, 9, 99]), reference, truth) == pytest.approx(0.75)
    assert scores.skill(reference, reference, truth) == 0
    assert scores.skill(rows([11, 9, 9]), truth, truth) is None


def test_pinball_weighs_truth_above_a_low_quantile_lightly():
    # Level 0.1 at 4: 6 above costs 0.6. Level 0.9 at 8: 2 above costs 1.8.
    quantiles = np.array([[[4.0, 8.0]]])
    assert scores.pinball_loss(quantiles, rows(0.1, 0.9), rows([10])) == pytest.approx(1.2)
    # Level 0.1 at 4: 1 below costs 0.9; level 0.9 at 8: 5 below costs 0.5.
    assert scores.pinball_loss(quantiles, rows(0.1, 0.9), rows([3])) == pytest.approx(0.7)


def test_coverage_counts_the_edges_in():
    quantiles = np.array([[[1.0, 2.0]] * 4])
    assert scores.coverage(quantiles, rows([1, 2, 2.1, NAN])) == pytest.approx(2 / 3)


def test_worst_window_is_the_worst_30_days_of_issues_in_a_row():
    # 40 daily issues; inside the interval but for issues 5 to 14: ten of the first 30 are missed.
    truth = np.zeros((40, 1))
    truth[5:15] = 9.0
    quantiles = np.tile([-1.0, 1.0], (40, 1, 1))
    times_s = DAY * np.arange(40)
    assert scores.worst_window_coverage(quantiles, truth, times_s) == pytest.approx(20 / 30)
    assert scores.worst_window_coverage(quantiles[:29], truth[:29], times_s[:29]) is None


def test_worst_window_of_issues_every_six_hours_has_120():
    truth = np.zeros((160, 1))
    truth[:40] = 9.0
    quantiles = np.tile([-1.0, 1.0], (160, 1, 1))
    worst = scores.worst_window_coverage(quantiles, truth, 6 * H * np.arange(160))
    assert worst == pytest.approx(80 / 120)


def test_reliability_is_how_often_the_truth_is_below():
    quantiles = np.array([[[1.0, 3.0]] * 4])
    np.testing.assert_allclose(scores.reliability(quantiles, rows([0, 2, 3, 4])), [0.25, 0.75])


def test_rank_correlation_is_the_mean_over_issues():
    # Orders alike, opposite, and alike but for the last two: 1 - 6 * 2 / (3 * 8) = 0.5.
    point = rows([1, 2, 3], [1, 2, 3], [1, 2, 3])
    truth = rows([10, 20, 90], [3, 2, 1], [1, 3, 2])
    assert scores.rank_correlation(point, truth) == pytest.approx((1 - 1 + 0.5) / 3)


def test_rank_correlation_leaves_out_issues_with_gaps_or_without_variation():
    point, truth = rows([1, 2], [5, 5], [1, NAN], [2, 1]), rows([1, 2], [1, 2], [1, 2], [1, 2])
    assert scores.rank_correlation(point, truth) == 0.0
    assert scores.rank_correlation(rows([5, 5]), rows([1, 2])) is None


def test_no_score_without_a_known_hour():
    nothing = rows([NAN, NAN])
    assert scores.mean_absolute_error(nothing, rows([1, 1])) is None
    assert scores.root_mean_square_error(nothing, rows([1, 1])) is None
    assert scores.mean_absolute_percentage_error(nothing, nothing) is None
    assert scores.rank_correlation(nothing, rows([1, 1])) is None


# The scorecard


def history(values, **more):
    return History(values, start_s=-2 * DAY, origin=ORIGIN, **more)


def test_scorecard_splits_leads_into_days_and_hours():
    # Truth 10 always; 48 h from midnight and 48 h from the next: 1 off on day 1, 3 off on day 2.
    point = np.full((2, 48), 11.0)
    point[:, 24:] = 13.0
    truth = np.full((2, 48), 10.0)
    truth[0, 5] = NAN
    card = scorecard(issued(point), truth, history(np.full(120, 10.0)))
    assert [row["mae"] for row in card.lead_days] == [1.0, 3.0]
    assert card.overall["mape_fraction"] == pytest.approx((47 * 0.1 + 48 * 0.3) / 95)
    assert card.overall["scored_count"] == 95
    assert card.overall["missing_count"] == 0
    assert card.mae_by_lead.tolist() == [1.0] * 24 + [3.0] * 24
    assert card.mae_by_hour[5] == pytest.approx((1 + 3 + 3) / 3)
    assert card.mae_by_hour[6] == 2.0
    assert "coverage_fraction" not in card.overall
    assert card.overall.get("nmae_fraction") is None


def test_scorecard_holds_forecasts_against_the_day_before_repeated():
    # 20 on the day before, 99 a week before, 10 now: seasonal-naive is 10 off, the forecast 4.
    values = np.concatenate([np.full(6 * 24, 99.0), np.full(24, 20.0), np.full(24, 10.0)])
    past = History(values, start_s=-7 * DAY, origin=ORIGIN)
    card = scorecard(issued(np.full((1, 24), 14.0)), np.full((1, 24), 10.0), past)
    assert card.overall["skill_fraction"] == pytest.approx(0.6)


def test_scorecard_counts_hours_without_a_forecast():
    card = scorecard(issued([NAN, 10.0]), rows([10, 10]), history(np.full(50, 10.0)))
    assert card.overall["missing_count"] == 1
    assert card.overall["scored_count"] == 1
    assert np.isnan(card.mae_by_lead[0])


def test_scorecard_tells_day_from_night_by_the_place():
    # Greenwich on the 2nd of June: sun from 4 to 20 h UTC. 5 off at midnight, 1 off at noon.
    point = np.full((1, 24), 10.0)
    truth = point.copy()
    truth[0, 0], truth[0, 12] = 15.0, 11.0
    place = Place(51.5, 0.0)
    card = scorecard(issued(point), truth, history(np.ones(72), place=place), capacity=100.0)
    assert card.overall["nmae_fraction"] == pytest.approx(6 / 24 / 100)
    assert card.overall["nmae_daylight_fraction"] == pytest.approx(1 / 16 / 100, rel=0.1)
    bare = scorecard(issued(point), truth, history(np.ones(72)), capacity=100.0)
    assert bare.overall["nmae_daylight_fraction"] is None


def test_scorecard_reports_the_quantiles():
    quantiles = np.tile([9.0, 11.0], (30, 24, 1))
    truth = np.full((30, 24), 10.0)
    truth[:, :6] = 12.0
    forecasts = issued(np.full((30, 24), 10.0), quantiles=quantiles)
    card = scorecard(forecasts, truth, history(np.full(800, 10.0)))
    assert card.overall["coverage_fraction"] == 0.75
    assert card.overall["worst_30_days_coverage_fraction"] == 0.75
    assert card.reliability.tolist() == [0.0, 0.75]
    # Inside, each quantile costs 0.1 of 1; outside, they cost 0.1 of 3 and 0.9 of 1.
    assert card.overall["pinball"] == pytest.approx(0.75 * 0.1 + 0.25 * 0.6)
