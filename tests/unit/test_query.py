"""SQL over a study: what it answers, what it refuses, how mistakes are told."""

import csv
import io
import json
import os
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.errors import DataError
from sim.study.dataset.answers import write_json
from sim.study.dataset.parts import write_part
from sim.study.dataset.query import answered, columns
from sim.study.dataset.record import write_record
from sim.study.disk.homes import find_home
from tests.studies import made_plan, made_runs, write_folder, write_study

pytest.importorskip("duckdb", reason="DuckDB (extra `query`) is not installed")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a study of six points, two policies, two seeds."""
    folder = tmp_path_factory.mktemp("study")
    home = folder / "outputs" / "made-up"
    write_study(home, made_plan(folder))
    return home


@pytest.fixture
def here(home, monkeypatch):
    """Work in the folder that has outputs/."""
    monkeypatch.chdir(home.parents[1])
    return home


def ask(home, sql):
    with answered(home, sql) as reader:
        return reader.read_all().to_pylist()


def command(*arguments):
    return CliRunner().invoke(app, ["query", *arguments])


def test_runs_can_be_asked_by_policy_and_axis(home):
    # cost = 1000 - 0.1 (fifo) or 0.2 (cheap) x kWh + 0.01 x kW + seed; mean seed 1.5, mean kW 750
    assert ask(home, "select policy, battery_kwh, avg(cost_total_usd) as cost from runs "
                     "where battery_kwh > 400 group by all order by cost") == [
        {"policy": "cheap", "battery_kwh": 900.0, "cost": pytest.approx(829.0)},
        {"policy": "cheap", "battery_kwh": 500.0, "cost": pytest.approx(909.0)},
        {"policy": "fifo", "battery_kwh": 900.0, "cost": pytest.approx(919.0)},
        {"policy": "fifo", "battery_kwh": 500.0, "cost": pytest.approx(959.0)},
    ]


def test_every_step_and_job_knows_its_run(home):
    (steps,) = ask(home, "select count(*) as n, count(distinct run_id || point) as runs, "
                         "max(grid_import_kw) as most from steps")
    assert steps == {"n": 24 * 24, "runs": 24, "most": 123.0}
    assert ask(home, "select policy, battery_kwh, sum(gpus_count) as gpus from jobs where seed = 2 "
                     "and import_kw = 500 group by all order by 1, 2") == [
        {"policy": policy, "battery_kwh": battery, "gpus": 3}
        for policy in ("cheap", "fifo") for battery in (100.0, 500.0, 900.0)
    ]


def test_views_join_by_run(home):
    (found,) = ask(home, "select sum(s.cost_total_usd) as steps, max(r.cost_total_usd) as run "
                         "from runs r join steps s using (run_id, point) "
                         "where r.seed = 1 and r.policy = 'fifo' and r.battery_kwh = 100 "
                         "and r.import_kw = 500")
    assert found == {"steps": 24.0, "run": 996.0}


def test_times_are_utc(home):
    (found,) = ask(home, "select min(time) as t, hour(max(time)) as h from steps")
    assert found["t"] == pd.Timestamp("2025-06-02", tz="UTC")
    assert found["h"] == 23


def test_runs_can_be_pivoted(home):
    rows = ask(home, "pivot (select policy, battery_kwh, cost_total_usd from runs) on policy "
                     "using round(avg(cost_total_usd)) order by battery_kwh")
    assert rows[0] == {"battery_kwh": 100.0, "cheap": 989.0, "fifo": 999.0}


def test_only_the_files_of_the_runs_asked_for_are_opened(tmp_path):
    home = tmp_path / "made-up"
    runs = write_study(home, made_plan(tmp_path), part=slice(8))
    sql = "select count(*) as n from steps where policy = 'cheap' and seed = 2"
    for run in runs:
        if (run.policy, run.seed) != ("cheap", 2):
            path = home / run.point.name / run.row().run_id / "steps.parquet"
            whole = path.read_bytes()
            path.write_bytes(b"?" * (len(whole) - 5000) + whole[-5000:])  # its schema stays
    assert ask(home, sql) == [{"n": 48}]


def test_an_axis_with_the_name_of_a_column_of_steps_steps_aside(tmp_path):
    rest = ("sweep:\n  combine: grid\n  axes:\n    - {path: sites.here.battery.initial_soc, "
            "name: soc, values: [0.2, 0.8]}\n")
    home = tmp_path / "made-up"
    write_study(home, made_plan(tmp_path, rest=rest))
    assert ask(home, "select distinct run_soc, soc from steps order by 1") == [
        {"run_soc": 0.2, "soc": 0.5}, {"run_soc": 0.8, "soc": 0.5},
    ]


def test_columns_that_only_some_runs_have_are_empty_for_the_others(tmp_path):
    home = tmp_path / "made-up"
    runs = write_study(home, made_plan(tmp_path), part=slice(2))
    path = home / runs[0].point.name / runs[0].row().run_id / "jobs.parquet"
    pd.read_parquet(path).assign(tokens_count=5.0).to_parquet(path)
    assert ask(home, "select seed, sum(tokens_count) as t from jobs group by 1 order by 1") == [
        {"seed": 1, "t": 10.0}, {"seed": 2, "t": None},
    ]


@pytest.mark.parametrize("sql", [
    "insert into runs values (1)", "create table t (x int)", "drop view runs", "install httpfs",
    "load httpfs", "attach '{file}' as other", "copy (select 1) to '{file}'", "pragma version",
    "set enable_external_access = true", "call force_checkpoint()", "export database '{file}'",
    "select 1; select 2", "explain analyze copy (select 1) to '{file}'", "", "-- nothing",
    "with x as (copy (select 1) to '{file}') select * from x",
    "with x as (copy (select 1) to '{file}' (use_tmp_file false)) select * from x",
    "with x as (insert into runs values (1) returning *) select * from x",
])
def test_statements_that_write_are_refused(home, tmp_path, sql):
    file = tmp_path / "taken"
    with pytest.raises(DataError, match="query"):
        ask(home, sql.format(file=file))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sql", [
    "select * from read_text('{file}')", "select * from '{file}'",
    "select * from glob('{folder}/*')",
    "select * from read_csv('{file}')", "select * from read_blob('{folder}/*')",
    "select * from read_text('{home}/study.json')", "select * from parquet_metadata('{file}')",
    "select * from query('select * from read_text(''{file}'')')", "from read_json('{file}')",
    "select * from read_csv('http://127.0.0.1:9/x.csv')", "select * from home",
])
def test_files_networks_and_variables_are_out_of_reach(home, tmp_path, sql):
    file = tmp_path / "secret.csv"
    file.write_text("secret\n42\n")
    with pytest.raises(DataError) as caught:
        ask(home, sql.format(file=file, folder=tmp_path, home=home))
    assert "42" not in str(caught.value)


@pytest.mark.parametrize(("sql", "told"), [
    ("select polcy from runs", "has a column polcy. Did you mean policy?"),
    ("select r.batery_kwh from runs r", "has a column batery_kwh. Did you mean battery_kwh?"),
    ("select * from rusn", "no view rusn, only runs, steps, jobs, services. Did you mean runs?"),
    ("selct 1", 'syntax error at or near "selct"'),
    ("select avgg(seed) from runs", "avgg"),
    ("select cost_total_usd from runs group by policy", "GROUP BY"),
    ("select 'x'::int from runs", "Could not convert"),
    ("select * from services", "no run has services"),
])
def test_mistakes_are_told_with_what_is_near(here, sql, told):
    result = command(sql)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output + result.stderr


def test_a_study_that_kept_only_metrics_has_runs_but_no_steps(tmp_path):
    plan, home = made_plan(tmp_path), tmp_path / "made-up"
    write_record(home, plan)
    write_part(home, [run.row() for run in made_runs(plan)])
    assert ask(home, "select count(*) as n from runs") == [{"n": 24}]
    with pytest.raises(DataError, match=r"no run has steps .*kept only their metrics"):
        ask(home, "select * from steps")
    assert {view for view, _, _ in columns(home)} == {"runs"}


def test_schema_lists_views_columns_and_types(home):
    found = columns(home)
    assert ("runs", "cost_total_usd", "DOUBLE") in found
    assert ("runs", "jobs_completed_count", "BIGINT") in found
    assert ("steps", "battery_kwh", "DOUBLE") in found
    assert ("jobs", "outcome", "VARCHAR") in found
    assert list(dict.fromkeys(view for view, _, _ in found)) == ["runs", "steps", "jobs"]


def test_command_shows_the_schema_of_the_newest_study_or_of_one_by_name(here):
    for arguments in (["--schema"], ["--schema", "made-up"], ["select 1", str(here), "--schema"]):
        result = command(*arguments)
        assert result.exit_code == 0
        assert "battery_kwh" in result.stdout


def test_command_answers_as_table_csv_and_json(here):
    sql = "select policy, count(*) as n, null as gap from runs group by policy order by policy"
    table = command(sql).stdout.split()
    assert table == ["policy", "n", "gap", "cheap", "12", "fifo", "12"]
    rows = list(csv.reader(io.StringIO(command(sql, "--format", "csv").stdout)))
    assert rows == [["policy", "n", "gap"], ["cheap", "12", ""], ["fifo", "12", ""]]
    assert json.loads(command(sql, "made-up", "--format", "json").stdout) == [
        {"policy": "cheap", "n": 12, "gap": None}, {"policy": "fifo", "n": 12, "gap": None},
    ]


def test_a_file_gets_the_answer_in_the_format_of_its_ending(here, tmp_path):
    sql = "select seed, avg(jct_mean_h) as jct_h from runs group by 1 order by 1"
    for name, read in (("a.parquet", pd.read_parquet), ("a.csv", pd.read_csv),
                       ("a.json", pd.read_json)):
        result = command(sql, "--out", str(tmp_path / "new" / name))
        assert result.exit_code == 0, result.stderr
        frame = read(tmp_path / "new" / name)
        assert frame.to_dict("list") == {"seed": [1, 2], "jct_h": [2.5, 2.5]}


def test_a_long_table_is_cut_and_says_so(here):
    result = command("select * from range(101)")
    assert len(result.stdout.splitlines()) == 101  # the heading and a hundred rows
    assert "Only the first 100 rows" in result.stderr


@pytest.mark.parametrize(("arguments", "told"), [
    (["select 1", "--out", "a.txt"], "ends in .csv, .json, .parquet"),
    (["select 1", "--format", "parquet"], "name a file with --out"),
    (["select 1", "made-upp"], "no such study.*Did you mean made-up?"),
    ([], "A query is one SELECT"),
])
def test_command_says_what_to_do_instead(here, arguments, told):
    result = command(*arguments)
    assert result.exit_code == 2
    assert all(part in result.stderr for part in told.split(".*"))


def test_newest_study_is_taken_where_none_is_named(tmp_path):
    plan = made_plan(tmp_path)
    for name in ("old", "new"):
        write_study(tmp_path / "outputs" / name, plan, part=slice(1))
    stale = [*(tmp_path / "outputs" / "old").rglob("*")]
    for path in stale:
        os.utime(path, (1e9, 1e9))
    (tmp_path / "outputs" / "empty").mkdir()
    assert find_home("", tmp_path / "outputs").name == "new"
    with pytest.raises(DataError, match="holds no runs"):
        find_home("", tmp_path / "nothing")


def test_runs_that_were_left_out_are_told_on_stderr(tmp_path, monkeypatch):
    home = tmp_path / "outputs" / "made-up"
    runs = write_study(home, made_plan(tmp_path), part=slice(1))
    write_folder(home, type(runs[0])(runs[0].point, "fifo", 1, "0" * 64))
    monkeypatch.chdir(tmp_path)
    result = command("select count(*) as n from runs")
    assert result.stdout.split() == ["n", "1"]
    assert "Note: 1 run of other versions" in result.stderr


def test_without_duckdb_the_command_says_how_to_get_it(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    result = command("select 1")
    assert result.exit_code == 2
    assert "pip install 'gridloom[query]'" in result.stderr


def test_names_from_a_scenario_are_only_text(tmp_path):
    plan, home = made_plan(tmp_path, rest=""), tmp_path / "made-up"
    name = "x' or 1=1; drop view runs; --"
    rows = [run.row() for run in made_runs(plan)]
    keys = {(row.point, row.policy, row.seed): row.content_hash for row in rows}
    write_record(home, plan, hashes=keys)
    write_part(home, [type(row)(name, row.seed, row.point, row.run_id, row.content_hash,
                                row.metrics) for row in rows])
    assert ask(home, "select distinct policy from runs") == [{"policy": name}]


def test_values_that_json_does_not_know_are_written_as_text_number_or_null():
    table = pa.table({
        "at": [datetime(2025, 6, 2, tzinfo=UTC)], "sum": [Decimal("3")], "part": [Decimal("0.5")],
        "none": [float("nan")], "list": [[1.0, float("inf")]], "on": [True],
    })
    out = io.StringIO()
    write_json(table.to_reader(), out)
    assert json.loads(out.getvalue()) == [{
        "at": "2025-06-02T00:00:00+00:00", "sum": 3, "part": 0.5, "none": None,
        "list": [1.0, None], "on": True,
    }]
    empty = io.StringIO()
    write_json(table.slice(1).to_reader(), empty)
    assert json.loads(empty.getvalue()) == []
