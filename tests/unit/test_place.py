"""Place policies: where jobs go, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sim.datacenter.moving import DataPath
from sim.errors import PolicyError
from sim.policy.build import build
from sim.scenario.schema.scenario import Forecast, Policy
from sim.site.link import Link
from sim.units import Range
from sim.workload.profile import Profile
from tests.worlds import cluster, job_table, run_log, site, time_grid

HOUR = 3600.0
PERFECT = Forecast(model="perfect", horizon_h=48, refresh_h=1)
LINK = Link(DataPath("way", Range(1e-6, 1e-6, 1e-6), 1e9), distance_m=0.0, bytes_per_s=1e9)
COLUMN_OF = {
    "price": "price_usd_per_j",
    "average_carbon_intensity": "average_carbon_kg_per_j",
    "marginal_carbon_intensity": "marginal_carbon_kg_per_j",
    "solar": "solar_w",
    "wind": "wind_w",
    "load": "base_load_w",
}


def place(grid, name, *, gpus=8, clusters=None, link=LINK, pue=1.0, **signals):
    """Return a site whose signals have one value each, or one for each hour of the run."""
    hours, first = len(grid.window_edges_s) - 1, round(-grid.window_edges_s[0] / HOUR)
    series, columns = {}, {}
    for signal, values in signals.items():
        ahead = np.full(hours, np.broadcast_to(values, grid.n_steps)[-1], dtype=float)
        ahead[first : first + grid.n_steps] = values
        series[signal] = grid.hourly(ahead)
        columns[COLUMN_OF[signal]] = values
    here = site(
        grid, clusters=clusters or [cluster(gpus, tdp_w=100.0)], signals=series, pue=pue, **columns
    )
    return replace(here, name=name, network=link)


def places(use, sites, jobs, **parameters):
    """Return the number of the cluster that each job was assigned to."""
    policy = Policy(name="p", place={"use": use, **parameters})
    return run_log(sites, jobs, policy, PERFECT).cluster_of.tolist()


GRID = time_grid(24, HOUR)
ONE = job_table([0.0], [2 * HOUR], [4])


@pytest.mark.parametrize(
    ("use", "signal"),
    [("cheapest", "price"), ("greenest", "average_carbon_intensity")],
)
def test_a_job_goes_where_the_forecast_mean_over_its_run_is_least(use, signal):
    falling = np.array([9.0, 1.0] + [5.0] * 22)
    sites = [place(GRID, "home", **{signal: 6.0}), place(GRID, "away", **{signal: falling})]
    # Over two hours it is 6 against 5; at this moment 6 against 9.
    assert places(use, sites, ONE) == [1]
    assert places(use, sites, ONE, forecast=False) == [0]


def test_greenest_can_follow_the_marginal_intensity():
    sites = [
        place(GRID, "home", average_carbon_intensity=1.0, marginal_carbon_intensity=9.0),
        place(GRID, "away", average_carbon_intensity=2.0, marginal_carbon_intensity=3.0),
    ]
    assert places("greenest", sites, ONE) == [0]
    assert places("greenest", sites, ONE, signal="marginal_carbon_intensity") == [1]


def test_a_worse_facility_or_hungrier_hardware_can_outweigh_a_lower_price():
    home = place(GRID, "home", price=10.0)
    assert places("cheapest", [home, place(GRID, "away", price=9.0, pue=1.1)], ONE) == [1]
    assert places("cheapest", [home, place(GRID, "away", price=9.0, pue=1.2)], ONE) == [0]
    hungry = place(GRID, "away", price=9.0, clusters=[cluster(8, tdp_w=120.0)])
    assert places("cheapest", [home, hungry], ONE) == [0]


def test_home_wins_ties_and_where_nothing_is_known():
    same = [place(GRID, name, price=0.1) for name in ("a", "b", "c")]
    jobs = job_table([0.0], [HOUR], [1], home_site=1, home_cluster=1)
    assert places("cheapest", same, jobs) == [1]
    unknown = [place(GRID, name, price=np.nan) for name in ("a", "b")]
    assert places("cheapest", unknown, ONE) == [0]
    half = [unknown[0], place(GRID, "b", price=0.1)]
    assert places("cheapest", half, ONE) == [1]


def test_a_site_where_the_gang_does_not_fit_or_its_data_cannot_get_to_is_left_out():
    dear = place(GRID, "home", price=9.0)
    assert places("cheapest", [dear, place(GRID, "away", price=1.0, gpus=3)], ONE) == [0]
    data = replace(ONE, profiles=(Profile(name="data", data_bytes=1e9),))
    assert places("cheapest", [dear, place(GRID, "away", price=1.0, link=None)], data) == [0]
    assert places("cheapest", [dear, place(GRID, "away", price=1.0)], data) == [1]


def test_a_stream_that_stays_home_is_not_asked_for():
    stays = replace(ONE, profiles=(Profile(name="s", stays_home=True),))
    sites = [place(GRID, "home", price=9.0), place(GRID, "away", price=1.0)]
    assert places("cheapest", sites, stays) == [0]


def test_follow_the_sun_goes_where_most_of_it_is_over_the_run_and_stays_home_by_night():
    day = np.where((np.arange(24) >= 8) & (np.arange(24) < 16), 1e5, 0.0)
    sites = [place(GRID, "home", solar=0.5 * day), place(GRID, "away", solar=np.roll(day, 4))]
    jobs = job_table([0.0, 9 * HOUR, 14 * HOUR], 2 * HOUR, [1, 1, 1])
    # At 9 h only home has sun; from 14 h to 16 h home has half of what the other has.
    assert places("follow-the-sun", sites, jobs) == [0, 0, 1]


def test_most_surplus_counts_what_base_load_and_running_jobs_take():
    sites = [
        place(GRID, "home", solar=1000.0, load=500.0, wind=0.0),
        place(GRID, "away", solar=800.0, load=0.0, wind=100.0),
    ]
    jobs = job_table([0.0, 0.0, 0.0], 2 * HOUR, [6, 2, 2])
    # Left over are 500 W against 900 W; then 500 W against 900 - 600 W.
    assert places("most-surplus", sites, jobs) == [1, 0, 0]
    dark = [place(GRID, "home", load=9.0), place(GRID, "away", load=1.0)]
    assert places("most-surplus", dark, ONE) == [0]


def test_least_loaded_counts_what_runs_and_what_waits():
    sites = [place(GRID, "home", gpus=8), place(GRID, "away", gpus=16)]
    jobs = job_table(np.arange(5.0), 2 * HOUR, [8, 8, 8, 8, 8])
    # Of 8 and of 16, with the one to come: 8/8 or 8/16; 8/8 or 16/16 is a tie for home; and so on.
    assert places("least-loaded", sites, jobs) == [1, 0, 1, 1, 0]


def test_greener_hardware_takes_the_cluster_that_adds_least_power_while_it_has_room():
    clusters = [
        cluster(8, tdp_w=400.0, idle_w=50.0, name="old"),
        cluster(8, tdp_w=300.0, idle_w=40.0, name="new"),
    ]
    jobs = job_table(np.arange(4.0), 2 * HOUR, [8, 4, 4, 4])
    # The second and third find the new one full; of the old one's room each takes half. The last
    # finds room nowhere, and as much asked for on both.
    here = [place(GRID, "home", clusters=clusters)]
    assert places("greener-hardware", here, jobs) == [1, 0, 0, 1]


def test_greener_hardware_chooses_at_the_site_that_another_policy_chose():
    clusters = [cluster(8, tdp_w=400.0, name="old"), cluster(8, tdp_w=300.0, name="new")]
    sites = [place(GRID, "home", price=9.0), place(GRID, "away", price=1.0, clusters=clusters)]
    assert places("greener-hardware", sites, ONE, inner="cheapest") == [2]
    assert places("greener-hardware", sites, ONE) == [0]


def test_transfer_aware_stays_where_moving_the_data_costs_more_than_it_saves():
    sites = [place(GRID, "home", price=2.0), place(GRID, "away", price=1.0)]
    # The run takes 4 * 100 W * 7200 s = 2.88 MJ: 5.76 at home, 2.88 and the transfer away, whose
    # 1e-6 J/B make 2.88 more at 2.88e12 B.
    for size_bytes, expected in ((2.8e12, 1), (2.9e12, 0)):
        jobs = replace(ONE, profiles=(Profile(name="data", data_bytes=size_bytes),))
        assert places("transfer-aware", sites, jobs, signal="price") == [expected]
        assert places("cheapest", sites, jobs) == [1]


def test_transfer_aware_stays_where_the_data_would_come_too_late():
    sites = [place(GRID, "home", price=9.0), place(GRID, "away", price=1.0)]
    for due_h, expected in ((3.01, 1), (2.99, 0)):
        jobs = job_table(
            [0.0], [2 * HOUR], [4], deadline_s=due_h * HOUR,
            profiles=(Profile(name="data", data_bytes=3.6e12),),
        )  # fmt: skip
        # The data take one hour.
        assert places("transfer-aware", sites, jobs, signal="price") == [expected]


def test_wrong_parameters_are_refused():
    for use, parameters, message in (
        ("greenest", {"signal": "carbon"}, "signal 'carbon' is unknown. Allowed: average"),
        ("greener-hardware", {"inner": "greeenst"}, "no place policy 'greeenst'. Did you mean gre"),
        ("migrating", {"inner": "home"}, "must be a policy that gives scores, as greenest does"),
        ("migrating", {"rest_h": -1.0}, "rest_h and left_h are 0.2, -1.0 and 1.0; none may be neg"),
        ("greener-hardware", {"inner": "sim.policy.power.fixed:FixedCap"}, "has no method choose"),
    ):
        with pytest.raises(PolicyError, match=message):
            build(Policy(name="p", place={"use": use, **parameters}))


class Beyond:
    """Chooses a cluster that there is not."""

    def choose(self, obs, job):
        return 0, 5


def test_a_cluster_that_there_is_not_is_refused():
    policy = Policy(name="p", place=f"{__name__}:Beyond")
    with pytest.raises(PolicyError, match="place chose cluster 5 of site 0 for job 0; no cluster"):
        run_log([place(GRID, "home")], ONE, policy)
