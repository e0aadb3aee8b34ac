import os
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "scenarios" / "guide.py"


def test_the_guide_runs_from_a_scenario_to_a_figure_for_a_paper(tmp_path):
    ran = subprocess.run(
        [sys.executable, str(GUIDE)], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(GUIDE.parents[1]), "PYTHONWARNINGS": ""},
    )
    assert ran.returncode == 0, ran.stderr
    assert "cleanerthanmean passed" in ran.stdout
    study = tmp_path / "outputs" / "guide" / "cleaner-hours"
    figures = [path.read_bytes() for path in (study / "figures").glob("*.pdf")]
    assert len(figures) == 2
    assert all(figure.startswith(b"%PDF") for figure in figures)
    assert len(list(study.glob("*-seed*"))) == 18
