"""Commands about forecasts of the user's own data: how good they would have been, and the next."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sim.cli.core import app, near, progress, stop

forecast_app = typer.Typer(
    no_args_is_help=True, help="Forecast a signal of your own data; find out how good that is."
)
app.add_typer(forecast_app, name="forecast")

_Data = Annotated[Path, typer.Argument(help="CSV file (or .csv.gz) with a column of times.")]
_Column = Annotated[str, typer.Option(help="The signal to forecast.")]
_TimeColumn = Annotated[
    str | None, typer.Option(help="Column of the intervals' starts; else the first with times.")
]
_PastColumns = Annotated[
    str, typer.Option(help="Columns known as late as the signal: all, or names and commas.")
]
_Shares = Annotated[
    bool | None,
    typer.Option(
        "--shares/--no-shares",
        help="Take past columns as shares of their sum, and that sum; done of itself where they "
        "are all columns and none is ever negative, as generation by source.",
    ),
]
_Timezone = Annotated[str, typer.Option(help="Zone of times that name none, e.g. Europe/Berlin.")]
_Unit = Annotated[str, typer.Option(help="Unit of the signal, for tables and figures.")]
_HorizonH = Annotated[float, typer.Option(min=0.0, help="How far each forecast reaches, hours.")]
_LatencyH = Annotated[
    float, typer.Option(min=0.0, help="Hours until an interval's value is published.")
]
_HoldH = Annotated[
    float, typer.Option(min=0.0, help="Hours for which a gap repeats the value before it.")
]
_Latitude = Annotated[
    float | None, typer.Option(min=-90, max=90, help="Degrees north, for the sun.")
]
_Longitude = Annotated[
    float | None, typer.Option(min=-180, max=180, help="Degrees east, for the sun.")
]
_Seed = Annotated[int, typer.Option(min=0, help="Seed of models that draw at random.")]


@forecast_app.command("backtest")
def _backtest(  # noqa: PLR0913 - an option is a parameter
    data: _Data,
    *,
    column: _Column,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Forecaster: a name, or module:Class, with ,parameter=value behind it; "
            "may be given again. ridge if not given."
        ),
    ] = None,
    time_column: _TimeColumn = None,
    past_columns: _PastColumns = "",
    shares: _Shares = None,
    timezone: _Timezone = "UTC",
    unit: _Unit = "",
    horizon_h: _HorizonH = 24.0,
    issue_hour: Annotated[
        float, typer.Option(min=0.0, max=24.0, help="Hour of day of the first issue, UTC.")
    ] = 0.0,
    issue_every_h: Annotated[
        float, typer.Option(min=0.01, help="Hours between two issues.")
    ] = 24.0,
    test_from: Annotated[
        str | None, typer.Option(help="First day of issues; else the last quarter of the data.")
    ] = None,
    test_to: Annotated[
        str | None, typer.Option(help="Last day of issues; else the data's end.")
    ] = None,
    train_from: Annotated[
        str | None, typer.Option(help="Learn from nothing before this day.")
    ] = None,
    gap_h: Annotated[
        float, typer.Option(min=0.0, help="Hours between what is learned from and an issue.")
    ] = 0.0,
    latency_h: _LatencyH = 0.0,
    hold_gaps_h: _HoldH = 0.0,
    capacity: Annotated[
        float | None, typer.Option(help="Rated output, for errors normalised by it.")
    ] = None,
    latitude: _Latitude = None,
    longitude: _Longitude = None,
    more_is_better: Annotated[
        bool, typer.Option("--more-is-better", help="Jobs seek high values, as of solar power.")
    ] = False,
    seed: _Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for scores, forecasts and figures.")
    ] = None,
) -> None:
    """Forecast a past time as it would have been forecast then, and score it.

    Models learn anew every 30 days, from the past alone. Skill is the error
    saved against seasonal-naive (the day before repeated), which is always
    shown as well. Intervals come from the errors of the 90 days before; the
    worst 30 days tell how far they can be off. The decision value is the
    share of the gain with perfect foresight that a job of 4 h with a window
    of 24 h captures by following the forecasts, arriving every 6 h. Hours
    without a value, and past the data's end, are not scored.

    Example: gridloom forecast backtest DATA.csv --column carbon_intensity
    --past-columns all --model ridge --model blend --horizon-h 96
    --test-from 2021-07-01 --test-to 2021-12-31 --out outputs/backtest
    """
    import json

    from sim.report.forecast_tables import decision_table, lead_table
    from sim.report.tables import open_console
    from sim.study.backtest.backtest import Trial, run_backtest
    from sim.study.backtest.files import study_facts, write_backtest
    from sim.study.bound.signal import Source
    from sim.study.disk.store import FIGURES

    source = Source(
        data, column, time_column, timezone, _names(past_columns), shares=shares, unit=unit,
        latency_h=latency_h, hold_gaps_h=hold_gaps_h,
        latitude_deg=latitude, longitude_deg=longitude,
    )
    trial = Trial(
        tuple(model or ("ridge",)), horizon_h, issue_hour, issue_every_h,
        test_from=test_from, test_to=test_to, train_from=train_from, gap_h=gap_h,
        capacity=capacity, highest=more_is_better, seed=seed,
    )
    with progress(shown=True) as on_progress:
        study = run_backtest(source, trial, on_progress=on_progress)
    if out is not None:
        write_backtest(study, out)
    if as_json:
        typer.echo(json.dumps(study_facts(study), indent=2, allow_nan=False))
        return
    console = open_console()
    console.print(lead_table(study.results))
    console.print(f"MAE, RMSE, pinball in {unit or 'the unit of ' + column}.", markup=False)
    if (jobs := decision_table(study.results)) is not None:
        console.print("\nDecision value: share of the oracle's gain that jobs capture")
        console.print(jobs)
    for note in study.notes:
        typer.echo(f"Note: {note}", err=True)
    if out is not None:
        typer.echo(f"Scores and forecasts: {near(out)}; figures: {near(out / FIGURES)}")


@forecast_app.command("issue")
def _issue(  # noqa: PLR0913 - an option is a parameter
    data: _Data,
    *,
    column: _Column,
    model: Annotated[str, typer.Option(help="Forecaster: a name or module:Class.")] = "ridge",
    time_column: _TimeColumn = None,
    past_columns: _PastColumns = "",
    shares: _Shares = None,
    timezone: _Timezone = "UTC",
    horizon_h: _HorizonH = 24.0,
    at: Annotated[
        str | None, typer.Option(help="When it is issued; else when the data end.")
    ] = None,
    latency_h: _LatencyH = 0.0,
    hold_gaps_h: _HoldH = 0.0,
    latitude: _Latitude = None,
    longitude: _Longitude = None,
    seed: _Seed = 0,
    out: Annotated[Path | None, typer.Option(help="CSV file to write instead.")] = None,
) -> None:
    """Forecast what comes after the data, with an 80 % interval.

    Example: gridloom forecast issue DATA.csv --column price --model blend --out tomorrow.csv
    """
    from sim.report.forecast_tables import forecast_table
    from sim.report.tables import open_console
    from sim.study.backtest.backtest import issue_forecast
    from sim.study.backtest.files import forecast_frame
    from sim.study.bound.signal import Source

    source = Source(
        data, column, time_column, timezone, _names(past_columns), shares=shares,
        latency_h=latency_h, hold_gaps_h=hold_gaps_h,
        latitude_deg=latitude, longitude_deg=longitude,
    )
    forecasts, series = issue_forecast(source, model, horizon_h=horizon_h, at=at, seed=seed)
    frame = forecast_frame(forecasts, series)
    for note in series.notes:
        typer.echo(f"Note: {note}", err=True)
    if out is None:
        typer.echo(f"{column}, issued at {frame['issued_at'].iloc[0]:%Y-%m-%d %H:%M} UTC")
        open_console().print(forecast_table(frame))
        return
    try:
        frame.to_csv(out, index=False, lineterminator="\n", date_format="%Y-%m-%dT%H:%M:%SZ")
    except OSError as error:
        stop(f"{out}: cannot be written ({error.strerror}).", 2)
    typer.echo(f"Forecast: {near(out)}")


@forecast_app.command("models")
def _models() -> None:
    """List the built-in forecasters.

    Example: gridloom forecast models
    """
    from sim.report.forecast_tables import models_table
    from sim.report.tables import open_console

    open_console().print(models_table())


def _names(past_columns: str) -> tuple[str, ...] | Literal["all"]:
    """Return the names in a list with commas."""
    names = tuple(name.strip() for name in past_columns.split(",") if name.strip())
    return "all" if names == ("all",) else names
