"""The estimate commands: tables, JSON, help, and mistakes with exit code 2."""

import json

import pytest
from typer.testing import CliRunner

from sim import cli

RUN = (
    "training", "--params-b", "70", "--tokens-b", "2000", "--accelerator", "h100-sxm",
    "--gpus", "2048", "--carbon-g-per-kwh", "400",
)  # fmt: skip
SERVED = (
    "inference", "--model", "llama-3.1-70b-instruct", "--accelerator", "h100-sxm",
    "--requests", "1e6",
)  # fmt: skip
FIGURES = {
    "accelerator_hours", "duration_h", "energy_mwh", "carbon_operational_t", "carbon_embodied_t",
    "cost_usd", "water_m3",
}  # fmt: skip


def estimate(*arguments):
    return CliRunner().invoke(cli.app, ["estimate", *arguments])


@pytest.mark.parametrize("command", ["training", "inference", "check"])
def test_help_has_an_example(command):
    result = estimate(command, "--help")
    assert result.exit_code == 0
    assert f"Example: gridloom estimate {command}" in result.stdout


@pytest.mark.parametrize("arguments", [RUN, SERVED])
def test_json_gives_each_figure_as_low_mid_and_high(arguments):
    found = json.loads(estimate(*arguments, "--json").stdout)
    assert set(found) == FIGURES | {"energy_by_cause_mwh", "per_unit", "assumptions", "notes"}
    for name in FIGURES:
        assert list(found[name]) == ["low", "mid", "high"]
        assert all(type(bound) is float for bound in found[name].values())
    for assumption in found["assumptions"]:
        assert set(assumption) == {"name", "description", "low", "mid", "high", "unit", "source"}
    carbon = {each["name"]: each for each in found["assumptions"]}["carbon_g_per_kwh"]
    assert (carbon["source"] == "given") == (arguments is RUN)


def test_unknown_figure_is_null_in_json():
    run = [*RUN, "--json"]
    run[run.index("h100-sxm")] = "mi300x"
    assert json.loads(estimate(*run).stdout)["carbon_embodied_t"] == {
        "low": None, "mid": None, "high": None,
    }  # fmt: skip


def test_tables_show_figures_causes_and_what_they_rest_on():
    lines = estimate(*RUN).stdout.splitlines()
    assert lines[0] == "70 billion parameters, 2,000 billion tokens on 2,048 x h100-sxm"
    firsts = [line.partition("  ")[0] for line in lines]
    for label in ("Accelerator-hours", "Energy (MWh)", "Embodied carbon (tCO2e)", "Cost (USD)"):
        assert label in firsts
    assert any(line.startswith("  compute") and line.rstrip().endswith("%") for line in lines)
    assert any("fitted on the hours of published runs" in line for line in lines)
    assert any(line.split()[-1:] == ["given"] for line in lines)


def test_figures_are_shown_in_the_units_of_their_labels():
    found = json.loads(estimate(*RUN, "--json").stdout)
    cells = {
        line[:33].strip(): line[33:].split() for line in estimate(*RUN).stdout.splitlines()[2:17]
    }
    days = found["duration_h"]["mid"] / 24
    assert float(cells["Duration (days)"][1]) == pytest.approx(days, rel=0.01)
    gflop = found["per_unit"]["efficiency_flop_per_j"]["mid"] / 1e9
    assert float(cells["Efficiency (GFLOP/J)"][1]) == pytest.approx(gflop, rel=0.01)
    energy = float(cells["Energy (MWh)"][1].replace(",", ""))
    assert energy == pytest.approx(found["energy_mwh"]["mid"], rel=0.01)


def test_small_amounts_are_shown_in_smaller_units():
    text = estimate(*SERVED).stdout
    assert text.startswith("1,000,000 requests to llama-3.1-70b-instruct on h100-sxm\n")
    assert "Energy (kWh)" in text
    assert "Embodied carbon (kg CO2e)" in text


def test_every_option_reaches_the_estimate():
    options = (
        *("--model", "qwen3-30b-a3b", "--accelerator", "a100-sxm-80gb", "--gpus", "256"),
        *("--mfu", "0.3", "--precision", "fp16", "--tensor-parallel", "8"),
        *("--pipeline-parallel", "2", "--technique", "perseus", "--technique", "dp-sgd-ghost"),
        *("--failures-per-1000-gpu-days", "1", "--carbon-g-per-kwh", "100", "--pue", "1.1"),
        *("--price-usd-per-kwh", "0.07", "--accelerator-usd-per-h", "2", "--wue-l-per-kwh", "1"),
        *("--lifetime-years", "5", "--embodied-kg", "800", "--tokens-b", "10", "--lora"),
    )
    found = json.loads(estimate("training", *options, "--json").stdout)
    given = {each["name"] for each in found["assumptions"] if each["source"] == "given"}
    assert given == {
        "mfu", "failures_per_1000_gpu_days", "carbon_g_per_kwh", "pue", "price_usd_per_kwh",
        "wue_l_per_kwh", "lifetime_years", "embodied_kg",
    }  # fmt: skip
    # LoRA: 4 * 3.3e9 * 10e9; naive: 2 times the time by ghost clipping
    assert "operations: 4 x parameters x tokens = 1.32e+20 FLOP" in found["notes"]
    hours = 1.32e20 / (312e12 * 0.3) / 3600 * 2.0
    assert found["accelerator_hours"]["mid"] == pytest.approx(hours, rel=0.05)
    served = (
        *("--params-b", "30", "--active-params-b", "3", "--accelerator", "h100-sxm"),
        *("--gpus", "2", "--replicas", "3", "--tokens", "1e9", "--prompt-tokens", "500"),
        *("--output-tokens", "100", "--batch", "64", "--technique", "encryption-in-transit"),
    )
    found = json.loads(estimate("inference", *served, "--json").stdout)
    given = {each["name"] for each in found["assumptions"] if each["source"] == "given"}
    assert given == {"prompt_tokens", "output_tokens", "batch"}
    assert found["duration_h"]["mid"] == pytest.approx(found["accelerator_hours"]["mid"] / 6)


def test_mistakes_are_told_together_with_exit_code_2():
    result = estimate(
        "training", "--params-b", "70", "--tokens-b", "-5", "--accelerator", "h100",
        "--gpus", "256", "--mfu", "1.4", "--technique", "f8",
    )  # fmt: skip
    assert result.exit_code == 2
    assert result.stdout == ""
    assert [line.strip() for line in result.stderr.splitlines()] == [
        "gridloom estimate training: 4 problems",
        '--accelerator: the catalog has no accelerator "h100". Did you mean h100-sxm?',
        "--mfu: 1.4 must be less than or equal to 1.",
        '--technique: there is no technique "f8". Did you mean fp8?',
        "--tokens-b: -5.0 must be greater than 0.",
    ]


def test_what_the_catalog_lacks_is_told_with_exit_code_2():
    run = list(RUN)
    run[run.index("h100-sxm")] = "tpu-v5e"
    result = estimate(*run)
    assert result.exit_code == 2
    assert "tpu-v5e: its tdp_w is unknown" in result.stderr
    assert "Traceback" not in result.output


def test_check_prints_all_published_runs_and_both_splits():
    text = estimate("check").stdout
    assert "28 runs; energy of 23 from hours and watts" in text
    assert "carbon of 27 from energy, PUE and grid factor" in text
    assert "MFU fitted on 9 of 17 runs" in text
    assert "MFU fitted on 8 of 17 runs" in text
    assert text.count("Median error of hours on the runs not fitted on") == 2
    assert "nothing to check" in text
