"""Good scenarios: what comes out, its hash, and that it can be written and read again."""

import pickle
import sys
from datetime import UTC, datetime
from textwrap import dedent

import pytest

from sim.registry import METHODS, POLICIES, ROLES, load_class
from sim.scenario import load
from sim.scenario.load import built_in_scenarios, load_scenario, resolved_yaml, starter_text
from sim.scenario.schema.scenario import Policy, Role

SMALL = """\
schema_version: 1
name: small
start: 2025-06-02T02:00:00+02:00
duration_h: 2
sites:
  - name: lab
    base_load: {file: data/load.csv, column: load, unit: kW}
    solar: {series: {file: ../sun.csv, column: sun, unit: W}}
    battery: {capacity_kwh: 1.0e2, max_charge_kw: 50, max_discharge_kw: 50}
policies: [fifo]
"""
ROWS = "time,load\n0,1\n3600,2\n"


@pytest.fixture
def small(tmp_path):
    folder = tmp_path / "study"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "load.csv").write_text(ROWS)
    (tmp_path / "sun.csv").write_text(ROWS.replace("load", "sun"))

    def loaded(text=SMALL):
        (folder / "s.yaml").write_text(text)
        return load_scenario(folder / "s.yaml")

    return loaded


def test_scenario_comes_out_typed_with_its_files(small, tmp_path):
    loaded = small()
    assert loaded.spec.start == datetime(2025, 6, 2, tzinfo=UTC)
    assert loaded.spec.sites[0].battery.capacity_kwh == 100.0
    assert loaded.folder == tmp_path / "study"
    assert [path.resolve() for path in loaded.data_files] == [
        tmp_path / "sun.csv",
        tmp_path / "study" / "data" / "load.csv",
    ]


def test_jobs_file_is_among_the_data_files(small, tmp_path):
    (tmp_path / "study" / "jobs.csv").write_text("arrival,duration,gpus\n0,1,1\n")
    text = SMALL.replace(
        "policies:", "workload: [{type: jobs, file: jobs.csv}]\npolicies:"
    ).replace(
        "    battery:",
        "    datacenter: {clusters: [{name: a, accelerator: t4, nodes: 1}], pue: 1}\n    battery:",
    )
    assert small(text).data_files[-1] == tmp_path / "study" / "jobs.csv"


def test_absolute_file_names_are_allowed(small, tmp_path):
    text = SMALL.replace("../sun.csv", str(tmp_path / "sun.csv"))
    assert small(text).data_files[0] == tmp_path / "sun.csv"


def test_resolved_scenario_reads_back_the_same(small, tmp_path):
    tricky = (
        SMALL.replace("name: small", "name: 'no'\ndescription: \"12:30, NO: [1e5] #\\n 2nd line\"")
        .replace("max_charge_kw: 50", "max_charge_kw: 1.0e-7, charge_efficiency: 0.1234567890123")
        .replace("policies: [fifo]", "seeds: [007, 0x10]\npolicies: [{name: p, "
                 "storage: {use: self-consumption}}, sjf]")
    )  # fmt: skip
    spec = small(tricky).spec
    assert spec.seeds == (7, 16)
    text = resolved_yaml(spec)
    assert "discharge_efficiency: 0.95" in text
    assert small(text).spec == spec
    assert resolved_yaml(small(text).spec) == text


def test_resolved_scenario_has_a_line_a_field(small):
    short, long = (small(f"{SMALL}description: {'word ' * n}").spec for n in (1, 99))
    assert resolved_yaml(long).count("\n") == resolved_yaml(short).count("\n")


def test_loaded_scenario_travels_to_another_process(small):
    loaded = small()
    assert pickle.loads(pickle.dumps(loaded)) == loaded


def test_starter_is_a_valid_scenario(tmp_path):
    (tmp_path / "new.yaml").write_text(starter_text(), encoding="utf-8")
    spec = load_scenario(tmp_path / "new.yaml").spec
    assert [site.name for site in spec.sites] == ["home"]
    assert len(starter_text().splitlines()) <= 60


def test_built_in_scenarios_are_found_by_name(tmp_path, monkeypatch):
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "tiny.yaml").write_text(starter_text())
    monkeypatch.setattr(load, "_PACKAGE", tmp_path / "sim")
    assert list(built_in_scenarios()) == ["tiny"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").mkdir()  # a folder of that name does not hide it, a file does
    assert load_scenario("tiny").path == tmp_path / "scenarios" / "tiny.yaml"
    with pytest.raises(load.ScenarioError, match="is a directory"):
        load_scenario("scenarios")
    (tmp_path / "sim" / "_scenarios").mkdir(parents=True)  # a wheel has them here
    assert not built_in_scenarios()


@pytest.mark.parametrize("name", sorted(built_in_scenarios()))
def test_every_built_in_scenario_is_valid(name):
    assert load_scenario(name).spec.name == name


def hashes(loaded, **choices):
    return loaded.content_hash(choices.get("policy", "fifo"), choices.get("seed", 1))


def test_hash_is_the_same_for_the_same_content(small):
    first = hashes(small())
    assert len(first) == 64
    again = SMALL.replace("duration_h: 2", "duration_h: 2.0   # hours\nstep_min: 5")
    assert hashes(small(again)) == first
    more = SMALL.replace("[fifo]", "[sjf, fifo]\nseeds: [1, 2, 3]")
    assert hashes(small(more)) == first


def test_hash_follows_everything_that_matters(small, tmp_path):
    loaded = small()
    found = {
        hashes(loaded),
        hashes(loaded, seed=2),
        hashes(loaded, policy="sjf"),
        hashes(loaded, policy=Policy(name="fifo", storage="self-consumption")),
        hashes(loaded, policy=Policy(name="fifo", storage=Role(use="idle", extra=1))),
        hashes(small(SMALL.replace("1.0e2", "1.1e2"))),
    }
    (tmp_path / "sun.csv").write_text(ROWS.replace("load", "sun").replace("3600,2", "3600,3"))
    found.add(hashes(small()))
    assert len(found) == 7


OWN = """\
class Mine:
    def __init__(self, *, level=1): ...
    def setpoint(self, obs, site): ...
"""


def test_own_policy_beside_the_scenario_is_found_and_hashed(small, tmp_path):
    module = tmp_path / "study" / "own_good_policy.py"
    module.write_text(OWN)
    both = '["own_good_policy:Mine", {name: b, storage: {use: "own_good_policy:Mine", level: 2}}]'
    text = SMALL.replace("[fifo]", both)
    before = list(sys.path)
    loaded = small(text)
    assert sys.path == before
    by_label = hashes(loaded, policy="b")
    assert by_label == hashes(loaded, policy=loaded.spec.policies[1])
    assert by_label != hashes(loaded, policy="mine")
    module.write_text(OWN + "\n# changed\n")
    assert hashes(loaded, policy="b") != by_label


def test_own_module_never_hides_one_of_pythons(small, tmp_path, monkeypatch):
    (tmp_path / "study" / "sched.py").write_text("raise RuntimeError('shadow')")
    monkeypatch.delitem(sys.modules, "sched", raising=False)
    with pytest.raises(load.ScenarioError, match=r"sched:scheduler has no method"):
        small(SMALL.replace("[fifo]", '["sched:scheduler"]'))


def test_parameters_of_any_name_are_passed_on(small, tmp_path):
    code = """\
        class Open:
            def __init__(self, **anything): ...
            def setpoint(self, obs, site): ...
        """
    (tmp_path / "study" / "own_open_policy.py").write_text(dedent(code))
    role = '[{name: a, storage: {use: "own_open_policy:Open", whatever: 3}}]'
    assert small(SMALL.replace("[fifo]", role)).spec.policies[0].storage.parameters == {
        "whatever": 3
    }


def test_every_built_in_policy_has_the_method_of_its_role():
    assert tuple(METHODS) == ROLES
    for role, names in POLICIES.items():
        for target in names.values():
            assert callable(getattr(load_class(target), METHODS[role])), target
