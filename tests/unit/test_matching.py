"""Matching of load with carbon-free supply, and caps, on hours worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.grid.instruments import Instruments, PowerContract
from sim.ledger.close import close_books
from tests.worlds import job_table, run_log, site, time_grid

NAN = np.full(4, np.nan)


def metrics_of(*, contracts=(), free=np.nan, certificates_w=0.0, cap_kg=None, **columns):
    """Return metrics of four hours of a site with a load of 10 kW."""
    held = Instruments(
        contracts=tuple(
            PowerContract(f"c{n}", np.array(power_w, dtype=float) * 1e3, 0.0, carbon_kg_per_j=kg)
            for n, (power_w, kg) in enumerate(contracts)
        ),
        certificates_w=certificates_w,
        certificates_usd_per_s=0.0,
        market_price_usd_per_j=NAN,
        residual_carbon_kg_per_j=NAN,
        emission_cap_kg=cap_kg,
    )
    grid = time_grid(4, 3600.0)
    here = site(grid, carbon_free_fraction=free, base_load_w=1e4, **columns)
    log = run_log([replace(here, instruments=held)], job_table([], [], []))
    return close_books(log, [])[0]


def test_contracts_match_load_hour_by_hour_and_a_surplus_is_not_banked():
    found = metrics_of(contracts=[([4, 20, 0, 10], 0.0)], free=0.25)
    # matched 4, 10, 0, 10 of 40; of the other 6 and 10 a quarter is carbon-free
    assert found["hourly_matching_fraction"] == pytest.approx(24 / 40)
    assert found["cfe_score_fraction"] == pytest.approx((24 + 4) / 40)
    assert found["annual_matching_fraction"] == pytest.approx(34 / 40)


def test_own_supply_comes_before_contracts():
    found = metrics_of(contracts=[([4, 4, 4, 4], 0.0)], solar_w=[8e3, 8e3, 0.0, 0.0], free=0.0)
    assert found["hourly_matching_fraction"] == pytest.approx((10 + 10 + 4 + 4) / 40)
    assert found["annual_matching_fraction"] == pytest.approx((16 + 16) / 40)
    assert found["cfe_score_fraction"] == found["hourly_matching_fraction"]


def test_certificates_match_the_year_but_no_hour():
    found = metrics_of(certificates_w=2e4, free=0.1)
    assert found["annual_matching_fraction"] == 1.0
    assert found["hourly_matching_fraction"] == 0.0
    assert found["cfe_score_fraction"] == pytest.approx(0.1)


def test_contract_with_emissions_is_not_carbon_free():
    found = metrics_of(contracts=[([4, 4, 4, 4], 1e-9)], free=0.5)
    assert found["hourly_matching_fraction"] is None
    assert found["cfe_score_fraction"] == pytest.approx(0.5)


def test_score_needs_the_grids_share_only_for_import_that_nothing_covers():
    assert metrics_of(contracts=[([10, 10, 10, 10], 0.0)])["cfe_score_fraction"] == 1.0
    assert metrics_of(contracts=[([10, 10, 10, 9], 0.0)])["cfe_score_fraction"] is None


def test_nothing_owned_or_contracted_has_no_matching():
    found = metrics_of(free=0.5)
    assert found["hourly_matching_fraction"] is None
    assert found["annual_matching_fraction"] is None
    assert found["cfe_score_fraction"] == pytest.approx(0.5)


@pytest.mark.parametrize(("cap_kg", "met", "margin_t"), [(3000.0, 1, 0.12), (2000.0, 0, -0.88)])
def test_cap_is_reported_as_met_or_missed_with_its_margin(cap_kg, met, margin_t):
    # 40 kWh at 72 kg/kWh
    found = metrics_of(cap_kg=cap_kg, average_carbon_kg_per_j=72 / 3.6e6)
    assert found["carbon_operational_location_kg"] == pytest.approx(2880.0)
    assert found["emission_cap_met"] == met
    assert found["emission_cap_margin_t"] == pytest.approx(margin_t)


def test_cap_that_is_not_there_or_cannot_be_judged_is_none():
    assert metrics_of(average_carbon_kg_per_j=1.0)["emission_cap_met"] is None
    unknown = metrics_of(cap_kg=1.0, average_carbon_kg_per_j=np.nan)
    assert unknown["emission_cap_met"] is None
    assert unknown["emission_cap_margin_t"] is None
