"""What README shows works as it stands there."""

import re
from pathlib import Path

import sim
from sim.scenario.sweep.load import load_study
from sim.study.summary.drawing import plot

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language, containing):
    """Return README's code block of a language that contains a text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    return next(found for found in blocks if containing in found)


def test_the_scenario_in_readme_is_valid(tmp_path):
    path = tmp_path / "my-study.yaml"
    path.write_text(block("yaml", "schema_version"))
    assert sim.load_scenario(path).spec.name == "my-study"


def test_the_policy_in_readme_keeps_the_contract_and_runs_from_a_scenario(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_lab.py").write_text(block("python", "class CheapCharging"))
    assert "non-anticipativity" in sim.check_policy("my_lab:CheapCharging")
    scenario = block("yaml", "schema_version")
    policies = block("yaml", "my_lab:CheapCharging")
    (tmp_path / "study.yaml").write_text(scenario[: scenario.index("policies:")] + policies)
    metrics = sim.simulate(tmp_path / "study.yaml", policy="cheap").metrics
    assert metrics["battery_charge_kwh"] > 0.0


def test_the_sweep_in_readme_goes_with_its_scenario(tmp_path):
    path = tmp_path / "my-study.yaml"
    path.write_text(block("yaml", "schema_version") + block("yaml", "sweep:"))
    plan = load_study(path)
    assert [axis.name for axis in plan.axes] == ["battery_kwh", "solar_kw"]
    assert len(plan.points) == 3 * 5
    largest = plan.load(plan.points[-1]).spec.sites[0]
    assert largest.battery.max_charge_kw == 0.25 * 8000
    assert largest.solar.dc_capacity_kw == 8000


def test_a_study_from_python_runs_and_draws_as_readme_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my-study.yaml"
    scenario = block("yaml", "schema_version").replace("duration_h: 168", "duration_h: 6")
    path.write_text(
        scenario + "sweep: {axes: [{path: sites.campus.solar.dc_capacity_kw, name: solar_kw, "
        "values: [250, 500, 1000]}]}\n"
    )
    folder = sim.run_study(path, workers=1)
    runs = sim.read_study(folder)
    assert runs.pivot_table("cost_total_usd", "solar_kw", "policy").shape == (3, 2)
    (drawn,) = plot(folder, ["response"], file_format="pdf", size="double", out=tmp_path / "paper")
    assert drawn.path == tmp_path / "paper" / "response.pdf"
    assert drawn.path.read_bytes().startswith(b"%PDF")
    assert "my-study" in drawn.caption
