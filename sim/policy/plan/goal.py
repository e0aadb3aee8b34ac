"""What a plan has as little of as it can: money, and carbon at a price or within a budget."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.optimize.horizon import Columns
from sim.policy.base import Observation, SiteView
from sim.policy.plan.hours import next_hours
from sim.units import HOUR_S, TONNE_KG

CarbonSignal = Literal["average", "marginal"]


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """What flows cost in the next n hours.

    Attributes
    ----------
    import_per_j, export_per_j : ndarray of float, shape (n,)
        What import costs, and export earns. [USD/J]
    carbon_kg_per_j : ndarray of float, shape (n,)
        Emissions of import; 0 where they do not count. [kgCO2e/J]
    """

    import_per_j: Columns
    export_per_j: Columns
    carbon_kg_per_j: Columns


@dataclass(frozen=True, slots=True)
class Goal:
    """Money, and what carbon counts for.

    Attributes
    ----------
    carbon_usd_per_t : float
        What emissions count for, besides what the site pays for them. [USD/tCO2e]
    carbon_signal : {'average', 'marginal'}
        Which intensity of the grid they are counted at.
    has_budget : bool
        Whether they count by themselves.
    """

    carbon_usd_per_t: float = 0.0
    carbon_signal: CarbonSignal = "average"
    has_budget: bool = False

    def rates(self, obs: Observation, site: SiteView, count: int, *, share: float) -> Rates:
        """Return what flows cost in the next hours.

        Parameters
        ----------
        obs : Observation
            What is known.
        site : SiteView
            The site.
        count : int
            Hours: n. [-]
        share : float
            Part of the first hour for which the present step's values hold. [-]

        Returns
        -------
        Rates
            By the latest forecasts. Export earns what it does now, and where the contract ties it
            to the price, that of the price.
        """
        price = expected(obs, site, "price", count, share=share)
        carbon_kg = self._carbon(obs, site, count, share)
        terms = site.terms
        tariff = terms.tariff
        exported = np.full(count, _or_zero(terms.export_usd_per_j))
        if tariff is not None and tariff.export_factor:
            exported += tariff.export_factor * (price - price[0])
        usd_per_kg, is_marginal = self.carbon_usd_per_t / TONNE_KG, self.carbon_signal == "marginal"
        cost = price + usd_per_kg * carbon_kg
        if is_marginal:
            exported = exported + usd_per_kg * carbon_kg
        if tariff is not None and tariff.carbon_price_usd_per_t:
            signal = f"{tariff.carbon_price_basis}_carbon_intensity"
            paid = tariff.carbon_price_usd_per_t / TONNE_KG
            kg = expected(obs, site, signal, count, share=share)
            cost = cost + paid * kg
            if tariff.carbon_price_basis == "marginal":
                exported = exported + paid * kg
        return Rates(cost, exported, carbon_kg)

    def _carbon(self, obs: Observation, site: SiteView, count: int, share: float) -> Columns:
        """Return the intensity that counts; forecasts that do not are not asked for."""
        if not self.carbon_usd_per_t and not self.has_budget:
            return np.zeros(count)
        return expected(obs, site, f"{self.carbon_signal}_carbon_intensity", count, share=share)


def expected(
    obs: Observation, site: SiteView, signal: str, count: int, *, share: float = 0.0
) -> Columns:
    """Return the expected values of a signal in the next hours.

    Parameters
    ----------
    obs : Observation
        What is known.
    site : SiteView
        The site.
    signal : str
        One of ``registry.SIGNALS``.
    count : int
        Hours: n. [-]
    share : float
        Part of the first hour for which the present step's value holds. [-]

    Returns
    -------
    ndarray of float, shape (n,)
        Values; 0 where nothing is known. [unit of the signal]
    """
    ahead = next_hours(obs.forecast(site.index, signal), obs.now_s, count)
    present = site.now(signal)
    if math.isnan(ahead[0]):
        return np.full(count, _or_zero(present))
    if share > 0.0 and not math.isnan(present):
        ahead = ahead.copy()
        ahead[0] += share * (present - ahead[0])
    return ahead


def present_share(obs: Observation) -> float:
    """Return the part of an hour that a step is. [-]."""
    return min(1.0, obs.step_s / HOUR_S)


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
