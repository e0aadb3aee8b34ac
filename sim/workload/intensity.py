"""Figures per unit of work: the same formula wherever one is asked for."""


def sci_kg_per_unit(operational_kg: float, embodied_kg: float, units_count: float) -> float:
    """Return the software carbon intensity.

    Parameters
    ----------
    operational_kg : float
        Carbon of the energy used, by the average intensity of the grid: the standard admits no
        market-based instruments. [kgCO2e]
    embodied_kg : float
        Share of the hardware's embodied carbon: by time and by part of it reserved. [kgCO2e]
    units_count : float
        Functional units served: tokens, requests, training runs. [-]

    Returns
    -------
    float
        Carbon per functional unit [kgCO2e].

    Raises
    ------
    ValueError
        If there is no unit.

    Notes
    -----
    SCI = (E I + M) / R.

    References
    ----------
    .. [1] ISO/IEC 21031:2024, Software carbon intensity (SCI) specification.
    """
    return _per(operational_kg + embodied_kg, units_count, "functional units")


def flop_per_j(flop: float, energy_j: float) -> float:
    """Return useful operations per energy; the caller says whose energy: GPU, IT or facility."""
    return _per(flop, energy_j, "energy")


def tokens_per_kwh(tokens_count: float, energy_kwh: float) -> float:
    """Return tokens (or samples) per energy."""
    return _per(tokens_count, energy_kwh, "energy")


def j_per_token(energy_j: float, tokens_count: float) -> float:
    """Return energy per token (or sample)."""
    return _per(energy_j, tokens_count, "tokens")


def kwh_per_step(energy_kwh: float, steps_count: float) -> float:
    """Return energy per step of a training run."""
    return _per(energy_kwh, steps_count, "steps")


def _per(amount: float, divisor: float, what: str) -> float:
    if not divisor > 0.0:
        msg = f"{what}: {divisor:g} is not above 0, so nothing can be counted per unit of it."
        raise ValueError(msg)
    return amount / divisor
