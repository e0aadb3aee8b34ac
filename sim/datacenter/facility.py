"""What a facility adds to its IT power, by cause: cooling, conversion losses, all else."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from sim.catalog import row
from sim.datacenter.cooling import Outdoor, cooling_curves, water_m3_per_j
from sim.datacenter.curves import Columns, LoadShape, PowerCurve, load_shape

DISTRIBUTION = ("transformer", "pdu")
"""Losses of every facility besides its UPS, from the catalog's table ``load_curves``."""


@dataclass(frozen=True, slots=True)
class UpsLoss:
    """Losses of an uninterruptible power supply.

    Attributes
    ----------
    shape : LoadShape
        Loss over rated power, by load over rated power.
    rated_w : float
        Rated power. [W]
    """

    shape: LoadShape
    rated_w: float


@dataclass(frozen=True, slots=True, eq=False)
class Facility:
    """A facility around IT equipment; its curves have shape (n,).

    Attributes
    ----------
    cooling : PowerCurve
        Chillers, fans and pumps.
    conversion : PowerCurve
        Losses of UPS, transformer and power distribution.
    overhead : PowerCurve
        All else: lighting, or all that a constant PUE adds.
    evaporation : PowerCurve or None
        Heat that evaporates water; None where the water is unknown.
    water_m3_per_j : float
        Water per heat that evaporates it. [m3/J]
    reuse_fraction : float or None
        Share of the IT heat that comes warm enough to be used; None if none does. [-]
    """

    cooling: PowerCurve
    conversion: PowerCurve
    overhead: PowerCurve
    evaporation: PowerCurve | None = None
    water_m3_per_j: float = 0.0
    reuse_fraction: float | None = None

    @classmethod
    def of_pue(cls, pue: float, count: int) -> Self:
        """Return a facility of which only a constant PUE is known.

        Parameters
        ----------
        pue : float
            Facility power over IT power. [-]
        count : int
            Number of steps. [-]

        Returns
        -------
        Facility
            All that the PUE adds is overhead; its water is unknown.
        """
        nothing = PowerCurve.proportional(0.0, count)
        return cls(nothing, nothing, PowerCurve.proportional(pue - 1.0, count))

    @property
    def total(self) -> PowerCurve:
        """The whole facility's power, IT included."""
        one, two, three = self.cooling, self.conversion, self.overhead
        return PowerCurve(
            one.fixed_w + two.fixed_w + three.fixed_w,
            1.0 + one.ratio + two.ratio + three.ratio,
            one.bend_per_w + two.bend_per_w + three.bend_per_w,
        )

    def pue(self, it_w: float | Columns) -> Columns:
        """Return the power usage effectiveness at a constant IT power, shape (n,) [-]."""
        return np.asarray(self.total.at_w(it_w) / it_w)

    def water_m3(self, evaporation_j: Columns) -> Columns:
        """Return the water that is taken in for an evaporation heat, blowdown included. [m3]."""
        return evaporation_j * self.water_m3_per_j


def plant_facility(
    plant: str, outdoor: Outdoor, *, design_it_w: float, ups: UpsLoss | None = None
) -> Facility:
    """Return a facility with a cooling plant.

    Parameters
    ----------
    plant : str
        Kind of cooling plant, from the catalog's table ``cooling``.
    outdoor : Outdoor
        Outdoor air, n hours.
    design_it_w : float
        IT power that the facility is made for. [W]
    ups : UpsLoss or None
        Its UPS; None means the one that is usual with the plant, rated at the design IT power.

    Returns
    -------
    Facility
        Its curves, n hours.

    Raises
    ------
    ValueError
        If the catalog has no such plant, or it goes by a wet bulb that is unknown.

    Notes
    -----
    Every loss follows the IT power alone: what the losses of the devices behind it and the cooling
    add to a device's load is left out (assumption; less than 0.5 % of the IT power).
    """
    facts = row("cooling", plant)
    cooling, evaporation = cooling_curves(plant, outdoor, design_it_w=design_it_w)
    if ups is None:
        ups = UpsLoss(load_shape(facts["ups_curve"]), design_it_w)
    hours = np.zeros_like(outdoor.temp_air)
    conversion = ups.shape.curve(ups.rated_w + hours, ups.rated_w)
    for device in DISTRIBUTION:
        conversion = conversion + load_shape(device).curve(design_it_w + hours, design_it_w)
    nothing = PowerCurve.proportional(0.0, len(hours))
    other_w = facts["other_fraction"] * design_it_w + hours
    return Facility(
        cooling=cooling,
        conversion=conversion,
        overhead=PowerCurve(other_w, nothing.ratio, nothing.bend_per_w),
        evaporation=evaporation,
        water_m3_per_j=water_m3_per_j(plant),
        reuse_fraction=facts["reuse_fraction"],
    )
