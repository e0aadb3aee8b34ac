"""Published training runs: whether their figures add up, and the MFU their hours imply.

The accounting check recomputes energy and carbon from a run's own hours, watts, PUE and grid
factor: it tests arithmetic, and where those were assumed or derived by the authors it tests no
more. The MFU check is the independent one: hours from parameters and tokens alone.
"""

from typing import Final

import numpy as np
import pandas as pd

from sim.catalog import table
from sim.units import G_PER_KWH, HOUR_S, MWH, TFLOP, TONNE_KG, Range
from sim.workload.training.plan import FLOP_PER_PARAMETER_TOKEN

FEWEST_RUNS: Final = 4
"""Runs of a family of accelerators from which their own spread is taken (assumption)."""


def accounting() -> pd.DataFrame:
    """Return energy and carbon of every published run, recomputed from its own figures.

    Returns
    -------
    DataFrame
        A row a run: reported and computed energy (MWh) and carbon (t), errors (%), and what the
        row lacks, empty where energy and carbon could be computed.

    Notes
    -----
    Energy is hours x power, x PUE where the reported figure has it. Carbon is the reported energy
    with PUE x factor, so that the rounding of one published figure does not count in the other's
    error; straight from hours the largest error of carbon is 1.55 %, of GShard.
    """
    runs = table("training_runs")
    with_pue = runs["reported_boundary"] == "facility"
    energy_mwh = runs["accelerator_hours"] * HOUR_S * runs["power_w"] / MWH
    energy_mwh *= np.where(with_pue, runs["pue"], 1.0)
    facility_mwh = runs["reported_mwh"] * np.where(with_pue, 1.0, runs["pue"])
    factor = runs["average_carbon_intensity_g_per_kwh"] * G_PER_KWH
    carbon_t = facility_mwh * MWH * factor / TONNE_KG
    return pd.DataFrame(
        {
            "run": runs["run"],
            "reported_mwh": runs["reported_mwh"],
            "computed_mwh": energy_mwh,
            "energy_error_percent": _error_percent(energy_mwh, runs["reported_mwh"]),
            "reported_t": runs["reported_t"],
            "computed_t": carbon_t,
            "carbon_error_percent": _error_percent(carbon_t, runs["reported_t"]),
            "lacks": [
                _lacking(no_energy=no_energy, no_carbon=no_carbon)
                for no_energy, no_carbon in zip(energy_mwh.isna(), carbon_t.isna(), strict=True)
            ],
        }
    )


def implied_mfu() -> pd.DataFrame:
    """Return the MFU that the hours of published runs imply.

    Returns
    -------
    DataFrame
        A row a run whose hours, parameters and tokens are known, in the order of the table
        ``training_runs``: run, family (e.g. ``a100``), flop, peak_flop_per_s, accelerator_hours,
        mfu_fraction.

    Notes
    -----
    6 N D over hours x dense bf16 (else fp16) peak. The hours include restarts, and for Llama 3 and
    3.1 long-context and post-training, so this is lower than the MFU of a step.
    """
    runs = table("training_runs").dropna(subset=["accelerator_hours", "model"])
    facts = table("models").drop(columns="source").dropna(subset=["tokens_b"])
    chips = table("accelerators")[["accelerator", "peak_bf16_tflops", "peak_fp16_tflops"]]
    runs = runs.drop_duplicates("model")
    joined = runs.merge(facts, on="model").merge(chips, on="accelerator")
    parameters_b = joined["active_parameters_b"].fillna(joined["parameters_b"])
    flop = FLOP_PER_PARAMETER_TOKEN["training"] * parameters_b * 1e9 * joined["tokens_b"] * 1e9
    peak = joined["peak_bf16_tflops"].fillna(joined["peak_fp16_tflops"]) * TFLOP
    return pd.DataFrame(
        {
            "run": joined["run"],
            "family": [_family(name) for name in joined["accelerator"]],
            "flop": flop,
            "peak_flop_per_s": peak,
            "accelerator_hours": joined["accelerator_hours"],
            "mfu_fraction": flop / (joined["accelerator_hours"] * HOUR_S * peak),
        }
    ).reset_index(drop=True)


def fitted_mfu(accelerator: str, runs: pd.DataFrame | None = None) -> Range:
    """Return the MFU to expect of a training run at bf16 or fp16.

    Parameters
    ----------
    accelerator : str
        Name in the catalog.
    runs : DataFrame or None
        Runs to fit on, as `implied_mfu` gives them; None: all.

    Returns
    -------
    Range
        Least, median and largest implied MFU of the runs on accelerators of the same family; the
        median of all runs where there is none, the bounds of all where there are fewer than four.
    """
    runs = implied_mfu() if runs is None else runs
    everything = runs["mfu_fraction"]
    own = everything[runs["family"] == _family(accelerator)]
    middle = own if len(own) else everything
    spread = own if len(own) >= FEWEST_RUNS else everything
    return Range(float(spread.min()), float(middle.median()), float(spread.max()))


def split_check(*, swapped: bool = False) -> pd.DataFrame:
    """Return how well MFU fitted on half of the published runs predicts the other half's hours.

    Parameters
    ----------
    swapped : bool
        Whether to fit on the second, fourth, ... run instead of the first, third, ...

    Returns
    -------
    DataFrame
        A row a run: run, half (``fit`` or ``test``), mfu_fraction, fitted_mfu_fraction,
        accelerator_hours, predicted_hours, error_percent; the last three columns' predictions are
        missing for the half that was fitted on.
    """
    runs = implied_mfu()
    fitted_on = np.arange(len(runs)) % 2 == int(swapped)
    half = runs[fitted_on]
    mfu = np.array([fitted_mfu(family, half).mid for family in runs["family"]])
    hours = np.where(fitted_on, np.nan, runs["flop"] / (runs["peak_flop_per_s"] * mfu) / HOUR_S)
    return pd.DataFrame(
        {
            "run": runs["run"],
            "half": np.where(fitted_on, "fit", "test"),
            "mfu_fraction": runs["mfu_fraction"],
            "fitted_mfu_fraction": np.where(fitted_on, np.nan, mfu),
            "accelerator_hours": runs["accelerator_hours"],
            "predicted_hours": hours,
            "error_percent": _error_percent(pd.Series(hours), runs["accelerator_hours"]),
        }
    )


def _family(accelerator: str) -> str:
    """Give the generation of an accelerator: what its catalog name starts with, TPUs by version."""
    parts = accelerator.split("-")
    return "-".join(parts[:2]) if parts[0] == "tpu" else parts[0]


def _error_percent(computed: pd.Series, reported: pd.Series) -> pd.Series:
    """Give the error; none where nothing was emitted and nothing computed."""
    error = 100.0 * (computed - reported) / reported.where(reported != 0.0)
    return error.mask((reported == 0.0) & (computed == 0.0), 0.0)


def _lacking(*, no_energy: bool, no_carbon: bool) -> str:
    if no_carbon:
        return "hours, power and energy: nothing to check"
    return "hours or power: only carbon can be checked" if no_energy else ""
