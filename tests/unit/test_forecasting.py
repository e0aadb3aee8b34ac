"""Forecasting: numbers worked out by hand on a few hours."""

import doctest
import subprocess
import sys
import tomllib
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import forecasting
from forecasting import ForecastSet, History, LeakError, ModelCard
from forecasting.base import CODE_VERSION
from forecasting.models import Persistence, SeasonalNaive
from forecasting.oracle import Perfect

H = 3600.0
NAN = np.nan
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
CARD = ModelCard("Test", {}, trained_until_s=None, data_hash="")


def times(*hours):
    return np.array(hours) * H


def rows(*indices):
    return np.array(indices, dtype=np.int64)


# History


def test_an_hour_is_known_the_moment_it_ends():
    history = History([5.0, 6.0], start_s=0)
    assert history.take(times(1), rows([0])) == 5.0
    with pytest.raises(
        LeakError, match=r"issued at 3599 s asked for index 0, .* from 3600 s .*: nothing"
    ):
        history.take(np.array([3599.0]), rows([0]))


def test_latency_delays_what_is_known():
    history = History([5.0, 6.0, 7.0], start_s=0, latency_s=2 * H)
    assert history.known_count(times(2.5, 3, 4, 5, 99)).tolist() == [0, 1, 2, 3, 3]
    assert history.take(times(4), rows([0, 1])).tolist() == [[5.0, 6.0]]
    with pytest.raises(LeakError, match=r"latency is 7200 s\). Known by then: indices up to 1"):
        history.take(times(4), rows([0, 2]))


def test_one_early_index_among_many_issues_is_refused():
    history = History(np.arange(10.0), start_s=0)
    with pytest.raises(LeakError, match="issued at 10800 s asked for index 4"):
        history.take(times(5, 3), rows([0, 4], [0, 4]))


def test_outside_the_values_is_nan_never_the_other_end():
    history = History([5.0, 6.0], start_s=0)
    found = history.take(times(9), rows([-2, -1, 0, 1, 2, 8]))
    np.testing.assert_array_equal(found, [[NAN, NAN, 5.0, 6.0, NAN, NAN]])


def test_an_hour_after_the_values_end_is_refused_before_it_has_ended():
    with pytest.raises(LeakError, match="index 9"):
        History([5.0, 6.0], start_s=0).take(times(9), rows([9]))


def test_last_known_index_passes_over_gaps():
    history = History([NAN, 6.0, NAN, NAN, 9.0], start_s=0)
    assert history.last_known_index(times(0, 1, 2, 3, 4, 5, 6)).tolist() == [-1, -1, 1, 1, 1, 4, 4]


def test_same_phase_looks_back_over_whole_periods_and_gaps():
    # Indices up to 5 are known. Period 3: index 6 goes back to 3, a gap, then 0; 7 to 4; 8 to 5
    # and 2, both gaps.
    history = History([0.0, 1.0, NAN, NAN, 4.0, NAN, 6.0, 7.0], start_s=0)
    found = history.last_same_phase_index(times(6), rows([6, 7, 8, 12, 0]), period_count=3)
    assert found.tolist() == [[0, 4, -1, 0, 0]]


def test_the_present_hour_comes_first_also_between_two_hours():
    history = History([0.0], start_s=-2 * H)
    issued_at_s = times(0, 0.5, 1)
    assert history.target_index(issued_at_s, 2).tolist() == [[2, 3], [2, 3], [3, 4]]
    assert history.valid_start_s(issued_at_s).tolist() == [0.0, 0.0, H]


def test_same_phase_indices_walk_back_over_gaps():
    # Period 2, indices up to 6 known, 4 a gap: from 8 back come 6, 2, 0; from 7 back 5, 3, 1.
    history = History([0.0, 1.0, 2.0, 3.0, NAN, 5.0, 6.0, 7.0], start_s=0)
    found = history.same_phase_indices(times(7), rows([8, 7]), period_count=2, count=4)
    assert found.tolist() == [[[6, 5]], [[2, 3]], [[0, 1]], [[-1, -1]]]


def test_since_leaves_out_what_begins_before():
    wind = History(np.arange(10.0), start_s=-4 * H, latency_s=H)
    history = History(
        np.arange(10.0), start_s=0, latency_s=2 * H, origin=NOON, covariates={"wind": wind}
    )
    cut = history.since(2.5 * H)
    assert (cut.start_s, cut.latency_s, cut.origin) == (3 * H, 2 * H, NOON)
    assert cut.take(times(9), rows([-1, 0, 1])).tolist()[0][1:] == [3.0, 4.0]
    assert np.isnan(cut.take(times(9), rows([-1])))
    assert cut.covariates["wind"].start_s == 3 * H
    assert cut.covariates["wind"].take(times(9), rows([0])) == 7.0
    assert history.since(-5 * H).start_s == 0
    assert history.since(3 * H).start_s == 3 * H
    assert history.since(1e9).last_known_index(times(99)).tolist() == [-1]


def test_the_hash_knows_covariates_and_outlooks():
    bare = History([1.0], start_s=0)
    outlook = forecast_set()
    beside = [
        {"covariates": {"wind": History([2.0], start_s=0)}},
        {"covariates": {"sun": History([2.0], start_s=0)}},
        {"covariates": {"wind": History([3.0], start_s=0)}},
        {"outlooks": {"wind": outlook}},
        {"outlooks": {"wind": forecast_set(point=outlook.point + 1)}},
    ]
    hashes = {History([1.0], start_s=0, **more).data_hash for more in beside}
    assert len(hashes | {bare.data_hash}) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"origin": datetime(2024, 1, 1)}, "origin must say its time zone"),  # noqa: DTZ001
        ({"covariates": {"wind": History([1.0], 0, 1800.0)}}, "wind must have steps of 3600 s and"),
        ({"covariates": {"wind": History([1.0], 60.0)}}, "wind must have .* the same edges"),
    ],
)
def test_history_refuses_companions_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        History([1.0], start_s=0, **arguments)


def test_history_refuses_an_outlook_on_another_grid():
    half_hours = forecast_set(valid_start_s=times(0.5, 6.5, 12.5))
    with pytest.raises(ValueError, match="heat must have steps of 3600 s and the same edges"):
        History([1.0], start_s=0, outlooks={"heat": half_hours})


def test_an_empty_history_knows_nothing():
    history = History([], start_s=0)
    assert history.last_known_index(times(5)).tolist() == [-1]
    assert np.isnan(history.take(times(5), rows([0])))


def test_values_cannot_be_read_past_the_guard_by_mistake():
    history = History([5.0], start_s=0)
    with pytest.raises(AttributeError, match="values"):
        _ = history.values
    with pytest.raises(FrozenInstanceError, match="latency_s"):
        history.latency_s = -H


def test_history_keeps_a_copy():
    values = np.array([5.0])
    history = History(values, start_s=0)
    values[0] = 7.0
    assert history.take(times(1), rows([0])) == 5.0


def test_data_hash_is_the_sha256_of_the_values():
    # sha256sum of eight zero bytes, which are the float64 0.0.
    expected = "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc"
    assert History([0.0], start_s=0).data_hash == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": [[1.0]]}, "one-dimensional"),
        ({"values": [np.inf]}, "finite or NaN"),
        ({"step_s": 0.0}, "step_s > 0"),
        ({"latency_s": -1.0}, "latency_s >= 0"),
        ({"start_s": NAN}, "must be finite"),
    ],
)
def test_history_refuses_what_cannot_be_a_signal(arguments, message):
    with pytest.raises(ValueError, match=message):
        History(**{"values": [1.0], "start_s": 0.0, **arguments})


@pytest.mark.parametrize("index", [rows(0), rows([0], [0]), np.array([[0.0]])])
def test_take_refuses_an_index_of_another_shape_or_type(index):
    with pytest.raises(ValueError, match=r"index must be integers of shape \(1, k\); got"):
        History([1.0], start_s=0).take(times(1), index)


@pytest.mark.parametrize("issued_at_s", [np.array([[0.0]]), np.array([NAN]), np.array(0.0)])
def test_issue_times_must_be_a_row_of_finite_times(issued_at_s):
    with pytest.raises(ValueError, match="one-dimensional array of finite times"):
        History([1.0], start_s=0).known_count(issued_at_s)


# ForecastSet


def forecast_set(**arguments):
    given = {
        "issued_at_s": times(0, 6, 12),
        "valid_start_s": times(0, 6, 12),
        "step_s": H,
        "point": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        "card": CARD,
    }
    return ForecastSet(**given | arguments)


@pytest.mark.parametrize(
    ("hour", "issued_at_h", "first"),
    [(0, 0, 1.0), (5.999, 0, 1.0), (6, 6, 3.0), (11, 6, 3.0), (12, 12, 5.0), (1e6, 12, 5.0)],
)
def test_at_gives_the_latest_forecast_issued_by_then(hour, issued_at_h, first):
    issue = forecast_set().at(hour * H)
    assert (issue.issued_at_s, issue.point[0]) == (issued_at_h * H, first)
    assert (issue.step_s, issue.quantiles) == (H, None)


def test_rows_at_finds_the_latest_issue_of_each_time():
    asked_s = times(-1, 0, 5.999, 6, 11, 12, 1e6)
    assert forecast_set().rows_at(asked_s).tolist() == [-1, 0, 0, 1, 1, 2, 2]
    assert forecast_set().rows_at(asked_s[[[1], [3]]]).tolist() == [[0], [1]]


@pytest.mark.parametrize("time_s", [-1e-9, NAN, -np.inf])
def test_at_before_the_first_issue_is_a_lookup_error(time_s):
    with pytest.raises(LookupError, match="the first is issued at 0 s"):
        forecast_set().at(time_s)


def test_at_works_with_a_single_issue():
    single = forecast_set(issued_at_s=times(3), valid_start_s=times(3), point=[[7.0]])
    assert single.at(5 * H).point.tolist() == [7.0]


def test_at_gives_the_quantiles_of_that_issue():
    quantiles = np.arange(12.0).reshape(3, 2, 2)
    issue = forecast_set(quantile_levels=[0.1, 0.9], quantiles=quantiles).at(7 * H)
    assert issue.quantiles.tolist() == [[4.0, 5.0], [6.0, 7.0]]


def test_forecasts_cannot_be_changed():
    point = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    forecasts = forecast_set(point=point)
    point[0, 0] = 99.0
    issue = forecasts.at(0)
    assert issue.point[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        issue.point[0] = 0.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        issue.point.flags.writeable = True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"issued_at_s": times(0, 6, 13)}, "rise by equal amounts"),
        ({"issued_at_s": times(6, 6, 6)}, "rise by equal amounts"),
        ({"issued_at_s": times()}, "at least one time"),
        ({"valid_start_s": times(0)}, r"valid_start_s must have shape \(3,\)"),
        ({"point": np.ones((2, 2))}, r"point must have shape \(3, horizon >= 1\); got \(2, 2\)"),
        ({"point": np.ones((3, 0))}, "horizon >= 1"),
        ({"quantile_levels": [0.9, 0.1]}, "must rise between 0 and 1"),
        ({"quantile_levels": [0.0]}, "must rise between 0 and 1"),
        ({"quantile_levels": [0.5]}, r"quantiles must have shape \(3, 2, 1\); got \(3, 2, 0\)"),
        ({"quantiles": np.ones((3, 2, 1))}, r"must have shape \(3, 2, 0\); got \(3, 2, 1\)"),
    ],
)
def test_forecast_set_refuses_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        forecast_set(**arguments)


# Models


def test_persistence_holds_the_last_known_value():
    history = History([5.0, NAN, 7.0, 8.0], start_s=0, latency_s=H)
    point = Persistence().fit(history, 0).predict(history, times(1, 2, 3, 4), 2).point
    np.testing.assert_array_equal(point, [[NAN, NAN], [5.0, 5.0], [5.0, 5.0], [7.0, 7.0]])


def test_seasonal_naive_repeats_yesterday():
    history = History(np.arange(72.0), start_s=-48 * H)  # hour 0 of the run is index 48
    point = SeasonalNaive().fit(history, 0).predict(history, times(0, 6), 26).point
    assert point[0].tolist() == [*range(24, 48), 24.0, 25.0]
    assert point[1, :3].tolist() == [30.0, 31.0, 32.0]
    assert point[1, 24:].tolist() == [30.0, 31.0]


def test_seasonal_naive_begins_with_the_present_hour_between_two_hours():
    history = History(np.arange(72.0), start_s=-48 * H)
    forecasts = SeasonalNaive().predict(history, times(0.5), 2)
    assert forecasts.point.tolist() == [[24.0, 25.0]]
    assert forecasts.at(H).valid_start_s == 0.0


def test_seasonal_naive_goes_back_for_what_latency_hides():
    # 6 h of latency: at hour 0 indices up to 41 are known, so hours 18 to 23 are a day older.
    history = History(np.arange(72.0), start_s=-48 * H, latency_s=6 * H)
    point = SeasonalNaive().predict(history, times(0), 24).point
    assert point[0].tolist() == [*range(24, 42), *range(18, 24)]


def test_seasonal_naive_fills_gaps_from_earlier_seasons_then_from_the_last_value():
    # Season of 3 h. Hour 0: 6 is a gap, 3 is known. Hour 1: 7 is known. Hour 2: 2, 5, 8 are gaps,
    # so the last known value, which is 7.
    values = [0.0, 1.0, NAN, 3.0, 4.0, NAN, NAN, 7.0, NAN]
    history = History(values, start_s=-9 * H)
    assert SeasonalNaive(3).predict(history, times(0), 3).point.tolist() == [[3.0, 7.0, 7.0]]


def test_naive_models_say_nan_where_nothing_is_known():
    history = History([NAN, NAN, 3.0], start_s=0)
    for model in (Persistence(), SeasonalNaive()):
        assert np.isnan(model.predict(history, times(2), 3).point).all()


@pytest.mark.parametrize("season_h", [0, -24, 1.5, NAN])
def test_a_season_is_a_whole_number_of_steps(season_h):
    history = History([1.0], start_s=0)
    with pytest.raises(ValueError, match="season_h must be a whole number of steps of 1 h; got"):
        SeasonalNaive(season_h).predict(history, times(1), 1)


def test_the_card_says_where_a_forecast_comes_from():
    history = History([0.0], start_s=0)
    card = SeasonalNaive(168).predict(history, times(1), 1).card
    assert (card.name, card.parameters, card.trained_until_s, card.metrics) == (
        "SeasonalNaive",
        {"season_h": 168},
        None,
        {},
    )
    assert card.data_hash == history.data_hash
    assert card.code_version == CODE_VERSION


def test_the_card_takes_over_what_a_forecaster_says_of_its_learning():
    model = Persistence()
    model.trained_from_s, model.trained_until_s = 3600.0, 7200.0
    model.features, model.fit_s = ["last"], 0.5
    card = ModelCard.of(model, History([0.0], start_s=0))
    assert (card.trained_from_s, card.trained_until_s) == (3600.0, 7200.0)
    assert (card.features, card.fit_s, card.fallback_until_s) == (("last",), 0.5, None)


# Oracle


def test_perfect_says_what_will_come_and_nan_past_its_end():
    truth = np.array([1.0, 2.0, 0.1 + 0.2, -0.0])
    history = History(truth, start_s=-H)
    oracle = Perfect(truth, start_s=-H).fit(history, 0)
    point = oracle.predict(history, times(0, 1), 4).point
    np.testing.assert_array_equal(point, [[2.0, 0.1 + 0.2, 0.0, NAN], [0.1 + 0.2, 0.0, NAN, NAN]])
    assert np.signbit(point[0, 2])
    early = oracle.predict(history, times(-2.5), 3).point
    np.testing.assert_array_equal(early, [[NAN, NAN, 1.0]])


@pytest.mark.parametrize("grid", [{"start_s": 60.0}, {"start_s": 0.0, "step_s": 1800.0}])
def test_perfect_refuses_a_history_on_another_grid(grid):
    with pytest.raises(ValueError, match="the same step and edges"):
        Perfect([1.0], **grid).predict(History([1.0], start_s=0), times(0), 1)


# The package


def test_the_example_in_the_package_docstring_works():
    failed, tried = doctest.testmod(forecasting)
    assert (failed, tried > 4) == (0, True)


def test_importing_forecasting_loads_nothing_heavy_and_nothing_of_sim():
    code = (
        "import sys, forecasting, forecasting.models, forecasting.oracle; "
        "print({n.partition('.')[0] for n in sys.modules} & {'sim', 'sklearn', 'scipy', 'pandas'})"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


ROOT = Path(__file__).parents[2]


def test_the_code_version_is_that_of_the_distribution():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == CODE_VERSION
