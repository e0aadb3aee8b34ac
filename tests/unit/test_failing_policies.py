"""Policies that raise or answer nonsense stop the run cleanly and say where."""

import re

import pytest
from typer.testing import CliRunner

from sim import cli

SCENARIO = """
schema_version: 1
name: failing
start: 2025-06-02T00:00Z
duration_h: 6
step_min: 30
sites:
  - name: home
    battery: {capacity_kwh: 10, max_charge_kw: 5, max_discharge_kw: 5}
    grid: {tariff: {energy_usd_per_kwh: 0.1}}
    datacenter: {clusters: [{name: main, accelerator: h100-sxm, nodes: 1}], pue: 1.2}
workload:
  - {type: training, arrivals: {poisson_per_h: 2}, gpus: 8, duration: {median_h: 0.5}}
policies:
  - fifo
  - {name: mine, ROLE: "MODULE:Mine"}
"""
METHODS = {
    "order": "select(self, obs, cluster)",
    "shift": "plan(self, obs, job)",
    "place": "choose(self, obs, job)",
    "power": "set(self, obs, site)",
    "storage": "setpoint(self, obs, site)",
}
SUBJECTS = {
    "order": "main", "shift": r"job \d+", "place": r"job \d+", "power": "home", "storage": "home"
}  # fmt: skip


@pytest.fixture
def failing(tmp_path, monkeypatch, request):
    """Return a function that runs a scenario under a policy with this body, after fifo."""
    monkeypatch.chdir(tmp_path)

    def run(role, body):
        module = "failing_" + re.sub(r"\W", "_", request.node.name)
        code = f"import sys\n\nclass Mine:\n    def {METHODS[role]}:\n        {body}\n"
        (tmp_path / f"{module}.py").write_text(code)
        text = SCENARIO.replace("ROLE", role).replace("MODULE", module)
        (tmp_path / "s.yaml").write_text(text)
        result = CliRunner().invoke(cli.app, ["run", "s.yaml", "--quiet"])
        assert result.exit_code == 2
        runs = sorted((tmp_path / "outputs" / "failing").iterdir())
        assert [path.name.partition("-seed")[0] for path in runs] == ["fifo"]
        return result.stderr

    return run


@pytest.mark.parametrize("role", METHODS)
def test_an_exception_names_policy_role_time_subject_and_line(failing, role):
    said = failing(role, "return {}['peak']")
    first = rf"policy mine: its {role} decision for {SUBJECTS[role]} at \d+(\.\d+)? s "
    assert re.match(first + r"\(2025-06-02 0\d:\d\d UTC\) raised KeyError: 'peak'\n", said)
    assert re.search(r'failing_.*\.py", line 5, in \w+\n    return {}\[\'peak\'\]', said)
    assert "Traceback" not in said
    assert "sim/engine" not in said


WRONG = {
    ("order", "return None"): "is None; it must be a list of waiting job ids.",
    ("order", "return ['a']"): "is ['a']; it must be a list of waiting job ids.",
    ("order", "return [99]"): "order selected job 99, which does not wait on main.",
    ("shift", "return None"): "is None; it must be a time [s], or a list of intervals",
    ("shift", "return 'noon'"): "is 'noon'; it must be a time [s], or a list of intervals",
    ("shift", "return []"): "is []; it must be a time [s], or a list of intervals",
    ("shift", "return [(1.0, 2.0, 3.0)]"): "is [(1.0, 2.0, 3.0)]; it must be a time [s], or",
    ("shift", "return float('nan')"): "from nan s; it must be a finite time",
    ("place", "return 'home'"): "is 'home'; it must be the number of a site, or (site, cluster).",
    ("place", "return 0.5"): "is 0.5; it must be the number of a site, or (site, cluster).",
    ("place", "return 7"): "no cluster there has 8 accelerators",
    ("power", "return 'low'"): "site home: power answered 'low'; it must be None or a cap",
    ("power", "return 0.1"): "site home: power answered 0.1; it must be None or a cap",
    ("storage", "return 'charge'"): "site home: storage answered 'charge'; it must be",
    ("storage", "return 1.0, 2.0"): "site home: storage answered (1.0, 2.0); it must be",
    ("storage", "return None"): "site home: storage answered None; it must be",
}


@pytest.mark.parametrize(("role", "body"), WRONG, ids=lambda value: value)
def test_an_answer_of_the_wrong_kind_is_refused(failing, role, body):
    said = failing(role, body)
    assert said.startswith("policy mine")
    assert WRONG[role, body] in said


def test_leaving_the_program_is_an_exception_like_others(failing):
    said = failing("storage", "sys.exit(0)")
    assert "its storage decision for home at 0 s (2025-06-02 00:00 UTC) raised SystemExit" in said
    assert "sys.exit(0)" in said


def test_a_list_of_numpy_numbers_is_a_list_of_ids(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbered.py").write_text(
        "import numpy as np\nclass Mine:\n    def select(self, obs, cluster):\n"
        "        return np.array(list(cluster.waiting)[:cluster.free_count // 8], dtype=int)\n"
    )
    text = SCENARIO.replace("ROLE", "order").replace("MODULE", "numbered")
    (tmp_path / "s.yaml").write_text(text)
    assert CliRunner().invoke(cli.app, ["run", "s.yaml", "--quiet"]).exit_code == 0
