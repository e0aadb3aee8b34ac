"""Contracts beside the tariff: what they cost, and what of the import they make whose.

References
----------
.. [1] World Resources Institute, "GHG Protocol Scope 2 Guidance," 2015: contracts at their own
   factor, what they do not cover at the residual mix.
.. [2] Google, "24/7 Carbon-Free Energy: Methodologies and Metrics," 2021: supply counts in the hour
   it is produced, a surplus is not banked.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PowerContract:
    """A power purchase agreement.

    Attributes
    ----------
    name : str
        Its name.
    power_w : ndarray of float, shape (n,)
        Contracted output in each step. [W]
    strike_usd_per_j : float
        Price agreed on. [USD/J]
    settles_difference : bool
        Whether only the difference to the market price is paid, and no energy delivered.
    carbon_kg_per_j : float
        Emission factor. [kgCO2e/J]
    """

    name: str
    power_w: Columns
    strike_usd_per_j: float
    settles_difference: bool = False
    carbon_kg_per_j: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """What a site has contracted beside its tariff, over n steps.

    Attributes
    ----------
    contracts : tuple of PowerContract
        Power purchase agreements, in the order in which they meet the import.
    certificates_w : float
        Mean power of the energy that unbundled certificates stand for. [W]
    certificates_usd_per_s : float
        What they cost, spread over time. [USD/s]
    market_price_usd_per_j : ndarray of float, shape (n,)
        Price that contracted energy is sold at; nan where unknown. [USD/J]
    residual_carbon_kg_per_j : ndarray of float, shape (n,)
        Intensity of import that no contract covers; nan where unknown. [kgCO2e/J]
    emission_cap_kg : float or None
        Cap on location-based operational emissions over the run. [kgCO2e]
    """

    contracts: tuple[PowerContract, ...]
    certificates_w: float
    certificates_usd_per_s: float
    market_price_usd_per_j: Columns
    residual_carbon_kg_per_j: Columns
    emission_cap_kg: float | None = None

    def carbon_free_w(self) -> Columns:
        """Return the contracted carbon-free output in each step, shape (n,). [W]."""
        total_w = np.zeros(len(self.market_price_usd_per_j))
        for contract in self.contracts:
            if contract.carbon_kg_per_j == 0:
                total_w += contract.power_w
        return total_w


def contract_costs_usd(
    instruments: Instruments, import_w: Columns, energy_price_usd_per_j: Columns, *, step_s: float
) -> Columns:
    """Return what contracts and certificates cost in each step; negative where they earn.

    Parameters
    ----------
    instruments : Instruments
        The contracts.
    import_w : ndarray of float, shape (n,)
        Mean import. [W]
    energy_price_usd_per_j : ndarray of float, shape (n,)
        What the tariff takes for import, without delivery; nan where unknown. [USD/J]
    step_s : float
        Length of a step. [s]

    Returns
    -------
    ndarray of float, shape (n,)
        Cost on top of what the tariff takes for all import. [USD]

    Notes
    -----
    Pay-as-produced energy is paid at the strike price. What meets import in the same step saves the
    tariff's energy price, one contract after the other; the rest is sold at the market price, or
    lost where that is unknown. A contract for difference costs strike less market price.
    """
    cost_usd_per_s = np.full(len(import_w), instruments.certificates_usd_per_s)
    market_usd_per_j = instruments.market_price_usd_per_j
    left_w = import_w.copy()
    for contract in instruments.contracts:
        produced_w = contract.power_w
        cost_usd_per_s += produced_w * contract.strike_usd_per_j
        if contract.settles_difference:
            cost_usd_per_s -= _times(produced_w, market_usd_per_j)
            continue
        met_w = np.minimum(produced_w, left_w)
        left_w -= met_w
        cost_usd_per_s -= _times(met_w, energy_price_usd_per_j)
        cost_usd_per_s -= (produced_w - met_w) * np.nan_to_num(market_usd_per_j)
    return cost_usd_per_s * step_s


def market_based_kg(
    instruments: Instruments, import_j: Columns, average_carbon_kg_per_j: Columns, *, step_s: float
) -> Columns:
    """Return market-based emissions of each step (scope 2 of the GHG Protocol).

    Parameters
    ----------
    instruments : Instruments
        The contracts.
    import_j : ndarray of float, shape (n,)
        Import in each step. [J]
    average_carbon_kg_per_j : ndarray of float, shape (n,)
        Average intensity, taken where there is no residual mix; nan where unknown. [kgCO2e/J]
    step_s : float
        Length of a step. [s]

    Returns
    -------
    ndarray of float, shape (n,)
        Emissions; nan where import is not covered and its intensity unknown. [kgCO2e]

    Notes
    -----
    Contracts and certificates are matched with import by volume over the whole run, contracts first
    and in their order; each step has the same covered share. A surplus is not banked.
    """
    residual = instruments.residual_carbon_kg_per_j
    intensity = np.where(np.isnan(residual), average_carbon_kg_per_j, residual)
    total_j = float(import_j.sum())
    left_j, covered_kg = total_j, 0.0
    for supply_j, carbon_kg_per_j in _supplies(instruments, len(import_j) * step_s, step_s):
        used_j = min(supply_j, left_j)
        left_j -= used_j
        covered_kg += used_j * carbon_kg_per_j
    if total_j == 0:
        return np.zeros(len(import_j))
    uncovered_kg = _times(import_j * (left_j / total_j), intensity)
    return np.asarray(import_j * (covered_kg / total_j) + uncovered_kg)


def _supplies(
    instruments: Instruments, duration_s: float, step_s: float
) -> list[tuple[float, float]]:
    """Return energy and emission factor of each contract, and of the certificates."""
    contracts = [
        (float(contract.power_w.sum()) * step_s, contract.carbon_kg_per_j)
        for contract in instruments.contracts
    ]
    return [*contracts, (instruments.certificates_w * duration_s, 0.0)]


def _times(quantity: Columns, rate: Columns) -> Columns:
    """Return the product, 0 where there is nothing even if the rate is unknown."""
    return np.where(quantity == 0.0, 0.0, quantity * rate)
