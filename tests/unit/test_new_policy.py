"""`gridloom new policy` writes a policy that works, and a test that passes as it is."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from sim import cli
from sim.policy.starter import starter
from sim.registry import METHODS, ROLES


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*arguments):
    return CliRunner().invoke(cli.app, ["new", "policy", *arguments])


@pytest.mark.parametrize("role", ROLES)
def test_the_written_test_passes_as_it_is_and_the_next_steps_are_right(here, role):
    said = new(f"my-{role}-idea", "--role", role).stdout.splitlines()
    wrote, run_tests, check, _, entry = said
    stem, words = f"my_{role}_idea", role.capitalize()
    assert wrote == f"Wrote {stem}.py and test_{stem}.py. Next:"
    assert run_tests == f"  python -m pytest test_{stem}.py"
    assert check == f"  gridloom policies --check {stem}:My{words}Idea"
    assert entry == f'  - {{name: my-{role}-idea, {role}: "{stem}:My{words}Idea"}}'
    for command, passed in ((run_tests.split()[1:], "2 passed"),
                            (["-m", "sim", *check.split()[1:]], "no mutation.")):
        done = subprocess.run(
            [sys.executable, *command, *(["-q", "-p", "no:cacheprovider"] * ("pytest" in command))],
            capture_output=True, text=True, check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert passed in done.stdout
    entry_is_in_the_test = (here / f"test_{stem}.py").read_text()
    assert entry in entry_is_in_the_test


@pytest.mark.parametrize("role", ROLES)
def test_what_is_written_fits_a_line_and_names_its_role(role):
    text = starter("my-policy", role).policy_text
    assert max(map(len, text.splitlines())) <= 100
    assert f"    def {METHODS[role]}(self, obs, " in text
    assert f'{role}: {{use: "my_policy:MyPolicy", ' in text


def test_the_default_is_a_shift_policy(here):
    assert new("mine").exit_code == 0
    assert "def plan(self, obs, job):" in (here / "mine.py").read_text()


@pytest.mark.parametrize("there", ["mine.py", "test_mine.py"])
def test_existing_files_stay_as_they_are(here, there):
    (here / there).write_text("precious")
    result = new("mine")
    assert result.exit_code == 2
    assert result.stderr == f"{there}: exists already. Choose another name.\n"
    assert [path.name for path in here.iterdir()] == [there]
    assert (here / there).read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["3rd"], '"3rd" cannot name a module: use letters, digits, - and _, a letter first.'),
        (["class"], '"class" cannot name a module'),
        (["../up"], '"../up" cannot name a module'),
        (["numpy"], "numpy: would hide the module numpy. Choose another name."),
        (["mine", "--role", "shft"], 'there is no role "shft". Did you mean shift?'),
    ],
)
def test_a_name_or_a_role_that_cannot_be_is_told(here, arguments, message):
    result = new(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not list(here.iterdir())
