import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from sim.errors import DataError
from sim.study.statistics import half_width_fraction, until_ci
from sim.study.statistics.intervals import mean_intervals, seed_weights
from sim.study.statistics.significance import effect_sizes, fewest_seeds, holm, sign_flip_p


def runs_of(**values_by_policy):
    """Return one row per run with cost_total_usd; rows of several points may be put together."""
    return pd.DataFrame([
        {"point": "base", "policy": policy, "seed": seed, "cost_total_usd": value}
        for policy, values in values_by_policy.items()
        for seed, value in enumerate(values, start=1)
    ])


def test_same_values_give_the_same_interval_every_time():
    values = np.random.default_rng(5).exponential(size=(3, 12))
    assert np.array_equal(mean_intervals(values), mean_intervals(values.copy()))


def test_interval_does_not_depend_on_the_other_rows():
    values = np.random.default_rng(5).exponential(size=(3, 12))
    alone = np.concatenate([mean_intervals(row[np.newaxis]) for row in values])
    assert mean_intervals(values) == pytest.approx(alone, rel=1e-13)


def test_interval_of_a_skewed_sample_reaches_further_towards_its_tail():
    sample = np.array([[1.0, 1.1, 0.9, 1.2, 1.0, 0.8, 1.1, 5.0]])
    low, high = mean_intervals(sample)[0]
    assert high - sample.mean() > 4.0 * (sample.mean() - low)  # percentiles: 2.5


@pytest.mark.parametrize("seeds", [6, 12, 40])
def test_interval_of_a_normal_sample_is_about_as_wide_as_students(seeds):
    sample = np.random.default_rng(8).normal(size=(400, seeds))
    widths = np.diff(mean_intervals(sample), axis=1).mean()
    # t(0.975, n - 1) from any table; sample standard deviations of a normal have mean c4 ~ 1 - 1/4n
    quantile = {6: 2.571, 12: 2.201, 40: 2.023}[seeds]
    students = 2 * quantile / np.sqrt(seeds) * (1 - 1 / (4 * seeds))
    assert widths == pytest.approx(students, rel=0.04)


def test_interval_where_all_seeds_are_alike_is_a_point_and_one_seed_has_none():
    assert mean_intervals(np.array([[3.0] * 8, [0.0] * 8])).tolist() == [[3.0, 3.0], [0.0, 0.0]]
    assert np.isnan(mean_intervals(np.array([[3.0]]))).all()


def test_seeds_are_drawn_with_replacement():
    weights = seed_weights(4, 5000)
    assert weights.sum(axis=1) == pytest.approx(1.0)
    assert weights.mean(axis=0) == pytest.approx(0.25, abs=0.01)
    # a seed is drawn Binomial(4, 1/4) times: variance of its weight is 4 * 3/16 / 16
    assert weights.var(axis=0) == pytest.approx(3 / 64, rel=0.1)


def test_sign_flips_by_hand():
    # Of the 8 sign patterns of 1, 2, 3 the sums 6 (+++), 4 (-++), ... are as far out as +2 (+-+)
    # in one direction with 6, 4, 2: three of eight; two-sided twice that.
    assert sign_flip_p(np.array([[1.0, -2.0, 3.0]])) == pytest.approx([0.75])
    assert sign_flip_p(np.array([[1.0, 2.0, 3.0]])) == pytest.approx([0.25])
    assert sign_flip_p(np.zeros((1, 3))) == pytest.approx([1.0])


def test_sign_flips_agree_with_wilcoxon_where_differences_are_ranks():
    # The sum of signed ranks is Wilcoxon's statistic, so both exact tests are the same test.
    ranks = np.array([1.0, 2.0, -3.0, 4.0, 5.0, 6.0, -7.0, 8.0, 9.0, 10.0])
    exact = wilcoxon(ranks, method="exact").pvalue
    assert sign_flip_p(ranks[np.newaxis])[0] == pytest.approx(exact, rel=1e-12)


def test_many_seeds_are_flipped_at_random_and_come_close():
    ranks = np.arange(1.0, 21.0) * np.where(np.arange(20) % 3, 1.0, -1.0)
    exact = wilcoxon(ranks, method="exact").pvalue
    assert sign_flip_p(ranks[np.newaxis])[0] == pytest.approx(exact, abs=0.02)


def test_holm_by_hand():
    # Holm: sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 = 0.02, 0.03, 0.06, 0.04; the last may
    # not be below the one before, so 0.06.
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.6, 0.5])) == pytest.approx([1.0, 1.0])
    assert holm(np.array([0.04])) == pytest.approx([0.04])
    assert holm(np.array([])).size == 0


@pytest.mark.parametrize(("tests", "seeds"), [(1, 6), (2, 7), (9, 9), (100, 12)])
def test_fewest_seeds_are_those_with_which_all_agreeing_is_below_five_percent(tests, seeds):
    assert fewest_seeds(tests) == seeds
    assert tests * 2 / 2**seeds < 0.05 <= tests * 2 / 2 ** (seeds - 1)


def test_effect_size_by_hand():
    # 2, 4, 6: mean 4, standard deviation 2; one seed, and seeds that are all alike, have none.
    assert effect_sizes(np.array([[2.0, 4.0, 6.0], [-2.0, -4.0, -6.0]])).tolist() == [2.0, -2.0]
    assert np.isnan(effect_sizes(np.array([[2.0]]))).all()
    assert np.isnan(effect_sizes(np.array([[3.0, 3.0], [0.0, 0.0]]))).all()


def test_few_seeds_are_never_enough():
    runs = runs_of(fifo=[100.0, 100.1, 100.2], other=[99.0, 99.1, 99.2])
    assert until_ci(runs, "cost_total_usd", 0.5) == 7  # to the ten below which chance looks narrow


def test_narrow_differences_are_enough_however_much_the_weather_spreads():
    weather = np.array([60.0, 140.0, 90.0, 160.0, 120.0, 30.0, 130.0, 70.0, 95.0, 105.0])
    change = np.array([5.0, 5.2, 4.8, 5.1, 4.9, 5.0, 5.1, 4.9, 5.2, 4.8])
    runs = runs_of(fifo=weather, other=weather - change)
    assert until_ci(runs, "cost_total_usd", 0.01) == 0
    width = half_width_fraction(runs, "cost_total_usd")
    # Student's: 2.262 * 0.149 / sqrt(10) of a mean of 100
    assert width == pytest.approx(0.00107, rel=0.1)


def test_single_policy_is_held_against_its_own_mean():
    runs = runs_of(fifo=[90.0, 95.0, 100.0, 100.0, 105.0, 110.0])
    # Student's: 2.571 * 7.07 / sqrt(6) / 100 = 0.074
    assert half_width_fraction(runs, "cost_total_usd") == pytest.approx(0.074, rel=0.1)


def test_width_asks_for_seeds_by_its_square_but_for_no_more_than_three_times_what_is_there():
    runs = runs_of(fifo=[90.0, 95.0, 100.0, 105.0, 110.0] * 2)
    width = half_width_fraction(runs, "cost_total_usd")
    assert until_ci(runs, "cost_total_usd", width * 1.001) == 0
    assert until_ci(runs, "cost_total_usd", width / np.sqrt(1.99)) == 20 - 10
    assert until_ci(runs, "cost_total_usd", width / 100) == 30


def test_widest_of_all_points_and_policies_counts():
    narrow = runs_of(fifo=[100.0] * 10, a=[99.0] * 10, b=[98.0] * 10)
    wide = runs_of(fifo=[100.0] * 10, a=[99.0] * 10, b=[70.0, 90.0, 100.0, 110.0, 130.0] * 2)
    assert until_ci(narrow, "cost_total_usd", 1e-6) == 0
    both = pd.concat([narrow, wide.assign(point="hot")])
    assert half_width_fraction(both, "cost_total_usd") > 0.1


def test_baseline_may_be_named():
    runs = runs_of(a=[100.0, 101.0, 102.0, 103.0, 104.0, 105.0], b=[10.0] * 6)
    first = half_width_fraction(runs, "cost_total_usd")
    named = half_width_fraction(runs, "cost_total_usd", baseline="b")
    assert named == pytest.approx(first * 102.5 / 10.0)


@pytest.mark.parametrize("metric", ["unheard_of", "nothing", "zero"])
def test_metric_without_an_interval_is_refused(metric):
    runs = runs_of(fifo=[100.0] * 10, other=[90.0] * 10).assign(nothing=None, zero=0.0)
    with pytest.raises(DataError, match=rf"^{metric}: no interval .* Choose another metric\."):
        until_ci(runs, metric, 0.01)


def test_target_must_be_above_zero():
    with pytest.raises(ValueError, match=r"target_fraction is 0\.0: it must be above 0"):
        until_ci(runs_of(fifo=[1.0] * 6), "cost_total_usd", 0.0)
