"""README's way from nothing to a compared policy works as it stands there, command by command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADING = "### From nothing to a compared policy\n"
SECTION = re.split(r"^#+ ", (ROOT / "README.md").read_text().partition(HEADING)[2], flags=re.M)[0]
# The commands are run with this Python, whether or not they are installed.
SHELL = f"""
set -e
python() {{ "{sys.executable}" "$@"; }}
gridloom() {{ python -m sim "$@"; }}
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


def blocks(language):
    """Return the section's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", SECTION, flags=re.DOTALL)


def shape(line):
    """Return a line without its numbers, marks and widths: what a change of a model leaves."""
    return " ".join(re.sub(r"[-+]?\d[\d,.]*\*?", "#", line).split())


def test_the_commands_of_the_page_run_and_print_what_it_shows(tmp_path):
    before, after = blocks("sh")
    (policy,) = blocks("python")
    (shown,) = blocks("text")
    script = f"{SHELL}{before}cat > greener.py <<'END'\n{policy}END\n{after}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    printed = iter([shape(line) for line in done.stdout.splitlines()])
    for line in shown.splitlines():
        if line != "...":
            assert shape(line) in printed, f"not printed, or not in this place: {line}"


def test_the_page_takes_twenty_lines():
    lines = [line for text in blocks("sh") + blocks("python") for line in text.splitlines()]
    assert len([line for line in lines if line.strip()]) <= 20
