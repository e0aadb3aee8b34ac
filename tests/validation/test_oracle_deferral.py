"""Bounds of what waiting could save one job, against the means over all arrivals of a year.

Hourly average carbon intensity of 2022 in two zones; the numbers to meet are another program's.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.ledger.close import close_books
from sim.optimize.bound import deferral_bounds, run_bound
from sim.optimize.ran import Freedom
from sim.optimize.replay import Replay
from sim.study.bound.ran import ran_of
from sim.units import G_PER_KWH, HOUR_S, KW
from tests.worlds import cluster, job_table, run_log, site, time_grid

SHARED = Path(__file__).parents[3] / "shared"
EXPECTED = SHARED / "checks" / "oracle_deferral" / "expected.csv"
INTENSITY = SHARED / "data" / "electricitymaps_2022" / "ci_hourly_2022_8zones.csv.gz"

pytestmark = pytest.mark.skipif(
    not (EXPECTED.exists() and INTENSITY.exists()),
    reason="needs the shared data and checks folders",
)

MEANS = {
    "mean_noslack": "no_delay",
    "mean_nonint": "contiguous",
    "mean_int": "interruptible",
}


@pytest.mark.parametrize("zone", ["DE", "US-CAL-CISO"])
def test_means_over_all_arrivals_agree_to_1e_9(zone):
    expected = pd.read_csv(EXPECTED, keep_default_na=False)
    cases = expected[expected["zone"] == zone]
    assert len(cases) == 35
    signal = pd.read_csv(INTENSITY, usecols=[zone])[zone].to_numpy(dtype=float)
    for case in cases.itertuples():
        bounds = deferral_bounds(signal, length_count=case.job_h, slack_count=case.slack_h)
        for column, name in MEANS.items():
            # The other program leaves the last arrival out, but for the longest slack.
            mean = getattr(bounds, name)[: case.arrivals].mean()
            assert mean == pytest.approx(getattr(case, column), rel=1e-9)


@pytest.mark.parametrize("zone", ["DE", "US-CAL-CISO"])
@pytest.mark.parametrize(("length", "slack"), [(1, 24), (6, 24), (24, 168)])
def test_the_bound_of_a_whole_run_is_the_same_for_a_job_of_its_own(zone, length, slack):
    signal = pd.read_csv(INTENSITY, usecols=[zone])[zone].to_numpy(dtype=float)
    expected_g = deferral_bounds(signal, length_count=length, slack_count=slack).interruptible
    for arrival in (0, 1234, 5678, 8760 - length - 3):
        hours = np.arange(arrival, min(arrival + length + slack, len(signal)))
        here = site(
            time_grid(len(hours), HOUR_S),
            clusters=[cluster(1)],
            average_carbon_kg_per_j=signal[hours] * G_PER_KWH,
        )
        jobs = job_table([0.0], [length * HOUR_S], [1], power_w=KW, deadline_s=len(hours) * HOUR_S)
        _, steps, frame = close_books(run_log([here], jobs), ["one"])
        replay = Replay([here], jobs, ran_of([here], steps, frame), Freedom())
        bound = run_bound(replay, objective="carbon_location_kg").value
        assert 1e3 * bound == pytest.approx(expected_g[arrival], rel=1e-9)
