"""An installed wheel has all that a checkout has: built-in scenarios, catalog, templates."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_contains_scenarios_catalog_and_templates_and_runs_without_the_checkout(tmp_path):
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("gridloom-*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    names = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    for folder, pattern in (("scenarios", "*.yaml"), ("sim/catalog", "*.csv")):
        packaged = "sim/_scenarios" if folder == "scenarios" else folder
        here = {path.name for path in (ROOT / folder).glob(pattern)}
        assert here <= {Path(name).name for name in names if name.startswith(packaged)}
    assert "sim/scenario/starter.yaml" in names
    assert not [name for name in names if name.startswith(("tests", "outputs"))]
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import sim; "
        "assert sim.__file__.startswith(sys.argv[1]); print(sim.load_scenario('quickstart').path)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(site)],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert "_scenarios" in done.stdout
