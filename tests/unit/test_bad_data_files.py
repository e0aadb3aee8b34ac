"""Data files that cannot be used, and series with mistakes: the first offending line is named."""

import gzip
import os

import pytest
from scenario_texts import LOAD, SERIES, edited, problems

SERIES_AT = "21:5 sites[0].base_load: load.csv"
DAY = [f"2025-06-02T{hour:02}:00Z,{hour}" for hour in range(24)]


def with_rows(rows, header="time,load"):
    return "\n".join([header, *rows]) + "\n"


def replaced(row, text):
    return with_rows([*DAY[:row], *([text] if text is not None else []), *DAY[row + 1 :]])


BAD_SERIES = {
    "gap": (replaced(5, None),
        ", line 7: gap: time 2025-06-02T06:00Z is 2 h after the row above, "
        "but rows are 1 h apart. Space them evenly."),
    "duplicate": (replaced(5, "2025-06-02T04:00Z,1"),
        ", line 7: time 2025-06-02T04:00Z stands twice. Keep one row a time."),
    "unsorted": (replaced(5, "2025-06-02T03:00Z,1"),
        ", line 7: time 2025-06-02T03:00Z is before the row above. Sort by time."),
    "too short": (with_rows(DAY[:20]),
        " is too short: it covers 2025-06-02T00:00Z to 2025-06-02T20:00Z, "
        "but the run goes from 2025-06-02T00:00Z to 2025-06-03T00:00Z."),
    "too late": (with_rows([f"{3600 * (hour + 1)},1" for hour in range(24)]),
        " is too short: it covers 2025-06-02T01:00Z to 2025-06-03T01:00Z, "
        "but the run goes from 2025-06-02T00:00Z to 2025-06-03T00:00Z."),
    "one row": (with_rows(DAY[:1]),
        " has 1 row; at least two show how far rows are apart."),
    "NaN": (replaced(3, "2025-06-02T03:00Z,nan"),
        ', line 5: "nan" is not a finite number in column load.'),
    "empty cell": (replaced(3, "2025-06-02T03:00Z,"),
        ", line 5: the cell is empty in column load."),
    "text": (replaced(3, "2025-06-02T03:00Z,n/a"),
        ', line 5: "n/a" is not a finite number in column load.'),
    "negative": (replaced(3, "2025-06-02T03:00Z,-1"),
        ", line 5: -1 in column load is negative."),
    "decimal comma": (replaced(3, "2025-06-02T03:00Z,1,5"),
        " line 5 has 3 cells, but the header names 2."),
    "local date": (replaced(3, "02.06.2025 03:00,1"),
        ', line 5: "02.06.2025 03:00" in column time is not a time such as 2025-06-02T00:00Z.'),
    "time among seconds": (with_rows(["0,1", "3600,1", "2025-06-02T02:00Z,1"]),
        ', line 4: "2025-06-02T02:00Z" in column time is not a number of seconds.'),
    "no such column": (with_rows(DAY, "time,loads"),
        ' has no column "load". Did you mean loads?'),
    "column twice": (with_rows([f"{row},0" for row in DAY], "time,load,load"),
        ' has 2 columns named "load".'),
    "no header": ("", " has no header: its first line must name the columns."),
    "latin-1": ("time,load\n0,\udce9\n", " is not UTF-8 text. Save it as UTF-8."),
    "open quote": ('time,load\n0,"1\n', " cannot be read: unexpected end of data."),
}  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), BAD_SERIES.values(), ids=BAD_SERIES)
def test_bad_series_is_told_with_its_first_offending_line(tmp_path, content, expected):
    (tmp_path / "load.csv").write_bytes(content.encode(errors="surrogateescape"))
    assert problems(tmp_path, edited((LOAD, SERIES))) == [f"{SERIES_AT}{expected}"]


def test_price_of_the_tariff_and_of_a_file_exclude_each_other(tmp_path):
    (tmp_path / "load.csv").write_text(with_rows(DAY))
    text = edited(
        ("delivery_usd_per_kwh: 0.03", "energy_usd_per_kwh: 0.1"),
        ("import_limit_kw: 500", "price: {file: load.csv, column: load, unit: USD/MWh}"),
    )
    assert problems(tmp_path, text) == [
        "20:7 sites[0].grid.price: the tariff has an energy price of its own "
        "(energy_usd_per_kwh). Keep one of the two."
    ]


def test_line_of_a_bad_row_counts_blank_and_quoted_lines(tmp_path):
    (tmp_path / "load.csv").write_text('time,load,"a\nnote"\n0,1,x\n\n3600,oops,"y\ny"\n')
    expected = f'{SERIES_AT}, line 6: "oops" is not a finite number in column load.'
    assert problems(tmp_path, edited((LOAD, SERIES))) == [expected]


def test_broken_gzip_is_told(tmp_path):
    whole = gzip.compress(with_rows(DAY).encode())
    (tmp_path / "load.csv.gz").write_bytes(whole[:-20])
    text = edited((LOAD, SERIES.replace("load.csv", "load.csv.gz")))
    expected = f"{SERIES_AT}.gz cannot be read: Compressed file ended before the end-of-stream"
    assert problems(tmp_path, text)[0].startswith(expected)


def test_series_under_a_broken_field_is_still_read(tmp_path):
    (tmp_path / "load.csv").write_text(replaced(3, "2025-06-02T03:00Z,-1"))
    text = edited((LOAD, SERIES), ("nodes: 4", "nodes: many"))
    assert problems(tmp_path, text)[0] == f"{SERIES_AT}, line 5: -1 in column load is negative."


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("gone.csv", "no such file."),
        ("folder.csv", "is a directory, not a file."),
        ("pipe.csv", "is a device or pipe, not a regular file."),
        ("load.pkl", "is a pickle; those can run code and are never read. Save the table as CSV."),
        ("load.xlsx", "is neither a .csv nor a .csv.gz file. Save the table as CSV."),
        ("load.csv/x.csv", "no such file."),
        (r"a\0.csv", "cannot be read: its name holds a null character."),
    ],
)
@pytest.mark.parametrize("kind", ["series", "jobs"])
def test_file_that_cannot_be_used_is_told_without_opening_it(tmp_path, kind, name, fault):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "load.csv").touch()
    os.mkfifo(tmp_path / "pipe.csv")
    shown = f'"{name}"'.replace(r"\0", r"\u0000")
    if kind == "series":
        text = edited((LOAD, f'{{file: "{name}", column: load, unit: kW}}'))
        where = "21:23 sites[0].base_load.file"
    else:
        text = edited(("forecast:", f'  - {{type: jobs, file: "{name}"}}\nforecast:'))
        where = "31:24 workload[1].file"
    assert problems(tmp_path, text) == [f"{where}: {shown}: {fault}"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_outside_reading_rights_is_told(tmp_path):
    (tmp_path / "load.csv").write_text(with_rows(DAY))
    (tmp_path / "load.csv").chmod(0)
    expected = '21:23 sites[0].base_load.file: "load.csv": cannot be read: permission denied.'
    assert problems(tmp_path, edited((LOAD, SERIES))) == [expected]


def test_missing_right_to_read_is_told_even_to_root(tmp_path, monkeypatch):
    (tmp_path / "load.csv").write_text(with_rows(DAY))
    monkeypatch.setattr(os, "access", lambda path, _: not str(path).endswith(".csv"))
    expected = '21:23 sites[0].base_load.file: "load.csv": cannot be read: permission denied.'
    assert problems(tmp_path, edited((LOAD, SERIES))) == [expected]
