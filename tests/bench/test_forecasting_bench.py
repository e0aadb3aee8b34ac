"""A year of forecasts in one call, against the plainest loop that makes the same ones unguarded."""

import time

import numpy as np
import pytest

from forecasting import History
from forecasting.models import Persistence, SeasonalNaive
from forecasting.oracle import Perfect

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
