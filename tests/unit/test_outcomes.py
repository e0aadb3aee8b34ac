import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from sim.report.comparison import Comparison, Outcome
from sim.report.labels import better_end, interval, percent
from sim.report.tables import comparison_tables
from sim.study.summary.outcomes import cautions, findings, outcomes


def table(**values_by_policy):
    """Return one row per run, with the given values of one metric under cost_total_usd."""
    rows = [
        {"policy": policy, "seed": seed, "cost_total_usd": value}
        for policy, values in values_by_policy.items()
        for seed, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, dtype=object)


def costs(**values_by_policy):
    return outcomes(table(**values_by_policy))["cost_total_usd"]


def test_change_is_the_mean_of_paired_differences_with_its_student_interval_below_six_seeds():
    other = costs(base=[100.0, 110.0, 120.0], other=[90.0, 100.0, 105.0])["other"]
    # Differences -10, -10, -15: mean -35/3, sample standard deviation sqrt(25/3); t(0.975, 2) is
    # 4.302653 (any t table), so the half width is 4.302653 * sqrt(25/3) / sqrt(3) = 7.171088.
    assert other.mean == pytest.approx(295.0 / 3.0)
    assert other.change_percent == pytest.approx(-35.0 / 3.0 / 110.0 * 100.0)
    half = (other.high_percent - other.low_percent) / 2.0
    assert half == pytest.approx(7.171088 / 110.0 * 100.0, rel=1e-6)
    assert other.low_percent + half == pytest.approx(other.change_percent)
    assert other.p_holm is None
    # d_z = mean / standard deviation
    assert other.effect_size == pytest.approx(-35.0 / 3.0 / np.sqrt(25.0 / 3.0))


def test_single_seed_has_a_change_but_neither_interval_nor_test():
    other = costs(base=[200.0], other=[150.0])["other"]
    assert other.change_percent == pytest.approx(-25.0)
    assert (other.low_percent, other.high_percent, other.p_holm) == (None, None, None)


def test_baseline_has_no_change_against_itself():
    assert costs(base=[1.0], other=[2.0])["base"].change_percent is None


@pytest.mark.parametrize("base", [0.0, 0, None])
def test_no_percentage_of_a_baseline_of_zero_or_without_meaning(base):
    other = costs(base=[base], other=[5.0])["other"]
    assert (other.mean, other.change_percent) == (5.0, None)


def test_earning_more_than_a_baseline_that_earns_is_a_negative_change_of_cost():
    assert costs(base=[-100.0], other=[-120.0])["other"].change_percent == pytest.approx(-20.0)


def test_only_seeds_that_both_have_are_paired():
    other = costs(base=[100.0, 300.0], other=[110.0])["other"]
    assert other.change_percent == pytest.approx(10.0)


def test_metric_without_meaning_is_none_and_never_best():
    found = costs(base=[None], other=[3.0], third=[4.0])
    assert found["base"].mean is None
    assert [policy for policy, one in found.items() if one.best] == ["other"]


def test_all_that_share_the_best_value_are_marked_but_not_if_all_are_alike():
    assert [p for p, one in costs(a=[2.0], b=[1.0], c=[1.0]).items() if one.best] == ["b", "c"]
    assert not any(one.best for one in costs(a=[1.0], b=[1.0]).values())


def test_more_completed_jobs_are_better():
    runs = table(a=[5], b=[7]).rename(columns={"cost_total_usd": "jobs_completed_count"})
    found = outcomes(runs)["jobs_completed_count"]
    assert (found["a"].best, found["b"].best, found["b"].mean) == (False, True, 7)


def test_findings_name_the_cheapest_policy_with_its_saving():
    assert findings(outcomes(table(base=[200.0], other=[150.0]))) == (
        "Costs least: other (-25.0 %).",
    )


@pytest.mark.parametrize(("done", "warned"), [(98, True), (99.5, False)])
def test_caution_when_policies_did_different_work(done, warned):
    runs = table(a=[100], b=[done]).rename(columns={"cost_total_usd": "jobs_completed_count"})
    said = cautions(runs)
    assert bool(said) is warned
    if warned:
        assert "jobs completed differ by 2.0 % (b least, a most)" in said[0]


def test_interval_brackets_the_change_and_shrinks_with_common_randomness():
    weather = np.array([100.0, 140.0, 90.0, 160.0, 120.0, 110.0, 130.0, 150.0])
    other = weather - [5.0, 6.0, 4.0, 5.0, 7.0, 5.0, 4.0, 4.0]  # mean difference -5 of 125: -4 %
    found = costs(base=list(weather), other=list(other))["other"]
    assert found.change_percent == pytest.approx(-4.0)
    assert found.low_percent < -4.0 < found.high_percent
    assert found.high_percent - found.low_percent < 2.0  # the weather alone spreads over 50 %
    assert found.better_fraction == 1.0


def test_eight_seeds_that_all_agree_are_significant_at_two_of_all_sign_patterns():
    base = [100.0 + k for k in range(8)]
    found = costs(base=base, other=[value - 1.0 - 0.1 * k for k, value in enumerate(base)])
    assert found["other"].p_holm == pytest.approx(2 / 2**8)
    assert not found["other"].doubtful
    assert found["base"].p_holm is None


def test_three_policies_against_the_baseline_are_corrected_for_three_tests():
    base = [100.0 + k for k in range(10)]
    found = costs(base=base, a=[v - 1 for v in base], b=[v - 2 for v in base], c=list(base))
    assert found["a"].p_holm == pytest.approx(3 * 2 / 2**10)
    assert found["b"].p_holm == pytest.approx(3 * 2 / 2**10)
    assert found["c"].p_holm == 1.0


def test_differences_of_the_order_of_summation_are_none():
    base = [100.0 + k for k in range(8)]
    found = costs(base=base, other=[value * (1.0 + 1e-13) for value in base])["other"]
    assert (found.change_percent, found.low_percent, found.p_holm) == (0.0, 0.0, 1.0)
    assert (found.effect_size, found.better_fraction) == (None, 0.0)


def test_share_of_better_seeds_counts_more_where_more_is_better():
    done = {"cost_total_usd": "jobs_completed_count"}
    runs = table(a=[5, 5, 5, 5], b=[7, 7, 7, 4]).rename(columns=done)
    assert outcomes(runs)["jobs_completed_count"]["b"].better_fraction == 0.75
    runs = table(a=[5, 5, 5, 5], b=[7, 7, 7, 4])
    assert outcomes(runs)["cost_total_usd"]["b"].better_fraction == 0.25


def test_points_are_averaged_seed_by_seed_before_they_are_compared():
    cold = table(base=[100.0, 102.0], other=[90.0, 92.0]).assign(point="cold")
    hot = table(base=[200.0, 204.0], other=[220.0, 226.0]).assign(point="hot")
    other = outcomes(pd.concat([cold, hot]))["cost_total_usd"]["other"]
    # Seed 1: (-10 + 20) / 2 = 5; seed 2: (-10 + 22) / 2 = 6. Baseline: (150 + 153) / 2.
    assert other.change_percent == pytest.approx(5.5 / 151.5 * 100.0)
    assert (other.low_percent + other.high_percent) / 2 == pytest.approx(other.change_percent)
    assert other.effect_size == pytest.approx(5.5 / np.sqrt(0.5))


def test_seed_that_lacks_a_point_counts_with_the_points_it_has():
    cold = table(base=[100.0, 102.0], other=[90.0, 92.0]).assign(point="cold")
    hot = table(base=[200.0], other=[220.0]).assign(point="hot")
    other = outcomes(pd.concat([cold, hot]))["cost_total_usd"]["other"]
    # Seed 1: (-10 + 20) / 2 = 5; seed 2: -10. Baseline: 150 and 102.
    assert other.change_percent == pytest.approx(-2.5 / 126.0 * 100.0)


@pytest.mark.parametrize(
    ("policies", "seeds", "said"),
    [(2, 1, ""), (2, 5, "1 comparison with the baseline it takes 6. The intervals take"),
     (2, 6, ""), (10, 8, "9 comparisons with the baseline it takes 9."), (10, 9, ""), (1, 2, "")],
)
def test_caution_when_seeds_are_too_few_to_show_anything(policies, seeds, said):
    runs = table(**{f"p{k}": [float(k)] * seeds for k in range(policies)})
    found = cautions(runs)
    assert bool(found) is bool(said)
    assert all(said in text for text in found)
    assert all("normal" not in text for text in found) or seeds < 6


def test_finding_says_what_may_be_chance():
    base = [100.0, 104.0, 98.0, 101.0, 97.0, 103.0]
    other = [99.0, 105.0, 97.0, 102.0, 96.0, 102.0]
    said = findings(outcomes(table(base=base, other=other)))[0]
    assert said.startswith("Costs least: other (-0.3 % n.s. [")


def compared(**values_by_policy):
    runs = table(**values_by_policy)
    seeds = tuple(sorted(set(runs["seed"])))
    return Comparison("demo", tuple(values_by_policy), seeds, outcomes(runs), runs)


def printed(comparison, width):
    console = Console(width=width, highlight=False)
    with console.capture() as caught:
        for one in comparison_tables(comparison, console):
            console.print(one)
    return caught.get()


def test_table_shows_the_interval_beside_the_change_and_marks_what_may_be_chance():
    base = [100.0, 104.0, 98.0, 101.0, 97.0, 103.0, 97.0]
    text = printed(compared(base=base, saves=[v - 10 - k for k, v in enumerate(base)],
                            same=[99.0, 105.0, 97.0, 102.0, 96.0, 102.0, 98.0]), 200)
    row = next(line for line in text.splitlines() if line.startswith("Total cost"))
    assert re.search(r" 100\.0 +87\.0\*  -13\.0 % \[-1[45]\.\d, -11\.\d\] +", row)
    assert re.search(r" 99\.9  -0\.1 % n\.s\. \[-[01]\.\d, \+[01]\.\d\]$", row)
    said = " ".join(text.split())
    assert "n.s. not significant: may be chance" in said
    assert "[95 % confidence interval of the change]" in said


def test_table_of_a_single_seed_has_neither_interval_nor_mark():
    text = printed(compared(base=[200.0], other=[150.0]), 200)
    assert "150.0*  -25.0 %" in text
    assert not any(mark in text for mark in ("[", "n.s.", "interval", "seeds"))


def test_narrow_table_puts_the_interval_below_the_change():
    base = [100.0, 104.0, 98.0, 101.0, 97.0, 103.0]
    text = printed(compared(base=base, saves=[v - 10 - k for k, v in enumerate(base)]), 52)
    lines = text.splitlines()
    row = next(k for k, line in enumerate(lines) if line.startswith("Total cost"))
    assert lines[row].rstrip().endswith("*")
    assert lines[row + 1].rstrip().endswith("%")
    assert lines[row + 2].rstrip().endswith("]")


@pytest.mark.parametrize(
    ("change", "text"),
    [(None, ""), (-12.34, "-12.3 %"), (3.0, "+3.0 %"), (-0.01, "0.0 %"), (0.01, "0.0 %"),
     (-10.04, "-10.0 %"), (1e4, "")],
)
def test_changes_are_written_with_their_sign(change, text):
    assert percent(change) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(None, None, ""), (-1.26, 0.04, "[-1.3, 0.0]"), (0.5, 20.04, "[+0.5, +20.0]")],
)
def test_intervals_are_written_with_both_signs(low, high, text):
    assert interval(low, high) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(None, "-2.0 %"), (0.049, "-2.0 %"), (0.05, "-2.0 % n.s."), (1.0, "-2.0 % n.s.")],
)
def test_change_is_marked_from_five_percent_on(p, text):
    assert Outcome(1.0, -2.0, -3.0, -1.0, p_holm=p).change_text == text


def test_policy_that_never_differs_is_neither_marked_nor_given_an_interval():
    same = Outcome(1.0, 0.0, 0.0, 0.0, p_holm=1.0)
    assert (same.change_text, same.interval_text) == ("0.0 %", "")
    close = Outcome(1.0, 0.0, -0.1, 0.1, p_holm=1.0)
    assert (close.change_text, close.interval_text) == ("0.0 % n.s.", "[-0.1, +0.1]")


@pytest.mark.parametrize(
    ("metric", "end"),
    [("cost_total_usd", "low"), ("renewable_fraction", "high"), ("jct_mean_h", "low"),
     ("failures_count", ""), ("unheard_of", "")],
)
def test_good_end_of_a_metric(metric, end):
    assert better_end(metric) == end
