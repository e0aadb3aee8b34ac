"""Conversion between the units people write and the SI units used inside.

Inside Gridloom every quantity is coherent SI (W, J, s, kg, USD/J), so energy is ``power_w * dt_s``
with no factor anywhere. At the edges (YAML, CSV, tables, plots) stand the units people say.
Multiply by a constant to come in, divide by it to go out: ``capacity_kwh * KWH``, ``power_w / KW``.
"""

from types import MappingProxyType
from typing import Final, NamedTuple

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0
YEAR_S: Final = 365.25 * DAY_S

KW: Final = 1e3
MW: Final = 1e6
KWH: Final = KW * HOUR_S
MWH: Final = MW * HOUR_S

GB: Final = 1e9
TB: Final = 1e12
GBPS: Final = 1e9 / 8.0  # gigabits a second, as networks are sold, to bytes a second
TFLOP: Final = 1e12

LITER_M3: Final = 1e-3
KM_M: Final = 1e3

GRAM_KG: Final = 1e-3
TONNE_KG: Final = 1e3
POUND_KG: Final = 0.45359237  # exact, international avoirdupois pound

USD_PER_KWH: Final = 1.0 / KWH
USD_PER_MWH: Final = 1.0 / MWH
G_PER_KWH: Final = GRAM_KG / KWH
KG_PER_MWH: Final = 1.0 / MWH
ZERO_CELSIUS_K: Final = 273.15


class Range(NamedTuple):
    """A figure on which sources disagree, in any unit.

    Attributes
    ----------
    low, mid, high : float
        Its least, its middle and its largest published value. [any]
    """

    low: float
    mid: float
    high: float


POWER_UNITS: Final = MappingProxyType({"W": 1.0, "kW": KW, "MW": MW})
"""Units a user's power series may have, as factors to W."""

RATE_UNITS: Final = MappingProxyType({"1/s": 1.0, "1/min": 1.0 / MINUTE_S, "1/h": 1.0 / HOUR_S})
"""Units a user's series of rates may have, as factors to 1/s."""

PRICE_UNITS: Final = MappingProxyType({"USD/kWh": USD_PER_KWH, "USD/MWh": USD_PER_MWH})
"""Units a user's price series may have, as factors to USD/J."""

CARBON_UNITS: Final = MappingProxyType(
    {
        "g/kWh": G_PER_KWH,
        "kg/kWh": 1.0 / KWH,
        "kg/MWh": KG_PER_MWH,
        "t/MWh": TONNE_KG / MWH,
        "lb/kWh": POUND_KG / KWH,
        "lb/MWh": POUND_KG / MWH,
    }
)
"""Units a user's carbon-intensity series may have, as factors to kg/J."""
