"""Write the expected metrics of every built-in scenario anew: `python tests/golden/regenerate.py`.

Read the difference before you commit it: each number that moved is a result that users would see
move, and belongs into CHANGELOG.md.
"""

import json
from pathlib import Path

import sim

HERE = Path(__file__).parent
SCENARIOS = sorted((HERE.parents[1] / "scenarios").glob("*.yaml"))


def metrics_of(scenario):
    """Return the metrics of each policy of a scenario, at its first seed."""
    spec = sim.load_scenario(scenario).spec
    names = [choice if isinstance(choice, str) else choice.name for choice in spec.policies]
    return {name: sim.simulate(scenario, policy=name).metrics for name in names}


if __name__ == "__main__":
    for scenario in SCENARIOS:
        target = HERE / f"{scenario.stem}.json"
        target.write_text(json.dumps(metrics_of(scenario), indent=1, sort_keys=True) + "\n")
