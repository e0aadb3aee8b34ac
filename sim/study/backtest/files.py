"""What a backtest leaves: scores as JSON, every forecast, model cards, figures."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.backtest import Backtest
from forecasting.base import ForecastSet, ModelCard
from forecasting.data import Series
from forecasting.decision import DecisionValue
from sim.report.forecast_figures import Subject, write_forecast_figures
from sim.scenario.hashes import file_hash
from sim.study.backtest.backtest import Study
from sim.study.disk.folders import appearing, open_folder, refuse_foreign
from sim.study.disk.identity import provenance
from sim.study.disk.store import FIGURES
from sim.units import HOUR_S

SCORES: Final = "scores.json"
CARDS: Final = "model_cards.json"
FORECASTS: Final = "forecasts.parquet"
_KIND: Final = "forecast-backtest"


def write_backtest(study: Study, out: Path) -> None:
    """Write a backtest's folder, whole or not at all.

    Parameters
    ----------
    study : Study
        The backtests.
    out : Path
        Folder to write: new, empty, or one that an earlier backtest wrote.

    Raises
    ------
    DataError
        If it holds something else, or cannot be written.
    """
    out = out.resolve()
    refuse_foreign(out, own=is_backtest)
    open_folder(out.parent)
    origin = study.series.origin
    subject = Subject(study.source.column, study.source.unit, origin, study.series.values)
    cards = {name: card_facts(found.forecasts.card, study.series)
             for name, found in study.results.items()}
    with appearing(out, whole=is_backtest, replace=True) as partial:
        frames = [forecast_frame(found.forecasts, study.series, truth=found.truth, model=name)
                  for name, found in study.results.items()]
        pd.concat(frames).to_parquet(partial / FORECASTS, compression="zstd", index=False)
        (partial / FIGURES).mkdir()
        write_forecast_figures(study.results, subject, partial / FIGURES)
        _write_json(cards, partial / CARDS)
        _write_json(study_facts(study) | {"provenance": provenance()}, partial / SCORES)


def is_backtest(folder: Path) -> bool:
    """Return whether a folder was written by a backtest, as a whole."""
    try:
        found = json.loads((folder / SCORES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("kind") == _KIND


def study_facts(study: Study) -> dict[str, Any]:
    """Return all scores as plain values for JSON.

    Parameters
    ----------
    study : Study
        The backtests.

    Returns
    -------
    dict
        What was tried on which data, notes, and the scores by model; None where one has no meaning.
    """
    issued = next(iter(study.results.values())).forecasts
    source = asdict(study.source) | {"file": study.source.file.name}
    facts = {
        "kind": _KIND,
        "source": source,
        "data_hash": file_hash(study.source.file),
        "trial": asdict(study.trial),
        "issues_count": len(issued.issued_at_s),
        "first_issue": _moment(float(issued.issued_at_s[0]), study.series),
        "last_issue": _moment(float(issued.issued_at_s[-1]), study.series),
        "notes": study.notes,
        "models": {name: _scores(found, study.series) for name, found in study.results.items()},
    }
    return dict(_plain(facts))


def forecast_frame(
    forecasts: ForecastSet,
    series: Series,
    *,
    truth: np.ndarray[Any, np.dtype[np.float64]] | None = None,
    model: str = "",
) -> pd.DataFrame:
    """Return forecasts as a table, one row an issue and interval.

    Parameters
    ----------
    forecasts : ForecastSet
        The forecasts.
    series : Series
        The signal they are of.
    truth : ndarray of float, shape (issues, horizon), or None
        What came; None leaves the column out. [any]
    model : str
        Name for the column ``model``; empty leaves it out.

    Returns
    -------
    DataFrame
        ``issued_at``, ``valid_from`` (UTC), ``lead_h``, ``point``, a column a quantile (``q10``),
        ``truth``.
    """
    issues, horizon = forecasts.point.shape
    lead_s = np.tile(np.arange(horizon) * forecasts.step_s, issues)
    valid_s = np.repeat(forecasts.valid_start_s, horizon) + lead_s
    issued_s = np.repeat(forecasts.issued_at_s, horizon)
    columns: dict[str, Any] = {"model": model} if model else {}
    columns |= {
        "issued_at": _moments(issued_s, series),
        "valid_from": _moments(valid_s, series),
        "lead_h": (valid_s - issued_s) / HOUR_S,
        "point": forecasts.point.ravel(),
    }
    if forecasts.quantiles is not None:
        for place, level in enumerate(forecasts.quantile_levels):
            columns[f"q{100 * level:g}"] = forecasts.quantiles[:, :, place].ravel()
    if truth is not None:
        columns["truth"] = truth.ravel()
    return pd.DataFrame(columns)


def card_facts(card: ModelCard, series: Series) -> dict[str, Any]:
    """Return a model card as plain values, its times as moments.

    Parameters
    ----------
    card : ModelCard
        The card.
    series : Series
        The signal, on whose clock the card's times are.

    Returns
    -------
    dict
        By the card's names, ``_s`` dropped where a time has become a moment.
    """
    facts = asdict(card)
    for name in ("trained_from_s", "trained_until_s", "fallback_until_s"):
        time_s = facts.pop(name)
        known = time_s is not None and math.isfinite(time_s)
        facts[name.removesuffix("_s")] = _moment(time_s, series) if known else None
    return dict(_plain(facts))


def _scores(found: Backtest, series: Series) -> dict[str, Any]:
    card = found.scorecard
    levels = found.forecasts.quantile_levels
    return {
        "overall": card.overall,
        "lead_days": card.lead_days,
        "mae_by_lead": card.mae_by_lead,
        "mae_by_hour": card.mae_by_hour,
        "reliability": {f"{level:g}": below for level, below in zip(levels, card.reliability,
                                                                    strict=True)},
        "decision_value": _decision(found.decision),
        "decision_value_contiguous": _decision(found.decision_contiguous),
        "card": card_facts(found.forecasts.card, series),
    }


def _decision(value: DecisionValue | None) -> dict[str, Any] | None:
    return None if value is None else asdict(value)


def _moment(time_s: float, series: Series) -> str:
    return (series.origin + timedelta(seconds=time_s)).isoformat()


def _moments(times_s: np.ndarray[Any, np.dtype[np.float64]], series: Series) -> pd.DatetimeIndex:
    return pd.Timestamp(series.origin) + pd.to_timedelta(times_s, unit="s")


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever JSON knows
    """Return a value as JSON knows it; no number where there is none."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def _write_json(content: Mapping[str, Any], path: Path) -> None:
    text = json.dumps(content, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
