"""Go where energy is cheapest or greenest, where the sun shines, or where most is left over."""

from sim.policy.ahead import Ahead
from sim.policy.base import Observation, SiteView
from sim.policy.parameters import checked_signal
from sim.policy.place.best import BestSite, Stint, facility_w


class LowestSignal(BestSite):
    """A job goes where its energy costs least by a signal: its power there times the signal.

    The power counts the site's accelerators and what its facility adds to them; the signal is the
    forecast mean over the job's expected run, or the present value.

    Parameters
    ----------
    signal : str
        One of ``registry.SIGNALS``.
    forecast : bool
        Whether the forecast over the run counts; else the present value.

    Raises
    ------
    ValueError
        If there is no such signal.
    """

    def __init__(self, signal: str, *, forecast: bool = True) -> None:
        self.signal = checked_signal(signal)
        self.forecast = forecast
        self._ahead = Ahead()

    def score(self, obs: Observation, job: int, site: SiteView, stint: Stint) -> float:
        """Return what the energy of the stint costs there by the signal."""
        rate = self._mean(obs, site, self.signal, stint)
        return rate * facility_w(obs, job, site) * stint.length_s

    def _mean(self, obs: Observation, site: SiteView, signal: str, stint: Stint) -> float:
        """Return the forecast mean of a signal over a stint, or its present value."""
        if not self.forecast:
            return site.now(signal)
        return self._ahead.mean(
            obs, site.index, signal, from_s=stint.from_s, length_s=stint.length_s
        )


class Cheapest(LowestSignal):
    """A job goes where its energy is cheapest.

    Parameters
    ----------
    forecast : bool
        Whether the forecast price over the run counts; else the present one.

    References
    ----------
    .. [1] A. Qureshi et al., "Cutting the Electric Bill for Internet-Scale Systems," SIGCOMM 2009.
    """

    def __init__(self, *, forecast: bool = True) -> None:
        super().__init__("price", forecast=forecast)


class Greenest(LowestSignal):
    """A job goes where its energy emits least.

    Parameters
    ----------
    signal : str
        ``average_carbon_intensity`` or ``marginal_carbon_intensity``: following the average can
        raise true emissions, the marginal one says what is emitted because of the job.
    forecast : bool
        Whether the forecast over the run counts; else the present value.

    References
    ----------
    .. [1] T. Sukprasert et al., "On the Limitations of Carbon-Aware Temporal and Spatial Workload
       Shifting in the Cloud," EuroSys 2024: the policy that migrates once, at arrival.
    """

    def __init__(self, signal: str = "average_carbon_intensity", *, forecast: bool = True) -> None:
        super().__init__(signal, forecast=forecast)


class FollowTheSun(LowestSignal):
    """A job goes where the sun gives most power; by night it stays at home.

    Parameters
    ----------
    forecast : bool
        Whether the forecast over the run counts; else the present power.

    References
    ----------
    .. [1] Z. Liu et al., "Greening Geographical Load Balancing," SIGMETRICS 2011: load follows the
       renewables.
    """

    def __init__(self, *, forecast: bool = True) -> None:
        super().__init__("solar", forecast=forecast)

    def score(self, obs: Observation, job: int, site: SiteView, stint: Stint) -> float:
        """Return the power of the sun, as a score that is best when least."""
        return -self._mean(obs, site, "solar", stint)


class MostSurplus(LowestSignal):
    """A job goes where sun and wind leave most over; where none has any left, it stays at home.

    Left over is what they give beyond the base load and what the site's IT draws at this moment.

    Parameters
    ----------
    forecast : bool
        Whether the forecast over the run counts; else the present powers.
    """

    def __init__(self, *, forecast: bool = True) -> None:
        super().__init__("solar", forecast=forecast)

    def score(self, obs: Observation, job: int, site: SiteView, stint: Stint) -> float:
        """Return what is left over, as a score that is best when least; 0 where nothing is."""
        given_w = self._mean(obs, site, "solar", stint) + self._mean(obs, site, "wind", stint)
        taken_w = self._mean(obs, site, "load", stint) + site.it_power_w * site.facility_ratio
        return -max(0.0, given_w - taken_w)
