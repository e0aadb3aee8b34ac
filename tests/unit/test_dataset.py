"""The dataset of a study: one file with a row per run, kept up to date with the folders."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from sim.errors import DataError
from sim.study.dataset.parts import to_frame, update, write_part
from sim.study.dataset.read import failed_runs, read_current, read_study, study_table
from sim.study.dataset.record import read_plan, read_record, write_record
from sim.study.dataset.rows import StudyRow, rows_table
from sim.study.disk.folders import open_folder
from tests.studies import made_plan, made_runs, write_folder, write_study


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return made_plan(tmp_path_factory.mktemp("scenario"))


def row(policy="fifo", seed=1, *, point="base", content="c1", **others):
    return StudyRow(policy, seed, point, f"{policy}-seed{seed}", content,
                    **{"metrics": {"cost_total_usd": 1.0}} | others)


def files(home):
    return sorted(path.name for path in (home / "runs").glob("[!.]*"))


def stored_bytes(home):
    return (home / "runs" / "runs.parquet").read_bytes()


def set_cost(folder, cost):
    """Change a run's metrics in place, which leaves the time of its folder as it is."""
    path = folder / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"cost_total_usd": cost}))


def test_row_has_axes_keys_and_every_metric_of_its_run(tmp_path, plan):
    runs = write_study(tmp_path, plan)
    frame = read_study(tmp_path)
    assert len(frame) == 3 * 2 * 2 * 2
    assert list(frame.columns[:7]) == [
        "variant", "battery_kwh", "import_kw", "policy", "seed", "point", "run_id",
    ]
    assert frame["work_done_gpu_h"].tolist() == [12.0] * 24  # as the manifest says
    first = frame.iloc[0]
    assert (first["point"], first["policy"]) == (runs[0].point.name, "fifo")
    assert (first["battery_kwh"], first["import_kw"]) == (100, 500)
    assert first["cost_total_usd"] == 1000.0 - 10.0 + 5.0 + 1.0
    assert set(runs[0].metrics) < set(frame.columns)


def test_whole_numbers_stay_whole_and_what_has_no_meaning_is_missing(tmp_path, plan):
    write_study(tmp_path, plan)
    frame = read_study(tmp_path)
    assert frame["jobs_completed_count"].dtype == "int64"
    assert frame["battery_kwh"].dtype == "int64"
    assert frame["energy_per_token_j"].isna().all()


def test_runs_come_by_point_then_policy_with_the_baseline_first_then_seed(tmp_path, plan):
    write_study(tmp_path, plan)
    frame = read_study(tmp_path)
    assert frame["point"].drop_duplicates().tolist() == [point.name for point in plan.points]
    assert frame["policy"].tolist()[:4] == ["fifo", "fifo", "cheap", "cheap"]
    assert frame["seed"].tolist()[:4] == [1, 2, 1, 2]


def test_only_new_folders_are_read(tmp_path, plan):
    runs = made_runs(plan)
    first = write_folder(tmp_path, runs[0])
    before = update(tmp_path).table
    set_cost(first, -1.0)  # would show if the folder were read again
    write_folder(tmp_path, runs[1])
    frame = to_frame(update(tmp_path).table)
    assert before.num_rows == 1
    assert len(frame) == 2
    assert frame["cost_total_usd"].min() > 0.0


def test_a_folder_that_changed_since_is_read_again(tmp_path, plan):
    folder = write_folder(tmp_path, made_runs(plan)[0])
    update(tmp_path)
    (folder / "bound.json").write_text(
        json.dumps({"metrics": {"bound_cost_usd": 7.0}, "note": "", "basis": {}})
    )
    assert to_frame(update(tmp_path).table)["bound_cost_usd"].tolist() == [7.0]


def test_a_scan_that_finds_nothing_new_writes_nothing(tmp_path, plan):
    write_study(tmp_path, plan, part=slice(4))
    update(tmp_path)
    path = tmp_path / "runs" / "runs.parquet"
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 10**9))
    before = path.stat()
    update(tmp_path)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_folder_that_is_gone_takes_its_row_along_but_a_kept_row_stays(tmp_path, plan):
    runs = made_runs(plan)
    folder = write_folder(tmp_path, runs[0])
    write_part(tmp_path, [runs[1].row()])
    assert update(tmp_path).table.num_rows == 2
    shutil.rmtree(folder)
    left = update(tmp_path).table
    assert left["content_hash"].to_pylist() == [runs[1].content_hash]


def test_the_same_rows_give_the_same_bytes_in_whatever_order_they_came(tmp_path, plan):
    rows = [run.row() for run in made_runs(plan)]
    one, other = tmp_path / "one", tmp_path / "other"
    write_part(one, rows)
    update(one)
    for start in (16, 8, 0):
        write_part(other, rows[start : start + 8][::-1])
        update(other)
    assert stored_bytes(one) == stored_bytes(other)


def test_folders_read_at_once_or_one_by_one_give_the_same_bytes(tmp_path, plan):
    runs = made_runs(plan)[:6]
    for run in runs:
        write_folder(tmp_path / "one", run)
        write_folder(tmp_path / "other", run)
        update(tmp_path / "other")
    update(tmp_path / "one")
    assert stored_bytes(tmp_path / "one") == stored_bytes(tmp_path / "other")


def test_parts_become_one_file_and_a_run_that_is_there_twice_counts_once(tmp_path, plan):
    runs = made_runs(plan)
    write_part(tmp_path, [runs[0].row(), runs[1].row()])
    write_part(tmp_path, [runs[1].row(), runs[2].row()])
    write_folder(tmp_path, runs[2])
    table = update(tmp_path).table
    assert files(tmp_path) == ["runs.parquet"]
    assert sorted(table["content_hash"].to_pylist()) == sorted(r.content_hash for r in runs[:3])
    with_folder = dict(zip(table["content_hash"].to_pylist(), table["folder"].to_pylist(),
                           strict=True))
    assert with_folder[runs[2].content_hash]  # the folder is the truth


def test_the_same_runs_make_the_same_part(tmp_path, plan):
    rows = [run.row() for run in made_runs(plan)[:3]]
    first = write_part(tmp_path, rows)
    assert write_part(tmp_path, rows[::-1]) == first
    assert len(files(tmp_path)) == 1


def test_no_run_is_lost_while_others_write_parts_and_the_file_is_rewritten(tmp_path):
    rows = [row(seed=seed, content=f"c{seed}") for seed in range(60)]
    with ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(write_part, tmp_path, [one]) for one in rows]
        reading = [pool.submit(update, tmp_path) for _ in range(12)]
        for one in (*writing, *reading):
            one.result()
    assert update(tmp_path).table["seed"].to_pylist() == list(range(60))
    assert files(tmp_path) == ["runs.parquet"]


def test_what_a_killed_process_left_half_written_is_passed_over(tmp_path, plan):
    write_part(tmp_path, [made_runs(plan)[0].row()])
    left = tmp_path / "runs" / ".partial-part-0a.parquet-99999999"
    left.write_bytes(b"PAR1 and no more")
    assert update(tmp_path).table.num_rows == 1
    open_folder(left.parent)  # as a study does when it starts
    assert not left.exists()


def test_a_run_without_all_of_its_files_is_left_out_with_a_note(tmp_path, plan):
    runs = write_study(tmp_path, plan, part=slice(2))
    broken = tmp_path / runs[0].point.name / runs[0].row().run_id
    (broken / "metrics.json").write_text('{"cost_total_usd": 1')
    current = read_current(tmp_path)
    assert current.table.num_rows == 1
    assert "metrics.json: cannot be read" in current.notes[0]


def test_runs_of_other_versions_stay_in_the_dataset_but_not_in_the_study(tmp_path, plan):
    runs = write_study(tmp_path, plan)
    older = replace(runs[0], content_hash="0" * 64)
    write_folder(tmp_path, older)
    current = read_current(tmp_path)
    assert update(tmp_path).table.num_rows == 25
    assert current.table.num_rows == 24
    assert "1 run of other versions" in current.notes[0]


def test_runs_newer_than_the_study_are_told_of(tmp_path, plan):
    runs = write_study(tmp_path, plan, part=slice(2))
    newer = write_folder(tmp_path, replace(runs[0], content_hash="f" * 64))
    os.utime(newer, (2e9, 2e9))
    assert any("newer" in note for note in read_current(tmp_path).notes)


def test_without_a_study_the_newest_version_of_each_variant_counts(tmp_path):
    plan = made_plan(tmp_path, rest="")
    home, runs = tmp_path / "made-up", made_runs(plan)
    write_folder(home, runs[0], written_at="2025-01-02")
    older = write_folder(home, replace(runs[1], content_hash="0" * 64))
    manifest = older / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"study_hash": "s"', '"study_hash": "t"'))
    table = study_table(home)
    assert (table.axes, table.points, table.policies) == ((), ("base",), ("fifo",))
    assert table.runs["seed"].tolist() == [1]


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        ((True, False), [True, False]),
        ((1, 2.5), [1.0, 2.5]),
        ((True, "auto"), ["true", "auto"]),
        ((3, "auto"), ["3", "auto"]),
    ],
)
def test_values_of_an_axis_keep_their_kind_or_become_texts(values, stored):
    table = rows_table([row(content=f"c{place}", axes={"cap": value})
                        for place, value in enumerate(values)])
    assert table["cap"].to_pylist() == stored


def test_kinds_of_an_axis_that_differ_between_parts_become_texts(tmp_path):
    write_part(tmp_path, [row(content="c1", axes={"cap": 3})])
    write_part(tmp_path, [row(content="c2", axes={"cap": "auto"})])
    write_part(tmp_path, [row(content="c3")])
    assert set(update(tmp_path).table["cap"].to_pylist()) == {"3", "auto", None}


def test_record_of_a_study_comes_back_as_it_was(tmp_path, plan):
    written = write_record(tmp_path, plan, seeds=[7, 2], main_metric="carbon_total_kg")
    assert read_record(tmp_path) == written
    assert written.seeds == (1, 2, 7)
    assert written.axes == plan.axes
    planned = read_plan(tmp_path)
    assert planned.num_rows == 6 * 2 * 3
    point = plan.points[-1]
    assert plan.content_hash(point, "cheap", 7) in planned["content_hash"].to_pylist()


def test_hashes_that_are_known_are_not_worked_out_again(tmp_path, plan):
    keys = {(point.name, policy, seed): f"{point.name} {policy} {seed}"
            for point, policy, seed in plan.runs()}
    write_record(tmp_path, plan, hashes=keys)
    assert read_plan(tmp_path)["content_hash"].to_pylist() == list(keys.values())


def test_failed_runs_are_read_and_a_file_that_is_being_written_is_passed_over(tmp_path):
    (tmp_path / "failed").mkdir()
    (tmp_path / "failed" / "a.json").write_text('{"policy": "fifo", "traceback": "boom"}')
    (tmp_path / "failed" / "b.json").write_text('{"policy":')
    assert failed_runs(tmp_path) == ({"policy": "fifo", "traceback": "boom"},)


def test_looking_at_a_folder_without_runs_leaves_nothing_there(tmp_path):
    assert update(tmp_path).table.num_rows == 0
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="holds no runs"):
        read_study(tmp_path)


def test_the_folder_of_all_scenarios_is_no_study(tmp_path):
    home = tmp_path / "made-up"
    write_study(home, made_plan(tmp_path, rest=""))
    assert update(tmp_path).table.num_rows == 0
    assert not (tmp_path / "runs").exists()
    with pytest.raises(DataError, match="holds no runs"):
        read_study(tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_study(tmp_path / "nowhere")


def test_a_study_of_which_nothing_has_run_yet_says_what_to_do(tmp_path, plan):
    write_record(tmp_path, plan)
    with pytest.raises(DataError, match=r"no finished runs of the last study.*gridloom study"):
        read_study(tmp_path)


def test_a_damaged_dataset_is_named(tmp_path, plan):
    path = write_part(tmp_path, [made_runs(plan)[0].row()])
    path.write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"part-.*cannot be read.*Remove it"):
        update(tmp_path)


@pytest.mark.parametrize("name", ["study.json", "plan.parquet"])
def test_a_damaged_record_is_named(tmp_path, plan, name):
    write_study(tmp_path, plan, part=slice(1))
    (tmp_path / name).write_text("{")
    with pytest.raises(DataError, match=rf"{name}: cannot be read.*Run `gridloom study"):
        read_study(tmp_path)


def test_where_nothing_may_be_written_the_runs_are_read_all_the_same(tmp_path, plan, monkeypatch):
    write_study(tmp_path, plan, part=slice(2))
    monkeypatch.setattr("sim.study.dataset.parts._LOCK", "no/such/folder")
    assert update(tmp_path).table.num_rows == 2
    assert files(tmp_path) == []


def test_the_file_has_no_trace_of_when_it_was_made(tmp_path, plan):
    write_part(tmp_path, [made_runs(plan)[0].row()])
    update(tmp_path)
    names = pq.read_schema(tmp_path / "runs" / "runs.parquet").names
    assert [name for name in names if name.endswith("_at")] == []
