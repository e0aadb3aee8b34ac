import numpy as np
import pandas as pd
import pytest
from scipy.stats import qmc

from sim.report.study_table import StudyTable
from sim.scenario.sweep.axes import Axis
from sim.study.statistics import evidence_of, sensitivity
from sim.study.statistics.sobol import design_places, sobol_estimates

METRIC = "cost_total_usd"


def study(design, points, metric, *, seeds=(1,), variant="base"):
    """Return a study whose metric is a function of the axes and the seed."""
    frame = pd.DataFrame(points)
    names = list(frame.columns)
    rows = [
        {"variant": variant, **values, "policy": "fifo", "seed": seed, "point": f"p{place}",
         "run_id": "r", METRIC: metric(*values.values(), seed)}
        for place, values in enumerate(frame.to_dict("records")) for seed in seeds
    ]
    axes = tuple(Axis(name, name, "", name, tuple(frame[name].unique())) for name in names)
    return StudyTable("demo", "", axes, design, ("fifo",), tuple(seeds), METRIC, pd.DataFrame(rows))


def saltelli(a, b):
    """Return the points of a design for Sobol' indices, each once."""
    axes = a.shape[1]
    mixed = [np.where(np.arange(axes) == axis, b, a) for axis in range(axes)]
    return pd.DataFrame(np.vstack([a, b, *mixed]), columns=list("xyz"[:axes])).drop_duplicates()


def test_tornado_by_hand():
    points = {"x": [5, 1, 9, 5, 5], "y": [10, 10, 10, 0, 20]}
    found = sensitivity(study("one-at-a-time", points, lambda x, y, _: 2 * x - 3 * y), METRIC)
    assert (found.method, found.policy, found.variant) == ("tornado", "fifo", "base")
    first, second = found.rows
    # y from 20 to 0 takes the metric from -50 to 10; x from 1 to 9 from -28 to -12; base -20.
    assert (first.axis, first.axis_low, first.axis_high) == ("y", 20, 0)
    assert (first.low.value, first.high.value, first.base) == (-50.0, 10.0, -20.0)
    assert (second.axis, second.low.value, second.high.value) == ("x", -28.0, -12.0)
    assert second.low.low is None  # a single seed


def test_tornado_knows_where_the_base_was_though_it_failed():
    points = {"x": [1, 9, 5, 5], "y": [10, 10, 0, 20]}
    found = sensitivity(study("one-at-a-time", points, lambda x, y, _: 2 * x - 3 * y), METRIC)
    assert [(row.axis, row.low.value, row.base) for row in found.rows] == [
        ("y", -50.0, None), ("x", -28.0, None)
    ]


def test_tornado_of_a_single_axis_and_of_choices():
    points = {"cooling": ["air", "water", "free"]}
    worth = {"air": 3.0, "water": 1.0, "free": 2.0}
    found = sensitivity(study("one-at-a-time", points, lambda one, _: worth[one]), METRIC)
    row, = found.rows
    assert (row.axis_low, row.axis_high, row.low.value, row.high.value) == ("water", "air", 1, 3)


def test_tornado_has_intervals_over_the_seeds():
    points = {"x": [5, 1, 9]}
    table = study("one-at-a-time", points, lambda x, seed: x + 0.1 * seed, seeds=range(1, 9))
    row, = sensitivity(table, METRIC).rows
    assert row.low.low < 1.45 < row.low.high  # mean of the seeds is 4.5
    assert row.low.high - row.low.low < 1.0


def test_indices_of_a_sum_are_the_shares_of_its_variances():
    a, b = np.hsplit(qmc.Sobol(4, seed=1).random(256), 2)
    found = sensitivity(study("sobol-indices", saltelli(a, b), lambda x, y, _: 3 * x + y), METRIC)
    # variances 9/12 and 1/12: shares 0.9 and 0.1, alone as in total
    assert found.method == "sobol"
    assert [row.axis for row in found.rows] == ["x", "y"]
    assert found.notes == (
        "Fewer than 1024 samples: the indices and their intervals are rough.",
    )
    for row, share in zip(found.rows, (0.9, 0.1), strict=True):
        assert row.first.value == pytest.approx(share, abs=0.05)
        assert row.total.value == pytest.approx(share, abs=0.02)
        assert row.first.low < row.first.value < row.first.high


def test_design_is_recognised_though_equal_points_stand_in_it_once():
    a = np.array([[0.1, 1], [0.2, 2], [0.3, 1], [0.4, 2]])
    b = np.array([[0.5, 1], [0.6, 1], [0.7, 2], [0.8, 2]])
    points = saltelli(a, b)
    assert len(points) == 12  # where y is the same in A and B, A with y from B is A
    places = design_places(points)
    assert places.shape == (4, 4)
    every = points.to_numpy()
    assert np.array_equal(every[places[0]], a)
    assert np.array_equal(every[places[1]], b)
    assert np.array_equal(every[places[2]], np.column_stack([b[:, 0], a[:, 1]]))
    assert np.array_equal(every[places[3]], np.column_stack([a[:, 0], b[:, 1]]))


@pytest.mark.parametrize("lost", [0, 5, 9, 23])
def test_design_with_a_missing_point_falls_back_on_rank_correlations(lost):
    rng = np.random.default_rng(4)
    points = saltelli(rng.random((8, 1)), rng.random((8, 1)))
    assert len(points) == 16  # with one axis, A with that axis from B is B
    points = saltelli(rng.random((8, 2)), rng.random((8, 2)))
    assert len(points) == 32
    found = sensitivity(
        study("sobol-indices", points.drop(index=lost), lambda x, y, _: x - y), METRIC
    )
    assert found.method == "rank-correlation"
    assert any("some have no result" in note for note in found.notes)


def test_metric_that_does_not_vary_depends_on_nothing():
    first, total = sobol_estimates(np.full((4, 8), 3.0))
    assert [one.value for one in first + total] == [0.0] * 4
    points = {"x": [1, 2, 3, 4], "y": [1, 1, 2, 2]}
    found = sensitivity(study("grid", points, lambda *_: 7.0), METRIC)
    assert [row.rho.value for row in found.rows] == [0.0, 0.0]


def test_rank_correlation_by_hand():
    points = {"x": [1, 2, 3, 4, 5], "y": [2, 1, 4, 3, 5], "word": list("abcde"), "one": [1] * 5}
    found = sensitivity(study("latin-hypercube", points, lambda x, *_: -(x**3)), METRIC)
    # y: 1 - 6 sum d^2 / (n (n^2 - 1)) = 1 - 6 * 4 / 120 = 0.8; words have no order, one no spread
    assert [(row.axis, row.rho.value) for row in found.rows] == [
        ("x", pytest.approx(-1.0)), ("y", pytest.approx(-0.8))
    ]
    # Bonett and Wright: tanh(atanh(0.8) -+ 1.96 sqrt((1 + 0.32) / 2)) = -0.457 .. 0.991
    rho = found.rows[1].rho
    assert (rho.low, rho.high) == (pytest.approx(-0.991, abs=2e-3), pytest.approx(0.457, abs=2e-3))
    assert "steady trends" in found.notes[0]


def test_seeds_are_averaged_and_other_policies_and_variants_do_not_count():
    points = {"x": [1, 2, 3, 4], "y": [4, 1, 3, 2]}
    table = study("grid", points, lambda x, y, seed: x * 10 + seed, seeds=(1, 2, 3))
    other = study("grid", points, lambda x, y, seed: -x * 100, variant="hot").runs
    both = StudyTable("demo", "", table.axes, "grid", ("fifo",), (1, 2, 3), METRIC,
                      pd.concat([table.runs, other, other.assign(policy="edf", variant="base")]))
    assert sensitivity(both, METRIC).rows[0].rho.value == pytest.approx(1.0)
    assert sensitivity(both, METRIC, variant="hot").rows[0].rho.value == pytest.approx(-1.0)
    assert [one.variant for one in evidence_of(both).sensitivities] == ["base", "hot"]


def test_axes_that_move_together_are_called_so():
    points = {"x": [1, 2, 3], "y": [10, 20, 30]}
    found = sensitivity(study("zip", points, lambda x, y, _: x), METRIC)
    assert any("move together" in note for note in found.notes)


def test_nothing_to_tell_without_axes_or_with_two_points():
    points = {"x": [1, 2]}
    table = study("grid", points, lambda x, _: x)
    assert sensitivity(table, METRIC) is None
    assert sensitivity(study("grid", {"x": [1, 2, 3]}, lambda x, _: x), "unheard_of") is None
    bare = StudyTable("demo", "", (), "", ("fifo",), (1,), METRIC, table.runs)
    assert sensitivity(bare, METRIC) is None
