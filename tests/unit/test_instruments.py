"""Power purchase agreements, certificates and market-based emissions, worked out by hand."""

import numpy as np
import pytest

from sim.grid.instruments import (
    Instruments,
    PowerContract,
    contract_costs_usd,
    market_based_kg,
)

NAN = np.full(4, np.nan)


def held(*contracts, **fields):
    standard = {
        "certificates_w": 0.0,
        "certificates_usd_per_s": 0.0,
        "market_price_usd_per_j": NAN,
        "residual_carbon_kg_per_j": NAN,
    }
    return Instruments(contracts=contracts, **(standard | fields))


def contract(*power_w, strike=3.0, **fields):
    return PowerContract("plant", np.array(power_w, dtype=float), strike, **fields)


IMPORT_W = np.array([10.0, 10.0, 0.0, 10.0])
PRICE = np.full(4, 5.0)
"""USD/J: unlikely, but easy on the eye."""


def costs(instruments, step_s=2.0):
    return contract_costs_usd(instruments, IMPORT_W, PRICE, step_s=step_s).tolist()


def test_pay_as_produced_saves_the_energy_price_and_sells_the_rest_at_the_market():
    sold_at = np.array([1.0, 1.0, 2.0, -1.0])
    # 6 W: all met, 6 * (3 - 5); 14 W: 10 met, 4 sold; 5 W: all sold; 12 W: 2 sold at a loss
    expected = [6 * -2, 10 * -2 + 4 * 2, 5 * 1, 10 * -2 + 2 * 4]
    instruments = held(contract(6, 14, 5, 12), market_price_usd_per_j=sold_at)
    assert costs(instruments) == [2.0 * cost for cost in expected]


def test_surplus_without_a_market_is_lost():
    assert costs(held(contract(6, 14, 5, 0)), step_s=1.0) == [-12.0, -20.0 + 12.0, 15.0, 0.0]


def test_contracts_meet_import_one_after_the_other():
    both = held(contract(6, 0, 0, 0), contract(6, 0, 0, 0, strike=4.0))
    # the second meets only the 4 W that the first left; 2 W of it are lost
    assert costs(both, step_s=1.0)[0] == 6 * (3 - 5) + 6 * 4 - 4 * 5


def test_contract_for_difference_is_settled_at_the_market_price_whatever_is_imported():
    instruments = held(
        contract(6, 6, 6, 0, settles_difference=True),
        market_price_usd_per_j=np.array([2.0, 4.0, -1.0, np.nan]),
    )
    assert costs(instruments, step_s=1.0) == [6.0, -6.0, 24.0, 0.0]


def test_unknown_price_makes_an_unknown_cost_only_where_it_matters():
    unknown = np.array([np.nan, 5.0, np.nan, 5.0])
    found = contract_costs_usd(held(contract(6, 6, 6, 0)), IMPORT_W, unknown, step_s=1.0)
    assert np.isnan(found).tolist() == [True, False, False, False]


def test_certificates_cost_the_same_in_every_step():
    assert costs(held(certificates_usd_per_s=0.25)) == [0.5] * 4


AVERAGE = np.array([0.1, 0.2, 0.3, 0.4])


def market_kg(instruments, average=AVERAGE):
    return market_based_kg(instruments, IMPORT_W * 2.0, average, step_s=2.0)


def test_without_contracts_the_average_intensity_or_the_residual_mix_counts():
    assert market_kg(held()) == pytest.approx(20 * np.array([0.1, 0.2, 0.0, 0.4]))
    residual = held(residual_carbon_kg_per_j=np.full(4, 0.7))
    assert market_kg(residual) == pytest.approx([14.0, 14.0, 0.0, 14.0])


def test_contracts_count_at_their_factor_and_the_rest_at_the_residual_mix():
    # Import is 60 J; the contract gives 3 W * 4 * 2 s = 24 J at 0.05: 36 J stay uncovered.
    instruments = held(
        contract(3, 3, 3, 3, carbon_kg_per_j=0.05), residual_carbon_kg_per_j=np.full(4, 0.7)
    )
    found = market_kg(instruments)
    assert found.sum() == pytest.approx(24 * 0.05 + 36 * 0.7)
    # matched by volume: every step has the same covered share
    assert found == pytest.approx(IMPORT_W / 30 * found.sum())


def test_surplus_of_contracts_is_not_banked_and_certificates_come_last():
    contracts = (contract(6, 6, 6, 6, carbon_kg_per_j=0.05),)  # 48 J
    some = held(*contracts, certificates_w=1.0)  # 8 J more: 4 J stay
    assert market_kg(some, np.full(4, 0.5)).sum() == pytest.approx(48 * 0.05 + 4 * 0.5)
    plenty = held(*contracts, certificates_w=100.0)
    assert market_kg(plenty, np.full(4, 0.5)).sum() == pytest.approx(48 * 0.05)


def test_unknown_intensity_matters_only_where_import_is_not_covered():
    assert market_kg(held(certificates_w=100.0), NAN).tolist() == [0.0] * 4
    assert np.isnan(market_kg(held(certificates_w=1.0), NAN)).tolist() == [True, True, False, True]


def test_no_import_emits_nothing():
    found = market_based_kg(held(contract(5, 5, 5, 5)), np.zeros(4), NAN, step_s=1.0)
    assert found.tolist() == [0.0] * 4


def test_only_contracts_without_carbon_are_carbon_free():
    both = held(contract(1, 2, 3, 4), contract(9, 9, 9, 9, carbon_kg_per_j=0.1))
    assert both.carbon_free_w().tolist() == [1.0, 2.0, 3.0, 4.0]
