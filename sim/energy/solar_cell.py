"""DC and AC power of modules and inverters of the CEC's lists, by the single-diode model.

pvlib takes 0.7 s to import: only the functions that need it do so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.catalog.cec import cec_inverter, cec_module

Column = NDArray[np.float64]

_COLD_VOLTAGE_RATIO: Final = 1.15  # open-circuit voltage at -20 degC over that at 25 (assumption)


class CecArray(Protocol):
    """The fields of an array that matter here."""

    @property
    def dc_capacity_w(self) -> float:
        """Rated DC power of the modules. [W]."""

    @property
    def dc_ac_ratio(self) -> float:
        """DC rating over the inverters' AC rating. [-]."""

    @property
    def module(self) -> str | None:
        """Name of the module."""

    @property
    def inverter(self) -> str | None:
        """Name of the inverter."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How many of each: fractions stand for an array that is scaled to its capacity."""

    modules: float
    inverters: float
    in_series: int


def cec_ac_power_w(
    array: CecArray, effective_w_per_m2: Column, *, temp_cell: Column, kept: Column
) -> Column:
    """Return the AC power of an array of CEC modules behind CEC inverters, hour by hour.

    Parameters
    ----------
    array : CecArray
        The array.
    effective_w_per_m2 : ndarray of float, shape (n,)
        Irradiance that gets through the glass. [W/m2]
    temp_cell : ndarray of float, shape (n,)
        Cell temperature. [degC]
    kept : ndarray of float, shape (n,)
        Share of the DC power that losses and age leave. [-]

    Returns
    -------
    ndarray of float, shape (n,)
        AC power, never negative. [W]

    Raises
    ------
    ValueError
        If the array names no module or inverter, or the CEC's lists lack it.

    Notes
    -----
    Six-parameter single-diode model [1]_ at the maximum power point, no spectral correction;
    Sandia inverter [2]_, which clips at its AC rating. The numbers of modules and inverters follow
    from `dc_capacity_w` and `dc_ac_ratio` and need not be whole. As many modules are in series as
    bring their voltage nearest to the inverter's nominal one without exceeding its limit in the
    cold. What the inverter draws at night is left out.

    References
    ----------
    .. [1] A. P. Dobos, "An improved coefficient calculator for the California Energy Commission 6
       parameter photovoltaic module model," Journal of Solar Energy Engineering 134(2), 2012.
    .. [2] D. L. King et al., "Performance model for grid-connected photovoltaic inverters,"
       SAND2007-5036, 2007.
    """
    from pvlib.inverter import sandia

    module, inverter = cec_module(array.module or ""), cec_inverter(array.inverter or "")
    layout = _layout(array, module, inverter)
    lit = effective_w_per_m2 > 0
    power_w = np.zeros_like(effective_w_per_m2)
    if lit.any():
        voltage, module_w = _at_maximum_power(module, effective_w_per_m2[lit], temp_cell[lit])
        dc_power_w = module_w * kept[lit] * layout.modules / layout.inverters
        ac_power_w = sandia(voltage * layout.in_series, dc_power_w, inverter)
        power_w[lit] = np.maximum(ac_power_w, 0.0) * layout.inverters
    return power_w


def _layout(array: CecArray, module: Mapping[str, Any], inverter: Mapping[str, Any]) -> _Layout:
    most = int(inverter["Vdcmax"] / (module["V_oc_ref"] * _COLD_VOLTAGE_RATIO))
    nearest = round(inverter["Vdco"] / module["V_mp_ref"])
    return _Layout(
        modules=array.dc_capacity_w / module["STC"],
        inverters=array.dc_capacity_w / array.dc_ac_ratio / inverter["Paco"],
        in_series=max(1, min(nearest, most)),
    )


def _at_maximum_power(
    module: Mapping[str, Any], effective_w_per_m2: Column, temp_cell: Column
) -> tuple[Column, Column]:
    """Return voltage and power of one module at its maximum power point."""
    from pvlib.pvsystem import calcparams_cec, max_power_point

    names = ("alpha_sc", "a_ref", "I_L_ref", "I_o_ref", "R_sh_ref", "R_s", "Adjust")
    diode = calcparams_cec(effective_w_per_m2, temp_cell, **{name: module[name] for name in names})
    point = max_power_point(*diode, method="newton")
    return np.asarray(point["v_mp"]), np.asarray(point["p_mp"])
