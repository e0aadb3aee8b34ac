"""What each step of a site cost, in money and in carbon."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.grid.events import response_usd
from sim.grid.tariff import demand_charges_usd
from sim.ledger.ledger import StepRecord, facility_w
from sim.site import Site
from sim.units import TONNE_KG

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StepAccount:
    """Money and carbon of one site in each step, shape (n_steps,); nan where unknown.

    Attributes
    ----------
    facility_w : ndarray of float
        Facility power with the base load. [W]
    cost_energy_usd : ndarray of float
        Imported energy at its price. [USD]
    cost_demand_usd : ndarray of float
        Demand charge, in the steps of the interval that set each month's peak. [USD]
    revenue_export_usd : ndarray of float
        Exported energy at its rate. [USD]
    cost_carbon_usd : ndarray of float
        Carbon price on the location-based emissions. [USD]
    cost_backup_usd : ndarray of float
        Fuel of the backup generator. [USD]
    revenue_response_usd, cost_response_usd : ndarray of float
        Payments and penalties of demand response. [USD]
    carbon_location_kg : ndarray of float
        Imported energy at the average intensity, and the backup generator's emissions. [kgCO2e]
    carbon_marginal_kg : ndarray of float
        Imported less exported energy at the marginal intensity, and the backup generator's
        emissions: what is emitted because of the site. [kgCO2e]
    carbon_embodied_kg : ndarray of float
        Embodied carbon of the data center spread over its life. [kgCO2e]
    """

    facility_w: Columns
    cost_energy_usd: Columns
    cost_demand_usd: Columns
    revenue_export_usd: Columns
    cost_carbon_usd: Columns
    cost_backup_usd: Columns
    revenue_response_usd: Columns
    cost_response_usd: Columns
    carbon_location_kg: Columns
    carbon_marginal_kg: Columns
    carbon_embodied_kg: Columns

    @property
    def cost_total_usd(self) -> Columns:
        """Everything paid less everything earned, shape (n_steps,). [USD]."""
        paid = self.cost_energy_usd + self.cost_demand_usd + self.cost_carbon_usd
        paid = paid + self.cost_backup_usd + self.cost_response_usd
        return paid - self.revenue_export_usd - self.revenue_response_usd


def account(site: Site, record: StepRecord) -> StepAccount:
    """Return what each step of a site cost.

    Parameters
    ----------
    site : Site
        Prices, intensities and contract.
    record : StepRecord
        What it did.

    Returns
    -------
    StepAccount
        Money and carbon by step.
    """
    dt_s = site.grid.step_s
    import_j, export_j = record.import_w * dt_s, record.export_w * dt_s
    backup_j = record.backup_w * dt_s
    backup_kg = backup_j * site.backup_carbon_kg_per_j
    earned_usd, penalty_usd = response_usd(site.responses, record.import_w, dt_s)
    location_kg = _times(import_j, site.average_carbon_kg_per_j) + backup_kg
    demand_usd = np.zeros_like(import_j)
    carbon_price = 0.0
    if site.tariff is not None:
        demand_usd = demand_charges_usd(
            record.import_w, site.grid.starts, tariff=site.tariff, step_s=dt_s
        )
        carbon_price = site.tariff.carbon_price_usd_per_t / TONNE_KG
    return StepAccount(
        facility_w=facility_w(site, record),
        cost_energy_usd=_times(import_j, site.price_usd_per_j),
        cost_demand_usd=demand_usd,
        revenue_export_usd=_times(export_j, site.export_price_usd_per_j),
        cost_carbon_usd=location_kg * carbon_price if carbon_price else np.zeros_like(import_j),
        cost_backup_usd=backup_j * site.backup_usd_per_j,
        revenue_response_usd=earned_usd,
        cost_response_usd=penalty_usd,
        carbon_location_kg=location_kg,
        carbon_marginal_kg=_times(import_j - export_j, site.marginal_carbon_kg_per_j) + backup_kg,
        carbon_embodied_kg=_embodied_kg(site),
    )


def _times(energy_j: Columns, rate_per_j: Columns) -> Columns:
    """Return the product, 0 where there is no energy even if the rate is unknown."""
    return np.where(energy_j == 0.0, 0.0, energy_j * rate_per_j)


def _embodied_kg(site: Site) -> Columns:
    rates = [cluster.embodied_kg_per_s for cluster in site.clusters]
    known = [rate for rate in rates if rate is not None]
    total = sum(known) if len(known) == len(rates) else np.nan
    return np.full(site.grid.n_steps, total * site.grid.step_s)
