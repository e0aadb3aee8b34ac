"""What each step of a site cost, in money and in carbon."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.grid.events import response_usd
from sim.grid.instruments import contract_costs_usd, market_based_kg
from sim.grid.tariff import block_charges_usd, demand_charges_usd, fixed_charges_usd, top_up_usd
from sim.ledger.ledger import StepRecord, facility_w
from sim.site import Site
from sim.units import TONNE_KG, USD_PER_KWH

Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StepAccount:
    """Money and carbon of one site in each step, shape (n_steps,); nan where unknown.

    Attributes
    ----------
    facility_w : ndarray of float
        Facility power with the base load. [W]
    cost_energy_usd : ndarray of float
        Imported energy at its price, by the blocks it falls in. [USD]
    cost_demand_usd : ndarray of float
        Demand charges, in the steps of the interval that set each month's peak. [USD]
    cost_fixed_usd : ndarray of float
        Fixed charge, and what brings a month's bill to the minimum, even over the month. [USD]
    cost_contracts_usd : ndarray of float
        Power purchase agreements and certificates, on top of what the tariff takes. [USD]
    revenue_export_usd : ndarray of float
        Exported energy at its rate. [USD]
    cost_carbon_usd : ndarray of float
        Carbon price on emissions, location-based or marginal. [USD]
    cost_backup_usd : ndarray of float
        Fuel of the backup generator. [USD]
    cost_battery_wear_usd : ndarray of float
        Cost of the life that the battery's cells have used up. [USD]
    revenue_response_usd, cost_response_usd : ndarray of float
        Payments and penalties of demand response. [USD]
    carbon_location_kg : ndarray of float
        Imported energy at the average intensity, and the backup generator's emissions. [kgCO2e]
    carbon_marginal_kg : ndarray of float
        Imported less exported energy at the marginal intensity, and the backup generator's
        emissions: what is emitted because of the site. [kgCO2e]
    carbon_market_kg : ndarray of float
        Market-based: import by contracts and the rest at the residual mix, and the backup
        generator's emissions. [kgCO2e]
    contracted_w : ndarray of float
        Contracted carbon-free output. [W]
    carbon_embodied_kg : ndarray of float
        Embodied carbon of the site's equipment spread over its life. [kgCO2e]
    """

    facility_w: Columns
    cost_energy_usd: Columns
    cost_demand_usd: Columns
    cost_fixed_usd: Columns
    cost_contracts_usd: Columns
    revenue_export_usd: Columns
    cost_carbon_usd: Columns
    cost_backup_usd: Columns
    cost_battery_wear_usd: Columns
    revenue_response_usd: Columns
    cost_response_usd: Columns
    carbon_location_kg: Columns
    carbon_marginal_kg: Columns
    carbon_market_kg: Columns
    contracted_w: Columns
    carbon_embodied_kg: Columns

    @property
    def cost_total_usd(self) -> Columns:
        """Everything paid less everything earned, shape (n_steps,). [USD]."""
        paid = self.cost_energy_usd + self.cost_demand_usd + self.cost_fixed_usd
        paid = paid + self.cost_contracts_usd + self.cost_carbon_usd
        paid = paid + self.cost_backup_usd + self.cost_response_usd + self.cost_battery_wear_usd
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
    marginal_kg = _times(import_j - export_j, site.marginal_carbon_kg_per_j) + backup_kg
    return StepAccount(
        facility_w=facility_w(site, record),
        **_bill(site, record),
        **_contracts(site, record, backup_kg),
        cost_carbon_usd=_carbon_cost_usd(site, location_kg, marginal_kg),
        cost_backup_usd=backup_j * site.backup_usd_per_j,
        cost_battery_wear_usd=record.wear_usd,
        revenue_response_usd=earned_usd,
        cost_response_usd=penalty_usd,
        carbon_location_kg=location_kg,
        carbon_marginal_kg=marginal_kg,
        carbon_embodied_kg=_embodied_kg(site),
    )


def _bill(site: Site, record: StepRecord) -> dict[str, Columns]:
    """Return what the tariff takes and gives in each step, by the names of StepAccount."""
    dt_s, starts, tariff = site.grid.step_s, site.grid.starts, site.tariff
    import_j = record.import_w * dt_s
    bill = {
        "cost_energy_usd": _times(import_j, site.price_usd_per_j),
        "cost_demand_usd": np.zeros_like(import_j),
        "cost_fixed_usd": np.zeros_like(import_j),
        "revenue_export_usd": _times(record.export_w * dt_s, site.export_price_usd_per_j),
    }
    if tariff is None:
        return bill
    bill["cost_energy_usd"] += block_charges_usd(import_j, starts, tariff=tariff, step_s=dt_s)
    bill["cost_demand_usd"] = demand_charges_usd(
        record.import_w, starts, tariff=tariff, step_s=dt_s
    )
    bill["cost_fixed_usd"] = fixed_charges_usd(starts, tariff=tariff, step_s=dt_s)
    so_far_usd = bill["cost_energy_usd"] + bill["cost_demand_usd"] + bill["cost_fixed_usd"]
    so_far_usd -= bill["revenue_export_usd"]
    bill["cost_fixed_usd"] += top_up_usd(so_far_usd, starts, tariff=tariff, step_s=dt_s)
    return bill


def _contracts(site: Site, record: StepRecord, backup_kg: Columns) -> dict[str, Columns]:
    """Return what contracts cost and cover in each step, by the names of StepAccount."""
    dt_s, held = site.grid.step_s, site.instruments
    import_j, average = record.import_w * dt_s, site.average_carbon_kg_per_j
    if held is None:
        return {
            "cost_contracts_usd": np.zeros_like(import_j),
            "carbon_market_kg": _times(import_j, average) + backup_kg,
            "contracted_w": np.zeros_like(import_j),
        }
    # Delivery is due for contracted energy all the same.
    delivery = site.tariff.delivery_usd_per_kwh * USD_PER_KWH if site.tariff else 0.0
    saved_usd_per_j = site.price_usd_per_j - delivery
    return {
        "cost_contracts_usd": contract_costs_usd(
            held, record.import_w, saved_usd_per_j, step_s=dt_s
        ),
        "carbon_market_kg": market_based_kg(held, import_j, average, step_s=dt_s) + backup_kg,
        "contracted_w": held.carbon_free_w(),
    }


def _carbon_cost_usd(site: Site, location_kg: Columns, marginal_kg: Columns) -> Columns:
    if site.tariff is None or site.tariff.carbon_price_usd_per_t == 0:
        return np.zeros_like(location_kg)
    priced_kg = marginal_kg if site.tariff.carbon_price_basis == "marginal" else location_kg
    return priced_kg * (site.tariff.carbon_price_usd_per_t / TONNE_KG)


def _times(energy_j: Columns, rate_per_j: Columns) -> Columns:
    """Return the product, 0 where there is no energy even if the rate is unknown."""
    return np.where(energy_j == 0.0, 0.0, energy_j * rate_per_j)


def _embodied_kg(site: Site) -> Columns:
    return np.full(site.grid.n_steps, sum(site.embodied_kg_per_s.values()) * site.grid.step_s)
