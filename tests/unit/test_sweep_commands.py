"""What the commands that do not run a sweep say of it."""

import pytest
from typer.testing import CliRunner

from sim import cli

TINY = """\
schema_version: 1
name: tiny
start: 2025-06-02T00:00Z
duration_h: 6
step_min: 30
seeds: [1, 2]
sites:
  - name: home
    grid: {tariff: {energy_usd_per_kwh: 0.1}}
    base_load: {constant_kw: 10}
policies: [fifo]
sweep:
  axes: [{path: sites.home.base_load.constant_kw, name: load_kw, values: [5, 10, 20]}]
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY)
    return tmp_path / "tiny.yaml"


def gridloom(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


def test_run_leaves_the_sweep_out_and_says_what_runs_it(tiny):
    found = gridloom("run", "tiny.yaml", "--quiet")
    assert found.exit_code == 0
    assert found.stderr == "The sweep is not run: `gridloom study tiny.yaml` does that.\n"
    assert len(list((tiny.parent / "outputs" / "tiny").glob("fifo-seed*"))) == 2


def test_validate_counts_points_and_runs_of_the_sweep(tiny):
    found = gridloom("validate", "tiny.yaml")
    assert found.exit_code == 0
    assert found.stdout.splitlines()[-1] == (
        "sweep (grid): 3 points, 6 runs by `gridloom study`."
    )


@pytest.mark.parametrize("command", ["validate", "study"])
def test_a_value_that_is_wrong_stops_with_exit_code_2_and_its_place(tiny, command):
    tiny.write_text(TINY.replace("[5, 10, 20]", "[5, -10, 20]"))
    found = gridloom(command, "tiny.yaml")
    assert found.exit_code == 2
    assert found.stderr == (
        "tiny.yaml: 1 problem\n  13:78  sweep.axes[0].values[1]: -10 is not at least 0.\n"
    )
    assert not (tiny.parent / "outputs").exists()


def test_study_refuses_an_axis_that_is_named_as_a_metric(tiny):
    tiny.write_text(TINY.replace("load_kw", "grid_import_kwh"))
    found = gridloom("study", "tiny.yaml", "--dry-run")
    assert found.exit_code == 2
    assert "grid_import_kwh is the name of another column. Give the axis a name:." in found.stderr
