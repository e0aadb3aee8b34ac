"""Services that cannot be: what the user reads, and where."""

import pytest
from scenario_texts import BASE, problems

from sim.engine.simulation import prepare, run
from sim.errors import DataError
from sim.scenario.load import load_scenario

SERVICE = """\
  - type: service
    name: chat
    model: llama-3.1-8b-instruct
    gpus_per_replica: 1
    replicas: {min: 1, max: 4}
    requests: {requests_per_s: 2, shape: conversation, timezone: America/New_York}
    lengths: azure-conversation
    slo: {ttft_s: 1, tpot_s: 0.1}
"""
OWN = """curve:
      t0_ms: 10
      t1_ms: 0.1
      p0_w: 300
      pdyn_w: 200
      k_batch: 20
      largest_batch: 64
      prefill_floor_ms: 20
      prefill_ms_per_token: 0.05
      prefill_power_fraction: 0.9
      model_gb: 16"""


def text(*edits, base=BASE):
    """Return a scenario with a service, edited."""
    whole = base.replace("workload:\n", "workload:\n" + SERVICE)
    for old, new in edits:
        assert whole.count(old) == 1, old
        whole = whole.replace(old, new)
    return whole


def test_the_service_to_spoil_is_right(tmp_path):
    (tmp_path / "s.yaml").write_text(text())
    assert load_scenario(tmp_path / "s.yaml").spec.workload[0].name == "chat"
    (tmp_path / "s.yaml").write_text(text(("model: llama-3.1-8b-instruct", OWN)))
    assert load_scenario(tmp_path / "s.yaml").spec.workload[0].curve.largest_batch == 64


WRONG = {
    "unknown model": ("llama-3.1-8b-instruct", "llama-3.1-8b-instrukt",
        '29:12 workload[0].model: there is no serving curve of "llama-3.1-8b-instrukt". '
        "Did you mean llama-3.1-8b-instruct?"),
    "not measured so": ("gpus_per_replica: 1", "gpus_per_replica: 2",
        "29:12 workload[0].model: there is no serving curve of llama-3.1-8b-instruct on 2 x "
        "h100-sxm. There are: 1 x a100-sxm-40gb, 1 x b200, 1 x h100-sxm. Choose one, or give a "
        "`curve` of your own."),
    "unknown task": ("    gpus_per_replica: 1", "    task: poetry\n    gpus_per_replica: 1",
        "29:12 workload[0].model: llama-3.1-8b-instruct on 1 x h100-sxm was measured with no task "
        '"poetry": name one of chat as `task`.'),
    "neither model nor curve": ("    model: llama-3.1-8b-instruct\n", "",
        "27:5 workload[0]: needs a model with a measured curve, or a curve of its own."),
    "both model and curve": ("llama-3.1-8b-instruct", "llama-3.1-8b-instruct\n    " + OWN,
        "30:5 workload[0].curve: the model has a measured curve. Give one of the two."),
    "negative rate": ("requests_per_s: 2", "requests_per_s: -2",
        "32:32 workload[0].requests.requests_per_s: -2 is not above 0 and at most 1000000."),
    "rate per minute": ("requests_per_s: 2", "requests_per_min: 2",
        "32:16 workload[0].requests.requests_per_min: unknown field. Did you mean requests_per_s? "
        "Its unit is 1/s."),
    "unknown day": ("shape: conversation", "shape: conversations",
        '32:42 workload[0].requests.shape: "conversations" is not in the catalog of request '
        "hours. Did you mean conversation?"),
    "unknown zone": ("timezone: America/New_York}\n    lengths", "timezone: New_York}\n    lengths",
        '32:66 workload[0].requests.timezone: there is no time zone "New_York". Did you mean '
        "America/New_York?"),
    "unknown lengths": ("lengths: azure-conversation", "lengths: azure-talk",
        '33:14 workload[0].lengths: "azure-talk" is not in the catalog of request shapes. '
        "Did you mean azure-code?"),
    "median above the longest": ("lengths: azure-conversation",
        "lengths: {prompt: {median_tokens: 900, sigma: 1, max_tokens: 800}, "
        "output: {median_tokens: 9, sigma: 1, max_tokens: 800}}",
        "33:39 workload[0].lengths.prompt.median_tokens: 900 is above max_tokens (800)."),
    "least above most": ("min: 1, max: 4", "min: 5, max: 4",
        "31:21 workload[0].replicas.min: 5 is above max (4)."),
    "more than the cluster has": ("max: 4", "max: 40",
        "31:29 workload[0].replicas.max: 40 replicas of 1 accelerators are more than cluster main "
        "has (32). At most 32 fit."),
    "too large a batch": ("    slo:", "    max_batch: 700\n    slo:",
        "34:16 workload[0].max_batch: 700 is beyond the largest batch measured, 690.868."),
    "smallest above the largest batch": ("model: llama-3.1-8b-instruct",
        OWN.replace("largest_batch: 64", "smallest_batch: 65\n      largest_batch: 64"),
        "35:23 workload[0].curve.smallest_batch: 65 is above largest_batch (64)."),
    "burstiness below a Poisson process": ("requests_per_s: 2",
        "requests_per_s: 2, burstiness_cv: 0",
        "32:50 workload[0].requests.burstiness_cv: 0 is not between 1 and 30."),
    "no such cluster": ("    name: chat", "    name: chat\n    cluster: mainn",
        '29:14 workload[0].cluster: there is no cluster "mainn". Did you mean main?'),
    "gang beside services": ("min: 1, max: 4", "min: 30, max: 31",
        "37:11 workload[1].gpus: a gang of 8 never starts: services always hold 30 of the 32 "
        "accelerators of cluster main."),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_service_is_told(tmp_path, case):
    old, new, *expected = case
    assert sorted(problems(tmp_path, text((old, new)))) == sorted(expected)


def test_a_model_larger_than_its_accelerators_is_told(tmp_path):
    found = problems(tmp_path, text(("model: llama-3.1-8b-instruct", OWN.replace("16", "140"))))
    assert found == [
        "39:17 workload[0].curve.model_gb: 140 GB do not fit 1 accelerators, which leave 72 GB "
        "for weights and KV cache. Use more per replica."
    ]


def test_a_batch_beyond_the_own_curve_is_told(tmp_path):
    own = ("model: llama-3.1-8b-instruct", OWN)
    found = problems(tmp_path, text(own, ("    slo:", "    max_batch: 65\n    slo:")))
    assert found == ["44:16 workload[0].max_batch: 65 is above the curve's largest_batch (64)."]


def test_services_that_do_not_fit_a_cluster_together_are_told(tmp_path):
    second = SERVICE.replace("name: chat", "name: more").replace("1, max: 4", "30, max: 32")
    first = ("min: 1, max: 4", "min: 20, max: 32")
    base = BASE[: BASE.index("  - type: training")] + BASE[BASE.index("forecast:") :]
    whole = text(first, base=base).replace("forecast:", second + "forecast:")
    assert problems(tmp_path, whole) == [
        "39:5 workload[1].replicas: the least replicas of all services on cluster main need 50 "
        "accelerators; it has 32."
    ]


def test_too_many_requests_for_one_by_one_are_told(tmp_path):
    many = ("requests_per_s: 2,", "requests_per_s: 2000,")
    found = problems(tmp_path, text(many, ("    slo:", "    mode: requests\n    slo:")))
    assert found == [
        "34:11 workload[0].mode: would serve 1.7e+08 requests one by one; at most 2e+07 are. "
        "Use fluid, or a shorter run."
    ]


TRACE = ("{requests_per_s: 2, shape: conversation, timezone: America/New_York}",
         "{file: trace.csv, format: azure-llm}")  # fmt: skip


def test_a_trace_that_is_not_there_is_told(tmp_path):
    assert problems(tmp_path, text(TRACE)) == [
        '32:22 workload[0].requests.file: "trace.csv": no such file.'
    ]


def test_a_broken_trace_stops_before_the_run(tmp_path):
    (tmp_path / "s.yaml").write_text(text(TRACE))
    (tmp_path / "trace.csv").write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,3,4\n2023-11-16 18:1"
    )
    loaded = load_scenario(tmp_path / "s.yaml")
    with pytest.raises(DataError, match=r"trace\.csv.*line 3"):
        prepare(loaded)


def test_what_no_batch_can_meet_and_what_is_uncertain_is_said_with_the_run(tmp_path):
    hard = ("ttft_s: 1, tpot_s: 0.1", "ttft_s: 0.01, tpot_s: 0.005")
    short = text(hard).replace("duration_h: 24", "duration_h: 1")
    (tmp_path / "s.yaml").write_text(short)
    warnings = run(prepare(load_scenario(tmp_path / "s.yaml")), "fifo", 1).info["warnings"]
    assert [one for one in warnings if one.startswith("chat")] == [
        "chat: its prefill was not measured; it is estimated from the model's size.",
        "chat: no batch can meet slo.tpot_s (0.005 s); a request that is alone takes 0.00676 s per "
        "token.",
        "chat: most requests cannot meet slo.ttft_s (0.01 s); the median prompt takes 0.0352 s, "
        "network and all, if nothing is in its way.",
    ]
