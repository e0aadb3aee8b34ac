"""From accelerator-hours and power to energy, money, water and carbon, each with its range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sim.catalog import row
from sim.catalog.hardware import AcceleratorFacts
from sim.datacenter.embodied import SERVER_GPUS
from sim.units import G_PER_KWH, HOUR_S, KWH, MWH, TONNE_KG, USD_PER_KWH, YEAR_S, Range
from sim.workload.estimate.inputs import Surroundings
from sim.workload.ranges import exact, inverse, product, total

LITRE_PER_M3: Final = 1000.0
GIVEN: Final = "given"


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure that an estimate rests on.

    Attributes
    ----------
    name : str
        What it is called.
    description : str
        What it means.
    value : Range or None
        The figure; None where it is unknown.
    unit : str
        Its unit.
    source : str
        Where it comes from; ``given`` if the user gave it.
    """

    name: str
    description: str
    value: Range | None
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What some work takes.

    Attributes
    ----------
    accelerator_hours, duration_h, energy_mwh, carbon_operational_t, cost_usd, water_m3 : Range
        Accelerator-hours, wall-clock time, energy of the facility, carbon of that energy, what
        electricity (and accelerators, if they have a price) cost, water used on site.
    carbon_embodied_t : Range or None
        Share of the hardware's embodied carbon; None where it is unknown.
    energy_by_cause_mwh : mapping of str to Range
        The same energy by cause; the middles add up to it.
    per_unit : mapping of str to Range
        Figures per unit of work, by name with unit.
    assumptions : tuple of Assumption
        Everything it rests on.
    notes : tuple of str
        What else to know.
    """

    accelerator_hours: Range
    duration_h: Range
    energy_mwh: Range
    carbon_operational_t: Range
    carbon_embodied_t: Range | None
    cost_usd: Range
    water_m3: Range
    energy_by_cause_mwh: Mapping[str, Range]
    per_unit: Mapping[str, Range]
    assumptions: tuple[Assumption, ...]
    notes: tuple[str, ...]


def assumed(name: str, given: float | None = None) -> Assumption:
    """Return what the user gave, or else what the catalog assumes.

    Parameters
    ----------
    name : str
        Row of the table ``estimate_assumptions``.
    given : float or None
        The user's figure, taken as exact. [unit of the row]

    Returns
    -------
    Assumption
        The figure.
    """
    facts = row("estimate_assumptions", name)
    if given is not None:
        return Assumption(name, facts["description"], exact(given), facts["unit"], GIVEN)
    value = Range(*(float(facts[bound]) for bound in Range._fields))
    return Assumption(name, facts["description"], value, facts["unit"], facts["source"])


def known(figure: Assumption) -> Range:
    """Return the value of a figure that is never unknown."""
    if figure.value is None:
        msg = f"{figure.name} is unknown."
        raise ValueError(msg)
    return figure.value


def server_j(
    accelerator_s: Range, compute_j: Range, server: Assumption, fans: Assumption
) -> Range:
    """Return the energy of servers besides their accelerators, constant and with their load [J]."""
    share_w = product(known(server), exact(1.0 / SERVER_GPUS))
    return total(product(accelerator_s, share_w), product(compute_j, known(fans)))


def settle(
    accelerator_s: Range,
    gpus_count: int,
    it_energy_j: Mapping[str, Range],
    *,
    chip: AcceleratorFacts,
    around: Surroundings,
    rests_on: Sequence[Assumption],
) -> Estimate:
    """Return what accelerators at work take, without figures per unit.

    Parameters
    ----------
    accelerator_s : Range
        Time of all accelerators together. [s]
    gpus_count : int
        How many work side by side. [-]
    it_energy_j : mapping of str to Range
        IT energy by cause. [J]
    chip : AcceleratorFacts
        The accelerator.
    around : Surroundings
        What the user says of the facility, the grid and the hardware.
    rests_on : sequence of Assumption
        What time and power rest on.

    Returns
    -------
    Estimate
        The estimate.
    """
    pue = assumed("pue", around.pue)
    carbon = assumed("carbon_g_per_kwh", around.carbon_g_per_kwh)
    price = assumed("price_usd_per_kwh", around.price_usd_per_kwh)
    wue = assumed("wue_l_per_kwh", around.wue_l_per_kwh)
    it_j = total(*it_energy_j.values())
    facility_j = (it_j, known(pue))
    above_it = Range(*(bound - 1.0 for bound in known(pue)))
    causes_j = {**it_energy_j, "facility": product(it_j, above_it)}
    cost = product(*facility_j, known(price), exact(USD_PER_KWH))
    if around.accelerator_usd_per_h is not None:
        cost = total(cost, product(accelerator_s, exact(around.accelerator_usd_per_h / HOUR_S)))
    hardware = (_embodied(chip, around), _lifetime(chip, around))
    return Estimate(
        accelerator_hours=product(accelerator_s, exact(1.0 / HOUR_S)),
        duration_h=product(accelerator_s, exact(1.0 / gpus_count / HOUR_S)),
        energy_mwh=product(*facility_j, exact(1.0 / MWH)),
        carbon_operational_t=product(*facility_j, known(carbon), exact(G_PER_KWH / TONNE_KG)),
        carbon_embodied_t=_embodied_t(accelerator_s, *hardware),
        cost_usd=cost,
        water_m3=product(it_j, known(wue), exact(1.0 / KWH / LITRE_PER_M3)),
        energy_by_cause_mwh={
            cause: product(energy, exact(1.0 / MWH)) for cause, energy in causes_j.items()
        },
        per_unit={},
        assumptions=(*rests_on, pue, carbon, price, wue, *hardware),
        notes=(
            "cost: electricity only"
            if around.accelerator_usd_per_h is None
            else "cost: electricity and accelerators",
        ),
    )


def _embodied_t(accelerator_s: Range, embodied: Assumption, lifetime: Assumption) -> Range | None:
    if embodied.value is None:
        return None
    per_life = (embodied.value, inverse(known(lifetime)), exact(1.0 / YEAR_S / TONNE_KG))
    return product(accelerator_s, *per_life)


def _embodied(chip: AcceleratorFacts, around: Surroundings) -> Assumption:
    """Give the embodied carbon of an accelerator with its share of the server."""
    what = "Embodied carbon of an accelerator with its share of the server"
    if around.embodied_kg is not None:
        return Assumption("embodied_kg", what, exact(around.embodied_kg), "kgCO2e", GIVEN)
    server = row("embodied", "server")
    share = exact(1.0 / SERVER_GPUS)
    server_kg = product(Range(*(server[f"embodied_{b}_kg"] for b in Range._fields)), share)
    if chip.embodied_kg is None:
        source = f"unknown for {chip.name}: give --embodied-kg for an answer"
        return Assumption("embodied_kg", what, None, "kgCO2e", source)
    source = f"catalog tables accelerators ({chip.name}) and embodied (server, an eighth)"
    return Assumption("embodied_kg", what, total(chip.embodied_kg, server_kg), "kgCO2e", source)


def _lifetime(chip: AcceleratorFacts, around: Surroundings) -> Assumption:
    what = "Life over which embodied carbon is spread"
    if around.lifetime_years is not None:
        return Assumption("lifetime_years", what, exact(around.lifetime_years), "years", GIVEN)
    source = f"catalog table accelerators ({chip.name})"
    return Assumption("lifetime_years", what, chip.lifetime_years, "years", source)
