"""The story of a job, from what its run left on disk; numbers by hand."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import app

SCENARIO = """
schema_version: 1
name: tale
start: 2025-06-02T00:00Z
duration_h: 24
step_min: 30
sites:
  - name: here
    grid:
      tariff: {energy_usd_per_kwh: 0.1}
      average_carbon_intensity:
        {file: grid.csv, column: carbon, time_column: time, unit: g/kWh}
    datacenter:
      clusters: [{name: main, accelerator: h100-sxm, nodes: 2}]
      pue: 1.5
  - name: there
    grid:
      tariff: {energy_usd_per_kwh: 0.2}
      average_carbon_intensity: {constant_g_per_kwh: 200}
    datacenter:
      clusters: [{name: far, accelerator: h100-sxm, nodes: 2}]
      pue: 1.0
workload:
  - {type: jobs, file: jobs.csv, site: here}
forecast: {model: perfect, horizon_h: 48, refresh_h: 6}
policies:
  - fifo
  - {name: shifted, shift: lowest-window}
  - {name: split, shift: lowest-slots}
  - {name: sent, place: "tale_policies:There"}
  - {name: moved, place: "tale_policies:Moved"}
  - {name: replanned, shift: "tale_policies:Hourly"}
  - {name: capped, power: fixed-cap}
"""
# 400 g/kWh, but 100 from 06:00 to 08:00 and 200 from 10:00 to 11:00.
CARBON = {6: 100, 7: 100, 10: 200}
JOBS = """\
arrival,duration,gpus,deadline,power_w,interruptible
0,3600,8,43200,1000,false
1800,10800,8,39600,1000,true
3600,3600,16,4000,1000,false
82800,7200,8,,1000,false
"""
POLICIES = """
class There:
    def choose(self, obs, job):
        return 1 if job else 0


class Moved:
    def choose(self, obs, job):
        return 0

    def migrate(self, obs, site):
        return {1: 1} if obs.now_s == 7200.0 and site.index == 0 else {}


class Hourly:
    replans = True

    def plan(self, obs, job):
        return max(obs.now_s, 50_000.0)
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the folder in which all policies of the scenario have been run."""
    folder = tmp_path_factory.mktemp("tale")
    times = pd.date_range("2025-05-20", "2025-06-05", freq="h", tz="UTC", inclusive="left")
    hours = [f"{time:%Y-%m-%dT%H:%MZ},{CARBON.get(time.hour, 400)}" for time in times]
    (folder / "grid.csv").write_text("\n".join(["time,carbon", *hours]) + "\n")
    (folder / "jobs.csv").write_text(JOBS)
    (folder / "tale_policies.py").write_text(POLICIES)
    (folder / "s.yaml").write_text(SCENARIO)
    out = folder / "outputs"
    result = CliRunner().invoke(app, ["run", str(folder / "s.yaml"), "--out", str(out), "--quiet"])
    assert result.exit_code == 0, result.output
    return out


def told(runs, run, job):
    """Return what the command prints about a job."""
    result = CliRunner().invoke(app, ["explain", f"tale/{run}", str(job), "--out", str(runs)])
    assert result.exit_code == 0, result.output
    return result.stdout


def facts(runs, run, job):
    """Return the same as JSON."""
    arguments = ["explain", f"tale/{run}", str(job), "--out", str(runs), "--json"]
    return json.loads(CliRunner().invoke(app, arguments).stdout)


def test_a_shifted_job_is_told_from_arrival_to_end(runs):
    said = told(runs, "shifted", 0)
    for sentence in (
        "Job 0 of tale under shifted",
        "It arrived on 2025-06-02 00:00 UTC and needed 8 accelerators for 60 min, "
        "by 2025-06-02 12:00 UTC.",
        "It stayed at its home, here, cluster main: no place policy was asked.",
        "The shift policy lowest-window was asked at its arrival, and planned it from "
        "2025-06-02 06:00 UTC, 6.0 h after its arrival, on the forecast issued on "
        "2025-06-02 00:00 UTC by perfect.",
        "It started on 2025-06-02 06:00 UTC; it found its accelerators free.",
        "It ended on 2025-06-02 07:00 UTC, 7.0 h after its arrival, and kept its deadline with "
        "5.0 h to spare.",
    ):
        assert sentence in said


def test_the_comparison_is_with_starting_at_once(runs):
    # 1 kW for 1 h at a PUE of 1.5: 1.5 kWh, at 100 instead of 400 g/kWh.
    compared = facts(runs, "shifted", 0)["compared_with_starting_at_once"]
    assert compared["energy_facility_kwh"] == pytest.approx(
        {"ran": 1.5, "at_once": 1.5, "change_percent": 0.0}, abs=1e-9
    )
    assert compared["cost_usd"]["ran"] == pytest.approx(0.15)
    assert compared["carbon_average_kg"] == pytest.approx(
        {"ran": 0.15, "at_once": 0.6, "change_percent": -75.0}
    )
    assert compared["carbon_marginal_kg"] == {"ran": None, "at_once": None, "change_percent": None}
    row = [line.split() for line in told(runs, "shifted", 0).splitlines() if "average (kg" in line]
    assert row == [["Carbon,", "average", "(kgCO2e)", "0.15", "0.6", "-75.0", "%"]]


def test_what_is_on_disk_says_what_was_decided_when_and_on_which_forecast(runs):
    job = facts(runs, "shifted", 2)["job"]
    assert (job["decided_at_s"], job["planned_start_s"]) == (3600.0, 3600.0)
    assert (job["decided_on_forecast_s"], job["decisions_count"]) == (None, 1)
    late = facts(runs, "shifted", 3)["job"]
    assert late["decided_on_forecast_s"] == 64800.0


def test_a_queue_and_a_missed_deadline_are_told(runs):
    said = told(runs, "fifo", 2)
    assert "No shift policy held it back." in said
    assert "It then waited 2.5 h for accelerators or data, and started on 2025-06-02 03:30" in said
    assert "missed its deadline by 3.4 h." in said


def test_suspensions_are_told_with_their_times(runs):
    # The cheapest three hours are from 06:00 to 08:00 and from 10:00 to 11:00.
    story = facts(runs, "split", 1)
    stretches = [(one["start_s"] / 3600, one["end_s"] / 3600) for one in story["stretches"]]
    assert stretches == [(6.0, 8.0), (10.0, 11.0)]
    assert "It was suspended once and stood still for 2.0 h." in told(runs, "split", 1)
    # 3 kWh at 100 and 1.5 at 200 g/kWh, instead of 4.5 at 400.
    carbon = story["compared_with_starting_at_once"]["carbon_average_kg"]
    assert carbon["ran"] == pytest.approx(0.6)
    assert carbon["at_once"] == pytest.approx(1.8)


def test_a_job_that_was_sent_away_is_held_against_its_home(runs):
    said = told(runs, "sent", 1)
    assert (
        "The place policy tale_policies:There sent it from its home here to there, cluster far."
        in said
    )
    carbon = facts(runs, "sent", 1)["compared_with_starting_at_once"]["carbon_average_kg"]
    assert carbon["ran"] == pytest.approx(3.0 * 0.2)
    assert carbon["at_once"] == pytest.approx(4.5 * 0.4)
    assert "left it at its home, here" in told(runs, "sent", 0)


def test_a_job_that_moved_while_it_ran_is_reckoned_where_it_was(runs):
    story = facts(runs, "moved", 1)
    stays = [(one["site"], one["start_s"], one["end_s"]) for one in story["stretches"]]
    assert stays == [("here", 1800.0, 7200.0), ("there", 7200.0, 12600.0)]
    assert "It moved to another site once while it ran." in told(runs, "moved", 1)
    # 1.5 kWh at a PUE of 1.5 and 400 g/kWh, then 1.5 kWh at a PUE of 1 and 200 g/kWh.
    carbon = story["compared_with_starting_at_once"]["carbon_average_kg"]
    assert carbon["ran"] == pytest.approx(0.9 + 0.3)


def test_replans_are_counted_and_the_last_is_told(runs):
    job = facts(runs, "replanned", 0)["job"]
    assert (job["decisions_count"], job["decided_at_s"]) == (3, 43200.0)
    said = told(runs, "replanned", 0)
    assert "was asked 3 times, the last on 2025-06-02 12:00 UTC, and planned it from " in said
    assert "without looking at a forecast." in said


def test_a_cap_and_a_run_that_the_end_cuts_off_are_told(runs):
    assert "It ran under a power cap, for " in told(runs, "capped", 0)
    said = told(runs, "fifo", 3)
    assert "with no deadline." in said
    assert "It had not ended when the run did." in said
    assert "As it ran" not in said


def test_plain_runs_have_no_columns_for_reasons(runs):
    job = facts(runs, "fifo", 0)["job"]
    assert not {"decided_at_s", "planned_start_s", "decisions_count", "home_site"} & set(job)


@pytest.mark.parametrize(
    ("run", "job", "message"),
    [
        ("tale/fifo", 4, "there is no job 4; its jobs are 0 to 3."),
        ("tale/fifi", 0, "tale/fifi: no run. Did you mean tale/fifo?"),
        ("tale", 0, "tale: no run. It holds tale/capped-seed1-"),
        ("tale/s", 0, "tale/s: no run. Several begin so: "),
        ("nonsense", 0, "nonsense: no run. "),
    ],
)
def test_an_unknown_run_or_job_is_told(runs, run, job, message):
    result = CliRunner().invoke(app, ["explain", run, str(job), "--out", str(runs)])
    assert result.exit_code == 2
    assert message in result.stderr


def test_where_no_run_is_at_all_it_says_what_writes_some(tmp_path):
    result = CliRunner().invoke(app, ["explain", "a/b", "0", "--out", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "holds no run; `gridloom run` writes some, --out says where." in result.stderr


def test_a_run_is_found_by_its_folder_and_by_the_beginning_of_its_name(runs):
    (folder,) = (runs / "tale").glob("fifo-*")
    by_folder = CliRunner().invoke(app, ["explain", str(folder), "0"])
    assert by_folder.stdout == told(runs, "fifo", 0) == told(runs, folder.name, 0)
