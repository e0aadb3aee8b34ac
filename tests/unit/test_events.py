"""Outages and demand response, by hand."""

import numpy as np
import pytest

from sim.grid.events import ResponseEvent, baseline_w, draw_outages, response_usd
from sim.streams import stream

HOUR = 3600.0


def test_drawn_outages_have_the_mean_times_that_were_asked_for():
    outages = np.array(draw_outages(stream(1, "x"), mtbf_s=40.0, mttr_s=10.0, duration_s=500_000.0))
    begin, end = outages.T
    assert (end > begin).all()
    assert (begin[1:] > end[:-1]).all()
    # About 10,000 of each; five standard errors of an exponential mean are 5 %.
    assert (end - begin).mean() == pytest.approx(10.0, rel=0.05)
    assert (begin[1:] - end[:-1]).mean() == pytest.approx(40.0, rel=0.05)


def event(**changes):
    """Return an event in hours 50 and 51 that promises 30 W."""
    values = {
        "first": 50,
        "end": 52,
        "reduce_w": 30.0,
        "baseline_w": None,
        "payment_usd_per_j": 2.0,
        "penalty_usd_per_j": 5.0,
    }
    return ResponseEvent(**(values | changes))


def test_the_baseline_is_the_mean_of_the_same_hours_on_the_days_before():
    import_w = np.zeros(72)
    import_w[[2, 3, 26, 27]] = [80.0, 90.0, 100.0, 130.0]
    assert baseline_w(event(), import_w, HOUR) == 100.0
    assert baseline_w(event(baseline_w=70.0), import_w, HOUR) == 70.0


def test_an_event_on_the_first_day_needs_a_baseline():
    with pytest.raises(ValueError, match="on the first day needs baseline_kw"):
        baseline_w(event(first=5, end=6), np.zeros(72), HOUR)


def test_what_is_kept_of_the_promise_is_paid_and_what_is_missing_is_penalised():
    import_w = np.zeros(72)
    import_w[50:52] = [60.0, 95.0]
    payment, penalty = response_usd([event(baseline_w=100.0)], import_w, HOUR)
    # Hour 50: 40 W below the baseline, paid up to the promise of 30. Hour 51: 5 kept, 25 missing.
    assert payment[50:52].tolist() == [30 * HOUR * 2, 5 * HOUR * 2]
    assert penalty[50:52].tolist() == [0.0, 25 * HOUR * 5]
    assert payment.sum() == payment[50:52].sum()
