"""Equipment that is unknown, that a rack cannot carry, or that cannot be capped so low."""

import pytest

from sim.scenario.load import load_scenario
from tests.unit.scenario_texts import edited, problems

CLUSTER = "{name: main, accelerator: h100-sxm, nodes: 4}"
PUE = "      pue: 1.2\n"
JOBS = """\
  - type: training
    arrivals: {poisson_per_h: 1}
    gpus: 8
    duration: {median_h: 2}"""


def with_cluster(fields):
    return edited((CLUSTER, f"{{name: main, nodes: 4, {fields}}}"))


WRONG = {
    "unknown accelerator": (
        "accelerator: h100-smx",
        '24:47 sites[0].datacenter.clusters[0].accelerator: "h100-smx" is not in the catalog of '
        "accelerators. Did you mean h100-sxm?",
    ),
    "accelerator without a TDP": (
        "accelerator: tpu-v5p, gpus_per_node: 4",
        None,
    ),
    "unknown server": (
        "accelerator: h100-sxm, server: dgx-h10",
        '24:65 sites[0].datacenter.clusters[0].server: "dgx-h10" is not in the catalog of servers. '
        "Did you mean dgx-h100?",
    ),
    # 4 nodes of 1000 W and 8 x 700 W x 1.03 x 0.5 draw 15.54 kW, one 3.884 kW
    "rack that cannot carry its nodes": (
        "accelerator: h100-sxm, rack: {nodes_per_rack: 4, limit_kw: 12}",
        "24:93 sites[0].datacenter.clusters[0].rack.limit_kw: 12 kW is not enough for 4 nodes, "
        "which draw 15.54 kW at full load even under the lowest power cap, 0.5 of TDP. At most 3 "
        "nodes fit.",
    ),
    "rack that cannot carry one node": (
        "accelerator: h100-sxm, rack: {nodes_per_rack: 4, limit_kw: 3}",
        "24:93 sites[0].datacenter.clusters[0].rack.limit_kw: 3 kW is not enough for 4 nodes, "
        "which draw 15.54 kW at full load even under the lowest power cap, 0.5 of TDP. Not even "
        "one node fits.",
    ),
    "rack without nodes": (
        "accelerator: h100-sxm, rack: {limit_kw: 12}",
        "24:57 sites[0].datacenter.clusters[0].rack.nodes_per_rack: required field is missing.",
    ),
    "misspelled field of a rack": (
        "accelerator: h100-sxm, rack: {nodes_per_rack: 4, limit: 12}",
        "24:83 sites[0].datacenter.clusters[0].rack.limit: unknown field. Did you mean limit_kw? "
        "Its unit is kW.",
    ),
}


@pytest.mark.parametrize(
    ("fields", "expected"), [case for case in WRONG.values() if case[1]],
    ids=[name for name, case in WRONG.items() if case[1]],
)
def test_wrong_equipment_is_told(tmp_path, fields, expected):
    assert problems(tmp_path, with_cluster(fields)) == [expected]


def test_an_accelerator_without_a_tdp_is_told_with_what_to_do(tmp_path):
    lines = problems(tmp_path, with_cluster("accelerator: tpu-v5p, gpus_per_node: 4"))
    assert [line.partition(":")[2].split(" in the catalog")[0] for line in lines] == [
        f'47 sites[0].datacenter.clusters[0].accelerator: "tpu-v5p" has no {value}'
        for value in ("idle_bare_w", "idle_resident_w", "tdp_w")
    ]
    assert all("Describe the accelerator here, or in a CSV file" in line for line in lines)


def test_half_a_rack_may_be_enough_once_caps_below_half_are_allowed(tmp_path):
    fields = "accelerator: h100-sxm, rack: {nodes_per_rack: 4, limit_kw: 12}, "
    (tmp_path / "s.yaml").write_text(with_cluster(f"{fields} allow_below_half: true"))
    spec = load_scenario(tmp_path / "s.yaml").spec
    assert spec.sites[0].datacenter.clusters[0].allow_below_half


def test_unknown_switches_and_modules_are_told(tmp_path):
    network = "network: {switches: [{model: qm970, count: 1}], optics: [{model: ndr, count: 2}]}"
    assert problems(tmp_path, edited((PUE, f"{PUE}      {network}\n"))) == [
        '26:36 sites[0].datacenter.network.switches[0].model: "qm970" is not in the catalog of '
        "switches. Did you mean qm9700?",
        '26:72 sites[0].datacenter.network.optics[0].model: "ndr" is not in the catalog of optics. '
        "Allowed: hdr-cable, ndr-osfp, osfp-800g.",
    ]


def test_clusters_of_one_name_are_told(tmp_path):
    twice = f"{CLUSTER}\n        - {CLUSTER}"
    assert problems(tmp_path, edited((CLUSTER, twice))) == [
        "25:18 sites[0].datacenter.clusters[1].name: another cluster is named main already. Give "
        "each a name of its own."
    ]


@pytest.mark.parametrize(
    ("fields", "cap", "lowest"),
    [
        ("accelerator: h100-sxm", 0.4, "0.5"),
        ("accelerator: t4", 0.8, "0.8571"),
        ("accelerator: v100-pcie, allow_below_half: true", 0.35, "0.4"),
    ],
)
def test_fixed_caps_below_what_the_card_takes_are_told(tmp_path, fields, cap, lowest):
    text = with_cluster(fields).replace(
        "  - fifo\n", f"  - {{name: low, power: {{use: fixed-cap, cap_fraction: {cap}}}}}\n"
    )
    assert problems(tmp_path, text) == [
        f"33:55 policies[0].power.cap_fraction: {cap} is below {lowest}, the lowest power cap over "
        "TDP of cluster main: what its card takes, and half of the TDP unless the cluster has "
        "allow_below_half: true."
    ]


def test_the_default_of_a_fixed_cap_is_held_to_the_card_too(tmp_path):
    text = with_cluster("accelerator: t4").replace(
        "  - fifo\n", "  - {name: low, power: fixed-cap}\n"
    )
    [line] = problems(tmp_path, text)
    assert line.startswith("33:24 policies[0].power: 0.8 is below 0.8571")


def test_caps_below_half_are_let_through_where_the_cluster_insists(tmp_path):
    text = with_cluster("accelerator: v100-pcie, allow_below_half: true").replace(
        "  - fifo\n", "  - {name: low, power: {use: fixed-cap, cap_fraction: 0.4}}\n"
    )
    (tmp_path / "s.yaml").write_text(text)
    assert load_scenario(tmp_path / "s.yaml").spec.policies[0].name == "low"


def test_jobs_with_more_power_than_a_rack_carries_are_told(tmp_path):
    (tmp_path / "jobs.csv").write_text("arrival,duration,gpus\n0,3600,8\n")
    text = with_cluster("accelerator: h100-sxm, rack: {nodes_per_rack: 2, limit_kw: 20}")
    text = text.replace(JOBS, "  - {type: jobs, file: jobs.csv, power_per_gpu_w: 1500}")
    assert problems(tmp_path, text) == [
        "27:51 workload[0].power_per_gpu_w: 1500 W on 16 accelerators exceed the limit of a rack "
        "of cluster main, 20 kW."
    ]


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ("{ssd_tb: -1}", "ssd_tb: -1 is not at least 0."),
        ("{hdd_tb: 1, redundancy_ratio: 0.5}", "redundancy_ratio: 0.5 is not between 1 and 10."),
    ],
)
def test_impossible_storage_is_told(tmp_path, storage, message):
    [line] = problems(tmp_path, edited((PUE, f"{PUE}      storage: {storage}\n")))
    assert line.endswith(f"sites[0].datacenter.storage.{message}")
