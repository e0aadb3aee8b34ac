"""Laws of aging: capacity lost to calendar time and to cycles, with figures from the catalog.

A law says how fast capacity is lost under constant stress: ``loss = rate * time ** exponent``, and
likewise over full cycles. Where the stress changes from day to day, the loss so far is taken as if
the present stress had caused it all, and goes on from there (virtual time, Naumann et al. [1]_).

References
----------
.. [1] M. Naumann, M. Schimpe, P. Keil, H. C. Hesse, A. Jossen, "Analysis and modeling of calendar
   aging of a commercial LiFePO4/graphite cell," J. Energy Storage 17, 2018, 153-169.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from sim import catalog
from sim.energy.aging import AgingLaw, Cycle, Fade, Stress
from sim.units import DAY_S

GAS_CONSTANT: Final = 8.314462618
"""Molar gas constant (exact since 2019). [J/(mol K)]."""

REFERENCE_K: Final = 298.15
"""Reference temperature of the laws of Naumann et al. and Xu et al.: 25 degC. [K]."""


class PowerLaw(ABC):
    """Loss by a power of time plus loss by a power of full cycles."""

    __slots__ = ()
    calendar_exponent: float
    cycle_exponent: float

    @abstractmethod
    def calendar_rate(self, soc: float, temperature_k: float) -> float:
        """Return the loss after one second, to be raised by the power of time."""

    @abstractmethod
    def cycle_rate(self, cycle: Cycle, stress: Stress) -> float:
        """Return the loss after one full cycle, to be raised by the power of their number."""

    def advance(self, fade: Fade, stress: Stress) -> Fade:
        """Return what is lost after a stress."""
        rate = self.calendar_rate(stress.mean_soc, stress.temperature_k)
        calendar = _continued(fade.calendar, rate, self.calendar_exponent, stress.duration_s)
        cycle = fade.cycle
        for each in stress.cycles:
            rate = self.cycle_rate(each, stress)
            cycle = _continued(cycle, rate, self.cycle_exponent, each.full_cycles)
        return Fade(calendar, cycle)


def _continued(loss: float, rate: float, exponent: float, more: float) -> float:
    """Return a loss of ``rate * x ** exponent`` after x has grown from where the loss stands."""
    if rate <= 0.0:
        return loss
    grown = math.pow(loss / rate, 1.0 / exponent) + more
    return max(loss, rate * math.pow(grown, exponent))


@dataclass(frozen=True, slots=True)
class NaumannLaw(PowerLaw):
    """Square roots of time and of full cycles [1]_ [2]_; LiFePO4/graphite.

    Attributes
    ----------
    calendar_rate_per_sqrt_s : float
        Loss after one second at 25 degC and a stress by state of charge of 1. [1/s^0.5]
    activation_energy_j_per_mol : float
        Activation energy of calendar aging. [J/mol]
    soc_cubic, soc_constant : float
        Stress by state of charge: cubic about 0.5, plus a constant. [-]
    c_rate_slope_h : float
        Loss in percent after one full cycle, over C-rate. [h]
    c_rate_constant : float
        Loss in percent after one full cycle at no C-rate. [-]
    depth_cubic, depth_centre, depth_constant : float
        Stress by depth of cycle: cubic about the centre, plus a constant. [-]

    References
    ----------
    .. [1] M. Naumann, M. Schimpe, P. Keil, H. C. Hesse, A. Jossen, "Analysis and modeling of
       calendar aging of a commercial LiFePO4/graphite cell," J. Energy Storage 17, 2018, 153-169.
    .. [2] M. Naumann, F. B. Spingler, A. Jossen, "Analysis and modeling of cycle aging of a
       commercial LiFePO4/graphite cell," J. Power Sources 451, 2020, 227666.
    """

    calendar_rate_per_sqrt_s: float
    activation_energy_j_per_mol: float
    soc_cubic: float
    soc_constant: float
    c_rate_slope_h: float
    c_rate_constant: float
    depth_cubic: float
    depth_centre: float
    depth_constant: float

    calendar_exponent = 0.5
    cycle_exponent = 0.5

    def calendar_rate(self, soc: float, temperature_k: float) -> float:
        """Return the loss after one second, to be raised by the power of time."""
        slope_k = self.activation_energy_j_per_mol / GAS_CONSTANT
        heat = math.exp(-slope_k * (1.0 / temperature_k - 1.0 / REFERENCE_K))
        by_soc = self.soc_cubic * (soc - 0.5) * (soc - 0.5) * (soc - 0.5) + self.soc_constant
        return self.calendar_rate_per_sqrt_s * heat * by_soc

    def cycle_rate(self, cycle: Cycle, stress: Stress) -> float:
        """Return the loss after one full cycle, to be raised by the power of their number."""
        by_rate = self.c_rate_slope_h * stress.rate_per_h + self.c_rate_constant
        beyond = cycle.depth - self.depth_centre
        by_depth = self.depth_cubic * beyond * beyond * beyond + self.depth_constant
        return by_rate * by_depth / 100.0


@dataclass(frozen=True, slots=True)
class GasperLfpLaw(PowerLaw):
    """Powers of days and of full cycles [1]_; large prismatic LiFePO4/graphite.

    Attributes
    ----------
    calendar_rate_per_day : float
        Loss after one day, before the factor of temperature and anode potential. [-]
    temperature_k : float
        Slope of that factor's exponent over inverse temperature. [K]
    anode_k_per_v : float
        Slope of that factor's exponent over anode potential and inverse temperature. [K/V]
    calendar_exponent, cycle_exponent : float
        Powers of time and of full cycles. [-]
    cycle_constant, cycle_depth : float
        Loss after one full cycle: constant, and slope over depth. [-]
    cycle_rate_h : float
        Loss after one full cycle: slope over C-rate. [h]
    cold_k, hot_k : float
        Slopes of cycle aging over inverse temperature. [K]

    References
    ----------
    .. [1] P. Gasper, A. Saxon, Y. Shi, E. Endler, K. Smith, F. M. Thakkar, "Degradation and
       modeling of large-format commercial lithium-ion cells as a function of chemistry, design, and
       aging conditions," J. Energy Storage 73, 2023, 109042.
    """

    calendar_rate_per_day: float
    temperature_k: float
    anode_k_per_v: float
    calendar_exponent: float
    cycle_constant: float
    cycle_depth: float
    cycle_rate_h: float
    cold_k: float
    hot_k: float
    cycle_exponent: float

    def calendar_rate(self, soc: float, temperature_k: float) -> float:
        """Return the loss after one second, to be raised by the power of time."""
        slope_k = self.temperature_k + self.anode_k_per_v * anode_potential_v(soc)
        per_day = self.calendar_rate_per_day * math.exp(slope_k / temperature_k)
        return per_day / math.pow(DAY_S, self.calendar_exponent)

    def cycle_rate(self, cycle: Cycle, stress: Stress) -> float:
        """Return the loss after one full cycle, to be raised by the power of their number."""
        slopes = self.cycle_depth * cycle.depth + self.cycle_rate_h * stress.rate_per_h
        heat = math.exp(self.cold_k / stress.temperature_k)
        heat += math.exp(-self.hot_k / stress.temperature_k)
        return (self.cycle_constant + slopes) * heat


@dataclass(frozen=True, slots=True)
class GasperNmcLaw(PowerLaw):
    """Powers of days and of full cycles [1]_; large NMC/graphite pouch (cell B1).

    Attributes
    ----------
    calendar_rate_per_10000_days : float
        Loss after 10,000 days, before the factor of temperature and anode potential. [-]
    calendar_slope : float
        Slope of that factor's exponent. [-]
    reference_k : float
        Temperature that the law is relative to. [K]
    reference_anode_v : float
        Anode potential that the law is relative to. [V]
    calendar_exponent, cycle_exponent : float
        Powers of time and of full cycles. [-]
    cycle_rate_per_100000 : float
        Loss after 100,000 full cycles of depth 1 at a C-rate of 1 and the reference. [-]
    stress_exponent : float
        Power of depth squared, temperature cubed and root of C-rate. [-]

    References
    ----------
    .. [1] P. Gasper, A. Saxon, Y. Shi, E. Endler, K. Smith, F. M. Thakkar, "Degradation and
       modeling of large-format commercial lithium-ion cells as a function of chemistry, design, and
       aging conditions," J. Energy Storage 73, 2023, 109042.
    """

    calendar_rate_per_10000_days: float
    calendar_slope: float
    reference_k: float
    reference_anode_v: float
    calendar_exponent: float
    cycle_rate_per_100000: float
    stress_exponent: float
    cycle_exponent: float

    def calendar_rate(self, soc: float, temperature_k: float) -> float:
        """Return the loss after one second, to be raised by the power of time."""
        anode = anode_potential_v(soc) / self.reference_anode_v
        warmth = temperature_k / self.reference_k
        rate = math.exp(self.calendar_slope * math.cbrt(anode) / math.pow(warmth, 3.0))
        first_s = math.pow(10_000 * DAY_S, self.calendar_exponent)
        return self.calendar_rate_per_10000_days * rate / first_s

    def cycle_rate(self, cycle: Cycle, stress: Stress) -> float:
        """Return the loss after one full cycle, to be raised by the power of their number."""
        warmth = stress.temperature_k / self.reference_k
        how_hard = cycle.depth**2 * math.pow(warmth, 3.0) * math.sqrt(stress.rate_per_h)
        rate = self.cycle_rate_per_100000 * math.pow(how_hard, self.stress_exponent)
        return rate / math.pow(100_000, self.cycle_exponent)


@dataclass(frozen=True, slots=True)
class XuLaw:
    """Damage that adds up, and a film that forms first [1]_; LiMn2O4.

    The loss is ``1 - a exp(-b d) - (1 - a) exp(-d)`` with damage d, which is the sum of time and of
    rainflow cycles, each times its stresses. The loss is laid to time and cycles as its damage is.

    Attributes
    ----------
    film_fraction : float
        Share of the capacity that the film takes, a. [-]
    film_rate : float
        How much faster than the rest the film forms, b. [-]
    depth_scale, depth_exponent, depth_offset : float
        Cycles to failure by depth: scale, power and offset. [-]
    soc_slope, soc_reference : float
        Stress by state of charge: slope of its exponent, and where it is 1. [-]
    temperature_slope_per_k : float
        Stress by temperature: slope of its exponent. [1/K]
    time_rate_per_s : float
        Damage by time. [1/s]

    References
    ----------
    .. [1] B. Xu, A. Oudalov, A. Ulbig, G. Andersson, D. S. Kirschen, "Modeling of Lithium-Ion
       Battery Degradation for Cell Life Assessment," IEEE Trans. Smart Grid 9 (2), 2018, 1131-1140.
    """

    film_fraction: float
    film_rate: float
    depth_scale: float
    depth_exponent: float
    depth_offset: float
    soc_slope: float
    soc_reference: float
    temperature_slope_per_k: float
    time_rate_per_s: float

    def advance(self, fade: Fade, stress: Stress) -> Fade:
        """Return what is lost after a stress."""
        above = (stress.temperature_k - REFERENCE_K) * REFERENCE_K / stress.temperature_k
        heat = math.exp(self.temperature_slope_per_k * above)
        by_time = self.time_rate_per_s * stress.duration_s * heat * self._by_soc(stress.mean_soc)
        by_cycles = heat * sum(self._of_cycle(each) for each in stress.cycles)
        damage = fade.damage + by_time + by_cycles
        lost = self.loss(damage) - fade.total
        share = by_time / (by_time + by_cycles) if damage > fade.damage else 0.0
        return Fade(fade.calendar + share * lost, fade.cycle + (1.0 - share) * lost, damage)

    def loss(self, damage: float) -> float:
        """Return the share of the first capacity that a damage has cost."""
        film = self.film_fraction * math.expm1(-self.film_rate * damage)
        return -film - (1.0 - self.film_fraction) * math.expm1(-damage)

    def _by_soc(self, soc: float) -> float:
        return math.exp(self.soc_slope * (soc - self.soc_reference))

    def _of_cycle(self, cycle: Cycle) -> float:
        if cycle.depth <= 0.0:
            return 0.0
        by_depth = math.pow(cycle.depth, self.depth_exponent)
        to_failure = self.depth_scale * by_depth + self.depth_offset
        return cycle.full_cycles / cycle.depth / to_failure * self._by_soc(cycle.mean_soc)


def anode_potential_v(soc: float) -> float:
    """Return the potential of a graphite anode against lithium.

    Parameters
    ----------
    soc : float
        State of charge of the cell, 0..1. [-]

    Returns
    -------
    float
        Its potential. [V]

    References
    ----------
    .. [1] M. Safari, C. Delacourt, "Modeling of a commercial graphite/LiFePO4 cell," J.
       Electrochem. Soc. 158 (5), 2011, A562; lithiation 0.0085 (empty) to 0.78 (full) as in NREL's
       BLAST-Lite.
    """
    x = 8.5e-3 + soc * (0.78 - 8.5e-3)
    return (
        0.6379
        + 0.5416 * math.exp(-305.5309 * x)
        - 0.044 * math.tanh((x - 0.1958) / 0.1088)
        - 0.1978 * math.tanh((x - 1.0571) / 0.0854)
        - 0.6875 * math.tanh((x + 0.0117) / 0.0529)
        - 0.0175 * math.tanh((x - 0.5692) / 0.0875)
    )


_LAWS: Final = {
    "naumann": NaumannLaw,
    "gasper-lfp": GasperLfpLaw,
    "gasper-nmc": GasperNmcLaw,
    "xu": XuLaw,
}


def load_law(name: str) -> AgingLaw:
    """Return a law with the figures of the catalog.

    Parameters
    ----------
    name : str
        Name of the set of figures in the table ``battery_aging``.

    Returns
    -------
    AgingLaw
        The law.

    Raises
    ------
    ValueError
        If the catalog has no such set.
    """
    data = catalog.table("battery_aging")
    rows = data[data["aging"] == name]
    if rows.empty:
        known = ", ".join(dict.fromkeys(data["aging"]))
        msg = f"the catalog of battery aging has no set {name}; it has {known}."
        raise ValueError(msg)
    figures = dict(zip(rows["parameter"], rows["value"].astype(float), strict=True))
    law: AgingLaw = _LAWS[rows["law"].iloc[0]](**figures)
    return law
