"""Wrong batteries, each with the very lines that the user must read."""

import pytest
from scenario_texts import edited, problems

from sim.scenario.load import load_scenario, resolved_yaml

OLD = "initial_soc: 0.5"
BATTERY = "sites[0].battery"
WRONG = {
    "unknown model": ("model: kibam",
        f'16:14 {BATTERY}.model: "kibam" is not one of linear, clc.'),
    "unknown cell": ("model: clc\n      cell: lgm5",
        f'17:13 {BATTERY}.cell: "lgm5" is not in the catalog of battery cells. '
        "Did you mean lgm50?"),
    "unknown aging": ("degradation: {aging: lfp-sony}",
        f'16:28 {BATTERY}.degradation.aging: "lfp-sony" is not in the catalog of battery aging. '
        "Did you mean lfp-sony-3ah?"),
    "aging left out": ("degradation: {temperature_c: 30}",
        f"16:7 {BATTERY}.degradation.aging: required field is missing."),
    "loss of its own": ("model: clc\n      resistive_loss_fraction: 0.02\n      "
        "taper_above_soc: 0.9",
        f"17:32 {BATTERY}.resistive_loss_fraction: "
        "the C/L/C model has losses and limits of its own. Remove this.",
        f"18:24 {BATTERY}.taper_above_soc: "
        "the C/L/C model has losses and limits of its own. Remove this."),
    "taper above the limit": ("taper_above_soc: 0.95",
        f"16:24 {BATTERY}.taper_above_soc: "
        "0.95 is not between min_soc (0.05) and max_soc (0.95)."),
    "taper below the limit": ("taper_below_soc: 0.02",
        f"16:24 {BATTERY}.taper_below_soc: "
        "0.02 is not between min_soc (0.05) and max_soc (0.95)."),
    "more loss than charge": ("resistive_loss_fraction: 0.48",
        f"16:32 {BATTERY}.resistive_loss_fraction: 0.48 is not below half of charge_efficiency "
        "(0.95): more power would store less energy."),
    "more self-discharge than charge": (
        "resistive_loss_fraction: 0.4\n      self_discharge_fraction_per_day: 0.99",
        f"17:40 {BATTERY}.self_discharge_fraction_per_day: 0.99 is more than charging could make "
        "up for when the battery is full."),
    "all of it every day": ("self_discharge_fraction_per_day: 1",
        f"16:40 {BATTERY}.self_discharge_fraction_per_day: 1 is not at least 0 and below 1."),
}  # fmt: skip
CASES = [(new, expected) for new, *expected in WRONG.values()]


@pytest.mark.parametrize(("new", "expected"), CASES, ids=WRONG)
def test_wrong_battery_is_told(tmp_path, new, expected):
    assert problems(tmp_path, edited((OLD, new))) == expected


def test_a_battery_with_every_detail_is_right(tmp_path):
    details = "\n      ".join(
        [
            "resistive_loss_fraction: 0.02",
            "self_discharge_fraction_per_day: 0.001",
            "auxiliary_kw: 2",
            "taper_above_soc: 0.8",
            "taper_below_soc: 0.15",
            "degradation: {aging: lfp-prismatic-250ah, replacement_usd_per_kwh: 150}",
        ]
    )
    for text in (details, "model: clc\n      degradation: {aging: lmo-xu-2018}"):
        (tmp_path / "s.yaml").write_text(edited((OLD, text)))
        loaded = load_scenario(tmp_path / "s.yaml")
        again = tmp_path / "again.yaml"
        again.write_text(resolved_yaml(loaded.spec))
        assert load_scenario(again).spec == loaded.spec
