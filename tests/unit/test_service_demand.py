"""Requests of a service: rates by day and week, bursts, lengths, traces."""

import gzip
from datetime import UTC, datetime

import numpy as np
import pytest

from sim.catalog import table
from sim.errors import DataError
from sim.scenario.schema.service import Service
from sim.workload.demand import Steps, build_demand, hourly_ratios
from sim.workload.lengths import POINTS, binned_lengths, likely_lengths

MONDAY = datetime(2025, 6, 2, tzinfo=UTC)


def spec(requests, **fields):
    """Return a service with some requests."""
    base = {"type": "service", "name": "chat", "model": "m", "gpus_per_replica": 1}
    return Service.model_validate(base | {"requests": requests} | fields)


def build(requests, *, hours=24, step_s=300.0, folder=None, seed=1, **fields):
    """Return the demand and the notes."""
    steps = Steps(MONDAY, step_s, round(hours * 3600 / step_s))
    return build_demand(spec(requests, **fields), steps, folder=folder, seed=seed)


def test_every_day_shape_has_a_mean_of_one_over_the_week():
    for shape in table("request_hours")["shape"].unique():
        workday, weekend = hourly_ratios(shape)
        assert len(workday) == len(weekend) == 24
        assert (5 * workday.sum() + 2 * weekend.sum()) / 168 == pytest.approx(1.0, abs=1e-3)


def test_requests_follow_the_clock_of_their_zone():
    steady = {"requests_per_s": 100.0, "shape": "coding"}
    utc, _ = build(steady | {"timezone": "UTC"}, step_s=3600.0)
    tokyo, _ = build(steady | {"timezone": "Asia/Tokyo"}, step_s=3600.0)
    workday, _ = hourly_ratios("coding")
    # The middle of an hour has the ratio of its row; 360,000 requests have a spread of 0.2 %.
    assert utc.requests_count[11] == pytest.approx(360_000 * workday[11], rel=0.02)
    assert tokyo.requests_count[2] == pytest.approx(360_000 * workday[11], rel=0.02)


def test_a_week_has_the_mean_rate():
    one, _ = build({"requests_per_s": 20.0, "shape": "conversation"}, hours=168)
    assert one.requests_count.sum() == pytest.approx(20.0 * 168 * 3600, rel=0.002)
    weekday, weekend = one.requests_count[: 5 * 288].mean(), one.requests_count[5 * 288 :].mean()
    assert weekend < 0.85 * weekday


@pytest.mark.parametrize("burstiness_cv", [1.0, 3.0, 13.0])
@pytest.mark.parametrize("step_s", [60.0, 3600.0])
def test_counts_of_steps_vary_as_the_coefficient_says_whatever_the_step(burstiness_cv, step_s):
    asked = {"requests_per_s": 2.0, "burstiness_cv": burstiness_cv}
    one, _ = build(asked, hours=168 * 10 if step_s > 60 else 168, step_s=step_s)
    counts = one.requests_count
    assert counts.mean() == pytest.approx(2.0 * step_s, rel=0.05 * burstiness_cv)
    assert counts.var() / counts.mean() == pytest.approx(burstiness_cv**2, rel=0.15)


@pytest.mark.parametrize("burstiness_cv", [1.0, 5.0])
def test_times_between_single_requests_have_the_coefficient(burstiness_cv):
    asked = {"requests_per_s": 10.0, "burstiness_cv": burstiness_cv}
    one, _ = build(asked, hours=6, mode="requests")
    gaps_s = np.diff(one.requests.arrival_s)
    assert gaps_s.std() / gaps_s.mean() == pytest.approx(burstiness_cv, rel=0.1)
    assert len(one.requests) == pytest.approx(216_000, rel=0.01 * burstiness_cv)
    assert one.cluster_ratio == pytest.approx((burstiness_cv**2 + 1) / 2)


def test_single_requests_make_up_the_counts_of_the_steps():
    one, _ = build({"requests_per_s": 3.0, "shape": "conversation"}, mode="requests")
    assert one.requests_count.sum() == len(one.requests)
    assert one.output_tokens.sum() == one.requests.output_tokens.sum()
    assert one.requests.prompt_tokens.min() >= 1.0
    assert (np.diff(one.requests.arrival_s) >= 0.0).all()


def test_lengths_of_azures_conversations_have_their_means():
    # 1,155 and 211 tokens in the trace itself.
    lengths = likely_lengths("azure-conversation")
    assert lengths.prompt_tokens.mean() == pytest.approx(1155, rel=0.01)
    assert lengths.output_tokens.mean() == pytest.approx(211, rel=0.01)
    drawn, _ = build({"requests_per_s": 5.0}, mode="requests")
    assert drawn.requests.prompt_tokens.mean() == pytest.approx(1155, rel=0.01)
    assert drawn.requests.prompt_tokens.max() == 5000


def test_few_lengths_stand_for_the_distribution_as_well():
    binned = binned_lengths(np.array([300.0, 100.0]))
    assert len(binned) == POINTS
    assert (binned[0], binned[-1], binned.mean()) == (100.0, 300.0, 200.0)


def test_the_same_seed_draws_the_same_and_another_another():
    asked = {"requests_per_s": 5.0, "burstiness_cv": 2.0}
    first, again, other = (build(asked, seed=seed)[0].requests_count for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_rates_from_a_file_are_drawn_around(tmp_path):
    rows = [f"{3600 * hour},{600 * (hour + 1)}" for hour in range(25)]
    (tmp_path / "rates.csv").write_text("\n".join(["time,rate", *rows]))
    asked = {"file": "rates.csv", "column": "rate", "unit": "1/min"}
    one, _ = build(asked, step_s=3600.0, folder=tmp_path)
    np.testing.assert_allclose(one.requests_count, 36_000.0 * np.arange(1, 25), rtol=0.02)


TRACE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.000,300,11
2023-11-16 18:15:47.500,100,21
2023-11-16 18:20:46.000,50,1
2023-11-16 21:15:46.000,50,1
"""


def trace(tmp_path, text=TRACE, **fields):
    """Return the demand of a trace and the notes."""
    with gzip.open(tmp_path / "trace.csv.gz", "wt") as file:
        file.write(text)
    asked = {"file": "trace.csv.gz", "format": "azure-llm"} | fields
    return build(asked, hours=1, folder=tmp_path)


def test_a_trace_begins_with_the_run_and_what_comes_after_its_end_is_told(tmp_path):
    one, notes = trace(tmp_path)
    assert one.requests.arrival_s.tolist() == [0.0, 1.5, 300.0]
    assert one.requests_count[:3].tolist() == [2.0, 1.0, 0.0]
    assert one.output_tokens[:2].tolist() == [32.0, 1.0]
    assert one.further_tokens[:2].tolist() == [30.0, 0.0]
    assert notes == ["trace.csv.gz: 1 requests arrive after the run's end and are left out."]


def test_a_trace_can_be_stretched(tmp_path):
    one, _ = trace(tmp_path, time_ratio=2.0)
    assert one.requests.arrival_s.tolist() == [0.0, 3.0, 600.0]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (TRACE.replace("18:20:46", "18:10:46"), "line 4"),
        (TRACE.replace(",300,11", ",many,11"), "line 2"),
        (TRACE[:40], "trace.csv.gz"),
    ],
    ids=["unsorted", "no number", "truncated"],
)
def test_a_trace_that_is_broken_is_refused_with_its_line(tmp_path, broken, said):
    with pytest.raises(DataError, match=said):
        trace(tmp_path, broken)


def test_a_bad_row_can_be_dropped_and_is_counted(tmp_path):
    one, notes = trace(tmp_path, TRACE.replace(",300,11", ",many,11"), bad_rows="drop")
    assert len(one.requests) == 2
    assert "1 requests could not be read" in notes[0]
