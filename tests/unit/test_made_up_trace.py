"""The trace of scenarios/gaia-like.yaml is what its program writes, and says that it is made up."""

import importlib.util
from pathlib import Path

from sim.scenario.load import load_scenario
from sim.workload.generate import build_workload

TRACES = Path(__file__).parents[2] / "scenarios" / "traces"


def test_the_trace_is_what_its_program_writes():
    spec = importlib.util.spec_from_file_location("made_up", TRACES / "made_up.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    assert program.made_up_jobs() == program.TARGET.read_text(encoding="utf-8")
    assert "MADE UP" in program.__doc__


def test_every_job_of_the_trace_is_in_the_scenario_once():
    loaded = load_scenario("gaia-like")
    jobs, _ = build_workload(loaded.spec, loaded.folder, 1)
    assert len(jobs) == 400
    # Those of less than two hours may wait for six.
    short = jobs.duration_s < 2 * 3600
    waits_h = {profile.max_wait_s / 3600 for profile in jobs.profiles}
    assert waits_h == {6.0, 24.0}
    assert (jobs.workload[short] == 0).all()
    assert (jobs.workload[~short] == 1).all()
