"""Streams of model jobs that cannot run, each told with its place before the run."""

from textwrap import dedent

import pytest
from scenario_texts import BASE, problems

PLAIN = dedent("""\
    workload:
      - type: training
        arrivals: {poisson_per_h: 1}
        gpus: 8
        duration: {median_h: 2}
    """)
RUN = dedent("""\
    workload:
      - type: model-training
        parameters_b: 7
        tokens_b: 10
        mfu: 0.4
        gpus: 16
    """)
INFERENCE = dedent("""\
    workload:
      - type: batch-inference
        model: llama-3.1-8b-instruct
        gpus_per_replica: 1
        batch: 64
        requests: 1000
        prompt_tokens: 500
        output_tokens: 200
    """)
FEDERATED = dedent("""\
    workload:
      - type: federated
        sites: [lab, edge]
        gpus: 8
        rounds: 3
        parameters_b: 1
        round_tokens: 5e6
        mfu: 0.3
    """)
EDGE = dedent("""\
      - name: edge
        network: {distance_km: 100}
        datacenter:
          clusters: [{name: e, accelerator: l4, nodes: 1}]
          pue: 1.3
    workload:""")


def told(folder, workload, *edits):
    """Return what is said of a scenario whose workload has been spoiled."""
    for old, new in edits:
        assert workload.count(old) == 1
        workload = workload.replace(old, new)
    return problems(folder, BASE.replace(PLAIN, workload))


WRONG = {
    "negative tokens": ("tokens_b: 10", "tokens_b: -10",
        "29:15 workload[0].tokens_b: -10 is not above 0."),
    "mfu above 1": ("mfu: 0.4", "mfu: 1.4",
        "30:10 workload[0].mfu: 1.4 is not above 0 and at most 1."),
    "mfu of 0": ("mfu: 0.4", "mfu: 0",
        "30:10 workload[0].mfu: 0 is not above 0 and at most 1."),
    "mfu range upside down": ("mfu: 0.4", "mfu: {min_fraction: 0.5, max_fraction: 0.4}",
        "30:25 workload[0].mfu.min_fraction: 0.5 is above max_fraction (0.4)."),
    "unknown precision": ("tokens_b: 10", "tokens_b: 10\n    precision: fp4",
        '30:16 workload[0].precision: "fp4" is not one of fp32, tf32, bf16, fp16, fp8.'),
    "more active than all": ("tokens_b: 10", "tokens_b: 10\n    active_parameters_b: 8",
        "30:26 workload[0].active_parameters_b: 8 billion is not within 0 and all 7 billion "
        "parameters."),
    "a gang larger than the cluster": ("gpus: 16", "gpus: 64",
        "31:11 workload[0].gpus: a gang of 64 fits in no cluster it may use; the largest, main, "
        "has 32 accelerators."),
    "tensor parallel beyond a node": ("gpus: 16", "gpus: 16\n    tensor_parallel: 16",
        "32:22 workload[0].tensor_parallel: 16 is more than the 8 accelerators of a node, and "
        "tensor parallelism needs the links inside one. Use pipeline parallelism."),
    "tensor parallel that does not divide": ("gpus: 16", "gpus: 16\n    tensor_parallel: 3",
        "31:11 workload[0].gpus: 16 is no multiple of 3, tensor x pipeline parallel."),
    "unknown technique": ("gpus: 16", "gpus: 16\n    techniques: [dp-sdg]",
        '32:18 workload[0].techniques[0]: there is no technique "dp-sdg". Did you mean dp-sgd?'),
    "technique of inference": ("gpus: 16", "gpus: 16\n    techniques: [distillation]",
        '32:18 workload[0].techniques[0]: technique "distillation" is not for training, only for '
        "inference."),
    "young-daly without failures": ("gpus: 16",
        "gpus: 16\n    checkpoints: {every_min: young-daly}",
        "32:30 workload[0].checkpoints.every_min: young-daly needs a failure rate. Give failures, "
        "or minutes."),
    "two failure rates": ("gpus: 16",
        "gpus: 16\n    failures: {mtbf_gpu_h: 1e4, mtbf_node_h: 1e3}",
        "32:33 workload[0].failures.mtbf_node_h: stands beside mtbf_gpu_h. Give the rate of "
        "accelerators or of nodes."),
    "restarts counted twice": ("mfu: 0.4", "failures: {}",
        "30:5 workload[0].failures: the MFU of published runs holds their restarts and "
        "checkpoints already. Give mfu a number that does not, or leave failures and checkpoints "
        "out."),
    "arrival after the end": ("gpus: 16", "gpus: 16\n    arrivals: {at_h: [1, 24]}",
        "32:26 workload[0].arrivals.at_h[1]: 24 is not within the run (duration_h 24)."),
    "curve that goes down": ("gpus: 16", "gpus: {sizes: [8, 16], speedups: [1, 0.9]}",
        "31:28 workload[0].gpus.speedups: more accelerators never make a job slower here. Leave "
        "out sizes beyond the peak."),
    "curve that does not ascend": ("gpus: 16", "gpus: {sizes: [16, 8], speedups: [1, 2]}",
        "31:24 workload[0].gpus.sizes[1]: 8 is not above the size before it. Sizes must ascend "
        "from at least 1."),
    "curve without speeds": ("gpus: 16", "gpus: {sizes: [8, 16, 32], speedups: [1, 2]}",
        "31:32 workload[0].gpus.speedups: 2 speedups do not fit 3 sizes. Give one each."),
}  # fmt: skip
CASES = [(old, new, expected) for old, new, *expected in WRONG.values()]


@pytest.mark.parametrize(("old", "new", "expected"), CASES, ids=WRONG)
def test_a_run_that_cannot_be_is_told(tmp_path, old, new, expected):
    assert told(tmp_path, RUN, (old, new)) == expected


def test_a_model_that_does_not_fit_says_how_many_accelerators_would_do(tmp_path):
    # 16 bytes a parameter are 1,120 GB. A transformer of 70.9 layers 9,072 wide keeps
    # 4096 x 9072 x (2 x 70.9 + 34) = 6.5 GB; of 0.9 x 80 GB: 1120 / (72 - 6.5) = 17.1.
    (line,) = told(tmp_path, RUN, ("parameters_b: 7", "parameters_b: 70"))
    assert line.startswith("31:11 workload[0].gpus: 70 billion parameters need ")
    assert "Use at least 18 accelerators" in line


def test_failures_that_leave_no_time_to_work_are_told(tmp_path):
    stops = "gpus: 16\n    failures: {mtbf_gpu_h: 0.001}\n    checkpoints: {every_min: 600}"
    (line,) = told(tmp_path, RUN, ("gpus: 16", stops))
    assert line.startswith("32:5 workload[0].failures: with a failure every 0.225 s the run never")


def test_a_pair_of_techniques_that_exclude_each_other_is_told(tmp_path):
    both = "gpus: 16\n    techniques: [dp-sgd, dp-sgd-ghost]"
    (line,) = told(tmp_path, RUN, ("gpus: 16", both))
    assert line == (
        '32:18 workload[0].techniques[0]: techniques "dp-sgd" and "dp-sgd-ghost" exclude each '
        "other (dp-sgd); choose one."
    )


SERVED = {
    "unknown model": ("model: llama-3.1-8b-instruct", "model: llama-3.1-8b-instuct",
        '28:12 workload[0].model: there is no serving curve of "llama-3.1-8b-instuct". '
        "Did you mean llama-3.1-8b-instruct?"),
    "batch beyond what was measured": ("batch: 64", "batch: 100000",
        "30:12 workload[0].batch: 100000 is not between "),
    "too many replicas": ("batch: 64", "batch: 64\n    replicas: 33",
        "31:15 workload[0].replicas: a gang of 33 fits in no cluster it may use; the largest, "
        "main, has 32 accelerators."),
    "batching twice": ("batch: 64", "batch: 64\n    techniques: [batching]",
        "31:18 workload[0].techniques[0]: batching is what batch sets. Leave it out."),
}  # fmt: skip
SERVED_CASES = list(SERVED.values())


@pytest.mark.parametrize(("old", "new", "expected"), SERVED_CASES, ids=SERVED)
def test_batch_inference_that_cannot_be_is_told(tmp_path, old, new, expected):
    (line,) = told(tmp_path, INFERENCE, (old, new))
    assert line.startswith(expected)


def test_federated_training_needs_sites_with_accelerators_and_a_network(tmp_path):
    (line,) = told(tmp_path, FEDERATED)
    assert line.startswith('28:18 workload[0].sites[1]: there is no site "edge".')
    text = BASE.replace(PLAIN, FEDERATED).replace("workload:", EDGE)
    (line,) = problems(tmp_path, text)
    assert line == (
        "33:13 workload[0].sites[0]: site lab has no network to send updates over. Add one."
    )


def test_a_broken_field_does_not_silence_the_others(tmp_path):
    curve = "gpus: {sizes: [4, 2], speedups: [1]}"
    lines = told(tmp_path, RUN, ("mfu: 0.4", "mfu: 1.4"), ("gpus: 16", curve))
    assert [line.split(":", 2)[1].split()[1] for line in lines] == [
        "workload[0].mfu", "workload[0].gpus.sizes[1]", "workload[0].gpus.speedups",
        "workload[0].gpus.speedups",
    ]  # fmt: skip
