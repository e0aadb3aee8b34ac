import json

import numpy as np
import pandas as pd
import pytest

from sim.errors import DataError
from sim.grid.network.year import solve_year
from sim.report.market_figures import generation_mix, price_duration, price_map
from sim.report.tables import open_console
from sim.study import market
from sim.study.market import market_command, market_table, notes_of, summarise
from tests.grids import network

WANTED = {
    "cost_usd", "co2_t", "load_mwh", "curtailed_fraction", "lmp_mean_usd_per_mwh",
    "congested_hours_count", "unserved_mwh",
}
TWO_HOURS = network(
    "AB", lines=[("AB", 1.0, 30.0)],
    units=[("A", [50.0, 20.0], 0.0), ("A", 99.0, 10.0, 500.0), ("B", 15.0, 40.0, 300.0)],
    load_mw=[[10.0, 40.0], [10.0, 60.0]],
)


def test_the_summary_adds_up_what_the_hours_gave():
    # Hour 1: A takes 10 of 50 MW of sun and sends 30; B gives 10 more; 10 MW of sun are curtailed.
    # Hour 2: 20 MW of sun and 20 of gas at A serve 10 and send 30; B gives all 15; 15 are shed.
    summary = summarise(solve_year(TWO_HOURS))
    assert summary["cost_usd"] == pytest.approx(10 * 40 + 20 * 10 + 15 * 40)
    assert summary["co2_t"] == pytest.approx((10 * 300 + 20 * 500 + 15 * 300) / 1e3)
    assert summary["load_mwh"] == pytest.approx(120.0)
    assert summary["curtailed_fraction"] == pytest.approx(10 / 70)
    assert summary["unserved_mwh"] == pytest.approx(15.0)
    assert summary["lmp_mean_usd_per_mwh"] == pytest.approx((0 + 40 + 10 + 9000) / 4)
    assert summary["lmp_load_mean_usd_per_mwh"] == pytest.approx(
        (40 * 40 + 10 * 10 + 60 * 9000) / 120
    )
    assert (summary["congested_hours_count"], summary["hours_count"]) == (2, 2)
    assert summary["objective_usd"] == pytest.approx(summary["cost_usd"] + 15 * 9000)


def test_a_number_without_meaning_is_null():
    nothing = network("A", units=[("A", 10.0, 5.0)], load_mw=[0.0])
    summary = summarise(solve_year(nothing))
    assert summary["curtailed_fraction"] is None
    assert summary["average_intensity_kg_per_mwh"] is None
    assert summary["lmp_load_mean_usd_per_mwh"] is None


def test_the_user_is_told_of_islands_and_of_demand_not_served():
    apart = network("AB", units=[("A", 10.0, 5.0), ("B", 1.0, 5.0)], load_mw=[[5.0, 3.5]])
    assert notes_of(solve_year(apart)) == [
        "The network falls into 2 islands that nothing joins.",
        "2.5 MWh of demand are not served, in 1 hours, at 9000 USD/MWh.",
    ]


def test_a_market_leaves_tables_summary_manifest_and_figures(tmp_path):
    heard = []
    returned = market_command("pjm5", tmp_path / "out",
                              on_progress=lambda name, part: heard.append((name, part)))
    out = tmp_path / "out"
    summary = json.loads((out / "summary.json").read_text())
    assert set(summary) >= WANTED
    assert summary["cost_usd"] == pytest.approx(17479.8969, abs=1e-3)
    assert {name: returned[name] for name in summary} == summary
    assert returned["notes"] == []
    assert heard[-1] == ("pjm5", 1.0)
    prices = pd.read_parquet(out / "lmp_usd_per_mwh.parquet")
    assert list(prices.columns) == ["snapshot", "A", "B", "C", "D", "E"]
    assert prices["D"].to_numpy() == pytest.approx([39.94273632])
    flows = pd.read_parquet(out / "line_flow_mw.parquet")
    assert flows["D-E"].to_numpy() == pytest.approx([-240.0])
    system = pd.read_parquet(out / "system.parquet")
    assert system["cost_usd"].sum() == pytest.approx(summary["cost_usd"])
    manifest = json.loads((out / "manifest.json").read_text())
    assert set(manifest["data_hashes"]) == {"buses.csv", "lines.csv", "generators.csv"}
    names = {"price_duration", "generation_mix", "price_map"}
    assert {path.stem for path in (out / "figures").glob("*.png")} == names
    assert [path.name for path in tmp_path.iterdir()] == ["out"]  # nothing half done beside it


def test_the_same_market_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        market_command("ieee14", tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 14
    for file in files:
        if file.name != "manifest.json":
            one, two = (tmp_path / name / file for name in ("one", "two"))
            assert one.read_bytes() == two.read_bytes(), file


def test_a_market_is_replaced_by_a_new_one_only(tmp_path):
    out = tmp_path / "out"
    market_command("pjm5", out)
    market_command("pjm5", out, value_of_lost_load_usd_per_mwh=20.0, carbon_price_usd_per_t=5.0)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["value_of_lost_load_usd_per_mwh"] == 20.0
    assert manifest["carbon_price_usd_per_t"] == 5.0
    # What cost more than 20 USD/MWh to serve is not.
    assert json.loads((out / "summary.json").read_text())["unserved_mwh"] > 0


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match=r"mine: holds other files, which would be lost"):
        market_command("pjm5", mine)
    with pytest.raises(DataError, match=r"thesis\.tex: is a file"):
        market_command("pjm5", mine / "thesis.tex")
    assert (mine / "thesis.tex").read_text() == "years of work"


def test_the_folder_one_works_in_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="is the folder you are in"):
        market_command("pjm5", tmp_path / ".")


def test_a_market_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(market, "write_market_figures", fail)
    with pytest.raises(KeyboardInterrupt):
        market_command("pjm5", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_table_shows_every_wanted_number(capsys):
    open_console().print(market_table(summarise(solve_year(TWO_HOURS))))
    printed = capsys.readouterr().out
    for text in ("Cost of generation (USD)", "1,200", "Unserved (MWh)", "15.00"):
        assert text in printed


def test_the_mix_names_each_technology_with_its_share_of_the_energy():
    power, energy = generation_mix(solve_year(TWO_HOURS)).axes
    assert set(power.get_legend_handles_labels()[1]) == {"gas", "Curtailed", "Unserved"}
    assert [text.get_text() for text in energy.texts] == ["100.0 %"]


def test_the_duration_curve_falls_and_says_how_far_prices_go():
    (axes,) = price_duration(solve_year(TWO_HOURS)).axes
    (line,) = axes.lines
    values = np.asarray(line.get_ydata())
    assert (np.diff(values) <= 0).all()
    assert "prices go from 0 to 9,000 USD/MWh" in axes.get_xlabel()


def test_buses_at_one_place_or_nowhere_are_laid_out_apart():
    figure = price_map(solve_year(TWO_HOURS))
    (dots,) = [c for c in figure.axes[0].collections if len(c.get_offsets()) == 2]
    one, two = np.asarray(dots.get_offsets())
    assert np.linalg.norm(one - two) == pytest.approx(1.0)
    assert "Positions unknown" in figure.axes[0].get_xlabel()


def test_a_single_bus_can_be_drawn():
    figure = price_map(solve_year(network("A", units=[("A", 10.0, 5.0)], load_mw=[1.0])))
    assert [text.get_text() for text in figure.axes[0].texts] == ["A"]
