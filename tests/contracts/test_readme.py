"""What README shows works as it stands there."""

import re
from pathlib import Path

import sim

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
