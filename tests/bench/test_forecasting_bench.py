"""A year of forecasts in one call, against the plainest loop that makes the same ones unguarded."""

import time
from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting import History, rolling_forecasts, with_intervals
from forecasting.boosting import Boosting
from forecasting.models import Persistence, SeasonalNaive
from forecasting.oracle import Perfect
from forecasting.ridge import Ridge

pytestmark = pytest.mark.bench

PAST_COUNT, ISSUES, HORIZON = 216, 8760, 48
START_S = -PAST_COUNT * 3600.0
VALUES = np.random.default_rng(0).random(PAST_COUNT + ISSUES + HORIZON + 1)
ISSUED_AT_S = np.arange(ISSUES) * 3600.0


def persistence_loop(present, ahead):
    return np.full(HORIZON, VALUES[present - 1])


def seasonal_loop(present, ahead):
    return VALUES[present - 24 + ahead % 24]


def perfect_loop(present, ahead):
    return VALUES[present : present + HORIZON]


def reference(one_issue):
    point, ahead = np.empty((ISSUES, HORIZON)), np.arange(HORIZON)
    for row in range(ISSUES):
        point[row] = one_issue(PAST_COUNT + row, ahead)
    return point


def cpu_s(call):
    """Return the least CPU seconds of five calls, and what the last one returned."""
    spent_s = []
    for _ in range(5):
        begin_s = time.process_time()
        result = call()
        spent_s.append(time.process_time() - begin_s)
    return min(spent_s), result


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(
    ("model", "one_issue", "limit_ratio"),
    [
        (Persistence(), persistence_loop, 0.6),
        (SeasonalNaive(), seasonal_loop, 1.5),
        (Perfect(VALUES, start_s=START_S), perfect_loop, 2.5),  # that loop only copies slices
    ],
    ids=["persistence", "seasonal-naive", "perfect"],
)
def test_a_year_in_one_call_keeps_up_with_a_bare_loop(benchmark, model, one_issue, limit_ratio):
    def a_year():
        history = History(VALUES, START_S)
        return model.fit(history, 0.0).predict(history, ISSUED_AT_S, HORIZON)

    forecasts = benchmark.pedantic(a_year, rounds=5, warmup_rounds=1)
    loop_s, expected = cpu_s(lambda: reference(one_issue))
    np.testing.assert_array_equal(forecasts.point, expected)
    ratio = benchmark.extra_info["ratio_to_loop"] = benchmark.stats["min"] / loop_s
    assert ratio < limit_ratio


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(
    ("model", "limit_ratio"), [(Ridge(), 0.3), (Boosting(), 0.5)], ids=["ridge", "boosting"]
)
def test_a_year_of_learned_forecasts_is_cheaper_in_one_call(benchmark, model, limit_ratio):
    """A year to learn from, then hourly issues of 48 h; the loop has all it needs learned."""
    draw = np.random.default_rng(0)
    values = np.sin(np.arange(2 * ISSUES + HORIZON) / 24 * 2 * np.pi) + draw.normal(size=17568)
    history = History(values, -ISSUES * 3600.0, origin=datetime(2020, 1, 1, tzinfo=UTC))
    Boosting(1).fit(history, 0.0).predict(history, ISSUED_AT_S[:1], 1)  # imports scikit-learn

    def a_year():
        return model.fit(history, 0.0).predict(history, ISSUED_AT_S, HORIZON)

    together = benchmark.pedantic(a_year, rounds=1)
    begin_s = time.process_time()
    for row in range(0, ISSUES, 73):
        alone = model.predict(history, ISSUED_AT_S[[row]], HORIZON)
        assert alone.point.tobytes() == together.point[row].tobytes()
    loop_s = 73 * (time.process_time() - begin_s)
    ratio = benchmark.extra_info["ratio_to_loop"] = benchmark.stats["min"] / loop_s
    print(f"{together.card.name}: {benchmark.stats['min']:.2f} CPU s, {loop_s:.1f} one by one")
    assert ratio < limit_ratio


@pytest.mark.benchmark(timer=time.process_time)
def test_rolling_a_year_costs_less_than_each_fit_on_its_own(benchmark):
    """Issues every 6 h and a fit every 30 days; the loop fits anew with nothing remembered."""
    draw = np.random.default_rng(0)
    values = np.sin(np.arange(2 * ISSUES + HORIZON) / 24 * 2 * np.pi) + draw.normal(size=17568)
    history = History(values, -ISSUES * 3600.0, origin=datetime(2020, 1, 1, tzinfo=UTC))

    def rolled():
        return rolling_forecasts(Ridge(), history, ISSUED_AT_S[::6], HORIZON)

    forecasts = benchmark.pedantic(rolled, rounds=3, warmup_rounds=1)
    begin_s = time.process_time()
    for first in range(0, ISSUES // 6, 120):
        issued_at_s = ISSUED_AT_S[::6][first : first + 120]
        fresh = Ridge().fit(history, issued_at_s[0]).predict(history, issued_at_s, HORIZON)
        expected = forecasts.point[first : first + 120]
        assert fresh.point.tobytes() == expected.tobytes()
    loop_s = time.process_time() - begin_s
    ratio = benchmark.extra_info["ratio_to_loop"] = benchmark.stats["min"] / loop_s
    begin_s = time.process_time()
    with_intervals(forecasts, history)
    intervals_s = time.process_time() - begin_s
    print(f"rolled: {benchmark.stats['min']:.2f} CPU s, intervals {intervals_s:.2f} more")
    assert ratio < 0.9


@pytest.mark.benchmark(timer=time.process_time)
def test_at_costs_the_same_for_few_and_for_many_issues(benchmark):
    history = History(VALUES, START_S)

    def asking(count):
        forecasts = Persistence().predict(history, np.arange(count) * 3600.0, HORIZON)
        times_s = np.linspace(0, count * 3600.0, 20_000).tolist()
        return lambda: [forecasts.at(time_s) for time_s in times_s]

    few_s, _ = cpu_s(asking(9))
    benchmark.pedantic(asking(ISSUES), rounds=5, warmup_rounds=1)
    ratio = benchmark.extra_info["ratio_to_few"] = benchmark.stats["min"] / few_s
    assert ratio < 1.5
