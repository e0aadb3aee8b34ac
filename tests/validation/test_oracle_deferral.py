"""Bounds of what waiting could save one job, against the means over all arrivals of a year.

Hourly average carbon intensity of 2022 in two zones; the numbers to meet are another program's.
"""

from pathlib import Path

import pandas as pd
import pytest

from sim.optimize.bound import deferral_bounds

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
