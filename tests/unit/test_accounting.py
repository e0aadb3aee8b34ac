"""What the steps of a site cost, on four hours worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.grid.instruments import Instruments, PowerContract
from sim.ledger.close import close_books
from sim.scenario.schema.tariff import EnergyBlock, Tariff
from tests.worlds import job_table, run_log, site, time_grid

KWH = 3.6e6
LOAD_KW = np.array([10.0, 20.0, 0.0, 0.0])
SUN_KW = np.array([0.0, 0.0, 5.0, 0.0])


def books(tariff=None, *, contracts=(), **columns):
    """Return metrics and steps; import is 10, 20, 0 and 0 kW, export 5 kW in the third hour."""
    held = Instruments(
        contracts=tuple(contracts),
        certificates_w=0.0,
        certificates_usd_per_s=0.0,
        market_price_usd_per_j=np.full(4, np.nan),
        residual_carbon_kg_per_j=np.full(4, np.nan),
    )
    here = site(time_grid(4, 3600.0), base_load_w=LOAD_KW * 1e3, solar_w=SUN_KW * 1e3, **columns)
    here = replace(here, tariff=tariff, instruments=held if contracts else None)
    metrics, steps, _ = close_books(run_log([here], job_table([], [], [])), [])
    return metrics, steps


@pytest.mark.parametrize(("basis", "expected"), [("average", 30 * 0.5), ("marginal", 25 * 2.0)])
def test_carbon_price_is_paid_on_the_basis_chosen(basis, expected):
    tariff = Tariff(carbon_price_usd_per_t=1000.0, carbon_price_basis=basis)  # 1 $ a kg
    carbon = {"average_carbon_kg_per_j": 0.5 / KWH, "marginal_carbon_kg_per_j": 2.0 / KWH}
    metrics, steps = books(tariff, **carbon)
    assert metrics["cost_carbon_usd"] == pytest.approx(expected)
    # both accountings stand in every run, whatever is paid on
    assert metrics["carbon_operational_location_kg"] == pytest.approx(15.0)
    assert metrics["carbon_marginal_kg"] == pytest.approx(50.0)
    assert steps["carbon_marginal_kg"].tolist() == pytest.approx([20.0, 40.0, -10.0, 0.0])


def test_blocks_add_to_the_price_that_policies_see():
    # four hours are 4/720 of June's first block of 3600 kWh: 20 kWh
    blocks = (
        EnergyBlock(up_to_kwh=3600.0, energy_usd_per_kwh=0.1),
        EnergyBlock(energy_usd_per_kwh=0.4),
    )
    metrics, steps = books(Tariff(blocks=blocks), price_usd_per_j=0.1 / KWH)
    assert steps["cost_energy_usd"].tolist() == pytest.approx([1.0, 1.0 + 4.0, 0.0, 0.0])
    assert metrics["cost_energy_usd"] == pytest.approx(6.0)


def test_minimum_bill_counts_charges_less_what_export_earns():
    share = 4 / 720
    tariff = Tariff(minimum_usd_per_month=10.0 / share, fixed_usd_per_month=1.0 / share)
    money = {"price_usd_per_j": 0.2 / KWH, "export_price_usd_per_j": 0.5 / KWH}
    metrics, steps = books(tariff, **money)
    # 6 of energy and 1 fixed less 2.5 for export: 5.5 are missing of 10
    assert metrics["cost_fixed_usd"] == pytest.approx(1.0 + 5.5)
    assert metrics["cost_total_usd"] == pytest.approx(10.0)
    assert steps["cost_fixed_usd"].tolist() == pytest.approx([6.5 / 4] * 4)


def test_contracted_energy_saves_the_energy_price_but_not_its_delivery():
    plant = PowerContract("plant", np.full(4, 10e3), 0.05 / KWH)
    tariff = Tariff(energy_usd_per_kwh=0.2, delivery_usd_per_kwh=0.1)
    metrics, steps = books(tariff, contracts=[plant], price_usd_per_j=0.3 / KWH)
    # 40 kWh at 0.05, of which 20 kWh save 0.20 each; the tariff takes 0.30 for all 30 kWh
    assert metrics["cost_energy_usd"] == pytest.approx(9.0)
    assert metrics["cost_contracts_usd"] == pytest.approx(2.0 - 4.0)
    assert metrics["cost_total_usd"] == pytest.approx(7.0)
    assert steps["contracted_kw"].tolist() == [10.0] * 4


def test_market_based_emissions_are_those_of_the_grid_where_nothing_is_contracted():
    metrics, _ = books(average_carbon_kg_per_j=0.5 / KWH)
    assert metrics["carbon_operational_market_kg"] == pytest.approx(15.0)
    assert metrics["cost_contracts_usd"] is None


def test_market_based_emissions_are_none_only_where_they_cannot_be_told():
    unknown = {"average_carbon_kg_per_j": np.nan}
    assert books(**unknown)[0]["carbon_operational_market_kg"] is None
    some = PowerContract("some", np.full(4, 5e3), 0.0)
    assert books(contracts=[some], **unknown)[0]["carbon_operational_market_kg"] is None
    enough = PowerContract("enough", np.full(4, 7.5e3), 0.0)
    assert books(contracts=[enough], **unknown)[0]["carbon_operational_market_kg"] == 0.0
