"""Rolling origin: who is fitted when on what, and who speaks where history is short."""

from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting import ForecastSet, History, ModelCard, TooShortError, rolling_forecasts
from forecasting.models import Persistence, SeasonalNaive
from forecasting.ridge import Ridge

H = 3600.0
DAY = 24 * H
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


class MeanOfAll:
    """The mean of all values known when it is fitted, if there are enough; notes each fit."""

    def __init__(self, needed_count=1):
        self.needed_count = needed_count
        self.fits_s = []

    def fit(self, history, until_s):
        now_s = np.array([until_s])
        known = history.take(now_s, np.arange(history.known_count(now_s)[0])[None, :])
        self.fits_s.append(until_s)
        if known.size < self.needed_count:
            message = f"needs {self.needed_count}"
            raise TooShortError(message)
        self.mean, self.fit_s, self.trained_until_s = known.mean(), 0.5, until_s
        return self

    def predict(self, history, issued_at_s, horizon_count):
        point = np.full((len(issued_at_s), horizon_count), self.mean)
        card = ModelCard("MeanOfAll", {}, self.trained_until_s, "", fit_s=self.fit_s)
        return ForecastSet.on_grid(history, issued_at_s, point=point, card=card)


def days(count, first=0):
    return DAY * np.arange(first, first + count)


def test_a_model_is_fitted_anew_at_every_thirtieth_day_from_the_first_issue_on():
    model, history = MeanOfAll(), History(np.arange(24.0 * 80), 0.0)
    found = rolling_forecasts(model, history, days(65, first=10), 2)
    assert model.fits_s == [10 * DAY, 40 * DAY, 70 * DAY]
    # The mean of 0 ... n - 1 is (n - 1) / 2, with 240 values known at first.
    assert found.point[[0, 29], 1].tolist() == [119.5, 119.5]
    assert found.point[[30, 59], 0].tolist() == [479.5, 479.5]
    assert found.point[60:].tolist() == [[839.5, 839.5]] * 5
    assert found.issued_at_s.tolist() == days(65, first=10).tolist()


def test_fits_need_not_fall_on_issues():
    # Issues every 7 h, fits due every 12 h: at 0, then at the first issues past 12 h, 24 h, 36 h.
    model = MeanOfAll()
    history = History(np.arange(99.0), -24 * H)
    rolling_forecasts(model, history, 7 * H * np.arange(7), 1, refit_s=12 * H)
    assert model.fits_s == [0.0, 14 * H, 28 * H, 42 * H]


def test_a_gap_keeps_the_latest_values_from_the_fit():
    model, history = MeanOfAll(), History(np.arange(24.0 * 80), 0.0)
    found = rolling_forecasts(model, history, days(3, first=10), 1, gap_s=5 * DAY)
    assert model.fits_s == [5 * DAY]
    assert found.point[0, 0] == 59.5


def test_values_before_the_start_of_training_are_not_seen():
    history = History(np.arange(24.0 * 80), 0.0)
    found = rolling_forecasts(MeanOfAll(), history, days(3, first=10), 1, train_from_s=9 * DAY)
    assert found.point[:, 0].tolist() == [227.5] * 3  # of 216 ... 239


def test_too_little_history_is_an_error_without_a_fallback():
    with pytest.raises(TooShortError, match="needs 1000"):
        rolling_forecasts(MeanOfAll(1000), History(np.ones(99), 0.0), days(3), 1)


def test_a_fallback_speaks_until_the_next_fit():
    history = History(np.arange(24.0 * 200), 0.0)
    found = rolling_forecasts(
        MeanOfAll(24 * 35), history, days(65, first=10), 1, fallback=Persistence()
    )
    assert found.point[[0, 29], 0].tolist() == [239, 239 + 29 * 24]
    assert found.point[30, 0] == 479.5
    assert found.card.fallback_until_s == 40 * DAY
    assert found.card.name == "MeanOfAll"


def test_the_card_says_who_spoke():
    history = History(np.arange(24.0 * 80), 0.0)
    alone = rolling_forecasts(MeanOfAll(), history, days(65, first=10), 1, fallback=Persistence())
    assert alone.card.fallback_until_s is None
    assert alone.card.trained_until_s == 70 * DAY
    assert alone.card.fit_s == 1.5  # three fits
    never = rolling_forecasts(MeanOfAll(9999), history, days(9), 1, fallback=Persistence())
    assert never.card.fallback_until_s == np.inf
    assert never.card.name == "Persistence"


def test_a_model_that_finds_history_too_short_when_asked_falls_back_too():
    # 36 days do for ridge to be fitted, but not to learn a horizon of four days.
    values = np.random.default_rng(0).normal(size=24 * 100)
    history = History(values, 0.0, origin=MONDAY)
    found = rolling_forecasts(Ridge(), history, days(40, first=36), 96, fallback=SeasonalNaive())
    assert found.card.fallback_until_s == 66 * DAY
    naive = SeasonalNaive().predict(history, days(30, first=36), 96)
    assert found.point[:30].tobytes() == naive.point.tobytes()


def test_a_model_that_does_not_learn_comes_out_as_if_asked_once():
    history = History(np.arange(24.0 * 80), 0.0)
    rolled = rolling_forecasts(SeasonalNaive(), history, days(65, first=10), 48)
    at_once = SeasonalNaive().predict(history, days(65, first=10), 48)
    assert rolled.point.tobytes() == at_once.point.tobytes()


class Bounds(Persistence):
    """Persistence with quantiles."""

    def predict(self, history, issued_at_s, horizon_count):
        made = super().predict(history, issued_at_s, horizon_count)
        bounds = np.stack([made.point - 1, made.point + 1], axis=2)
        return ForecastSet.on_grid(
            history,
            issued_at_s,
            point=made.point,
            card=made.card,
            quantile_levels=[0.1, 0.9],
            quantiles=bounds,
        )


def test_quantiles_are_kept():
    history = History(np.arange(24.0 * 80), 0.0)
    found = rolling_forecasts(Bounds(), history, days(65, first=10), 1)
    assert found.quantiles.shape == (65, 1, 2)
    assert found.quantiles[40, 0].tolist() == [50 * 24 - 2, 50 * 24]


@pytest.mark.parametrize(("refit_s", "gap_s"), [(0.0, 0.0), (DAY, -1.0), (np.nan, 0.0)])
def test_times_that_make_no_sense_are_refused(refit_s, gap_s):
    with pytest.raises(ValueError, match="refit_s must be positive and gap_s not negative"):
        rolling_forecasts(
            Persistence(), History([1.0], 0.0), days(1), 1, refit_s=refit_s, gap_s=gap_s
        )


@pytest.mark.parametrize("change", [np.nan, 1e12])
def test_what_comes_later_changes_no_rolled_forecast(change):
    values = 100 + np.random.default_rng(0).normal(size=24 * 120)
    issued_at_s = 6 * H * np.arange(4 * 45, 4 * 110)

    def rolled(values):
        history = History(values, 0.0, latency_s=2 * H, origin=MONDAY)
        return rolling_forecasts(Ridge(), history, issued_at_s, 24, refit_s=10 * DAY).point

    honest = rolled(values)
    for row in (0, 39, 40, 131, 259):  # the first issue of a fit, the last one, and in between
        changed = values.copy()
        changed[(np.arange(len(values)) + 1) * H + 2 * H > issued_at_s[row]] = change
        assert rolled(changed)[: row + 1].tobytes() == honest[: row + 1].tobytes()
