"""Tariffs, contracts and signal files that do not fit, each with the lines the user must read."""

import pytest
from scenario_texts import edited, problems

from sim.scenario.load import load_scenario, resolved_yaml

OLD = "delivery_usd_per_kwh: 0.03"
LIMIT = "import_limit_kw: 500"
MARKET = "      market: us-carolinas\n"
PPA = "{name: a, profile: solar, capacity_kw: 10, strike_usd_per_mwh: 30}"

WRONG = {
    "hours of a demand charge backwards": (
        [(OLD, "demand_charges: [{charge_usd_per_kw: 1, from_hour: 20, to_hour: 8, months: [0]}]")],
        "19:95 sites[0].grid.tariff.demand_charges[0].from_hour: "
        "from_hour 20 is not before to_hour 8. A charge cannot run over midnight.",
        "19:120 sites[0].grid.tariff.demand_charges[0].months[0]: 0 is not between 1 and 12."),
    "interval of a demand charge": (
        [(OLD, "demand_charges: [{charge_usd_per_kw: 1, interval_min: 20}]")],
        "19:98 sites[0].grid.tariff.demand_charges[0].interval_min: "
        "20 is not a multiple of step_min (15)."),
    "ratchet over one": (
        [(OLD, "demand_charges: [{charge_usd_per_kw: 1, ratchet_fraction: 80}]")],
        "19:102 sites[0].grid.tariff.demand_charges[0].ratchet_fraction: "
        "80 is not between 0 and 1."),
    "charge without its unit": (
        [(OLD, "demand_charges: [{charge_usd: 1}]")],
        "19:62 sites[0].grid.tariff.demand_charges[0].charge_usd: unknown field. "
        "Did you mean charge_usd_per_kw? Its unit is USD/kW."),
    "blocks that end too early or not at all": (
        [(OLD, "blocks: [{energy_usd_per_kwh: 1}, {energy_usd_per_kwh: 1, up_to_kwh: 5}, "
          "{energy_usd_per_kwh: 1, up_to_kwh: 4}]")],
        "19:53 sites[0].grid.tariff.blocks[0].up_to_kwh: "
        "only the last block has no end. Give this one up_to_kwh.",
        "19:152 sites[0].grid.tariff.blocks[2].up_to_kwh: 4 is not above that of the block before "
        "(5).",
        "19:152 sites[0].grid.tariff.blocks[2].up_to_kwh: "
        "the last block must have no end. Leave its up_to_kwh out."),
    "net billing without a price": (
        [(OLD, "export_factor: 0.9"), (MARKET, "")],
        "18:59 sites[0].grid.tariff.export_factor: there is no energy price to take it of. "
        "Give the grid a market, a price, or the tariff energy_usd_per_kwh."),
    "carbon price on unknown emissions": (
        [(OLD, "carbon_price_usd_per_t: 50, carbon_price_basis: marginal"),
         (MARKET, "      average_carbon_intensity: {constant_g_per_kwh: 1}\n")],
        "19:68 sites[0].grid.tariff.carbon_price_usd_per_t: needs emissions to be paid on. "
        "Give the grid marginal_carbon_intensity or a market."),
    "carbon price on no known basis": (
        [(OLD, "carbon_price_basis: both")],
        '19:64 sites[0].grid.tariff.carbon_price_basis: "both" is not one of average, marginal.'),
    "contracts of one name": (
        [(LIMIT, f"power_purchases: [{PPA}, {PPA}]")],
        "20:100 sites[0].grid.power_purchases[1].name: another contract is named a already. "
        "Give each a name of its own."),
    "plant without a size": (
        [(LIMIT, "power_purchases: [{name: a, profile: wind, strike_usd_per_mwh: 30}]")],
        "20:25 sites[0].grid.power_purchases[0].capacity_kw: profile wind needs capacity_kw."),
    "plant that is none": (
        [(LIMIT, f"power_purchases: [{PPA.replace('solar', 'hydro')}]")],
        '20:44 sites[0].grid.power_purchases[0].profile: "hydro" is not one of solar, wind.'),
    "constant with a size": (
        [(LIMIT, f"power_purchases: [{PPA.replace('solar', '{constant_kw: 5}')}]")],
        "20:75 sites[0].grid.power_purchases[0].capacity_kw: the profile has its own power. "
        "Leave capacity_kw out."),
    "difference to no market": (
        [(LIMIT, f"power_purchases: [{PPA[:-1]}, settlement: difference}}]"), (MARKET, "")],
        "19:104 sites[0].grid.power_purchases[0].settlement: a difference to the market price "
        "needs one. Give the grid a market or a price."),
    "average signal in the marginal's place": (
        [(LIMIT, "marginal_carbon_intensity: {file: x.csv, format: carboncast}")],
        '20:41 sites[0].grid.marginal_carbon_intensity.file: "x.csv": no such file.',
        '20:56 sites[0].grid.marginal_carbon_intensity.format: "carboncast" is not one of avert, '
        "watttime."),
    "unknown format": (
        [(LIMIT, "price: {file: x.csv, format: entso-e}")],
        '20:21 sites[0].grid.price.file: "x.csv": no such file.',
        '20:36 sites[0].grid.price.format: "entso-e" is not one of entsoe, epf.'),
}  # fmt: skip


@pytest.mark.parametrize(
    ("edits", "expected"), [(edits, lines) for edits, *lines in WRONG.values()], ids=WRONG
)
def test_wrong_tariff_is_told(tmp_path, edits, expected):
    assert problems(tmp_path, edited(*edits)) == expected


def test_mistake_in_a_file_of_a_known_format_is_told_at_its_field(tmp_path):
    (tmp_path / "c.csv").write_text(",UTC time,carbon_intensity\n0,2025-06-02 00:00:00,-5\n")
    carbon = "average_carbon_intensity: {file: c.csv, format: carboncast}"
    assert problems(tmp_path, edited((LIMIT, carbon))) == [
        "20:7 sites[0].grid.average_carbon_intensity: c.csv has 1 row; "
        "at least two show how far rows are apart."
    ]


def test_year_laid_onto_the_run_covers_it(tmp_path):
    rows = [f"2022-06-{day:02}T{hour:02}:00Z,1" for day in range(1, 8) for hour in range(24)]
    (tmp_path / "c.csv").write_text("\n".join(["time,v", *rows]))
    series = "{file: c.csv, column: v, unit: g/kWh%s}"
    carbon = "average_carbon_intensity: " + series
    (tmp_path / "s.yaml").write_text(edited((LIMIT, carbon % ", source_year: 2022, align: dates")))
    assert load_scenario(tmp_path / "s.yaml").data_files == (tmp_path / "c.csv",)
    assert problems(tmp_path, edited((LIMIT, carbon % ""))) == [
        "20:7 sites[0].grid.average_carbon_intensity: c.csv is too short: it covers "
        "2022-06-01T00:00Z to 2022-06-08T00:00Z, but the run goes from 2025-06-02T00:00Z to "
        "2025-06-03T00:00Z."
    ]


def test_price_file_may_stand_beside_an_own_price_where_it_settles_exports(tmp_path):
    rows = [f"2025-06-02T{hour:02}:00Z,1" for hour in range(24)]
    (tmp_path / "p.csv").write_text("\n".join(["time,v", *rows]))
    text = edited(
        (MARKET, ""),
        (OLD, "energy_usd_per_kwh: 0.1, export_factor: 1"),
        (LIMIT, "price: {file: p.csv, column: v, unit: USD/MWh}"),
    )
    (tmp_path / "s.yaml").write_text(text)
    assert load_scenario(tmp_path / "s.yaml").spec.sites[0].grid.price is not None


def test_resolved_tariff_and_contracts_read_back_the_same(tmp_path):
    rows = [f"{h},2025-06-02 {h:02}:00:00,50" for h in range(24)]
    (tmp_path / "c.csv").write_text("\n".join([",UTC time,carbon_intensity", *rows]))
    carbon = "{file: c.csv, format: carboncast, latency_h: 3}"
    ppa = "{name: b, profile: {constant_kw: 5}, strike_usd_per_mwh: 30}"
    text = edited(
        (OLD, "demand_charges: [{charge_usd_per_kw: 1, months: [7]}], fixed_usd_per_month: 3, "
         "blocks: [{up_to_kwh: 5, energy_usd_per_kwh: 1}, {energy_usd_per_kwh: 2}]"),
        (LIMIT, f"average_carbon_intensity: {carbon}\n      residual_carbon_intensity: {carbon}\n"
         f"      power_purchases: [{PPA}, {ppa}]\n      carbon_free_fraction: 1\n"
         "      certificates: [{kwh_per_year: 1000, price_usd_per_mwh: 2}]"),
    )  # fmt: skip
    (tmp_path / "s.yaml").write_text(text)
    spec = load_scenario(tmp_path / "s.yaml").spec
    assert spec.sites[0].grid.tariff.demand_charges[0].months == (7,)
    (tmp_path / "r.yaml").write_text(resolved_yaml(spec))
    assert load_scenario(tmp_path / "r.yaml").spec == spec
