"""What a site's energy costs and emits at the grid, and its contracts, from its description."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.grid.instruments import Instruments, PowerContract
from sim.grid.market import MarketResult
from sim.grid.tariff import energy_prices_usd_per_j, first_block_usd_per_j
from sim.scenario.schema.contracts import PowerPurchase
from sim.scenario.schema.grid import Grid, Tariff
from sim.scenario.schema.series import ConstantCarbon, ConstantPower, SeriesSource
from sim.scenario.series.piecewise import Series
from sim.site.times import Columns, TimeGrid
from sim.units import G_PER_KWH, HOUR_S, KW, KWH, MINUTE_S, TONNE_KG, USD_PER_KWH, USD_PER_MWH

YEAR_H = 8760
"""Hours of the year that certificates are bought for."""


@dataclass(frozen=True, slots=True)
class GridMoney:
    """What a site's energy costs and emits at the grid; None where unknown.

    Attributes
    ----------
    price : Series or None
        What one more unit of import costs. [USD/J]
    average_carbon, marginal_carbon : Series or None
        Carbon intensities. [kgCO2e/J]
    carbon_free_fraction : Series or None
        Carbon-free share of the grid's generation. [-]
    export_usd_per_j : ndarray of float, shape (n_steps,)
        What export earns in each step; nan where unknown. [USD/J]
    instruments : Instruments or None
        Contracts beside the tariff.
    """

    price: Series | None
    average_carbon: Series | None
    marginal_carbon: Series | None
    carbon_free_fraction: Series | None
    export_usd_per_j: Columns
    instruments: Instruments | None


@dataclass(frozen=True, slots=True)
class MoneyBuilder:
    """Builds what a grid connection costs and emits.

    Attributes
    ----------
    spec : Grid
        The connection.
    market : MarketResult or None
        The regional market, if it has one.
    times : TimeGrid
        The run's times.
    read : callable
        Reads a series from a file.
    plant : callable
        From ``solar`` or ``wind`` to the hourly output over rated power of a plant in the site's
        weather.
    """

    spec: Grid
    market: MarketResult | None
    times: TimeGrid
    read: Callable[[SeriesSource], Series]
    plant: Callable[[str], Columns]

    def build(self) -> GridMoney:
        """Return what the connection costs and emits."""
        spec = self.spec
        average = self._carbon(spec.average_carbon_intensity)
        marginal = self._carbon(spec.marginal_carbon_intensity)
        return GridMoney(
            price=self._price(),
            average_carbon=average or self._of_market("average_carbon_intensity_kg_per_j"),
            marginal_carbon=marginal or self._of_market("marginal_carbon_intensity_kg_per_j"),
            carbon_free_fraction=self._free() or self._of_market("carbon_free_fraction"),
            export_usd_per_j=self._export(),
            instruments=self._instruments(),
        )

    @property
    def tariff(self) -> Tariff:
        """The tariff; without one, that which changes nothing."""
        return self.spec.tariff or Tariff()

    def _price(self) -> Series | None:
        """Return energy at its price, in the first block, plus delivery."""
        energy = self._own() or self._wholesale()
        if energy is None:
            if not self.tariff.blocks:
                return None
            energy = self._constant(0.0)
        delivery = self.tariff.delivery_usd_per_kwh * USD_PER_KWH
        more = delivery + first_block_usd_per_j(self.tariff)
        return Series(energy.edges_s, more + energy.values, energy.latency_s)  # noqa: PD011 - a Series of ours

    def _own(self) -> Series | None:
        """Return the tariff's own energy price."""
        # Quarter hours are fine enough for every time zone's offset.
        first_s, last_s = self.times.window_edges_s[0], self.times.window_edges_s[-1]
        edges_s = np.arange(first_s, last_s + 1.0, 15 * MINUTE_S)
        starts = pd.Timestamp(self.times.start) + pd.to_timedelta(edges_s[:-1], unit="s")
        prices = energy_prices_usd_per_j(self.tariff, pd.DatetimeIndex(starts))
        return None if prices is None else Series(edges_s, prices)

    def _wholesale(self) -> Series | None:
        if self.spec.price is not None:
            return self.read(self.spec.price)
        return self._of_market("price_usd_per_j")

    def _of_market(self, field: str) -> Series | None:
        return None if self.market is None else self.times.hourly(getattr(self.market, field))

    def _free(self) -> Series | None:
        match self.spec.carbon_free_fraction:
            case None:
                return None
            case SeriesSource() as ref:
                return self.read(ref)
            case share:
                return self._constant(share)

    def _export(self) -> Columns:
        tariff = self.tariff
        earned = np.full(self.times.n_steps, tariff.export_usd_per_kwh * USD_PER_KWH)
        if tariff.export_price is not None:
            earned += self._on_steps(self.read(tariff.export_price))
        if tariff.export_factor:
            earned += tariff.export_factor * self._on_steps(self._wholesale() or self._own())
        return earned

    def _carbon(self, choice: SeriesSource | ConstantCarbon | None) -> Series | None:
        match choice:
            case None:
                return None
            case ConstantCarbon(constant_g_per_kwh=intensity):
                return self._constant(intensity * G_PER_KWH)
            case ref:
                return self.read(ref)

    def _instruments(self) -> Instruments | None:
        spec = self.spec
        has: tuple[Any, ...] = (spec.power_purchases, spec.certificates)
        if not any(has) and spec.residual_carbon_intensity is None and spec.emission_cap_t is None:
            return None
        bought_w = [one.kwh_per_year * KWH / (YEAR_H * HOUR_S) for one in spec.certificates]
        prices = [one.price_usd_per_mwh * USD_PER_MWH for one in spec.certificates]
        cap_t = spec.emission_cap_t
        return Instruments(
            contracts=tuple(self._contract(purchase) for purchase in spec.power_purchases),
            certificates_w=sum(bought_w),
            certificates_usd_per_s=sum(
                power_w * price for power_w, price in zip(bought_w, prices, strict=True)
            ),
            market_price_usd_per_j=self._on_steps(self._wholesale()),
            residual_carbon_kg_per_j=self._on_steps(self._carbon(spec.residual_carbon_intensity)),
            emission_cap_kg=None if cap_t is None else cap_t * TONNE_KG,
        )

    def _contract(self, purchase: PowerPurchase) -> PowerContract:
        match purchase.profile:
            case ConstantPower(constant_kw=power_kw):
                output = self._constant(power_kw * KW)
            case str(kind):
                rated_w = (purchase.capacity_kw or 0.0) * KW
                output = self.times.hourly(self.plant(kind) * rated_w)
            case ref:
                output = self.read(ref)
        return PowerContract(
            name=purchase.name,
            power_w=self._on_steps(output) * purchase.share_fraction,
            strike_usd_per_j=purchase.strike_usd_per_mwh * USD_PER_MWH,
            settles_difference=purchase.settlement == "difference",
            carbon_kg_per_j=purchase.carbon_intensity_g_per_kwh * G_PER_KWH,
        )

    def _on_steps(self, series: Series | None) -> Columns:
        if series is None:
            return np.full(self.times.n_steps, np.nan)
        return series.mean_over(self.times.edges_s)

    def _constant(self, value: float) -> Series:
        edges_s = self.times.window_edges_s
        return Series.constant(value, float(edges_s[0]), float(edges_s[-1]))
