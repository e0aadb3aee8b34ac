"""Backtests: which forecasts are issued, from what, and what is scored."""

from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting import ForecastSet, History, ModelCard, TooShortError
from forecasting.backtest import Plan, backtest, with_honest_intervals
from forecasting.models import Persistence, SeasonalNaive
from forecasting.oracle import Perfect

H = 3600.0
DAY = 24 * H
DAYS = 200
ORIGIN = datetime(2025, 1, 6, tzinfo=UTC)
PLAN = Plan(150 * DAY, 180 * DAY, 48)


def signal():
    hour = np.arange(24 * DAYS)
    noise = np.random.default_rng(3).normal(size=hour.size)
    return 100 + 30 * np.sin(2 * np.pi * hour / 24) + 5 * noise


TRUTH = signal()
HISTORY = History(TRUTH, start_s=0.0, origin=ORIGIN)


class Diary(Persistence):
    """Persistence that writes down when it learned, and refuses before some day."""

    def __init__(self, needs_days=0):
        self.needs_days = needs_days
        self.learned_at_s = []

    def fit(self, history, until_s):
        self.learned_at_s.append(until_s)
        if until_s < self.needs_days * DAY:
            message = f"needs {self.needs_days} days"
            raise TooShortError(message)
        return self

    def predict(self, history, issued_at_s, horizon_count):
        good = super().predict(history, issued_at_s, horizon_count)
        card = ModelCard("Diary", {}, trained_until_s=None, data_hash="")
        return ForecastSet.on_grid(history, issued_at_s, point=good.point, card=card)


def test_forecasts_are_issued_from_the_first_to_the_last_time():
    found = backtest(SeasonalNaive(), HISTORY, TRUTH, plan=PLAN)
    assert found.forecasts.issued_at_s.tolist() == [day * DAY for day in range(150, 181)]
    assert found.forecasts.point.shape == (31, 48)
    assert len(found.scorecard.lead_days) == 2


def test_the_last_issue_is_not_after_the_last_time():
    plan = Plan(0.0, 1.5 * DAY - 1.0, 24, spacing_s=6 * H)
    assert plan.issues_s(every_s=6 * H).tolist() == [k * 6 * H for k in range(6)]


def test_a_model_learns_anew_every_30_days_and_warms_up_for_90():
    diary = Diary()
    with_honest_intervals(diary, HISTORY, PLAN)
    assert [time_s / DAY for time_s in diary.learned_at_s] == [60, 90, 120, 150, 180]


def test_a_gap_keeps_fits_away_from_the_issues():
    diary = Diary()
    with_honest_intervals(diary, HISTORY, Plan(150 * DAY, 151 * DAY, 24, gap_s=7 * DAY))
    assert diary.learned_at_s[-1] == 143 * DAY


def test_warming_up_does_without_a_model_that_has_too_little_history():
    found = with_honest_intervals(Diary(needs_days=130), HISTORY, PLAN)
    assert np.isfinite(found.quantiles).all()
    assert found.issued_at_s[0] == 150 * DAY


def test_too_little_history_before_the_first_issue_is_an_error():
    with pytest.raises(TooShortError, match="needs 160 days"):
        backtest(Diary(needs_days=160), HISTORY, TRUTH, plan=PLAN)
    with pytest.raises(TooShortError, match="needs 160 days"):
        with_honest_intervals(Diary(needs_days=160), HISTORY, PLAN)


def test_warming_up_begins_no_earlier_than_the_data():
    diary = Diary()
    with_honest_intervals(diary, HISTORY, Plan(10 * DAY, 12 * DAY, 24))
    assert diary.learned_at_s == [0.0, 10 * DAY]
    diary = Diary()
    with_honest_intervals(diary, HISTORY, Plan(10 * DAY, 12 * DAY, 24, train_from_s=8 * DAY))
    assert diary.learned_at_s == [8 * DAY, 10 * DAY]


def test_nothing_before_the_start_of_training_is_seen():
    plan = Plan(150 * DAY, 150 * DAY, 24, train_from_s=149.5 * DAY)
    found = with_honest_intervals(SeasonalNaive(), HISTORY, plan)
    # The last 12 hours are seen; the first 12 of the day before are not: the last value instead.
    np.testing.assert_array_equal(found.point[0, 12:], TRUTH[149 * 24 + 12 : 150 * 24])
    np.testing.assert_array_equal(found.point[0, :12], TRUTH[150 * 24 - 1])


def test_a_perfect_forecast_scores_perfectly():
    oracle = Perfect(TRUTH, start_s=0.0)
    found = backtest(oracle, HISTORY, TRUTH, plan=PLAN)
    assert found.scorecard.overall["mae"] == 0.0
    assert found.scorecard.overall["skill_fraction"] == 1.0
    assert found.decision.captured_fraction == 1.0
    assert found.decision_contiguous.captured_fraction == 1.0


def test_jobs_arrive_every_six_hours_whatever_the_issues():
    found = backtest(SeasonalNaive(), HISTORY, TRUTH, plan=PLAN)
    assert found.decision.arrivals_count == 30 * 4 + 1
    hourly = Plan(150 * DAY, 152 * DAY, 24, spacing_s=H, arrivals_s=H)
    assert backtest(SeasonalNaive(), HISTORY, TRUTH, plan=hourly).decision.arrivals_count == 49


def test_jobs_that_seek_high_values_are_asked_for():
    low, high = (
        backtest(SeasonalNaive(), HISTORY, TRUTH, plan=Plan(150 * DAY, 160 * DAY, 24, highest=way))
        for way in (False, True)
    )
    assert low.decision.captured_fraction > 0.8
    assert high.decision.captured_fraction > 0.8
    assert low.decision.gain != high.decision.gain


def test_there_are_no_jobs_where_a_step_is_longer_than_they():
    daily = History(TRUTH[::24], start_s=0.0, step_s=DAY, origin=ORIGIN)
    found = backtest(Persistence(), daily, TRUTH[::24], plan=Plan(150 * DAY, 160 * DAY, 3))
    assert (found.decision, found.decision_contiguous) == (None, None)


def test_hours_past_the_data_are_not_scored():
    plan = Plan(198 * DAY, 199 * DAY, 48)
    found = backtest(SeasonalNaive(), HISTORY, TRUTH, plan=plan)
    assert found.scorecard.overall["scored_count"] == 48 + 24
    assert found.scorecard.overall["missing_count"] == 0


def test_hours_without_truth_are_not_scored_even_if_the_history_holds_them():
    truth = TRUTH.copy()
    truth[151 * 24 : 152 * 24] = np.nan
    found = backtest(SeasonalNaive(), HISTORY, truth, plan=Plan(150 * DAY, 151 * DAY, 24))
    assert found.scorecard.overall["scored_count"] == 24


def test_the_card_has_the_scores():
    found = backtest(SeasonalNaive(), HISTORY, TRUTH, plan=PLAN)
    metrics = found.forecasts.card.metrics
    assert metrics["mae"] == found.scorecard.overall["mae"]
    assert metrics["decision_value_fraction"] == found.decision.captured_fraction
    assert None not in metrics.values()


def test_scores_do_not_depend_on_what_comes_after_the_test():
    later = TRUTH.copy()
    later[190 * 24 :] = 1e9
    other = History(later, start_s=0.0, origin=ORIGIN)
    plan = Plan(150 * DAY, 187 * DAY, 48)
    one = backtest(SeasonalNaive(), HISTORY, TRUTH, plan=plan)
    two = backtest(SeasonalNaive(), other, later, plan=plan)
    assert one.scorecard.overall == two.scorecard.overall
    assert one.forecasts.quantiles.tobytes() == two.forecasts.quantiles.tobytes()


def test_progress_is_told_with_every_fit_and_ends_at_one():
    seen = []
    backtest(SeasonalNaive(), HISTORY, TRUTH, plan=PLAN, on_progress=seen.append)
    assert seen == sorted(seen)
    assert len(seen) == 5 + 2 + 1  # fits to warm up and to test, fits for the jobs, the end
    assert (seen[0], seen[-1]) == (0.0, 1.0)
