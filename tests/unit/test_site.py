"""A site put together from its description, column by column."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sim.energy.dispatch import Connection
from sim.scenario.schema.scenario import Scenario
from sim.site import TimeGrid, build_sites, is_drawn
from sim.units import G_PER_KWH, KW, USD_PER_KWH


def build(site, *, hours=48, start="2025-06-02T00:00Z", step_min=5, folder="."):
    """Return one site, built."""
    scenario = Scenario.model_validate(
        {
            "schema_version": 1,
            "name": "one",
            "start": start,
            "duration_h": hours,
            "step_min": step_min,
            "sites": ({"name": "here"} | site,),
        }
    )
    return build_sites(scenario, Path(folder), TimeGrid.of(scenario), seed=1)[0]


GREENSBORO = {"weather": {"tmy": "greensboro-nc"}}


def test_a_site_without_parts_is_an_island_of_zeros():
    site = build({})
    assert site.connection == Connection(0.0, 0.0)
    assert not site.solar_w.any()
    assert not site.base_load_w.any()
    assert np.isnan(site.price_usd_per_j).all()
    assert site.battery is None
    assert site.clusters == ()


def test_a_grid_without_limits_is_unlimited():
    assert build({"grid": {}}).connection == Connection(np.inf, np.inf)
    assert build({"grid": {"import_limit_kw": 5}}).connection == Connection(5000.0, np.inf)


def test_hourly_supply_is_held_within_the_hour_and_dark_at_local_midnight():
    site = build(GREENSBORO | {"solar": {"dc_capacity_kw": 100}})
    hourly = site.solar_w.reshape(-1, 12)
    assert (hourly == hourly[:, :1]).all()
    # Greensboro keeps UTC-5: local midnight is 05:00Z, and the sun is up at noon, 17:00Z.
    assert hourly[5, 0] == 0.0
    assert hourly[17, 0] > 0.0
    assert site.solar_w.max() <= 100e3 / 1.2


def test_supply_depends_on_the_date_but_not_on_when_the_run_began():
    whole = build(GREENSBORO | {"solar": {"dc_capacity_kw": 100}})
    second_day = build(
        GREENSBORO | {"solar": {"dc_capacity_kw": 100}}, hours=24, start="2025-06-03T00:00Z"
    )
    np.testing.assert_array_equal(whole.solar_w[288:], second_day.solar_w)


def test_the_import_price_is_energy_by_local_hour_plus_delivery():
    tariff = {
        "timezone": "America/New_York",
        "energy_usd_per_kwh": 0.10,
        "delivery_usd_per_kwh": 0.02,
        "export_usd_per_kwh": 0.04,
        "time_of_use": (
            {"energy_usd_per_kwh": 0.30, "from_hour": 14, "to_hour": 20, "days": "weekdays"},
        ),
    }
    site = build({"grid": {"tariff": tariff}}, step_min=60)
    price = site.price_usd_per_j / USD_PER_KWH
    # In June New York is at UTC-4: 14..20 local is 18..24Z. 2 June 2025 is a Monday.
    assert price[17] == pytest.approx(0.12)
    assert price[18] == pytest.approx(0.32)
    assert price[23] == pytest.approx(0.32)
    assert price[24] == pytest.approx(0.12)
    assert site.export_price_usd_per_j[0] / USD_PER_KWH == pytest.approx(0.04)


def test_a_market_gives_price_and_intensities_and_a_series_of_the_users_goes_first(tmp_path):
    market = build(GREENSBORO | {"grid": {"market": "us-carolinas"}})
    own = build(
        GREENSBORO
        | {
            "grid": {
                "market": "us-carolinas",
                "average_carbon_intensity": {"constant_g_per_kwh": 123.0},
            }
        }
    )
    for column in (market.price_usd_per_j, market.marginal_carbon_kg_per_j):
        assert np.isfinite(column).all()
        assert column.std() > 0.0
    assert (market.marginal_carbon_kg_per_j >= 0.0).all()
    assert own.average_carbon_kg_per_j / G_PER_KWH == pytest.approx(np.full(576, 123.0))
    np.testing.assert_array_equal(own.price_usd_per_j, market.price_usd_per_j)


def test_a_constant_pue_is_overhead_and_a_cooling_plant_follows_the_temperature():
    cluster = {"name": "main", "accelerator": "h100-sxm", "nodes": 1}
    constant = build({"datacenter": {"clusters": (cluster,), "pue": 1.25}})
    assert constant.facility.overhead.ratio == pytest.approx(np.full(576, 0.25))
    assert not constant.facility.cooling.at_w(1e3).any()
    plant = {"clusters": (cluster,), "pue": {"cooling": "air-chiller"}}
    cooled = build(GREENSBORO | {"datacenter": plant})
    cooling_w = cooled.facility.cooling.at_w(5e3)
    afternoon, night = cooling_w[20 * 12], cooling_w[10 * 12]
    assert afternoon > night > 0.0
    assert (cooled.facility.conversion.at_w(5e3) > 0.0).all()


def test_an_idle_state_changes_what_free_accelerators_draw():
    def idle_w(state):
        cluster = {"name": "main", "accelerator": "h100-sxm", "nodes": 1, "idle_state": state}
        return build({"datacenter": {"clusters": (cluster,), "pue": 1.0}}).clusters[0].idle_w

    # 75 W bare, 38 W more with a model resident (catalog), 3 % and 125 W of the server for each.
    assert idle_w("bare") == pytest.approx(75 * 1.03 + 125)
    assert idle_w("resident") == pytest.approx((75 + 38) * 1.03 + 125)


def test_a_series_comes_onto_the_steps_by_its_exact_mean(tmp_path):
    rows = ["time,kw"] + [f"{300 * i},{i}" for i in range(300)]
    (tmp_path / "load.csv").write_text("\n".join(rows))
    load = {"base_load": {"file": "load.csv", "column": "kw", "unit": "kW"}}
    site = build(load, hours=24, step_min=15, folder=tmp_path)
    assert site.base_load_w[:2] / KW == pytest.approx([1.0, 4.0])


def test_the_grid_of_a_run_knows_its_window():
    scenario = Scenario.model_validate(
        {
            "schema_version": 1,
            "name": "one",
            "start": "2025-06-02T00:30Z",
            "duration_h": 1.5,
            "step_min": 30,
            "sites": ({"name": "here"},),
        }
    )
    grid = TimeGrid.of(scenario)
    assert grid.n_steps == 3
    assert grid.window_start == datetime(2025, 5, 24, tzinfo=UTC)
    assert grid.window_edges_s[0] == -(9 * 24 + 0.5) * 3600
    assert grid.window_edges_s[-1] >= grid.duration_s + 48 * 3600


def test_a_resampled_year_differs_from_seed_to_seed_and_not_within_one():
    spec = Scenario.model_validate(
        {
            "schema_version": 1,
            "name": "drawn",
            "start": "2025-06-02T00:00Z",
            "duration_h": 240,
            "step_min": 60,
            "sites": (
                {
                    "name": "here",
                    "weather": {"tmy": "greensboro-nc", "resample": "daily-block"},
                    "solar": {"dc_capacity_kw": 100},
                },
            ),
        }
    )
    assert is_drawn(spec)

    def solar_w(seed):
        return build_sites(spec, Path(), TimeGrid.of(spec), seed=seed)[0].solar_w

    np.testing.assert_array_equal(solar_w(1), solar_w(1))
    assert not np.array_equal(solar_w(1), solar_w(2))
