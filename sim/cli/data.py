"""Commands that make data: a network's market, a place's weather."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.core import app, near, progress, stop


@app.command("market")
def _market(
    network: Annotated[
        str, typer.Argument(help="A network's folder (our form or PyPSA's), or a built-in's name.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder to write: new, empty, or an earlier market's.")],
    carbon_price_usd_per_t: Annotated[
        float, typer.Option(min=0.0, help="Carbon price that the generators pay.")
    ] = 0.0,
    value_of_lost_load_usd_per_mwh: Annotated[
        float | None, typer.Option(min=0.0, help="Cost of demand not served; 9000 if not given.")
    ] = None,
) -> None:
    """Solve a power market with a network hour by hour: prices, flows, emissions.

    Example: gridloom market pjm5 --out outputs/pjm5
    """
    from sim.report.tables import open_console
    from sim.study.market import market_command, market_table

    with progress(shown=True) as on_progress:
        summary = market_command(
            network,
            out,
            carbon_price_usd_per_t=carbon_price_usd_per_t,
            value_of_lost_load_usd_per_mwh=value_of_lost_load_usd_per_mwh,
            on_progress=on_progress,
        )
    open_console().print(market_table(summary))
    for note in summary["notes"]:
        typer.echo(f"Note: {note}", err=True)
    typer.echo(f"Tables and figures: {near(out)}")


@app.command("fetch-weather")
def _fetch_weather(  # noqa: PLR0913 - an option is a parameter
    source: Annotated[str, typer.Argument(help="pvgis or nsrdb.")],
    out: Annotated[Path, typer.Argument(help="File to write: .json (pvgis), .csv (nsrdb).")],
    *,
    latitude: Annotated[float, typer.Option(min=-90, max=90, help="Latitude, degrees north.")],
    longitude: Annotated[float, typer.Option(min=-180, max=180, help="Longitude, degrees east.")],
    api_key: Annotated[
        str, typer.Option(envvar="NSRDB_API_KEY", help="Key of the NSRDB service.")
    ] = "",
    email: Annotated[str, typer.Option(help="Address that goes with the key.")] = "",
    url: Annotated[str | None, typer.Option(help="Another address of the service.")] = None,
) -> None:
    """Fetch a place's typical year from PVGIS or NSRDB.

    Example: gridloom fetch-weather pvgis here.json --latitude 45 --longitude 8
    """
    from sim.weather.fetch import Account, fetch_weather

    try:
        fetch_weather(
            source,
            out,
            latitude_deg=latitude,
            longitude_deg=longitude,
            account=Account(api_key, email),
            url=url,
        )
    except ValueError as error:
        stop(str(error), 2)
    file_format = ", format: psm3" if source == "nsrdb" else ""
    typer.echo(f"Wrote {near(out)}. In a scenario: weather: {{file: {out.name}{file_format}}}")
