from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.errors import DataError
from sim.grid.network.network import NetworkFault
from sim.grid.network.read import built_in, read_network
from sim.grid.network.year import solve_year
from tests.grids import network

OWN = {
    "buses.csv": "bus,area,load_share_of_area,mw_load,lat,lng\nA,1,0.25,10,33.5,-113.8\n"
    "B,1,0.75,30,33.4,-114.0\n",
    "lines.csv": "line,from,to,x_pu100,tr_ratio,rate_mw\nL1,A,B,0.05,0,40\n",
    "generators.csv": "segment,unit,bus,fuel,p_max_mw,p_min_mw,mc_usd_mwh,co2_kg_mwh,profiled\n"
    "coal#1,coal,A,Coal,100,0,20,900,0\nsun#1,sun,B,Solar,50,0,0,0,1\n",
    "load_2025.csv": ",load_area1\n2025-01-01 00:00:00,40\n2025-01-01 01:00:00,60\n",
    "vre_2025.csv": ",sun\n2025-01-01 00:00:00,0\n2025-01-01 01:00:00,25\n",
}


def write(folder, files, **changed):
    """Write a folder; a changed file is named without its ending, and None leaves it out."""
    names = {name.removesuffix(".csv").replace("-", "_"): name for name in files}
    for name, text in (files | {names[key]: text for key, text in changed.items()}).items():
        if text is not None:
            (folder / name).write_text(text)
    return folder


def own(folder, **changed):
    return write(folder, OWN, **changed)


def swapped(name, old, new):
    """Return a file of the good folder with one text in place of another."""
    assert old in OWN[name]
    return {name.removesuffix(".csv"): OWN[name].replace(old, new)}


def test_a_folder_of_our_own_form_is_read_as_it_stands(tmp_path):
    grid = read_network(own(tmp_path))
    assert grid.buses.names == ("A", "B")
    assert grid.buses.latitude_deg.tolist() == [33.5, 33.4]
    assert grid.load_mw.tolist() == [[10.0, 30.0], [15.0, 45.0]]
    assert grid.lines.reactance_rad_per_mw.tolist() == [0.0005]  # per unit of 100 MVA
    assert grid.units.technologies == ("Coal", "Solar")
    assert grid.units.p_max_mw.tolist() == [[100.0, 0.0], [100.0, 25.0]]
    assert grid.units.profiled.tolist() == [False, True]
    assert str(grid.time[1]) == "2025-01-01 01:00:00+00:00"


def test_without_demand_by_hour_each_bus_has_its_own(tmp_path):
    alone = swapped("generators.csv", "0,1\n", "0,0\n")
    grid = read_network(own(tmp_path, load_2025=None, vre_2025=None, **alone))
    assert grid.load_mw.tolist() == [[10.0, 30.0]]
    assert list(grid.time) == ["now"]


def test_a_link_of_our_own_form_carries_its_power_either_way(tmp_path):
    (tmp_path / "dc_links.csv").write_text("link,from,to,p_nom_mw\nDC1,A,B,15\n")
    links = read_network(own(tmp_path)).links
    assert (links.p_min_mw[0], links.p_max_mw[0], links.efficiency_fraction[0]) == (-15, 15, 1)


@pytest.mark.parametrize("name", ["pjm5", "ieee14"])
def test_built_in_networks_are_read_by_name_and_say_where_each_row_is_from(name):
    assert read_network(name).name == name
    for path in built_in()[name].glob("*.csv"):
        sources = pd.read_csv(path, keep_default_na=False)["source"]
        assert sources.str.strip().astype(bool).all(), path


def test_what_is_neither_folder_nor_built_in_is_told(tmp_path):
    with pytest.raises(DataError, match=r"pjm: no such folder, nor built-in. Did you mean pjm5"):
        read_network("pjm")
    (tmp_path / "net.csv").write_text("bus\n")
    with pytest.raises(DataError, match=r"net\.csv: is a file, not a folder"):
        read_network(tmp_path / "net.csv")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (swapped("lines.csv", "0.05", "0"), r"lines\.csv, line 2: .*L1.* has no reactance"),
        (swapped("lines.csv", "0.05", ""), r"lines\.csv, line 2: the cell is empty in column x_pu"),
        (swapped("lines.csv", "A,B", "A,C"), r"lines\.csv, line 2: column to: there is no bus .C."),
        (swapped("lines.csv", "A,B", "A,A"), r"lines\.csv, line 2: .L1. begins and ends at bus .A"),
        (swapped("lines.csv", ",40", ",-1"), r"lines\.csv, line 2: .*rating of -1 MW"),
        (swapped("lines.csv", "x_pu100", "x"), r'lines\.csv has no column "x_pu100"'),
        (swapped("generators.csv", "100,0,20", "100,120,20"),
         r"generators\.csv, line 2: generator .coal#1. must give at least 120 MW and at most 100"),
        (swapped("generators.csv", "100,0,20", "-5,0,20"),
         r"generators\.csv, line 2: -5 in column p_max_mw is negative"),
        (swapped("generators.csv", "100,0,20", "100,0,cheap"),
         r"generators\.csv, line 2: .cheap. is no number in column mc_usd_mwh"),
        (swapped("generators.csv", "coal,A", "coal,Z"), r"generators\.csv, line 2: .*no bus .Z."),
        (swapped("generators.csv", "0,1\n", "0,maybe\n"), r"line 3: .maybe. in column profiled is"),
        (swapped("generators.csv", "sun#1", "coal#1"), r"line 3: the name .coal#1. stands twice"),
        (swapped("generators.csv", "sun#1,sun", "s#1,s"),
         r"generators\.csv, line 3: generator .s. is profiled, but .*vre_2025"),
        (swapped("load_2025.csv", ",60", ",-60"),
         r"load_2025\.csv, line 3: -60 in column load_area1 is negative"),
        (swapped("load_2025.csv", "load_area1", "load_area"),
         r'load_2025\.csv has no column "load_area1". Did you mean load_area'),
        (swapped("load_2025.csv", "01:00:00", "02:00:00"),
         r"load_2025\.csv, line 3: time 2025-01-01 02:00:00 is not one hour after"),
        (swapped("load_2025.csv", "2025-01-01 01:00:00", "later"),
         r"load_2025\.csv, line 3: .later. in the first column is no time"),
        ({"load_2025": ",load_area1\n"}, r"load_2025\.csv has no rows"),
        (swapped("vre_2025.csv", ",25", ",-25"), r"vre_2025\.csv, line 3: -25 in column sun"),
        ({"vre_2025": ",sun\n2025-01-01 00:00:00,0\n"}, r"vre_2025\.csv has 1 hours, but .* has 2"),
        (swapped("vre_2025.csv", "2025-01-01 0", "2024-01-01 0"),
         r"vre_2025\.csv, line 2: time 2024-01-01"),
        ({"vre_2025": None}, r"line 3: generator .sun. is profiled, but there is no vre"),
        (swapped("buses.csv", "0.75", "0.7"),
         r"buses\.csv, line 2: the shares of area 1 .* add up to 0\.95, not to 1"),
        ({"buses": "bus,area,load_share_of_area\n"}, r"buses\.csv has no rows"),
        ({"buses": None}, r"buses\.csv no such file"),
        ({"generators": None}, r"generators\.csv no such file"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path, changed, message):
    with pytest.raises(DataError, match=message):
        read_network(own(tmp_path, **changed))


def test_a_bus_with_demand_that_nothing_joins_is_named(tmp_path):
    buses = "bus,area,load_share_of_area\nA,1,0.25\nB,1,0.5\nfar,1,0.25\n"
    with pytest.raises(DataError, match=r'buses\.csv, line 4: bus "far" has demand, but no line'):
        read_network(own(tmp_path, buses=buses))


def test_two_files_of_demand_are_one_too_many(tmp_path):
    (tmp_path / "load_2026.csv").write_text("")
    with pytest.raises(DataError, match=r"has load_2025\.csv and load_2026\.csv; keep one"):
        read_network(own(tmp_path))


PYPSA = {
    "network.csv": "name,now,pypsa_version\nsmall,now,1.4.0\n",
    "snapshots.csv": ",snapshot,objective,stores,generators\n0,2025-01-01 00:00:00,2.0,1,1\n"
    "1,2025-01-01 01:00:00,3.0,1,1\n",
    "buses.csv": "name,v_nom,x,y,carrier\nn,380,13.0,52.5,AC\ns,380,11.6,48.1,AC\n"
    "d,200,,,DC\ne,200,,,DC\n",
    "carriers.csv": "name,co2_emissions\ngas,0.2\nwind,0\n",
    "generators.csv": "name,bus,p_nom,p_nom_extendable,p_nom_opt,p_min_pu,carrier,marginal_cost,"
    "efficiency\ngas s,s,500,True,800,0.1,gas,50,0.5\nwind n,n,300,False,0,,wind,1,\n"
    "old,n,70,False,0,,oil,90,\n",
    "generators-p_max_pu.csv": ",wind n\n0,0.5\n1,1.0\n",
    "generators-marginal_cost.csv": ",gas s\n0,50\n1,55\n",
    "loads.csv": "name,bus,p_set,active\nl1,n,100,True\nl2,n,20,True\nl3,s,9,False\n",
    "loads-p_set.csv": ",l1\n0,150\n1,160\n",
    "lines.csv": "name,bus0,bus1,type,x,r,s_nom,s_max_pu,length,num_parallel\n"
    "1,n,s,,72.2,7,600,0.7,,\n2,n,s,490-AL1/64-ST1A 380.0,,,900,1,100,2\n3,d,e,,0,4,100,1,,\n",
    "links.csv": "name,bus0,bus1,p_nom,p_min_pu,efficiency,marginal_cost\nb1,n,d,50,-1,0.95,0.5\n",
    "transformers.csv": "name,bus0,bus1,x,s_nom,tap_ratio\n1,n,s,0.1,200,0.98\n",
}


def pypsa(folder, **changed):
    return write(folder, PYPSA, **changed)


def test_a_pypsa_folder_is_read_with_its_defaults_and_units(tmp_path):
    grid = read_network(pypsa(tmp_path))
    assert grid.load_mw[:, 0].tolist() == [170.0, 180.0]  # by hour and constant; one not active
    assert grid.weight_h.tolist() == [2.0, 3.0]
    assert grid.lines.names == ("1", "2", "3", "transformer 1")
    # x / v^2; 0.253 Ohm/km * 100 km / 2 / v^2; r / v^2 for direct current; x / s_nom * ratio.
    expected = [72.2 / 380**2, 0.253 * 100 / 2 / 380**2, 4 / 200**2, 0.1 / 200 * 0.98]
    assert grid.lines.reactance_rad_per_mw == pytest.approx(expected, rel=1e-12)
    assert grid.lines.rating_mw == pytest.approx([420.0, 900.0, 100.0, 200.0])
    assert grid.units.p_max_mw.tolist() == [[800.0, 150.0, 70.0], [800.0, 300.0, 70.0]]
    assert grid.units.p_min_mw[0].tolist() == [80.0, 0.0, 0.0]
    assert grid.units.cost_usd_per_mwh[1].tolist() == [55.0, 1.0, 90.0]
    assert grid.units.emission_kg_per_mwh.tolist() == [400.0, 0.0, 0.0]  # 0.2 t/MWh at 50 %
    assert grid.units.profiled.tolist() == [False, True, False]
    assert (grid.links.p_min_mw[0], grid.links.p_max_mw[0]) == (-50.0, 50.0)
    assert grid.links.cost_usd_per_mwh.tolist() == [0.5]
    assert grid.buses.latitude_deg[0] == 52.5


def test_what_is_assumed_of_a_pypsa_folder_is_noted(tmp_path):
    (tmp_path / "global_constraints.csv").write_text("name,constant\nco2_limit,1000\n")
    first, second, third = read_network(pypsa(tmp_path)).notes
    assert "global constraint co2_limit" in first
    assert second.startswith("1 capacities that may be extended")
    assert third.endswith("not in carriers.csv: oil.")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("lines.csv", "72.2", "0", r"lines\.csv, line 2: line .1. has no reactance"),
        ("lines.csv", "490-AL1/64-ST1A 380.0", "490-AL1",
         r"lines\.csv, line 3: there is no line type .490-AL1.. Or leave it empty"),
        ("transformers.csv", "0.1,200", "0.1,0", r"transformers\.csv, line 2: .*has no reactance"),
        ("transformers.csv", "n,s", "n,x", r"transformers\.csv, line 2: column bus1: there is no"),
        ("generators.csv", "0.1,gas", "1.2,gas", r"generators\.csv, line 2: .*at least 960 MW"),
        ("generators.csv", "500,True", "-1,True", r"generators\.csv, line 2: -1 in column p_nom"),
        ("loads.csv", ",20,", ",-20,", r"loads\.csv, line 3: -20 in column p_set is negative"),
        ("loads-p_set.csv", ",160", ",-160", r"loads-p_set\.csv, line 3: -160 in column l1 is neg"),
        ("loads-p_set.csv", "\n1,", "\n7,", r"loads-p_set\.csv, line 3: snapshot .7. stands"),
        ("loads.csv", "name,bus", "name,us", r'loads\.csv has no column "bus"'),
        ("generators.csv", "p_min_pu", "committable", r"line 2: committable is 0\.1\. A market"),
        ("links.csv", "marginal_cost", "bus2", r"links\.csv, line 2: bus2 is 0\.5\. A market"),
    ],
)
def test_a_mistake_in_a_pypsa_folder_is_told_with_file_and_line(tmp_path, name, old, new, message):
    assert old in PYPSA[name]
    pypsa(tmp_path)
    (tmp_path / name).write_text(PYPSA[name].replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        read_network(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("storage_units.csv", "name,bus\npumped,n\n", r"storage_units\.csv, line 2: .*tie hours"),
        ("lines-s_max_pu.csv", ",1\n0,0.5\n1,0.6\n", r"lines-s_max_pu\.csv: s_max_pu by hour"),
        ("snapshots.csv", ",period,snapshot\n0,2030,a\n", r"several investment periods are not"),
        ("snapshots.csv", ",snapshot,objective\n", r"snapshots\.csv has no rows below"),
        ("loads-p_set.csv", ",l1\n0,150\n", r"loads-p_set\.csv has 1 rows for 2 snapshots"),
    ],
)
def test_what_ties_hours_together_or_would_be_lost_is_refused(tmp_path, name, text, message):
    pypsa(tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_network(tmp_path)


def test_a_line_type_of_the_folder_goes_before_the_catalogs(tmp_path):
    types = "name,x_per_length,r_per_length\n490-AL1/64-ST1A 380.0,0.5,0.1\n"
    (tmp_path / "line_types.csv").write_text(types)
    reactance = read_network(pypsa(tmp_path)).lines.reactance_rad_per_mw
    assert reactance[1] == pytest.approx(0.5 * 100 / 2 / 380**2)


def test_snapshots_need_no_times(tmp_path):
    changed = {"snapshots": "name,weightings\nwinter,1\nsummer,2\n",
               "loads_p_set": ",l1\nwinter,150\nsummer,160\n"}
    grid = read_network(pypsa(tmp_path, **changed))
    assert list(grid.time) == ["winter", "summer"]
    assert grid.weight_h.tolist() == [1.0, 2.0]


def test_more_demand_is_added_to_what_is_there_and_only_to_a_bus_there_is():
    grid = network("AB", lines=[("AB", 1.0, 99.0)], units=[("A", 50.0, 10.0)], load_mw=[1.0, 2.0])
    assert grid.with_load({"B": 5.0}).load_mw.tolist() == [[1.0, 7.0]]
    assert grid.load_mw.tolist() == [[1.0, 2.0]]
    with pytest.raises(ValueError, match=r'network small has no bus "C"'):
        grid.with_load({"C": 1.0})
    with pytest.raises(NetworkFault, match=r'demand at bus "B" is -1 MW in hour 2025'):
        grid.with_load({"B": -3.0})


def test_hours_can_be_picked():
    grid = network("A", units=[("A", [10.0, 20.0, 30.0], 5.0)], load_mw=[[1.0], [2.0], [3.0]])
    year = solve_year(grid, hours=np.array([2, 0]))
    assert year.generation_mw[:, 0].tolist() == [3.0, 1.0]
    assert year.network.units.p_max_mw[:, 0].tolist() == [30.0, 10.0]


@pytest.mark.parametrize(
    ("part", "column", "value", "message"),
    [
        ("links", "efficiency_fraction", 0.0, r'link "AB" has an efficiency of 0'),
        ("links", "p_min_mw", 9.0, r'link "AB" must carry at least 9 MW and at most 5 MW'),
        ("units", "emission_kg_per_mwh", np.nan, r'generator "G0" has no finite emission'),
        ("units", "cost_usd_per_mwh", np.inf, r'generator "G0" has no finite cost in hour 2025'),
    ],
)
def test_a_part_built_in_python_is_checked_as_one_read(part, column, value, message):
    grid = network("AB", links=[("AB", 5.0, 1.0)], units=[("A", 50.0, 10.0)], load_mw=[1.0, 2.0])
    old = getattr(grid, part)
    wrong = replace(old, **{column: np.full_like(getattr(old, column), value)})
    with pytest.raises(NetworkFault, match=message):
        replace(grid, **{part: wrong})
