"""Speed of the figures of a run: a year of 5-minute steps of four sites with 190,000 jobs.

Run with `make bench`; the figures are printed. Each should take less than 2 s to draw.
"""

import time
from itertools import starmap

import numpy as np
import pandas as pd
import pytest

from sim.ledger.result import Run
from sim.report import style
from sim.report.run_figures import RUN_FIGURES

pytestmark = pytest.mark.bench

STEPS, JOBS = 105_120, 190_000
SITES = ("north", "south", "east", "west")


def site_year(name, seed):
    """Return a year of one site; sources equal uses in each step."""
    random = np.random.default_rng(seed)
    hour = np.arange(STEPS) / 12
    it = 500.0 + 200.0 * random.random(STEPS)
    solar = 900.0 * np.clip(np.sin((hour % 24 - 6) / 12 * np.pi), 0.0, None)
    net = solar - 1.25 * it
    return pd.DataFrame(
        {
            "site": name, "time": pd.date_range("2025-01-01T00:00Z", periods=STEPS, freq="5min"),
            "compute_kw": it, "cooling_kw": 0.25 * it, "facility_kw": 1.25 * it, "solar_kw": solar,
            "wind_kw": 0.0, "grid_import_kw": np.clip(-net, 0.0, None),
            "grid_export_kw": np.clip(net, 0.0, None), "battery_charge_kw": 0.0,
            "battery_discharge_kw": 0.0, "curtailed_kw": 0.0, "unserved_kw": 0.0,
            "soc": 0.5 + 0.4 * np.sin(hour / 4), "battery_capacity_kwh": 2000.0 - hour / 100,
            "price_usd_per_kwh": 0.1 + 0.05 * random.random(STEPS),
            "average_carbon_intensity_g_per_kwh": 300.0 + 100.0 * np.cos(hour / 4),
            "marginal_carbon_intensity_g_per_kwh": 500.0 + 100.0 * np.cos(hour / 5),
        }
    )


def year():
    steps = pd.concat(starmap(site_year, zip(SITES, range(4), strict=True)), ignore_index=True)
    random = np.random.default_rng(9)
    start_s = np.sort(random.random(JOBS)) * 3.1e7
    jobs = pd.DataFrame(
        {
            "job_id": np.arange(JOBS), "workload": "training",
            "site": np.array(SITES)[random.integers(0, 4, JOBS)],
            "gpus_count": random.integers(1, 33, JOBS), "deadline_s": np.nan, "start_s": start_s,
            "end_s": start_s + 7200.0, "energy_it_kwh": 10.0,
        }
    )
    info = {"step_min": 5, "duration_h": STEPS / 12, "timezones": {}}
    steps["site"], jobs["site"] = steps["site"].astype("category"), jobs["site"].astype("category")
    return Run("year", "fifo", 1, {}, steps, jobs, info)


def test_every_figure_of_a_year_is_drawn_and_saved(tmp_path):
    run = year()
    for name, figure in RUN_FIGURES.items():
        start = time.process_time()
        drawn = figure.draw(run)
        draw_s = time.process_time() - start
        if drawn is not None:
            style.save(drawn, tmp_path / f"{name}.png")
            save_s = time.process_time() - start - draw_s
            print(f"{name}: {draw_s:.2f} s to draw, {save_s:.2f} s to save")
    assert (tmp_path / "gantt.png").exists()
