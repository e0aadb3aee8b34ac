"""The order in which a site meets its load, by hand."""

import math

import pytest

from sim.energy.battery import Battery, BatteryLimits
from sim.energy.dispatch import FOLLOW, Connection, Flows, HoldImport, settle

NO_LIMIT = Connection(math.inf, math.inf)


def battery(soc=0.5):
    """Return a lossless battery of 100 J that takes and gives 10 W."""
    return Battery(BatteryLimits(100.0, 10.0, 10.0, 1.0, 1.0, 0.0, 1.0, soc))


def test_surplus_charges_then_is_exported_then_curtailed():
    flows = settle(50.0, battery(), FOLLOW, Connection(math.inf, 25.0), 1.0)
    assert flows == Flows(10.0, 0.0, 0.0, 25.0, 15.0, 0.0)


def test_deficit_discharges_then_imports_then_is_unserved():
    flows = settle(-50.0, battery(), FOLLOW, Connection(25.0, math.inf), 1.0)
    assert flows == Flows(0.0, 10.0, 25.0, 0.0, 0.0, 15.0)


def test_an_island_without_battery_curtails_and_leaves_unserved():
    island = Connection(0.0, 0.0)
    assert settle(7.0, None, FOLLOW, island, 1.0) == Flows(0.0, 0.0, 0.0, 0.0, 7.0, 0.0)
    assert settle(-7.0, None, FOLLOW, island, 1.0) == Flows(0.0, 0.0, 0.0, 0.0, 0.0, 7.0)


def test_an_idle_setpoint_leaves_the_battery_alone():
    store = battery()
    assert settle(-5.0, store, (0.0, 0.0), NO_LIMIT, 1.0) == Flows(0.0, 0.0, 5.0, 0.0, 0.0, 0.0)
    assert store.soc == 0.5


def test_a_charging_setpoint_imports_what_the_sun_does_not_give():
    assert settle(2.0, battery(), (8.0, 0.0), NO_LIMIT, 1.0) == Flows(8.0, 0.0, 6.0, 0.0, 0.0, 0.0)


def test_charging_from_the_grid_never_unserves_the_load():
    flows = settle(-20.0, battery(), (8.0, 0.0), Connection(25.0, 0.0), 1.0)
    assert flows == Flows(5.0, 0.0, 25.0, 0.0, 0.0, 0.0)


def test_a_discharging_setpoint_beyond_the_deficit_is_exported():
    flows = settle(-3.0, battery(), (0.0, 8.0), NO_LIMIT, 1.0)
    assert flows == Flows(0.0, 8.0, 0.0, 5.0, 0.0, 0.0)


def test_discharging_never_curtails():
    flows = settle(-3.0, battery(), (0.0, 8.0), Connection(0.0, 2.0), 1.0)
    assert flows == Flows(0.0, 5.0, 0.0, 2.0, 0.0, 0.0)


def test_backup_serves_what_battery_and_grid_cannot_and_the_rest_is_unserved():
    connection = Connection(25.0, math.inf, backup_limit_w=12.0, backup_least_w=3.0)
    flows = settle(-50.0, battery(), FOLLOW, connection, 1.0)
    assert flows == Flows(0.0, 10.0, 25.0, 0.0, 0.0, 3.0, 12.0)
    assert settle(-30.0, battery(), FOLLOW, connection, 1.0).backup_w == 0.0


def test_backup_at_its_least_spares_import_and_then_is_curtailed():
    grid = Connection(25.0, 0.0, backup_limit_w=12.0, backup_least_w=6.0)
    assert settle(-27.0, None, FOLLOW, grid, 1.0) == Flows(0, 0, 21.0, 0, 0, 0, 6.0)
    island = Connection(0.0, 0.0, backup_limit_w=12.0, backup_least_w=6.0)
    assert settle(-2.0, None, FOLLOW, island, 1.0) == Flows(0, 0, 0, 0, 4.0, 0, 6.0)


@pytest.mark.parametrize("setpoint", [FOLLOW, (30.0, 0.0), (0.0, 30.0), (0.0, 0.0)])
def test_a_setpoint_beyond_the_battery_is_cut_to_what_it_can_do(setpoint):
    flows = settle(-4.0, battery(soc=0.02), setpoint, NO_LIMIT, 1.0)
    assert flows.discharge_w <= 2.0
    assert flows.charge_w <= 10.0


def test_a_battery_that_is_full_within_the_step_leaves_the_rest_of_the_step_to_the_grid():
    # 50 J of room take 10 W for 5 of 20 s; then all 12 W meet the export limit of 4 W.
    flows = settle(12.0, battery(), FOLLOW, Connection(0.0, 4.0), 20.0)
    assert flows == pytest.approx(Flows(2.5, 0.0, 0.0, 0.25 * 2 + 0.75 * 4, 0.75 * 8, 0.0))


@pytest.mark.parametrize(
    ("net_w", "hold", "charge_w", "discharge_w", "import_w"),
    [
        (-3.0, HoldImport(8.0), 5.0, 0.0, 8.0),
        (-3.0, HoldImport(8.0, 4.0), 4.0, 0.0, 7.0),
        (-6.0, HoldImport(8.0, 4.0), 2.0, 0.0, 8.0),
        (-9.0, HoldImport(8.0, 4.0), 0.0, 1.0, 8.0),
        (-9.0, HoldImport(8.0, 0.0, 4.0), 0.0, 4.0, 5.0),
        (-3.0, HoldImport(8.0, 0.0, 4.0), 0.0, 3.0, 0.0),  # none of it is exported
        (-3.0, HoldImport(8.0, 0.0), 0.0, 0.0, 3.0),
        (2.0, HoldImport(8.0, 0.0, 4.0), 2.0, 0.0, 0.0),  # what the sun has to spare is stored
    ],
)
def test_below_an_import_that_is_held_the_battery_does_as_planned(
    net_w, hold, charge_w, discharge_w, import_w
):
    flows = settle(net_w, battery(), hold, NO_LIMIT, 1.0)
    assert flows == Flows(charge_w, discharge_w, import_w, 0.0, 0.0, 0.0)
