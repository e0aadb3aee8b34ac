"""What the operator of a site knows of its grid connection, its contract and its facility."""

from typing import NamedTuple

from sim.energy.dispatch import Connection
from sim.scenario.schema.tariff import Tariff


class Terms(NamedTuple):
    """Limits, contract and facility of a site in the present step.

    Attributes
    ----------
    connection : Connection
        Limits of its grid connection, and of its generator.
    tariff : Tariff or None
        Its retail contract.
    export_usd_per_j : float
        What one more unit of export earns now; nan where unknown. [USD/J]
    fixed_w : float
        Power of its facility without IT power. [W]
    ratio : float
        Facility power per IT power, but for what stands or grows with its square. [-]
    bend_per_w : float
        Facility power in proportion to the IT power squared. [1/W]
    """

    connection: Connection
    tariff: Tariff | None
    export_usd_per_j: float
    fixed_w: float
    ratio: float
    bend_per_w: float

    def facility_w(self, it_w: float) -> float:
        """Return the facility power at an IT power. [W]."""
        return self.fixed_w + (self.ratio + self.bend_per_w * it_w) * it_w
