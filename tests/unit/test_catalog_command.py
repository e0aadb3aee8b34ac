"""`gridloom catalog`: tables, single rows for reading, and a search over all of them."""

import pytest
from typer.testing import CliRunner

from sim import catalog
from sim.cli.core import app
from sim.report.catalog import found_rows, unit_of


def gridloom(*words):
    """Return the exit code and the lines of a catalog command."""
    result = CliRunner().invoke(app, ["catalog", *words])
    return result.exit_code, result.output.splitlines()


def test_a_row_is_shown_with_a_value_a_line_its_unit_and_its_source():
    code, lines = gridloom("accelerators", "h100-sxm")
    words = [line.split() for line in lines]
    assert code == 0
    assert ["tdp_w", "W", "700"] in words
    assert ["memory_bandwidth_gb_per_s", "GB/s", "3350"] in words
    assert ["embodied_mid_kg", "kgCO2e", "250"] in words
    assert any(line.startswith("source") and "llmbook" in line for line in lines)


def test_what_is_unknown_says_so():
    _, lines = gridloom("accelerators", "tpu-v5e")
    assert ["tdp_w", "W", "unknown"] in [line.split() for line in lines]


def test_a_key_of_several_rows_shows_all_of_them():
    _, lines = gridloom("turbine_power_curves", "vestas-v90-3000")
    assert len(lines) == 1 + 13  # heading; 4 to 15 and 25 m/s


def test_a_search_looks_through_all_tables_but_not_at_their_sources():
    _, lines = gridloom("--search", "instinct")
    assert lines[0] == "accelerators:"
    assert [line.split()[0] for line in lines[2:]] == ["mi250x", "mi300x"]
    assert set(found_rows("QM9700")) == {"switches"}


def test_a_search_of_one_table_can_be_printed_as_csv():
    _, lines = gridloom("accelerators", "--search", "L40S", "--csv")
    assert lines[0].startswith("accelerator,name,vendor,year,tdp_w,")
    assert [line.split(",")[0] for line in lines[1:]] == ["l40s"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("accelerators", "h100-smx"), 'no row "h100-smx". Did you mean h100-sxm?'),
        (("accelerator",), 'no table "accelerator". Did you mean accelerators?'),
        (("--search", "flux capacitor"), 'no row has "flux capacitor" in it.'),
        (("drives", "--search", "h100"), 'no row of drives has "h100" in it.'),
    ],
)
def test_what_is_not_there_is_told(words, message):
    code, lines = gridloom(*words)
    assert code == 2
    assert lines[-1].endswith(message)


@pytest.mark.parametrize(
    ("column", "unit"),
    [("tdp_w", "W"), ("power_mid_w_per_tb", "W/TB"), ("embodied_low_kg_per_tb", "kgCO2e/TB"),
     ("bandwidth_gbps", "Gbit/s"), ("name", ""), ("peak_int8_tops", "TOP/s")],
)
def test_the_unit_is_read_off_the_end_of_a_columns_name(column, unit):
    assert unit_of(column) == unit


def test_rows_keep_their_key_and_order():
    frame = catalog.rows("turbine_power_curves", "vestas-v90-3000")
    assert (frame["turbine"] == "vestas-v90-3000").all()
    assert frame["wind_speed_m_per_s"].is_monotonic_increasing
