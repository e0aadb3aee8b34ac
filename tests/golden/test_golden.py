"""The built-in scenarios give the metrics that they gave before.

`python tests/golden/regenerate.py` writes them anew; the difference is read before it is committed.
"""

import json

import pytest

from tests.golden.regenerate import HERE, SCENARIOS, metrics_of


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_a_built_in_scenario_gives_its_known_metrics(scenario):
    expected = json.loads((HERE / f"{scenario.stem}.json").read_text())
    found = metrics_of(scenario)
    assert set(found) == set(expected)
    for policy, metrics in expected.items():
        assert set(found[policy]) == set(metrics)
        for name, value in metrics.items():
            # Other processors and library versions may round differently in the last digits.
            same = value if value is None else pytest.approx(value, rel=1e-6)
            assert found[policy][name] == same, f"{policy}: {name}"
