"""Every number a public function or class documents has a unit, and the name agrees with it."""

import ast
import re
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("sim/**/*.py"), *ROOT.glob("forecasting/**/*.py")])

UNIT_OF_SUFFIX = {
    "_w_per_m2": "W/m2",
    "_g_per_kwh": "gCO2e/kWh",
    "_kg_per_kwh": "kgCO2e/kWh",
    "_kg_per_mwh": "kgCO2e/MWh",
    "_kg_per_j": "kgCO2e/J",
    "_kg_per_s": "kgCO2e/s",
    "_usd_per_kwh": "USD/kWh",
    "_usd_per_mwh": "USD/MWh",
    "_usd_per_kw": "USD/kW",
    "_usd_per_j": "USD/J",
    "_usd_per_t": "USD/tCO2e",
    "_flop_per_s": "FLOP/s",
    "_m_per_s": "m/s",
    "_fraction": "-",
    "_ratio": "-",
    "_count": "-",
    "_per_k": "1/K",
    "_per_h": "1/h",
    "_soc": "-",
    "_bytes": "B",
    "_hours": "h",
    "_mwh": "MWh",
    "_kwh": "kWh",
    "_usd": "USD",
    "_deg": "degree",
    "_kg": "kgCO2e",
    "_mw": "MW",
    "_kw": "kW",
    "_m2": "m2",
    "_w": "W",
    "_j": "J",
    "_s": "s",
    "_h": "h",
    "_m": "m",
    "_c": "degC",
}
NUMBER = re.compile(r"^(float|int)\b|^(ndarray|array_like) of (float|int)\b")


def unit_of(name):
    """Return the unit that a name's longest known suffix stands for, or None."""
    known = [suffix for suffix in UNIT_OF_SUFFIX if name.endswith(suffix)]
    suffix = max(known, key=len, default=None)
    compound = suffix is not None and "_per_" in name and "_per_" not in suffix
    return None if suffix is None or compound else UNIT_OF_SUFFIX[suffix]


def problems(source):
    """Yield what is wrong in a module's docstrings."""
    for node in ast.walk(ast.parse(source)):
        named = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        doc = ast.get_docstring(node) if named else None
        if not doc or "\n" not in doc:
            continue
        sections = NumpyDocString(doc)
        for entry in [*sections["Parameters"], *sections["Attributes"]]:
            where = f"line {node.lineno}: {node.name}"
            unit = re.search(r"\[([^\]]+)\]\.?$", " ".join(entry.desc).strip())
            if not NUMBER.match(entry.type):
                continue
            for name in entry.name.split(", "):
                wanted = unit_of(name)
                if unit is None:
                    yield f"{where}({name}) is a number without a [unit]"
                elif wanted and unit[1] != wanted:
                    yield f"{where}({name}) says [{unit[1]}], not [{wanted}]"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_documented_numbers_have_a_unit_that_agrees_with_their_name(path):
    assert list(problems(path.read_text())) == []


def test_a_wrong_and_a_missing_unit_are_found():
    source = '''
def energy(power_w, dt_s):
    """Return energy.

    Parameters
    ----------
    power_w : float
        Power. [kW]
    dt_s : float
        Time.
    """
'''
    assert list(problems(source)) == [
        "line 2: energy(power_w) says [kW], not [W]",
        "line 2: energy(dt_s) is a number without a [unit]",
    ]
