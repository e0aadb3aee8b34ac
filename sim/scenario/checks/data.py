"""Check the data files of a scenario: that they are there, and that their series are sound."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from sim.errors import DataError
from sim.scenario.checks.partial import settled
from sim.scenario.checks.weather import weather_fault
from sim.scenario.positions import FieldPath, Finding, quoted
from sim.scenario.schema.datacenter import HardwareFile
from sim.scenario.schema.fields import Part
from sim.scenario.schema.grid import NetworkMarket
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.series import SeriesSource
from sim.scenario.schema.service import RequestTraceFile
from sim.scenario.schema.trace import TraceFile
from sim.scenario.schema.weather import WeatherFile
from sim.scenario.schema.workload import JobsFile
from sim.scenario.series.files import data_fault, trace_fault
from sim.scenario.series.piecewise import coverage_fault, read_series
from sim.units import HOUR_S


def file_mistakes(tree: Mapping[str, object], folder: Path) -> list[Finding]:
    """Look for every file that a scenario refers to, without opening it.

    Parameters
    ----------
    tree : mapping
        Raw values of the scenario; they need not fit the schema.
    folder : Path
        Folder that file names are relative to.

    Returns
    -------
    list of Finding
        A finding for each file that cannot be read.
    """
    return [
        Finding(path, f"{quoted(name)}: {fault}")
        for part in ("sites", "workload")
        for path, name, is_trace in _file_names(tree.get(part), (part,))
        if (fault := (trace_fault if is_trace else partial(_fault, path))(folder / name))
    ]


def _fault(where: FieldPath, path: Path) -> str | None:
    return weather_fault(path) if where[-2:] == ("weather", "file") else data_fault(path)


def _file_names(raw: object, path: FieldPath) -> Iterator[tuple[FieldPath, str, bool]]:
    """Yield where a file is named, its name, and whether it is a trace in a format of its own."""
    if isinstance(raw, Mapping):
        for key in ("file", "throughputs"):
            if isinstance(raw.get(key), str) and raw[key]:
                yield (*path, key), raw[key], key == "file" and raw.get("type") == "trace"
        for key, value in raw.items():
            yield from _file_names(value, (*path, key))
    elif isinstance(raw, tuple):
        for index, value in enumerate(raw):
            yield from _file_names(value, (*path, index))


def series_mistakes(scenario: Scenario, folder: Path) -> list[Finding]:
    """Read every series of a scenario and check that it is sound and covers the run.

    Parameters
    ----------
    scenario : Scenario
        The scenario, possibly with broken fields.
    folder : Path
        Folder that file names are relative to.

    Returns
    -------
    list of Finding
        A finding for each series that cannot be used; `file_mistakes` tells of missing files.
    """
    return [
        finding
        for path, part in _parts(scenario, ())
        if isinstance(part, SeriesSource)
        for finding in settled(_series(scenario, part, path, folder))
    ]


def _series(
    scenario: Scenario, ref: SeriesSource, path: FieldPath, folder: Path
) -> Iterator[Finding]:
    if data_fault(folder / ref.file):
        return
    end_s = round(scenario.duration_h * HOUR_S, 6)
    try:
        series = read_series(folder, ref, start=scenario.start, duration_s=end_s)
    except DataError as error:
        yield Finding(path, str(error))
        return
    if fault := coverage_fault(series, ref, start=scenario.start, end_s=end_s):
        yield Finding(path, fault)


def data_files(scenario: Scenario, folder: Path) -> tuple[Path, ...]:
    """List the data files of a scenario.

    Parameters
    ----------
    scenario : Scenario
        A whole scenario.
    folder : Path
        Folder that file names are relative to.

    Returns
    -------
    tuple of Path
        Each file once, in the order of the scenario.
    """
    parts = [part for _, part in _parts(scenario, ())]
    kinds = (SeriesSource, JobsFile, TraceFile, RequestTraceFile, WeatherFile, HardwareFile)
    names = [part.file for part in parts if isinstance(part, kinds)]
    names += [part.throughputs for part in parts if isinstance(part, TraceFile) if part.throughputs]
    networks = [part.network for part in parts if isinstance(part, NetworkMarket)]
    tables = (path for name in networks for path in sorted((folder / name).glob("*.csv*")))
    return tuple(dict.fromkeys([*(folder / name for name in names), *tables]))


def _parts(value: object, path: FieldPath) -> Iterator[tuple[FieldPath, Part]]:
    if isinstance(value, Part):
        yield path, value
        for name in type(value).model_fields:
            yield from _parts(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            yield from _parts(entry, (*path, index))
