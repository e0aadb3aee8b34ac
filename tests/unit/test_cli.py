import json
import os
import signal
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from sim import __version__, cli
from sim.errors import BalanceError, DataError, PolicyError

TINY = """
schema_version: 1
name: tiny
start: 2025-06-02T00:00Z
duration_h: 6
step_min: 30
sites:
  - name: home
    grid: {tariff: {energy_usd_per_kwh: 0.1}}
    base_load: {constant_kw: 10}
    datacenter: {clusters: [{name: main, accelerator: h100-sxm, nodes: 1}], pue: 1.2}
workload:
  - {type: training, arrivals: {poisson_per_h: 1}, gpus: 8, duration: {median_h: 0.5}}
policies: [fifo, sjf]
"""

WAITS = """
import sys, time
from sim import cli

@cli.app.command("wait")
def wait():
    print("ready", flush=True)
    time.sleep(60)

sys.argv = ["gridloom", "wait"]
cli.main()
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder with one small scenario."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY)
    return tmp_path


def gridloom(*arguments):
    return CliRunner().invoke(cli.app, list(arguments))


def ends_with(error):
    """Return what the command line makes of an error in a command."""
    app = typer.Typer(cls=cli.Commands)

    @app.command()
    def fail():
        raise error

    @app.command()
    def other():
        pass

    return CliRunner().invoke(app, ["fail"])


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (DataError("x.csv: row 3 is missing"), 2, "x.csv: row 3 is missing\n"),
        (PolicyError("mine: too slow"), 2, "mine: too slow\n"),
        (KeyboardInterrupt(), 130, "Interrupted; finished runs are kept.\n"),
        (cli.Terminated(), 143, "Interrupted; finished runs are kept.\n"),
    ],
)
def test_error_on_purpose_ends_in_its_message_and_code(error, code, message):
    result = ends_with(error)
    assert (result.exit_code, result.stderr, result.stdout) == (code, message, "")


def test_balance_error_prints_the_terms_and_asks_to_report_it():
    result = ends_with(BalanceError("import 3 kWh, load 4 kWh"))
    assert result.exit_code == 3
    assert "import 3 kWh, load 4 kWh" in result.stderr
    assert "Please report it" in result.stderr


def test_any_other_error_keeps_its_traceback():
    assert isinstance(ends_with(ZeroDivisionError("bug")).exception, ZeroDivisionError)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_the_process_cleanly(how, code):
    with subprocess.Popen(
        [sys.executable, "-c", WAITS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(how)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (code, "Interrupted; finished runs are kept.\n")


def test_command_line_imports_nothing_heavy():
    heavy = ["numpy", "pandas", "matplotlib", "pydantic", "ruamel.yaml", "simpy", "scipy", "jinja2"]
    code = f"import sys, sim.cli; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_version_is_told():
    assert gridloom("--version").stdout == f"gridloom {__version__}\n"


@pytest.mark.parametrize(
    "command", ["run", "compare", "validate", "schema", "policies", "catalog", "new scenario"]
)
def test_help_of_every_command_has_an_example(command):
    result = gridloom(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"Example: gridloom {command}" in result.stdout


def test_scenario_runs_and_is_not_run_again(here):
    first = gridloom("run", "tiny.yaml")
    assert first.exit_code == 0, first.output
    assert "Total cost (USD)" in first.stdout
    assert "Page: outputs/tiny/comparison.html" in first.stdout.replace(os.sep, "/")
    runs = sorted((here / "outputs" / "tiny").glob("*-seed1-*"))
    assert [path.name.partition("-")[0] for path in runs] == ["fifo", "sjf"]
    for name in ("report.html", "figures/supply_demand.png", "metrics.json", "scenario.yaml"):
        assert (runs[0] / name).is_file()
    written = [path.stat().st_mtime_ns for path in runs]
    second = gridloom("run", "tiny.yaml")
    assert second.stdout == first.stdout
    assert [path.stat().st_mtime_ns for path in runs] == written
    gridloom("run", "tiny.yaml", "--force", "--policy", "sjf")
    assert [path.stat().st_mtime_ns == old for path, old in zip(runs, written, strict=True)] == [
        True, False,
    ]


def test_single_policy_and_seed_show_their_metrics_and_stay_in_the_comparison(here):
    result = gridloom("run", "tiny.yaml", "--policy", "sjf", "--seed", "5", "--out", "o")
    assert result.exit_code == 0, result.output
    assert "Jobs submitted" in result.stdout
    gridloom("run", "tiny.yaml", "--policy", "fifo", "--seed", "5", "--out", "o")
    rows = (here / "o" / "tiny" / "comparison.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["fifo", "5"], ["sjf", "5"]]


def test_quiet_run_prints_only_where_the_results_are(here):
    result = gridloom("run", "tiny.yaml", "--quiet", "--policy", "fifo")
    assert (result.stdout, result.stderr) == (f"outputs{os.sep}tiny\n", "")


def test_finished_runs_are_compared_again(here):
    gridloom("run", "tiny.yaml", "--quiet")
    (here / "outputs" / "tiny" / "comparison.html").unlink()
    result = gridloom("compare", "outputs/tiny")
    assert result.exit_code == 0, result.output
    assert "fifo" in result.stdout
    assert (here / "outputs" / "tiny" / "comparison.html").is_file()


def test_unknown_policy_is_refused_with_a_suggestion_and_nothing_is_written(here):
    result = gridloom("run", "tiny.yaml", "--policy", "fifa")
    assert result.exit_code == 2
    assert 'policies: has none named "fifa". Did you mean fifo?' in result.stderr
    assert not (here / "outputs").exists()


@pytest.mark.parametrize("command", ["run", "validate"])
def test_wrong_scenario_is_refused_and_nothing_is_written(here, command):
    (here / "tiny.yaml").write_text(TINY.replace("duration_h: 6", "duration: 6"))
    result = gridloom(command, "tiny.yaml")
    assert result.exit_code == 2
    assert "tiny.yaml: " in result.stderr
    assert "duration_h" in result.stderr
    assert "Traceback" not in result.output
    assert [path.name for path in here.iterdir()] == ["tiny.yaml"]


def test_right_scenario_is_told_so(here):
    result = gridloom("validate", "tiny.yaml")
    assert result.stdout == "tiny.yaml: no problems; 1 site, 2 policies, 2 runs of 6 h.\n"
    assert [path.name for path in here.iterdir()] == ["tiny.yaml"]


def test_starter_scenario_is_written_once_and_is_right(here):
    assert gridloom("new", "scenario", "mine.yaml").exit_code == 0
    assert gridloom("validate", "mine.yaml").exit_code == 0
    (here / "mine.yaml").write_text("# edited\n")
    again = gridloom("new", "scenario", "mine.yaml")
    assert again.exit_code == 2
    assert again.stderr == "mine.yaml: exists already. Choose another name.\n"
    assert (here / "mine.yaml").read_text() == "# edited\n"


def test_schema_is_json_and_the_reference_goes_to_a_file(here):
    assert "duration_h" in json.loads(gridloom("schema").stdout)["properties"]
    assert gridloom("schema", "--reference", "reference.md").stdout == ""
    assert "duration_h" in (here / "reference.md").read_text(encoding="utf-8")


def test_policies_are_listed_with_role_default_and_parameters():
    rows = [line.split() for line in gridloom("policies").stdout.splitlines()]
    assert ["order", "fifo", "(default)"] in [row[:3] for row in rows]
    assert any(row[:2] == ["forecast", "seasonal-naive"] for row in rows)
    assert any(word.startswith("max_wait_h=") for row in rows for word in row)


def test_catalog_lists_tables_and_prints_one_with_its_sources():
    assert "weather_stations" in gridloom("catalog").stdout
    table = gridloom("catalog", "weather_stations")
    assert "greensboro-nc" in table.stdout
    assert "source" in table.stdout.splitlines()[0].split()
    text = gridloom("catalog", "weather_stations", "--csv").stdout
    assert text.splitlines()[0].startswith("station,")


def test_unknown_table_is_refused_with_a_suggestion():
    result = gridloom("catalog", "turbine")
    assert result.exit_code == 2
    assert "Did you mean turbines?" in result.stderr
