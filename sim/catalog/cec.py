"""Modules and inverters of the California Energy Commission's lists, as pvlib ships them.

The lists come from SAM (21,535 modules and 3,264 inverters, March 2019). Their names may be written
as SAM writes them or as pvlib does, with underscores. pvlib takes 0.7 s to import: only the
functions that need it do so.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

_LIBRARIES: Final = MappingProxyType({"module": "CECMod", "inverter": "CECInverter"})

_AS_UNDERSCORE: Final = str.maketrans(dict.fromkeys(' -.()[]:+/",', "_"))
"""Characters that pvlib replaces in names."""


def cec_module(name: str) -> Mapping[str, Any]:
    """Return the single-diode parameters of a module.

    Parameters
    ----------
    name : str
        Its name, e.g. ``Canadian_Solar_Inc__CS5P_220M``.

    Returns
    -------
    mapping
        Parameters by the names of SAM and pvlib: STC, I_L_ref, I_o_ref, R_s, ...

    Raises
    ------
    ValueError
        If the list has no such module.

    References
    ----------
    .. [1] A. P. Dobos, "An improved coefficient calculator for the California Energy Commission 6
       parameter photovoltaic module model," Journal of Solar Energy Engineering 134(2), 2012.
    """
    return _entry("module", name)


def cec_inverter(name: str) -> Mapping[str, Any]:
    """Return the parameters of an inverter for the Sandia model.

    Parameters
    ----------
    name : str
        Its name, e.g. ``SMA_America__SB3800TL_US_22__240V_``.

    Returns
    -------
    mapping
        Parameters by the names of SAM and pvlib: Paco, Pdco, Vdco, Pso, C0, ...

    Raises
    ------
    ValueError
        If the list has no such inverter.

    References
    ----------
    .. [1] D. L. King et al., "Performance model for grid-connected photovoltaic inverters,"
       SAND2007-5036, 2007.
    """
    return _entry("inverter", name)


@cache
def _entry(kind: str, name: str) -> Mapping[str, Any]:
    library = _library(kind)
    key = name.translate(_AS_UNDERSCORE)
    if key not in library.columns:
        near = get_close_matches(key, list(library.columns), n=1, cutoff=0.6)
        hint = f"Did you mean {near[0]}?" if near else f"It has names such as {library.columns[0]}."
        msg = f'the CEC list has no {kind} "{name}". {hint}'
        raise ValueError(msg)
    return MappingProxyType({str(field): value for field, value in library[key].items()})


@cache
def _library(kind: str) -> pd.DataFrame:
    from pvlib.pvsystem import retrieve_sam

    return pd.DataFrame(retrieve_sam(_LIBRARIES[kind]))
