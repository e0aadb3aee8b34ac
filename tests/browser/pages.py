"""Pages made by hand for the browser: a run of a year, a comparison, a study, hostile names."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd

from sim.ledger.result import Run
from sim.report.comparison import Comparison
from sim.report.evidence import Estimate, Evidence, Ranked, Ranking
from sim.report.page import Origin, comparison_page, run_page, study_page
from sim.report.study_table import StudyTable
from sim.study.summary.outcomes import outcomes
from tests.unit.fake_run import fake_run, site_steps

SCRIPT = "<script>alert(1)</script>"
OUTSIDE = "../../x"
TAG = '"><img src=x onerror=alert(2)>'
SEPARATOR = "\u2028</script><script>alert(3)</script>"

YAML = f"name: fake\ndescription: {SCRIPT} or {TAG}\n"
INFO = {
    "gridloom_version": "0.1.0", "code_hash": "c" * 64, "study_hash": "d" * 64,
    "packages": {"numpy": "2.4"}, "data_hashes": {TAG: "e" * 64}, "written_at": "2026-11-24",
}


def year_run():
    """Return a year of five-minute steps at two sites."""
    run = fake_run()
    steps = pd.concat(
        [site_steps(name, "2025-01-01T00:00Z", 105_120, step_h=1 / 12, scale=scale, battery=True)
         for name, scale in (("north", 1.0), ("south", 0.6))],
        ignore_index=True,
    )
    info = run.info | {"duration_h": 8760.0, "step_min": 5}
    return Run("year", "fifo", 1, run.metrics, steps, run.jobs, info)


def comparison_of(policies, seeds=(1, 2, 3)):
    """Return fake runs side by side: each policy costs more than the one before."""
    rows = []
    for place, policy in enumerate(policies):
        for seed in seeds:
            metrics = fake_run(seed=seed).metrics
            metrics = metrics | {"cost_total_usd": 1000.0 * (place + 1) + seed}
            keys = {"policy": policy, "seed": seed, "run_id": f"{policy}-seed{seed}"}
            rows.append(keys | metrics)
    runs = pd.DataFrame(rows, dtype=object)
    return Comparison(
        "fake", tuple(policies), tuple(seeds), outcomes(runs), runs,
        findings=(f"Costs least: {policies[0]}.",), cautions=(f"Mind {policies[-1]}.",),
    )


def totals_of(policies):
    """Return a timeline of each policy."""
    steps = fake_run().steps
    frame = steps[steps["site"] == "north"].drop(columns="site").reset_index(drop=True)
    return dict.fromkeys(policies, frame)


def a_run_page(policy="fifo", figures=()):
    run = fake_run()
    run = replace(run, policy=policy, info=run.info | INFO | {"warnings": [f"{policy} warns."]})
    return run_page(run, figures, scenario_yaml=YAML)


def a_comparison_page(policies=("fifo", "edf"), pages=None):
    return comparison_page(comparison_of(policies), (), pages, timelines=totals_of(policies),
                           origin=Origin(INFO, YAML, "gridloom run scenario.yaml"))


def a_study_page(policies=("fifo", "edf"), points=40, title="Battery"):
    """Return the page of a study with one axis and a failed run."""
    axis = SimpleNamespace(name="battery_kwh", title=title, unit="kWh", path="sites.a.battery",
                           values=tuple(range(points)))
    comparison = comparison_of(policies)
    runs = pd.concat(
        [comparison.runs.assign(variant="base", point=f"p{point}", battery_kwh=100.0 * point)
         for point in range(points)], ignore_index=True,
    )
    failed = ({"point": "p1", "policy": policies[-1], "seed": 1, "attempts": 2,
               "traceback": f"Traceback\n{title}"},)
    table = StudyTable("fake", f"Does {policies[-1]} pay?", (axis,), "grid", tuple(policies),
                       (1, 2, 3), "cost_total_usd", runs, failed)
    ranking = Ranking("cost_total_usd", tuple(
        Ranked(policy, 10.0, Estimate(1.0, 1.0, 2.0), 0.5) for policy in policies
    ), 3, points)
    return study_page(table, comparison, evidence=Evidence((ranking,), None, (), (f"{title}?",)),
                      timelines=totals_of(policies), origin=Origin(INFO, YAML, "gridloom study s"))
