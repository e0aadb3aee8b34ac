"""Policies and forecasters that do not exist or do not work."""

from textwrap import dedent

import pytest
from scenario_texts import edited, problems

WRONG = {
    # policies
    "unknown policy": ("- fifo", "- fifoo",
        '33:5 policies[0]: there is no policy "fifoo". Did you mean fifo?'),
    "name of two roles": ("- fifo", "- none",
        '33:5 policies[0]: "none" can be shift and power. Say which: {name: ..., shift: none}.'),
    "role of another kind": ("storage: self-consumption", "storage: lowest-window",
        '34:51 policies[1].storage: there is no storage policy "lowest-window". '
        "Allowed: arbitrage, backup-reserve, idle, peak-shaving, self-consumption, time-of-use."),
    "policy twice": ("name: shifty", "name: fifo",
        "34:5 policies[1]: a policy named fifo stands above. Give one of them another name:."),
    "parameter of a built-in": ("shift: lowest-window", "shift: {use: none, signal: price}",
        "34:39 policies[1].shift.signal: unknown parameter. NoShift takes none."),
    "no module": ("- fifo", '- "no_such_module:Mine"',
        "33:5 policies[0]: cannot import no_such_module: "
        "ModuleNotFoundError: No module named 'no_such_module'."),
    "no class": ("- fifo", '- "fractions:Fractions"',
        "33:5 policies[0]: module fractions has no class Fractions. Did you mean Fraction?"),
    "no policy at all": ("- fifo", '- "fractions:Fraction"',
        "33:5 policies[0]: fractions:Fraction has no method "
        "select or plan or choose or set or setpoint."),
    "no form": ("- fifo", '- ":Mine"',
        '33:5 policies[0]: ":Mine" is not of the form "module:Class".'),
    "unknown forecaster": ("model: seasonal-naive", "model: seasonal_naive",
        '31:19 forecast.model: there is no forecaster "seasonal_naive". '
        "Did you mean seasonal-naive?"),
    "no forecaster": ("model: seasonal-naive", 'model: "fractions:Fraction"',
        "31:19 forecast.model: fractions:Fraction has no method fit and predict."),
}  # fmt: skip
CASES = [(old, new, expected) for old, new, *expected in WRONG.values()]


@pytest.mark.parametrize(("old", "new", "expected"), CASES, ids=WRONG)
def test_wrong_choice_is_told(tmp_path, old, new, expected):
    assert problems(tmp_path, edited((old, new))) == expected


BAD_MODULES = {
    "raises": ("raise RuntimeError('boom\\nbang')", "{}",
        "cannot import {module}: RuntimeError: boom bang."),
    "exits": ("import sys; sys.exit(3)", "{}", "cannot import {module}: SystemExit: 3."),
    "syntax": ("def", "{}", "cannot import {module}: SyntaxError: "
        "invalid syntax ({module}.py, line 1)."),
    "import": ("import no_such_thing", "{}", "cannot import {module}: "
        "ModuleNotFoundError: No module named 'no_such_thing'."),
    "class": ("class Mien: pass", "{}", "module {module} has no class Mine. Did you mean Mien?"),
    "method": ("class Mine:\n def select(self, obs): ...", "{}",
        "{module}:Mine has no method setpoint."),
    "needs": ("class Mine:\n def __init__(self, a): ...\n def setpoint(self): ...", "{}",
        "{module}:Mine cannot be built: "
        "TypeError: Mine.__init__() missing 1 required positional argument: 'a'."),
    "refuses": ("class Mine:\n def __init__(self, a): raise ValueError('a is odd')\n"
        " def setpoint(self): ...", "{a: 1}",
        "{module}:Mine cannot be built: ValueError: a is odd."),
}  # fmt: skip


@pytest.mark.parametrize(("code", "given", "expected"), BAD_MODULES.values(), ids=BAD_MODULES)
def test_class_of_the_users_own_that_does_not_work_is_told(
    tmp_path, request, code, given, expected
):
    module = f"own_{request.node.callspec.id}"
    (tmp_path / f"{module}.py").write_text(code)
    choice = "{use: 'MODULE:Mine', PARAMETERS}".replace("MODULE", module)
    choice = choice.replace(", PARAMETERS", f", {given[1:-1]}" if given != "{}" else "")
    text = edited(("storage: self-consumption", f"storage: {choice}"))
    message = expected.replace("{module}", module)
    assert problems(tmp_path, text) == [f"34:57 policies[1].storage.use: {message}"]


def test_forecaster_that_only_fits_is_told(tmp_path):
    (tmp_path / "own_forecaster.py").write_text("class Half:\n def fit(self): ...\n")
    text = edited(("model: seasonal-naive", 'model: "own_forecaster:Half"'))
    expected = "31:19 forecast.model: own_forecaster:Half has no method fit and predict."
    assert problems(tmp_path, text) == [expected]


def test_unknown_parameter_of_a_users_class_is_told(tmp_path):
    code = """\
        class Mine:
            def __init__(self, *, target_soc=0.5): ...
            def setpoint(self, obs, site): ...
        """
    (tmp_path / "own_parameters.py").write_text(dedent(code))
    role = "storage: {use: 'own_parameters:Mine', target_sock: 1}"
    expected = (
        "34:80 policies[1].storage.target_sock: unknown parameter. Did you mean target_soc?"
    )
    assert problems(tmp_path, edited(("storage: self-consumption", role))) == [expected]
