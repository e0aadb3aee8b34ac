from dataclasses import replace

import numpy as np
import pytest

from sim.grid.network.price_maker import price_table
from sim.grid.network.year import solve_year
from tests.grids import network

# Merit order of one bus above its demand of 10 MW: 20 MW at 10 USD/MWh, 30 MW at 20, 99 MW at 50.
STACK = network(
    "A", units=[("A", 30.0, 10.0, 900.0), ("A", 30.0, 20.0, 400.0), ("A", 99.0, 50.0, 600.0)],
    load_mw=[[10.0], [40.0]],
)
FIRST = np.array([0])


def table_of(load_mw, **options):
    return price_table(STACK, "A", load_mw=np.array(load_mw), **options)


def one(column):
    assert column.shape == (1,)
    return float(column[0])


@pytest.mark.parametrize(
    ("load_mw", "price", "cost_usd", "co2_kg", "marginal"),
    [
        (0.0, 10.0, 100.0, 9e3, 900.0),
        (15.0, 10.0, 250.0, 22.5e3, 900.0),
        (30.0, 20.0, 300.0 + 10 * 20, 27e3 + 4e3, 400.0),  # past the kink at 20 MW
        (40.0, 20.0, 300.0 + 20 * 20, 27e3 + 8e3, 400.0),
    ],
)
def test_between_two_sizes_with_one_kink_the_table_is_exact(
    load_mw, price, cost_usd, co2_kg, marginal
):
    quote = table_of([0.0, 40.0]).quote(FIRST, np.array([load_mw]))
    assert one(quote.price_usd_per_mwh) == pytest.approx(price)
    assert one(quote.system_cost_usd) == pytest.approx(cost_usd)
    assert one(quote.system_co2_kg) == pytest.approx(co2_kg)
    assert one(quote.marginal_emissions_kg_per_mwh) == pytest.approx(marginal)


def test_with_two_kinks_between_sizes_the_cost_is_a_bound_from_below():
    load_mw = np.linspace(0.0, 70.0, 29)
    hours = np.zeros(29, dtype=int)
    quote = table_of([0.0, 70.0]).quote(hours, load_mw)
    true = [solve_year(STACK, extra_load_mw={"A": more}).objective_usd[0] for more in load_mw]
    assert (quote.system_cost_usd <= np.array(true) + 1e-9).all()
    assert (np.diff(quote.system_cost_usd, 2) >= -1e-9).all()  # convex
    assert (quote.system_cost_usd[[0, -1]] == pytest.approx([true[0], true[-1]]))


def test_each_hour_has_its_own_prices():
    table = table_of([0.0, 15.0, 60.0])
    quote = table.quote(np.array([0, 1, 1]), np.array([5.0, 5.0, 50.0]))
    assert quote.price_usd_per_mwh == pytest.approx([10.0, 20.0, 50.0])


def test_an_hour_that_stands_for_others_counts_as_many():
    weighted = replace(STACK, weight_h=np.array([3.0, 1.0]))
    table = price_table(weighted, "A", load_mw=np.array([0.0, 40.0]))
    quote = table.quote(FIRST, np.array([15.0]))
    assert one(quote.system_cost_usd) == pytest.approx(3 * 250.0)
    assert one(quote.price_usd_per_mwh) == pytest.approx(10.0)


def test_the_generators_carbon_price_is_in_the_table():
    table = table_of([0.0, 40.0], carbon_price_usd_per_t=30.0)
    # 10 + 0.9 * 30 = 37 against 20 + 0.4 * 30 = 32: the second runs first.
    quote = table.quote(FIRST, np.array([15.0]))
    assert one(quote.price_usd_per_mwh) == pytest.approx(32.0)
    assert one(quote.system_cost_usd) == pytest.approx(25 * 32.0)


@pytest.mark.parametrize("load_mw", [-1.0, 40.5, np.nan])
def test_a_load_outside_the_sizes_is_refused(load_mw):
    with pytest.raises(ValueError, match="price table of bus A goes from 0 to 40 MW"):
        table_of([0.0, 40.0]).quote(FIRST, np.array([load_mw]))


@pytest.mark.parametrize("load_mw", [[5.0], [5.0, 5.0], [9.0, 1.0]])
def test_sizes_that_do_not_increase_are_refused(load_mw):
    with pytest.raises(ValueError, match="at least two sizes of the load, increasing"):
        table_of(load_mw)


def test_an_unknown_bus_is_refused_before_anything_is_solved():
    with pytest.raises(ValueError, match='network small has no bus "B"'):
        price_table(STACK, "B", load_mw=np.array([0.0, 1.0]))


def spoiled(file):
    """Change a table on disk, so that reading it can be told from solving it."""
    with np.load(file) as arrays:
        changed = dict(arrays) | {"price_usd_per_mwh": arrays["price_usd_per_mwh"] + 7.0}
    np.savez(file, **changed)


def test_a_table_is_kept_and_read_again_for_the_same_market_only(tmp_path):
    first = table_of([0.0, 40.0], cache=tmp_path / "tables")
    (file,) = (tmp_path / "tables").iterdir()
    spoiled(file)
    again = table_of([0.0, 40.0], cache=tmp_path / "tables")
    assert again.price_usd_per_mwh == pytest.approx(first.price_usd_per_mwh + 7.0)
    for other in (
        table_of([0.0, 41.0], cache=tmp_path / "tables"),
        table_of([0.0, 40.0], carbon_price_usd_per_t=1e-9, cache=tmp_path / "tables"),
        price_table(STACK.with_load({"A": 1e-9}), "A", load_mw=np.array([0.0, 40.0]),
                    cache=tmp_path / "tables"),
    ):
        assert other.price_usd_per_mwh[0, 0] == pytest.approx(10.0, abs=0.01)
    assert len(list((tmp_path / "tables").iterdir())) == 4


def test_a_damaged_table_is_solved_again(tmp_path):
    first = table_of([0.0, 40.0], cache=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    again = table_of([0.0, 40.0], cache=tmp_path)
    assert again.system_cost_usd.tolist() == first.system_cost_usd.tolist()
    spoiled(file)  # it was written whole again
