"""Conversion between the units people write and the SI units used inside.

Inside Gridloom every quantity is coherent SI (W, J, s, kg, USD/J), so energy is ``power_w * dt_s``
with no factor anywhere. At the edges (YAML, CSV, tables, plots) stand the units people say.
Multiply by a constant to come in, divide by it to go out: ``capacity_kwh * KWH``, ``power_w / KW``.
"""

from types import MappingProxyType
from typing import Final

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0

KW: Final = 1e3
MW: Final = 1e6
KWH: Final = KW * HOUR_S
MWH: Final = MW * HOUR_S

GRAM_KG: Final = 1e-3
TONNE_KG: Final = 1e3
POUND_KG: Final = 0.45359237  # exact, international avoirdupois pound

USD_PER_KWH: Final = 1.0 / KWH
USD_PER_MWH: Final = 1.0 / MWH
G_PER_KWH: Final = GRAM_KG / KWH
KG_PER_MWH: Final = 1.0 / MWH
ZERO_CELSIUS_K: Final = 273.15

POWER_UNITS: Final = MappingProxyType({"W": 1.0, "kW": KW, "MW": MW})
"""Units a user's power series may have, as factors to W."""

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
