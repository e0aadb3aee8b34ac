"""Quotients and means that have no value where there is nothing to divide by."""

import pandas as pd


def ratio(part: float | None, whole: float) -> float | None:
    """Return part over whole; None where there is no part or nothing to divide by."""
    return None if part is None or not whole else part / whole


def mean(values: "pd.Series[float]") -> float | None:
    """Return the mean; None of nothing."""
    return float(values.mean()) if len(values) else None
