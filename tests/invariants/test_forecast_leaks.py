"""Whatever the signal, the latency and the issue times: nothing is known before its time."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecasting import (
    ForecastSet,
    History,
    LeakError,
    ModelCard,
    rolling_forecasts,
    with_intervals,
)
from forecasting.blend import Blend
from forecasting.boosting import RandomForest
from forecasting.models import Persistence, SeasonalNaive
from forecasting.oracle import Perfect
from forecasting.ridge import Ridge

STEP_S = 3600
SEASON_COUNT = 5
HOURS = 1320
MODELS = [Persistence(), SeasonalNaive(SEASON_COUNT)]
LEARNED = [Ridge(), Blend(tree_count=3), RandomForest(tree_count=2)]

whole_s = st.integers(-200_000, 200_000).map(float)
numbers = st.one_of(st.just(math.nan), st.floats(-1e6, 1e6))
signals = st.lists(numbers, max_size=40)
latencies_s = st.one_of(st.just(0.0), st.integers(0, 40_000).map(float))
# On the grid and off it, evenly spaced as a ForecastSet wants them.
issues_s = st.builds(
    lambda first, spacing, count: np.array([float(first + k * spacing) for k in range(count)]),
    st.one_of(st.integers(-60_000, 200_000), st.integers(-20, 60).map(STEP_S.__mul__)),
    st.sampled_from([STEP_S, 6 * STEP_S, 1000, 5400]),
    st.integers(1, 6),
)


def is_known(history, index, issue_s):
    return history.start_s + (index + 1) * STEP_S <= issue_s - history.latency_s


@given(signals, whole_s, latencies_s, issues_s, st.integers(-5, 100))
def test_reading_an_hour_before_it_is_published_is_refused(
    values, start_s, latency_s, issued_at_s, index
):
    history = History(values, start_s, latency_s=latency_s)
    asked = np.full((len(issued_at_s), 1), index)
    if index < 0 or all(is_known(history, index, issue_s) for issue_s in issued_at_s):
        expected = values[index] if 0 <= index < len(values) else math.nan
        np.testing.assert_array_equal(
            history.take(issued_at_s, asked), np.full(asked.shape, expected)
        )
    else:
        with pytest.raises(LeakError, match=f"asked for index {index}"):
            history.take(issued_at_s, asked)


@given(st.integers(-5000, 5000), st.integers(0, 100), st.floats(-1e-6, 1e-6))
@example(start_h=-3, index=2, early_s=-5e-324)  # the smallest float before hour 0
def test_not_even_a_microsecond_early(start_h, index, early_s):
    history = History(np.zeros(101), start_s=start_h * 3600.0)
    issue_s = (start_h + index + 1) * 3600.0 + early_s
    known = history.known_count(np.array([issue_s]))[0]
    assert (known > index) == is_known(history, index, issue_s)


def expected_point(model, values, history, issue_s, ahead):
    """Forecast one hour the slow way, walking back through what is known."""
    found = {i: v for i, v in enumerate(values) if not math.isnan(v)}
    known = {i: v for i, v in found.items() if is_known(history, i, issue_s)}
    target = math.floor((issue_s - history.start_s) / STEP_S) + ahead
    season = SEASON_COUNT if isinstance(model, SeasonalNaive) else 1
    same = [i for i in known if (target - i) % season == 0]
    return known[max(same or known)] if known else math.nan


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@given(signals, whole_s, latencies_s, issues_s)
def test_models_use_the_latest_value_that_is_known_and_no_later_one(
    model, values, start_s, latency_s, issued_at_s
):
    history = History(values, start_s, latency_s=latency_s)
    point = model.fit(history, 0.0).predict(history, issued_at_s, 12).point
    expected = [
        [expected_point(model, values, history, issue_s, ahead) for ahead in range(12)]
        for issue_s in issued_at_s
    ]
    np.testing.assert_array_equal(point, expected)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@given(st.lists(numbers, min_size=1, max_size=40), st.data(), latencies_s, issues_s)
def test_what_comes_later_changes_no_forecast_issued_before(
    model, values, data, latency_s, issued_at_s
):
    last = data.draw(st.integers(0, len(issued_at_s) - 1))
    known = data.draw(st.integers(0, len(values) - 1))  # so that there is a future
    age_s = known * STEP_S + data.draw(st.integers(0, STEP_S - 1))
    start_s = issued_at_s[last] - latency_s - age_s
    history = History(values, start_s, latency_s=latency_s)
    future = [i for i in range(len(values)) if not is_known(history, i, issued_at_s[last])]
    assert future[0] == known
    changed = np.array(values)
    changed[future] = data.draw(
        st.lists(st.floats(-9, 9), min_size=len(future), max_size=len(future))
    )
    other = History(changed, start_s, latency_s=latency_s)
    before = model.predict(history, issued_at_s, 12).point[: last + 1]
    after = model.predict(other, issued_at_s, 12).point[: last + 1]
    assert before.tobytes() == after.tobytes()


def learnable(seed, changed_from_s=math.inf, change=1.0, latency_s=0.0):
    """Return 55 days of a signal, a covariate and an outlook, all changed from then on."""
    draw = np.random.default_rng(seed)
    values, other = 100 + draw.normal(size=(2, HOURS)).cumsum(axis=1)
    values[draw.random(HOURS) < 0.02] = math.nan
    end_s = (np.arange(HOURS) + 1) * STEP_S
    values[end_s + latency_s > changed_from_s] *= change
    other[end_s + 2 * latency_s > changed_from_s] *= change
    issued_at_s = 6.0 * STEP_S * np.arange(HOURS // 6)
    point = draw.normal(size=(HOURS // 6, 40))
    point[issued_at_s > changed_from_s] *= change
    card = ModelCard("Weather", {}, trained_until_s=None, data_hash="")
    return History(
        values,
        0.0,
        latency_s=latency_s,
        origin=datetime(2024, 2, 28, tzinfo=UTC),
        covariates={"other": History(other, 0.0, latency_s=2 * latency_s)},
        outlooks={"weather": ForecastSet(issued_at_s, issued_at_s, STEP_S, point, card)},
    )


def rolled_with_intervals(model, history, issued_at_s):
    """Return point and quantiles, side by side, of a model fitted anew every six days."""
    rolled = rolling_forecasts(model, history, issued_at_s, 26, refit_s=6 * 24 * STEP_S)
    found = with_intervals(rolled, history, window_s=24 * 24 * STEP_S)
    return np.concatenate([found.point[:, :, None], found.quantiles], axis=2)


@pytest.mark.parametrize("model", LEARNED, ids=lambda model: type(model).__name__)
@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 9),
    latency_s=st.integers(0, 30_000).map(float),
    offset_s=st.sampled_from([0.0, 1800.0]),
    row=st.integers(0, 44),
    change=st.sampled_from([math.nan, 1e12, -3.0]),
)
def test_nothing_learned_or_rolled_or_covered_knows_what_comes_later(
    model, seed, latency_s, offset_s, row, change
):
    issued_at_s = 38 * 24.0 * STEP_S + offset_s + 8.0 * STEP_S * np.arange(45)
    honest = rolled_with_intervals(model, learnable(seed, latency_s=latency_s), issued_at_s)
    assert np.isfinite(honest[-1, :6]).all()
    changed = learnable(seed, issued_at_s[row], change, latency_s)
    found = rolled_with_intervals(model, changed, issued_at_s)
    assert found[: row + 1].tobytes() == honest[: row + 1].tobytes()


@given(signals, whole_s, latencies_s, issues_s)
def test_perfect_is_the_truth_to_the_bit(values, start_s, latency_s, issued_at_s):
    history = History(values, start_s, latency_s=latency_s)
    point = Perfect(values, start_s=start_s).predict(history, issued_at_s, 12).point
    truth = dict(enumerate(values))
    for issue_s, row in zip(issued_at_s, point, strict=True):
        present = math.floor((issue_s - start_s) / STEP_S)
        expected = np.array([truth.get(present + ahead, math.nan) for ahead in range(12)])
        assert row.tobytes() == expected.tobytes()


@given(
    st.integers(-(2**40), 2**40).map(lambda n: n / 2**20),  # exact, so the spacing is too
    st.sampled_from([300.0, 3600.0, 21600.0]),
    st.integers(1, 50),
    st.floats(-2e6, 2e6),
)
def test_at_never_answers_with_a_forecast_issued_later(first_s, spacing_s, count, time_s):
    issued_at_s = first_s + spacing_s * np.arange(count)
    card = ModelCard("Test", {}, trained_until_s=None, data_hash="")
    point = np.arange(float(count))[:, None]
    forecasts = ForecastSet(issued_at_s, issued_at_s, spacing_s, point, card)
    by_then = np.flatnonzero(issued_at_s <= time_s)
    if by_then.size:
        assert forecasts.at(time_s).point[0] == by_then[-1]
    else:
        with pytest.raises(LookupError, match="no forecast is issued by"):
            forecasts.at(time_s)


@given(st.integers(-100, 100), st.integers(1, 8), st.sampled_from([1, 300, 3600]))
@example(first=-8, row=8, spacing=1)  # the smallest float before 0
def test_at_an_issue_time_is_that_issue_and_just_before_it_is_not(first, row, spacing):
    issued_at_s = np.array([float(first + k * spacing) for k in range(9)])
    card = ModelCard("Test", {}, trained_until_s=None, data_hash="")
    forecasts = ForecastSet(issued_at_s, issued_at_s, 1.0, np.ones((9, 1)), card)
    issue_s = issued_at_s[row]
    assert forecasts.at(issue_s).issued_at_s == issue_s
    assert forecasts.at(np.nextafter(issue_s, -np.inf)).issued_at_s == issued_at_s[row - 1]
