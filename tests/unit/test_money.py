"""Prices, export, intensities and contracts of a site from its description."""

from pathlib import Path

import numpy as np
import pytest

from sim.engine.forecasts import ForecastDesk
from sim.errors import DataError
from sim.scenario.schema.scenario import Forecast, Scenario
from sim.scenario.series.piecewise import Series
from sim.site import TimeGrid, build_sites
from sim.units import G_PER_KWH, KW, USD_PER_KWH, USD_PER_MWH
from tests import worlds
from tests.worlds import time_grid

WEATHER = {"weather": {"tmy": "greensboro-nc"}}


def build(grid, folder=".", **site):
    """Return a site with a grid connection, built for a day of hours."""
    scenario = Scenario.model_validate(
        {
            "schema_version": 1,
            "name": "one",
            "start": "2025-06-02T00:00Z",
            "duration_h": 24,
            "step_min": 60,
            "sites": ({"name": "here", "grid": grid} | site,),
        }
    )
    return build_sites(scenario, Path(folder), TimeGrid.of(scenario), seed=1)[0]


def series(folder, name="p.csv", unit="USD/MWh", **fields):
    """Write a column that is the hour of the day, and return the field that reads it."""
    rows = [f"2025-06-02T{hour:02}:00Z,{hour}" for hour in range(24)]
    (folder / name).write_text("\n".join(["time,v", *rows]))
    return {"file": name, "column": "v", "unit": unit} | fields


HOURS = np.arange(24.0)


def test_price_of_blocks_is_that_of_the_first(tmp_path):
    blocks = (
        {"up_to_kwh": 10.0, "energy_usd_per_kwh": 0.05},
        {"energy_usd_per_kwh": 0.5},
    )
    alone = build({"tariff": {"blocks": blocks, "delivery_usd_per_kwh": 0.01}})
    assert alone.price_usd_per_j / USD_PER_KWH == pytest.approx(np.full(24, 0.06))
    on_top = build({"tariff": {"blocks": blocks}, "price": series(tmp_path)}, tmp_path)
    assert on_top.price_usd_per_j / USD_PER_KWH == pytest.approx(0.05 + HOURS / 1000)


def test_real_time_price_is_the_series_plus_what_is_added(tmp_path):
    site = build({"tariff": {"delivery_usd_per_kwh": 0.02}, "price": series(tmp_path)}, tmp_path)
    assert site.price_usd_per_j / USD_PER_KWH == pytest.approx(0.02 + HOURS / 1000)


def export(site):
    return site.export_price_usd_per_j / USD_PER_KWH


def test_export_earns_its_rate_a_series_and_a_share_of_the_energy_price(tmp_path):
    tariff = {"export_usd_per_kwh": 0.01, "delivery_usd_per_kwh": 0.5}
    assert export(build({"tariff": tariff})) == pytest.approx(np.full(24, 0.01))
    price = series(tmp_path)
    by_series = build({"tariff": tariff | {"export_price": price}}, tmp_path)
    assert export(by_series) == pytest.approx(0.01 + HOURS / 1000)
    net_billing = build({"tariff": tariff | {"export_factor": 0.5}, "price": price}, tmp_path)
    assert export(net_billing) == pytest.approx(0.01 + 0.5 * HOURS / 1000)


def test_net_billing_goes_by_the_market_where_the_tariff_has_a_price_of_its_own(tmp_path):
    tariff = {"energy_usd_per_kwh": 0.30, "export_factor": 1.0}
    wholesale = build({"tariff": tariff, "price": series(tmp_path)}, tmp_path)
    assert export(wholesale) == pytest.approx(HOURS / 1000)
    assert wholesale.price_usd_per_j / USD_PER_KWH == pytest.approx(np.full(24, 0.30))
    assert export(build({"tariff": tariff})) == pytest.approx(np.full(24, 0.30))


def test_latency_of_a_price_stays_with_the_signal_when_delivery_is_added(tmp_path):
    tariff = {"delivery_usd_per_kwh": 0.02}
    site = build({"tariff": tariff, "price": series(tmp_path, latency_h=5.0)}, tmp_path)
    assert site.signals["price"].latency_s == 5 * 3600.0
    assert build({"tariff": tariff}).signals["price"].latency_s is None


def test_site_without_contracts_has_no_instruments():
    assert build({}).instruments is None
    assert build({"tariff": {"energy_usd_per_kwh": 0.1}}).instruments is None


def purchase(**fields):
    return {"name": "ppa", "profile": {"constant_kw": 50.0}, "strike_usd_per_mwh": 40.0} | fields


def test_contracts_come_in_si(tmp_path):
    held = build(
        {
            "price": series(tmp_path),
            "power_purchases": (
                purchase(share_fraction=0.5),
                purchase(name="b", profile=series(tmp_path, "s.csv", "kW"),
                         settlement="difference", carbon_intensity_g_per_kwh=20.0),
            ),
            "certificates": (
                {"kwh_per_year": 8760.0, "price_usd_per_mwh": 2.0},
                {"kwh_per_year": 17520.0, "price_usd_per_mwh": 3.0},
            ),
            "residual_carbon_intensity": {"constant_g_per_kwh": 600.0},
            "emission_cap_t": 1.5,
        },
        tmp_path,
    ).instruments  # fmt: skip
    first, second = held.contracts
    assert first.power_w == pytest.approx(np.full(24, 25.0 * KW))
    assert first.strike_usd_per_j == pytest.approx(40 * USD_PER_MWH)
    assert (first.settles_difference, first.carbon_kg_per_j) == (False, 0.0)
    assert second.power_w == pytest.approx(HOURS * KW)
    assert (second.settles_difference, second.carbon_kg_per_j) == (True, 20 * G_PER_KWH)
    # 1 kW and 2 kW all year, at 2 and 3 $ for 1000 kWh: 0.008 $ an hour
    assert held.certificates_w == pytest.approx(3000.0)
    assert held.certificates_usd_per_s * 3600 == pytest.approx(0.008)
    assert held.market_price_usd_per_j == pytest.approx(HOURS * USD_PER_MWH)
    assert held.residual_carbon_kg_per_j == pytest.approx(np.full(24, 600 * G_PER_KWH))
    assert held.emission_cap_kg == 1500.0


def test_named_plants_follow_the_sites_sun_and_wind():
    bought = tuple(
        purchase(name=kind, profile=kind, capacity_kw=1000.0) for kind in ("solar", "wind")
    )
    site = build({"power_purchases": bought}, **WEATHER)
    solar, wind = site.instruments.contracts
    # Greensboro keeps UTC-5: the sun is down at 05:00Z and up at 17:00Z.
    assert solar.power_w[5] == 0.0
    assert 100 * KW < solar.power_w[17] <= 1000 * KW
    assert 0.0 < wind.power_w.max() <= 1000 * KW


def test_published_formats_are_read_where_a_series_may_stand(tmp_path):
    rows = [f"{h},2025-06-02 {h:02}:00:00,{100 + h}" for h in range(24)]
    (tmp_path / "c.csv").write_text("\n".join([",UTC time,carbon_intensity", *rows]))
    rows = [f"2025-06-02T{h:02}:00+00:00,{h}" for h in range(24)]
    (tmp_path / "m.csv").write_text("\n".join(["timestamp,MOER", *rows]))
    site = build(
        {
            "average_carbon_intensity": {"file": "c.csv", "format": "carboncast"},
            "marginal_carbon_intensity": {"file": "m.csv", "format": "watttime", "latency_h": 1.0},
        },
        tmp_path,
    )
    assert site.average_carbon_kg_per_j / G_PER_KWH == pytest.approx(100 + HOURS)
    assert site.marginal_carbon_kg_per_j / G_PER_KWH == pytest.approx(HOURS * 0.45359237)
    assert site.signals["marginal_carbon_intensity"].latency_s == 3600.0


def test_forecasters_see_a_signal_only_after_its_own_latency():
    grid = time_grid(24, 3600.0)
    edges_s = grid.window_edges_s
    hours_ago = -edges_s[:-1] / 3600.0  # each value tells how long before the start it began
    signals = {
        "price": Series(edges_s, hours_ago, latency_s=5 * 3600.0),
        "average_carbon_intensity": Series(edges_s, hours_ago),
    }
    here = worlds.site(grid, signals=signals)
    desk = ForecastDesk(Forecast(model="persistence", latency_h=2), [here])
    # Known at the start: the hour that ended 5 h ago began 6 h ago; by the scenario's own 2 h, 3.
    assert desk.latest(0, "price", 0.0).point[0] == 6.0
    assert desk.latest(0, "average_carbon_intensity", 0.0).point[0] == 3.0


def test_carbon_free_share_is_a_number_a_series_or_that_of_the_market(tmp_path):
    assert build({"carbon_free_fraction": 0.4}).carbon_free_fraction == pytest.approx(
        np.full(24, 0.4)
    )
    share = series(tmp_path, unit="%")
    own = build({"carbon_free_fraction": share, "market": "us-carolinas"}, tmp_path, **WEATHER)
    assert own.carbon_free_fraction == pytest.approx(HOURS / 100)
    market = build({"market": "us-carolinas"}, **WEATHER).carbon_free_fraction
    assert ((market > 0.0) & (market < 1.0)).all()
    assert np.isnan(build({}).carbon_free_fraction).all()


def test_carbon_free_share_above_all_is_refused(tmp_path):
    share = series(tmp_path, unit="-")
    with pytest.raises(DataError, match=r"^p.csv, line 4: 2 in column v is more than all.$"):
        build({"carbon_free_fraction": share}, tmp_path)
