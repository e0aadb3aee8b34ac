from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from sim.report.study_table import StudyTable
from sim.study.statistics import evidence_of, front_of, ranking_of
from sim.study.statistics.fronts import on_front
from sim.study.statistics.panel import panel_of

COST = "cost_total_usd"


def runs_of(costs, point="base", metric=COST):
    return pd.DataFrame([
        {"variant": "base", "policy": policy, "seed": seed, "point": point, metric: value}
        for policy, values in costs.items() for seed, value in enumerate(values, start=1)
    ])


def places(ranking):
    return {row.policy: row.rank.value for row in ranking.rows}


def test_policies_are_ranked_by_their_means_and_equals_share_a_place():
    found = ranking_of(runs_of({"a": [3.0, 5.0], "b": [1.0, 1.0], "c": [2.0, 6.0]}), COST)
    assert places(found) == {"b": 1.0, "a": 2.5, "c": 2.5}
    assert found.rows[0].policy == "b"
    assert found.rows[0].mean == 1.0
    assert (found.seeds_count, found.points_count) == (2, 1)


def test_high_may_be_the_good_end():
    found = ranking_of(runs_of({"a": [1.0, 1.0], "b": [2.0, 2.0]}), COST, "high")
    assert places(found) == {"b": 1.0, "a": 2.0}


def test_policy_that_always_wins_is_surely_best():
    base = np.arange(8.0)
    found = ranking_of(runs_of({"a": base, "b": base - 1, "c": base + 1}), COST)
    best = found.rows[0]
    assert (best.policy, best.rank.low, best.rank.high, best.best_fraction) == ("b", 1.0, 1.0, 1.0)
    assert found.rows[2].best_fraction == 0.0


def test_two_policies_that_win_by_turns_are_each_best_half_the_time():
    base = np.arange(8.0)
    turns = np.where(np.arange(8) % 2, 1.0, -1.0)
    found = ranking_of(runs_of({"a": base + turns, "b": base - turns}), COST)
    assert places(found) == {"a": 1.5, "b": 1.5}
    assert all(row.best_fraction == pytest.approx(0.5, abs=0.05) for row in found.rows)
    assert sum(row.best_fraction for row in found.rows) == pytest.approx(1.0)
    assert all((row.rank.low, row.rank.high) == (1.0, 2.0) for row in found.rows)


def test_rank_is_the_mean_over_the_points_whatever_their_size():
    cheap = runs_of({"a": [1.0, 1.0], "b": [2.0, 2.0]}, "cheap")
    dear = runs_of({"a": [900.0, 900.0], "b": [100.0, 100.0]}, "dear")
    also = runs_of({"a": [3.0, 3.0], "b": [4.0, 4.0]}, "also")
    found = ranking_of(pd.concat([cheap, dear, also]), COST)
    assert places(found) == {"a": pytest.approx(4 / 3), "b": pytest.approx(5 / 3)}
    assert found.points_count == 3
    assert [row.rank.low for row in found.rows] == [pytest.approx(4 / 3), pytest.approx(5 / 3)]


def test_single_seed_is_ranked_without_uncertainty():
    found = ranking_of(runs_of({"a": [1.0], "b": [2.0]}), COST)
    assert (found.rows[0].rank.low, found.rows[0].best_fraction) == (None, None)


@pytest.mark.parametrize("costs", [{"a": [1.0, 2.0]}, {"a": [None, None], "b": [1.0, 2.0]}])
def test_nothing_to_rank_among_fewer_than_two_policies(costs):
    assert ranking_of(runs_of(costs), COST) is None


def test_point_or_seed_that_some_policy_lacks_is_left_out_for_all():
    whole = runs_of({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0]}, "whole")
    half = runs_of({"a": [1.0, 2.0], "b": [None, None]}, "half")
    panel = panel_of(pd.concat([whole, half]), [COST])
    assert (panel.points, panel.policies, panel.seeds) == (("whole",), ("a", "b"), (1, 2))
    assert panel.cube.tolist() == [[[[1.0, 2.0], [1.0, 2.0]]]]


def test_pareto_front_by_hand():
    costs = np.array([[1.0, 9.0], [2.0, 4.0], [3.0, 4.0], [4.0, 1.0], [5.0, 5.0], [1.0, 9.0]])
    # The third is beaten by the second (cheaper, as good), the fifth by the second and the fourth;
    # equals do not beat each other.
    assert on_front(costs).tolist() == [True, True, False, True, False, True]


def test_third_metric_can_put_a_candidate_on_the_front():
    costs = np.array([[1.0, 1.0, 5.0], [2.0, 2.0, 4.0], [2.0, 2.0, 6.0]])
    assert on_front(costs).tolist() == [True, True, False]


def test_front_does_not_depend_on_how_many_candidates_are_compared_at_once(monkeypatch):
    costs = np.random.default_rng(3).random((200, 3))
    whole = on_front(costs)
    monkeypatch.setattr("sim.study.statistics.fronts._BLOCK", 1000)
    assert np.array_equal(on_front(costs), whole)
    assert 0 < whole.sum() < 200


def test_front_tells_how_often_a_candidate_is_on_it():
    base = np.arange(8.0) + 10.0
    turns = np.where(np.arange(8) % 2, 1.0, -1.0)
    runs = runs_of({"cheap": base, "clean": base + 5, "worse": base + 6, "turns": base + turns})
    carbon = {"cheap": base, "clean": base - 5, "worse": base, "turns": base}
    runs["carbon_total_kg"] = runs_of(carbon)[COST]
    found = front_of(runs, [COST, "carbon_total_kg", "jct_mean_h"])
    assert found.metrics == (COST, "carbon_total_kg")
    on = {one.policy: (one.on_front, one.front_fraction) for one in found.candidates}
    assert on["clean"] == (True, 1.0)
    assert on["worse"] == (False, 0.0)
    # These two are equally clean, and cheaper by turns. A draw of eight has k odd seeds with chance
    # C(8, k) / 2^8; with four they tie and both stay: 1/2 + 70/256/2 = 0.637.
    assert on["turns"] == (True, pytest.approx(0.637, abs=0.05))
    assert on["cheap"] == (True, pytest.approx(0.637, abs=0.05))
    assert asdict(found.candidates[0])["values"] == (13.5, 13.5)


def test_front_needs_two_metrics_and_two_candidates():
    runs = runs_of({"a": [1.0, 2.0], "b": [2.0, 1.0]}).assign(other=None, more=3.0)
    assert front_of(runs, [COST, "other"]) is None
    assert front_of(runs[runs["policy"] == "a"], [COST, "more"]) is None


def test_front_over_points_names_them_and_a_single_seed_tells_no_share():
    runs = pd.concat([runs_of({"a": [1.0], "b": [3.0]}, "small").assign(more=9.0),
                      runs_of({"a": [2.0], "b": [4.0]}, "large").assign(more=5.0)])
    found = front_of(runs, [COST, "more"])
    named = [(one.point, one.policy, one.on_front, one.front_fraction) for one in found.candidates]
    assert named == [("small", "a", True, None), ("small", "b", False, None),
                     ("large", "a", True, None), ("large", "b", False, None)]


def table_of(runs, *, failed=(), policies=("a", "b"), main=COST):
    seeds = tuple(sorted(set(runs["seed"])))
    return StudyTable("demo", "", (), "", policies, seeds, main, runs.assign(run_id="r"), failed)


def test_evidence_ranks_the_main_metric_first_then_what_else_matters():
    runs = runs_of({"a": [1.0, 2.0], "b": [2.0, 1.0]}).assign(
        carbon_total_kg=None, carbon_operational_location_kg=[4.0, 4.0, 3.0, 3.0],
        jct_mean_h=1.0, renewable_fraction=[0.1, 0.1, 0.2, 0.2],
    )
    found = evidence_of(table_of(runs, main="renewable_fraction"))
    assert [one.metric for one in found.rankings] == [
        "renewable_fraction", COST, "carbon_operational_location_kg", "jct_mean_h"
    ]
    assert found.rankings[0].rows[0].policy == "b"  # more is better
    assert found.front.metrics == (COST, "carbon_operational_location_kg", "jct_mean_h")
    assert found.sensitivities == ()


def test_evidence_warns_of_few_seeds_and_of_failed_runs():
    runs = runs_of({"a": [1.0, 2.0], "b": [2.0, 1.0]})
    said = evidence_of(table_of(runs, failed=({"point": "base"},))).cautions
    assert said[0].startswith("2 seeds cannot show that a difference is more than chance")
    assert said[1].startswith("1 run failed.")
    assert len(said) == 2


def test_evidence_of_a_lone_policy_is_empty():
    found = evidence_of(table_of(runs_of({"a": [1.0]}), policies=("a",)))
    assert (found.rankings, found.front, found.sensitivities, found.cautions) == ((), None, (), ())
