"""A study's plan: which points a sweep has, what each of them is, and what its runs depend on."""

import json
import math
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_texts import BASE
from scipy.stats import sobol_indices

from sim.errors import ScenarioError
from sim.scenario.load import load_scenario, load_variants, resolved_yaml
from sim.scenario.schema.scenario import policy_label
from sim.scenario.schema.sweep import Sweep
from sim.scenario.sweep.axes import name_of
from sim.scenario.sweep.designs import combinations, listed_values
from sim.scenario.sweep.field_paths import ScalarField, find_field, laid
from sim.scenario.sweep.load import load_study
from sim.scenario.yaml_tree import read_source
from sim.study.disk import identity

CAPACITY = "sites.lab.battery.capacity_kwh"
SOLAR = "sites.lab.solar.dc_capacity_kw"
GRID = f"""\
sweep:
  axes:
    - {{path: {CAPACITY}, name: battery_kwh, title: Battery, values: [200, 400, 800]}}
    - {{path: {SOLAR}, values: [50, 100.5]}}
"""
VARIANTS = "variants:\n  - {name: short, duration_h: 12, seeds: [7], policies: [edf]}\n"


@pytest.fixture
def study(tmp_path):
    """Plan the study of the base with something added."""

    def plan(added="", base=BASE, name="s.yaml", **options):
        (tmp_path / name).write_text(base + added)
        return load_study(tmp_path / name, **options)

    return plan


def sweep_of(**fields):
    fields["axes"] = tuple(fields["axes"])
    return Sweep.model_validate(fields)


def number_field(kind=float):
    return ScalarField(("x",), "", (kind,))


def points_of(sweep, *fields, base=()):
    return list(combinations(sweep, fields or [number_field()] * len(sweep.axes), base))


def sampled(design, samples, *axes, seed=0):
    return sweep_of(combine=design, samples=samples, seed=seed, axes=axes)


UNIT = {"path": "x", "from": 0, "to": 1}


def test_a_scenario_without_sweep_has_its_variants_as_points(study):
    plan = study(VARIANTS)
    assert [(point.name, point.variant, point.values) for point in plan.points] == [
        ("base", None, {}), ("short", "short", {}),
    ]
    assert (plan.name, plan.axes, plan.design) == ("base", (), "")
    assert plan.policies == ("fifo", "shifty", "edf")
    assert plan.seeds == (1, 2, 7)
    assert [(point.name, policy, seed) for point, policy, seed in plan.runs()] == [
        ("base", "fifo", 1), ("base", "fifo", 2), ("base", "shifty", 1), ("base", "shifty", 2),
        ("short", "edf", 7),
    ]


def test_without_sweep_points_load_and_hash_as_a_plain_run_does(study):
    plan = study(VARIANTS)
    for one, point in zip(load_variants(plan.path), plan.points, strict=True):
        loaded = plan.load(point)
        assert loaded == one
        assert loaded.point == (one.variant or "base")
        for choice in one.spec.policies:
            for seed in (1, 7, 2**40):
                assert plan.content_hash(point, policy_label(choice), seed) == (
                    identity.content_hash(one, choice, seed)
                )


def test_a_grid_takes_every_value_with_every_other_in_the_order_of_the_file(study):
    plan = study(GRID)
    assert [tuple(point.values.values()) for point in plan.points] == [
        (200, 50), (200, 100.5), (400, 50), (400, 100.5), (800, 50), (800, 100.5),
    ]
    battery, solar = plan.axes
    assert (battery.name, battery.title, battery.unit) == ("battery_kwh", "Battery", "kWh")
    assert (solar.name, solar.title, solar.unit) == ("dc_capacity_kw", "dc_capacity_kw", "kW")
    assert solar.path == SOLAR
    assert battery.values == (200, 400, 800)
    assert plan.design == "grid"


def test_a_point_is_the_scenario_with_its_values(study):
    plan = study(GRID)
    loaded = plan.load(plan.points[-1])
    assert loaded.spec.sites[0].battery.capacity_kwh == 800
    assert loaded.spec.sites[0].solar.dc_capacity_kw == 100.5
    assert loaded.axes == {"battery_kwh": 800, "dc_capacity_kw": 100.5}
    assert loaded.point == plan.points[-1].name
    plain = load_scenario(plan.path).spec.sites[0]
    assert loaded.spec.sites[0].grid == plain.grid
    assert "sweep" not in resolved_yaml(loaded.spec)


def test_a_sweep_runs_in_every_variant_with_that_variants_policies_and_seeds(study):
    plan = study(VARIANTS + GRID)
    assert [point.variant for point in plan.points] == [None] * 6 + ["short"] * 6
    last = plan.points[-1]
    assert (plan.policies_of(last), plan.seeds_of(last)) == (("edf",), (7,))
    assert plan.load(last).spec.duration_h == 12
    assert plan.load(last).spec.sites[0].battery.capacity_kwh == 800
    assert len({point.name for point in plan.points}) == 12


def test_names_of_points_can_be_read_and_are_folders(study):
    plan = study(GRID)
    assert re.fullmatch(
        r"battery_kwh-200-dc_capacity_kw-100p5-[0-9a-f]{6}", plan.points[1].name
    )
    long = study(GRID.replace("battery_kwh", "b" * 60))
    for point in long.points:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", point.name)
    assert len({point.name for point in long.points}) == 6


@given(st.lists(st.floats(1e-3, 1e6), min_size=2, max_size=30, unique=True))
def test_different_values_never_share_a_folder(values):
    from sim.scenario.sweep.load import _name

    names = {_name(None, {"battery_kwh": value}) for value in values}
    assert len(names) == len(values)


def test_zip_takes_values_in_pairs(study):
    plan = study(GRID.replace("axes:", "combine: zip\n  axes:").replace("100.5]", "60, 70]"))
    assert [tuple(point.values.values()) for point in plan.points] == [
        (200, 50), (400, 60), (800, 70),
    ]


def test_what_is_tied_moves_along_by_a_factor_or_a_list(study):
    plan = study(f"""\
sweep:
  axes:
    - path: {CAPACITY}
      values: [200, 400]
      tied:
        sites.lab.battery.max_charge_kw: 0.3
        policies.shifty.storage: [idle, self-consumption]
        sites.lab.datacenter.clusters.main.nodes: 0.01
""")
    first, second = (plan.load(point).spec for point in plan.points)
    assert [spec.sites[0].battery.max_charge_kw for spec in (first, second)] == [60, 120]
    assert [first.policies[1].storage, second.policies[1].storage] == ["idle", "self-consumption"]
    assert [spec.sites[0].datacenter.clusters[0].nodes for spec in (first, second)] == [2, 4]
    assert first.sites[0].battery.max_discharge_kw == 100


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("step_min", 30, lambda spec: spec.step_min),
        ("start", "2025-07-01T00:00Z", lambda spec: spec.start.month * 10 + 23),
        ("workload.training.slack.max_h", 24, lambda spec: spec.workload[0].slack.max_h),
        ("workload.training.gpus", 4, lambda spec: spec.workload[0].gpus),
        ("forecast.model", "persistence", lambda spec: spec.forecast.model),
        ("forecast.horizon_h", 12, lambda spec: spec.forecast.horizon_h),
        ("sites.lab.weather.tmy", "miami-fl", lambda spec: spec.sites[0].weather.tmy),
        ("sites.lab.datacenter.pue", 1.5, lambda spec: spec.sites[0].datacenter.pue),
        ("sites.lab.embodied.refresh_years", 6, lambda spec: spec.sites[0].embodied.refresh_years),
        ("policies.shifty.order", "edf", lambda spec: spec.policies[1].order),
    ],
)  # fmt: skip
def test_any_field_of_a_single_value_can_vary(study, path, value, found):
    other = "sweep:\n  axes:\n    - {path: %s, values: [%s]}\n" % (path, json.dumps(value))  # noqa: UP031
    plan = study(other)
    assert found(plan.load(plan.points[0]).spec) == (93 if path == "start" else value)


def test_parameters_of_policies_and_entries_without_names_can_vary(study):
    base = BASE.replace("storage: self-consumption}", "power: {use: fixed-cap, cap_fraction: 0.8}}")
    base = base.replace("delivery_usd_per_kwh: 0.03}", "energy_usd_per_kwh: 0.1, time_of_use: "
                        "[{from_hour: 1, to_hour: 5, energy_usd_per_kwh: 0.05}]}")
    plan = study(
        "sweep:\n  axes:\n"
        "    - {path: policies.shifty.power.cap_fraction, values: [0.6, 0.9]}\n"
        "    - {path: sites.lab.grid.tariff.time_of_use.0.energy_usd_per_kwh, values: [0.01]}\n",
        base,
    )
    caps = [plan.load(point).spec.policies[1].power.parameters for point in plan.points]
    assert caps == [{"cap_fraction": 0.6}, {"cap_fraction": 0.9}]
    tariff = plan.load(plan.points[0]).spec.sites[0].grid.tariff
    assert tariff.time_of_use[0].energy_usd_per_kwh == 0.01


def test_a_part_that_the_scenario_leaves_out_is_made(study):
    base = BASE.replace("    solar: {dc_capacity_kw: 100}\n", "")
    plan = study(f"sweep:\n  axes:\n    - {{path: {SOLAR}, values: [70]}}\n", base)
    assert plan.load(plan.points[0]).spec.sites[0].solar.dc_capacity_kw == 70
    assert load_scenario(plan.path).spec.sites[0].solar is None


def test_laying_a_value_leaves_the_tree_as_it_was(tmp_path):
    (tmp_path / "s.yaml").write_text(BASE)
    tree = read_source(tmp_path / "s.yaml", "s").tree
    before = json.dumps(tree)
    other = laid(tree, find_field(tree, CAPACITY).path, 7)
    assert other["sites"][0]["battery"]["capacity_kwh"] == 7
    assert other["sites"][0]["wind"] is tree["sites"][0]["wind"]
    assert json.dumps(tree) == before


def test_a_range_has_equal_steps_or_equal_factors():
    def values(kind=float, **axis):
        sweep = sweep_of(axes=[{"path": "x", **axis}])
        return listed_values(sweep.axes[0], number_field(kind), "grid")

    assert values(**UNIT, count=11) == (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
    assert values(**{"from": 1, "to": 1000}, count=4, spacing="log") == (1, 10, 100, 1000)
    assert values(int, **{"from": 1, "to": 10}, count=4) == (1, 4, 7, 10)
    assert values(int, **{"from": 1, "to": 4}, count=3) == (1, 2, 4)  # 2.5 rounds to even
    assert all(type(value) is int for value in values(int, **{"from": 1, "to": 10}, count=4))


def test_a_latin_hypercube_has_one_sample_in_every_slice_of_every_axis():
    rows = np.array(points_of(sampled("latin-hypercube", 50, UNIT, UNIT | {"path": "y"})))
    for column in rows.T:
        assert sorted(np.floor(column * 50)) == list(range(50))


def test_sobol_samples_fill_dyadic_boxes_and_half_of_them_come_first():
    axes = [UNIT, UNIT | {"path": "y"}]
    rows = points_of(sampled("sobol", 64, *axes))
    boxes = {(int(8 * x), int(8 * y)) for x, y in rows}
    assert len(boxes) == 64  # a (0, 6, 2)-net: one point in each of 8 x 8 boxes
    assert points_of(sampled("sobol", 32, *axes)) == rows[:32]


@pytest.mark.parametrize("design", ["latin-hypercube", "sobol", "sobol-indices"])
def test_the_seed_alone_decides_the_samples(design):
    first, again, other = (points_of(sampled(design, 16, UNIT, seed=seed)) for seed in (5, 5, 6))
    assert repr(first) == repr(again)
    assert first != other


def test_log_spacing_samples_equal_factors_equally_often():
    axis = {"path": "x", "from": 1, "to": 10_000, "spacing": "log"}
    rows = np.array(points_of(sampled("sobol", 256, axis)))
    assert ((rows >= 1) & (rows <= 10_000)).all()
    assert list(np.histogram(np.log10(rows), bins=4, range=(0, 4))[0]) == [64] * 4


def test_samples_of_whole_numbers_are_whole_and_the_ends_as_likely():
    axis = {"path": "x", "from": 1, "to": 4}
    drawn = list(combinations(sampled("sobol", 256, axis), [number_field(int)], ()))
    assert {type(value) for value, in drawn} == {int}
    assert [drawn.count((value,)) for value in (1, 2, 3, 4)] == [64] * 4


def test_samples_among_values_take_each_equally_often():
    axis = {"path": "x", "values": ("a", "b")}
    drawn = points_of(sampled("sobol", 64, axis))
    assert [drawn.count((value,)) for value in "ab"] == [32, 32]


def test_sampled_points_that_are_equal_run_once(study):
    plan = study("""\
sweep:
  combine: sobol
  samples: 32
  axes: [{path: sites.lab.datacenter.clusters.main.nodes, from: 1, to: 3}]
""")
    assert sorted(point.values["nodes"] for point in plan.points) == [1, 2, 3]


def test_points_of_sobol_indices_give_scipy_its_matrices():
    """The Ishigami function: first-order 0.3139, 0.4424, 0; total 0.5576, 0.4424, 0.2437."""
    axis = {"from": -math.pi, "to": math.pi}
    axes = [axis | {"path": name} for name in "xyz"]
    samples = 4096
    rows = np.array(points_of(sampled("sobol-indices", samples, *axes)))
    x, y, z = rows.T
    values = np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)
    assert len(values) == samples * 5
    f = values.reshape(5, samples)
    found = sobol_indices(
        func={"f_A": f[:1], "f_B": f[1:2], "f_AB": f[2:].reshape(3, 1, samples)}, n=samples
    )
    assert found.first_order.ravel() == pytest.approx([0.3139, 0.4424, 0.0], abs=0.03)
    assert found.total_order.ravel() == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.03)


def test_sobol_indices_mix_one_column_of_b_into_a():
    axes = [UNIT | {"path": name} for name in "xyz"]
    rows = np.array(points_of(sampled("sobol-indices", 8, *axes))).reshape(5, 8, 3)
    a, b, *mixed = rows
    for axis, one in enumerate(mixed):
        assert (one[:, axis] == b[:, axis]).all()
        others = [other for other in range(3) if other != axis]
        assert (one[:, others] == a[:, others]).all()


def test_one_at_a_time_has_the_base_and_both_ends_of_each_axis(study):
    plan = study(f"""\
sweep:
  combine: one-at-a-time
  axes:
    - {{path: {CAPACITY}, name: battery_kwh, from: 200, to: 800,
        tied: {{sites.lab.battery.max_charge_kw: 0.5}}}}
    - {{path: {SOLAR}, values: [50, 75, 100]}}
    - {{path: forecast.model, values: [persistence, seasonal-naive, ridge]}}
""")
    base = (400, 100, "seasonal-naive")
    assert [tuple(point.values.values()) for point in plan.points] == [
        base, (200, *base[1:]), (800, *base[1:]), (400, 50, "seasonal-naive"),
        (400, 100, "persistence"), (400, 100, "ridge"),
    ]
    assert plan.points[0].name == "base"
    first = load_scenario(plan.path)
    assert plan.load(plan.points[0]).spec == first.spec
    assert plan.content_hash(plan.points[0], "fifo", 1) == identity.content_hash(first, "fifo", 1)
    assert plan.load(plan.points[2]).spec.sites[0].battery.max_charge_kw == 400
    assert plan.load(plan.points[3]).spec.sites[0].battery.max_charge_kw == 100  # as in the base


def test_hashes_change_with_all_that_a_run_depends_on_and_nothing_else(study):
    def hashes(added=GRID, base=BASE, policy="fifo", seed=1):
        plan = study(added, base)
        return {tuple(point.values.values()): plan.content_hash(point, policy, seed)
                for point in plan.points}

    known = hashes()
    assert len(set(known.values())) == 6
    assert hashes() == known
    more = hashes(GRID.replace("Battery", "Storage").replace("800]", "800, 1600]"))
    assert known.items() <= more.items()
    tied = GRID.replace("[50, 100.5]", "[50, 100.5], tied: {sites.lab.battery.max_charge_kw: 1}")
    for other in (
        hashes(policy="shifty"), hashes(seed=2), hashes(base=BASE.replace("pue: 1.2", "pue: 1.3")),
        hashes(tied),
    ):
        assert not set(other.values()) & set(known.values())


def test_hashes_do_not_depend_on_the_order_of_the_axes(study):
    plan = study(GRID)
    head, first, second = GRID.rstrip().rsplit("\n", 2)
    turned = study(f"{head}\n{second}\n{first}\n")
    of = {frozenset(point.values.items()): turned.content_hash(point, "fifo", 1)
          for point in turned.points}
    for point in plan.points:
        assert of[frozenset(point.values.items())] == plan.content_hash(point, "fifo", 1)


def test_hashes_follow_the_files_that_a_value_names(study, tmp_path):
    rows = "time,load\n2025-06-02T00:00Z,5\n2025-06-02T12:00Z,6\n"
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(rows)
    base = BASE.replace("{constant_kw: 10}", "{file: a.csv, column: load, unit: kW}")
    added = "sweep:\n  axes:\n    - {path: sites.lab.base_load.file, values: [a.csv, b.csv]}\n"

    def hashes():
        plan = study(added, base)
        return [plan.content_hash(point, "fifo", 1) for point in plan.points]

    before = hashes()
    (tmp_path / "b.csv").write_text(rows.replace("5\n", "55\n"))
    after = hashes()
    assert after[0] == before[0]
    assert after[1] != before[1]
    plan = study(added, base)
    assert [path.name for path in plan.load(plan.points[1]).data_files] == ["b.csv"]


def test_a_plan_can_be_sent_to_another_process(study):
    plan = study(VARIANTS + GRID)
    there = pickle.loads(pickle.dumps(plan))
    for here, point in zip(plan.points, there.points, strict=True):
        assert there.content_hash(point, "fifo", 1) == plan.content_hash(here, "fifo", 1)
    assert there.load(there.points[3]) == plan.load(plan.points[3])


def test_a_point_whose_values_do_not_go_together_says_so_when_it_is_built(study):
    plan = study("""\
sweep:
  axes:
    - {path: sites.lab.battery.min_soc, from: 0.1, to: 0.4, count: 15}
    - {path: sites.lab.battery.max_soc, from: 0.6, to: 0.9, count: 15}
""")
    assert len(plan.points) == 225  # more than are tried beforehand
    wrong = replace(plan.points[0], values={"min_soc": 0.8, "max_soc": 0.7})
    message = r"37:7 +sweep.axes\[0\]: with min_soc = 0.8, max_soc = 0.7: 0.8 is not below max_soc"
    with pytest.raises(ScenarioError, match=message):
        plan.load(wrong)


def test_an_axis_is_named_after_the_last_part_of_its_path():
    sweep = sweep_of(axes=[{"path": "policies.mine.power.My Param", "values": (1,)}])
    assert name_of(sweep.axes[0]) == "my-param"


def test_the_plain_commands_pass_over_the_sweep(study):
    plan = study(GRID)
    plan.path.with_name("plain.yaml").write_text(BASE)
    plain = load_scenario(plan.path.with_name("plain.yaml"))
    swept = load_scenario(plan.path)
    assert swept.content_hash("fifo", 1) == plain.content_hash("fifo", 1)
    assert resolved_yaml(swept.spec) == resolved_yaml(plain.spec)
