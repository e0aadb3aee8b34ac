"""Facts are found by name, come with their source, and cannot be changed by who reads them."""

import pytest

from sim import catalog


def test_every_row_of_every_table_has_a_source():
    for name in catalog.tables():
        sources = catalog.table(name)["source"]
        assert sources.notna().all(), name
        assert sources.str.strip().astype(bool).all(), name


def test_every_row_of_every_table_has_a_key():
    for name in catalog.tables():
        assert catalog.table(name).iloc[:, 0].notna().all(), name


def test_tables_are_listed_sorted_and_without_ending():
    names = catalog.tables()
    assert {"turbine_power_curves", "turbines", "weather_stations"} <= set(names)
    assert list(names) == sorted(names)


def test_row_is_found_by_the_first_column():
    facts = catalog.row("turbines", "nrel-5mw-126")
    assert facts["rated_power_kw"] == 5000
    assert facts["rotor_diameter_m"] == 126


def test_unknown_table_names_the_nearest():
    with pytest.raises(ValueError, match=r'no table "turbins"\. Did you mean turbines\?'):
        catalog.table("turbins")


def test_files_outside_the_catalog_are_no_tables():
    with pytest.raises(ValueError, match="no table"):
        catalog.table("../catalog/turbines")


def test_unknown_row_names_table_and_nearest_key():
    with pytest.raises(
        ValueError, match=r'table turbines has no row "nrel-5mw"\. Did you mean nrel-5mw-126\?'
    ):
        catalog.row("turbines", "nrel-5mw")


def test_key_on_several_rows_is_refused():
    with pytest.raises(ValueError, match="several rows"):
        catalog.row("turbine_power_curves", "nrel-5mw-126")


def test_changing_a_table_or_row_changes_no_later_one():
    turbines = catalog.table("turbines")
    turbines["rated_power_kw"] = 0
    turbines.loc[0, "source"] = ""
    catalog.row("turbines", "nrel-5mw-126")["rated_power_kw"] = 0
    assert catalog.row("turbines", "nrel-5mw-126")["rated_power_kw"] == 5000
    assert (catalog.table("turbines")["rated_power_kw"] > 0).all()
    assert catalog.table("turbines").loc[0, "source"]


def test_empty_cell_is_none_and_text_stays_text(tmp_path, monkeypatch):
    (tmp_path / "probe.csv").write_text("key,mass_kg,maker,source\n007,,NA,assumption\n8,2.5,x,a\n")
    monkeypatch.setattr(catalog, "files", lambda _package: tmp_path)
    first = catalog.row("probe", "007")
    assert first == {"key": "007", "mass_kg": None, "maker": "NA", "source": "assumption"}
    assert type(catalog.row("probe", "8")["mass_kg"]) is float
