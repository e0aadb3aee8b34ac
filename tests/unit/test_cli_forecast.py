"""gridloom forecast: from a CSV file to a table, a folder, JSON; and what is refused."""

import json
import os

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from sim import cli

DAYS = 150


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder with the carbon intensity of 150 days and two sources in MW."""
    monkeypatch.chdir(tmp_path)
    hour = np.arange(24 * DAYS)
    noise = np.random.default_rng(1).normal(size=(2, hour.size))
    wind = 500 + 100 * noise[0]
    time = pd.date_range("2025-01-06", periods=hour.size, freq="1h")
    frame = pd.DataFrame({
        "time": time.strftime("%Y-%m-%d %H:%M"),
        "carbon": 300 + 80 * np.sin(2 * np.pi * hour / 24) + 10 * noise[1],
        "wind": wind,
        "gas": 1000 - wind,
    })
    frame.to_csv("data.csv", index=False)
    return tmp_path


def gridloom(*arguments):
    return CliRunner().invoke(cli.app, ["forecast", *arguments])


def backtested(*arguments):
    return gridloom("backtest", "data.csv", "--column", "carbon", *arguments)


TEST = ("--test-from", "2025-05-01", "--test-to", "2025-05-20", "--horizon-h", "48")
MODELS = ("--model", "weekly-mean", "--model", "seasonal-naive,season_h=168")


def test_backtest_prints_a_block_a_model_by_day_of_lead_and_the_decision_value(here):
    result = backtested(*TEST, *MODELS, "--unit", "g/kWh")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    for heading in ("MAE", "MAPE %", "Skill %", "Rank corr.", "80 % covers %", "Worst 30 d %"):
        assert (heading in lines[0]) == (heading != "Worst 30 d %")  # 20 days have no 30
    models = ["weekly-mean", "seasonal-naive,season_h=168", "seasonal-naive"]
    assert [" ".join(line.split()[:3]) for line in lines[1:10:3]] == [f"{m} Day 1" for m in models]
    assert [line.split()[0] for line in lines[3:10:3]] == ["All"] * 3
    assert "MAE, RMSE, pinball in g/kWh." in result.stdout
    assert "share of the oracle's gain that jobs capture" in result.stdout
    assert not (here / "outputs").exists()


def test_backtest_as_json_is_json_alone(here):
    result = backtested(*TEST, *MODELS, "--json")
    found = json.loads(result.stdout)
    assert list(found["models"]) == ["weekly-mean", "seasonal-naive,season_h=168", "seasonal-naive"]
    assert found["issues_count"] == 20
    assert (found["first_issue"], found["last_issue"]) == (
        "2025-05-01T00:00:00+00:00", "2025-05-20T00:00:00+00:00",
    )
    weekly = found["models"]["weekly-mean"]
    assert len(weekly["lead_days"]) == 2
    assert weekly["overall"]["worst_30_days_coverage_fraction"] is None
    assert 0.9 < weekly["decision_value"]["captured_fraction"] <= 1
    assert found["models"]["seasonal-naive"]["overall"]["skill_fraction"] == 0
    assert weekly["card"]["name"] == "WeeklyMean"


def test_backtest_writes_scores_forecasts_cards_and_figures(here):
    result = backtested(*TEST, "--model", "weekly-mean", "--out", "o/b")
    assert result.exit_code == 0, result.output
    assert result.stdout.replace(os.sep, "/").endswith(
        "Scores and forecasts: o/b; figures: o/b/figures\n"
    )
    folder = here / "o" / "b"
    figures = ["error_by_hour", "error_by_lead", "fans", "reliability"]
    assert sorted(path.stem for path in (folder / "figures").iterdir()) == figures
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in (folder / "figures").iterdir())
    frame = pd.read_parquet(folder / "forecasts.parquet")
    assert list(frame) == ["model", "issued_at", "valid_from", "lead_h", "point", "q10", "q50",
                           "q90", "truth"]
    assert len(frame) == 2 * 20 * 48
    data = pd.read_csv("data.csv")["carbon"]
    first = frame.iloc[0]
    assert first["valid_from"] == pd.Timestamp("2025-05-01", tz="UTC")
    assert first["truth"] == data[115 * 24]
    assert first["point"] == pytest.approx(data[108 * 24 : 115 * 24 : 24].mean())
    cards = json.loads((folder / "model_cards.json").read_text())
    assert cards["weekly-mean"]["metrics"]["mae"] > 0
    assert json.loads((folder / "scores.json").read_text())["provenance"]["gridloom_version"]


def test_backtest_replaces_its_own_folder_but_no_other(here):
    arguments = (*TEST, "--model", "persistence", "--out", "o")
    assert backtested(*arguments).exit_code == 0
    assert backtested(*arguments).exit_code == 0
    (here / "mine").mkdir()
    (here / "mine" / "thesis.txt").write_text("years of work")
    refused = backtested(*TEST, "--model", "persistence", "--out", "mine")
    assert refused.exit_code == 2
    assert "holds other files, which would be lost" in refused.stderr
    assert [path.name for path in (here / "mine").iterdir()] == ["thesis.txt"]


def test_past_the_data_nothing_is_scored_and_that_is_told(here):
    result = backtested("--test-from", "2025-06-01", "--test-to", "2025-06-30", "--horizon-h", "48",
                        "--model", "persistence")
    assert result.exit_code == 0
    # The data end on 5 June at 00:00: issues on 1 to 4 June, the last reaches a day too far.
    assert "Note: The data end 2025-06-05 00:00 UTC; nothing is issued after that." in result.stderr
    assert "Note: 24 of 192 forecast values lie past the data's end and are not scored." in (
        result.stderr
    )


def test_without_dates_the_last_quarter_is_tested(here):
    found = json.loads(backtested("--model", "persistence", "--json").stdout)
    assert found["first_issue"] == "2025-04-29T00:00:00+00:00"  # 112.5 of 150 days
    assert found["last_issue"] == "2025-06-04T00:00:00+00:00"


def test_issues_follow_the_hour_and_the_spacing(here):
    found = json.loads(
        backtested("--model", "persistence", "--json", "--test-from", "2025-05-01", "--test-to",
                   "2025-05-02", "--issue-hour", "3", "--issue-every-h", "12").stdout
    )
    assert (found["first_issue"], found["issues_count"]) == ("2025-05-01T03:00:00+00:00", 4)


def test_past_columns_shares_and_latency_reach_the_model(here):
    (here / "telling_lab.py").write_text(
        "from forecasting.models import Persistence\n"
        "class Tells(Persistence):\n"
        "    '''Say which covariates there are.'''\n"
        "    def fit(self, history, until_s):\n"
        "        names = sorted(history.covariates)\n"
        "        raise ValueError(f'{names}, {history.latency_s:g} s')\n"
    )
    arguments = (*TEST, "--model", "telling_lab:Tells")
    for more, said in (
        ((), "[], 0 s"),
        (("--past-columns", "wind"), "['wind'], 0 s"),
        (("--past-columns", "all", "--latency-h", "2"), "['gas', 'total', 'wind'], 7200 s"),
        (("--past-columns", "all", "--no-shares"), "['gas', 'wind'], 0 s"),
        (("--past-columns", "wind,gas"), "['gas', 'wind'], 0 s"),
        (("--past-columns", "wind,gas", "--shares"), "['gas', 'total', 'wind'], 0 s"),
    ):
        result = backtested(*arguments, *more)
        assert (result.exit_code, result.stderr) == (2, f"telling_lab:Tells: {said}\n")


def test_columns_that_can_be_negative_are_no_shares(here):
    frame = pd.read_csv("data.csv")
    frame.assign(gas=frame["gas"] - 300).to_csv("data.csv", index=False)
    result = backtested(*TEST, "--model", "persistence", "--past-columns", "all")
    assert "shares" not in result.stderr
    asked = backtested(*TEST, "--model", "persistence", "--past-columns", "all", "--shares")
    assert "Note: Past columns are shares of their sum (wind, gas) and that sum." in asked.stderr


def odd(frame, kind):
    """Spoil the signal in one of the ways that real ones are spoilt."""
    if kind == "constant":
        return frame.assign(carbon=300.0)
    if kind == "ten days missing":
        return frame.drop(index=range(100 * 24, 110 * 24))
    if kind == "ten days empty":
        return frame.assign(carbon=frame["carbon"].where(~frame.index.isin(range(2400, 2640))))
    if kind == "quarters of an hour":
        time = pd.date_range("2025-01-06", periods=4 * len(frame), freq="15min")
        return frame.loc[frame.index.repeat(4)].assign(time=time.strftime("%Y-%m-%d %H:%M"))
    local = pd.date_range("2025-01-06", periods=len(frame), freq="1h", tz="Europe/Berlin")
    return frame.assign(time=local.strftime("%d.%m.%Y %H:%M"))  # one hour of 30 March is skipped


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("constant", "carbon never changes: any forecast of it is right."),
        ("ten days missing", "240 of 3600 values are missing; the longest gap has 240 h from 2025"),
        ("ten days empty", "240 of 3600 values are missing; the longest gap has 240 h from 2025"),
        ("quarters of an hour", ""),
        ("local time", ""),
    ],
)
def test_odd_data_are_forecast_nevertheless_and_told(here, kind, said):
    odd(pd.read_csv("data.csv"), kind).to_csv("data.csv", index=False)
    zone = ("--timezone", "Europe/Berlin") if kind == "local time" else ()
    result = backtested(*TEST, "--model", "ridge", "--json", *zone)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    scores = found["models"]["ridge"]["overall"]
    assert said in " ".join(found["notes"])
    assert scores["missing_count"] == 0
    if kind == "constant":
        assert scores["mae"] == pytest.approx(0.0, abs=1e-9)
        assert scores["skill_fraction"] is None
        assert found["models"]["ridge"]["decision_value"]["captured_fraction"] is None
    else:
        assert scores["mape_fraction"] < 0.06
        assert 0.7 < scores["coverage_fraction"] < 0.9


def test_a_missing_file_is_told(here):
    result = gridloom("backtest", "nowhere.csv", "--column", "carbon")
    assert (result.exit_code, result.stderr) == (2, "nowhere.csv does not exist.\n")


def test_a_seed_reaches_models_that_draw(here):
    def error(seed):
        result = backtested(*TEST, "--model", "white-error", "--seed", seed, "--json")
        return json.loads(result.stdout)["models"]["white-error"]["overall"]["mae"]

    assert error("1") == error("1") != error("2")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--column", "carbn"], 'data.csv has no column "carbn". Did you mean carbon?'),
        (["--model", "rigde"], 'There is no forecaster "rigde". Did you mean ridge?'),
        (["--model", "nowhere:Mine"], "Model nowhere:Mine: cannot import nowhere"),
        (["--model", "seasonal-naive,season=7"], "season: unknown parameter. Did you mean seas"),
        (["--model", "seasonal-naive,168"], '"168" is not of the form parameter=value'),
        (["--model", "seasonal-naive,season_h=1.5"], "season_h must be a whole number of steps"),
        (["--model", "clear-sky"], "clear-sky: the sun needs a place"),
        (["--past-columns", "wnd"], 'has no column "wnd". Did you mean wind?'),
        (["--test-from", "soon"], '"soon" is not a time such as 2021-07-01'),
        (["--test-from", "2024-01-01"], "the data go from 2025-01-06 00:00 to 2025-06-05 00:00"),
        (["--test-from", "2025-05-02", "--test-to", "2025-05-01"], "No forecast is issued from"),
        (["--horizon-h", "0.5"], "must be a whole number of steps of 1 h; got 0.5 h"),
        (["--latitude", "40"], "needs latitude and longitude; one of them is missing"),
        (["--capacity", "0"], "capacity must be positive"),
        (["--timezone", "Mars/Olympus"], '"Mars/Olympus" is not a time zone'),
    ],
)  # fmt: skip
def test_a_mistake_ends_in_a_message_and_code_2(here, arguments, message):
    result = backtested("--model", "persistence", *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_too_short_a_history_says_how_much_is_needed(here):
    result = backtested("--test-from", "2025-01-07", "--test-to", "2025-01-08", "--model", "ridge")
    assert result.exit_code == 2
    assert result.stderr.startswith("ridge: ")
    assert "Traceback" not in result.output


def test_the_next_forecast_is_a_table_or_a_file(here):
    shown = gridloom("issue", "data.csv", "--column", "carbon", "--model", "weekly-mean")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert lines[0] == "carbon, issued at 2025-06-05 00:00 UTC"
    assert lines[1].split() == ["From", "(UTC)", "point", "q10", "q50", "q90"]
    assert lines[2].startswith("2025-06-05 00:00 ")  # right after the data
    assert len(lines) == 26
    written = gridloom("issue", "data.csv", "--column", "carbon", "--model", "weekly-mean",
                       "--horizon-h", "36", "--out", "next.csv")
    assert written.stdout == "Forecast: next.csv\n"
    frame = pd.read_csv("next.csv")
    assert len(frame) == 36
    assert frame["valid_from"][0] == "2025-06-05T00:00:00Z"
    assert (frame["q10"] <= frame["point"]).mean() > 0.9
    data = pd.read_csv("data.csv")["carbon"]
    assert frame["point"][0] == pytest.approx(data[143 * 24 :: 24].mean())


def test_a_forecast_can_be_issued_at_an_earlier_time_but_not_outside_the_data(here):
    early = gridloom("issue", "data.csv", "--column", "carbon", "--model", "persistence", "--at",
                     "2025-03-01T06:00Z", "--out", "early.csv")
    assert early.exit_code == 0, early.output
    data = pd.read_csv("data.csv")["carbon"]
    assert pd.read_csv("early.csv")["point"][0] == pytest.approx(data[54 * 24 + 5])
    late = gridloom("issue", "data.csv", "--column", "carbon", "--model", "persistence", "--at",
                    "2026-01-01")
    assert late.exit_code == 2
    assert "can be issued from 2025-01-06 00:00 to 2025-06-05 00:00 UTC" in late.stderr


def test_models_are_listed_with_what_they_do_and_take():
    listed = gridloom("models").stdout
    rows = {line.split()[0]: line for line in listed.splitlines()[1:]}
    assert "season_h=24.0" in rows["seasonal-naive"]
    assert "(sees the truth)" in rows["ar1-error"]
    assert "start_s" not in listed


@pytest.mark.parametrize("command", ["backtest", "issue", "models"])
def test_help_has_an_example(command):
    result = gridloom(command, "--help")
    assert result.exit_code == 0
    assert f"Example: gridloom forecast {command}" in result.stdout
