"""Timelines as a Bokeh document: the only code here that knows Bokeh."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from bokeh.core.json_encoder import serialize_json
from bokeh.core.serialization import Serializer
from bokeh.document import Document
from bokeh.models import (
    BasicTicker,
    BoxZoomTool,
    ColumnDataSource,
    DatetimeTickFormatter,
    HoverTool,
    NumeralTickFormatter,
    PanTool,
    Range1d,
    Stack,
    WheelZoomTool,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from sim.report.page.timelines import BLUE, INK, Line, Panel, Timelines

_TALL_PX: Final = 300
_LOW_PX: Final = 160
_LEAST_POINTS: Final = 6
_BY_DAY: Final = {INK: "#1a1a1a", BLUE: "#0072B2"}
_TIME: Final = "time"
_VALUES: Final = "values"

_LOOK: Final[dict[str, Any]] = {
    "sizing_mode": "stretch_width", "min_border_left": 76, "min_border_right": 16,
    "lod_threshold": None, "outline_line_color": None, "background_fill_color": None,
    "border_fill_color": None,
}

Json = dict[str, Any] | list[Any] | str | float | bool | None


@cache
def bokeh_script() -> str:
    """Return BokehJS: plots without widgets, tables, WebGL or mathematics."""
    return (files("bokeh") / "server/static/js/bokeh.min.js").read_text(encoding="utf-8")


def document(timelines: Timelines) -> dict[str, Any]:
    """Return what the page's script needs to draw timelines.

    Parameters
    ----------
    timelines : Timelines
        What to draw.

    Returns
    -------
    dict
        ``doc``, a Bokeh document, and ``roots``, the id of each panel, top to bottom. The same
        every time for the same timelines.
    """
    doc = json.loads(_frame(tuple(_bare(panel) for panel in timelines.panels)))
    width_ms = timelines.width_s * 1e3
    first_ms, last_ms = float(timelines.start_ms[0]), float(timelines.start_ms[-1]) + width_ms
    columns = {_TIME: timelines.start_ms.astype("float64")} | {
        f"p{row}l{place}": _signed(line).astype("float32")
        for row, panel in enumerate(timelines.panels)
        for place, line in enumerate(panel.lines)
    }
    told = Serializer(deferred=False).encode(columns)
    _named(doc, _VALUES)["data"] = json.loads(serialize_json(told))
    _named(doc, _TIME).update(
        start=first_ms, end=last_ms, bounds=[first_ms, last_ms],
        min_interval=min(_LEAST_POINTS * width_ms, last_ms - first_ms),
    )
    return {"doc": doc, "roots": [root["id"] for root in doc["roots"]]}


def _bare(panel: Panel) -> Panel:
    """Return a panel without its values: equal for equal panels of two runs."""
    return replace(panel, lines=tuple(replace(line, values=None) for line in panel.lines))


# Making its hundreds of models takes Bokeh longer than all the rest of a page takes together, and
# runs of a scenario mostly share it.
@lru_cache(maxsize=16)
def _frame(panels: tuple[Panel, ...]) -> str:
    """Return the document of panels as JSON, still without values."""
    source = ColumnDataSource({_TIME: []}, name=_VALUES)
    whole = Range1d(start=0.0, end=1.0, name=_TIME)
    doc = Document(title="")
    with doc.models.freeze():
        for row, panel in enumerate(panels):
            doc.add_root(_plot(panel, row, source, whole))
    told = json.loads(serialize_json(doc.to_json(deferred=False)))
    _renumber(told, {})
    return json.dumps(told)


def _named(part: Json, name: str) -> dict[str, Json]:
    """Find the attributes of the model of this name."""
    for model in _models(part):
        attributes = model.get("attributes")
        if isinstance(attributes, dict) and attributes.get("name") == name:
            return attributes
    msg = f"the Bokeh document has no model named {name}"
    raise ValueError(msg)


def _renumber(part: Json, known: dict[str, str]) -> None:
    """Count models from one as they appear: Bokeh counts all that it ever made."""
    for model in _models(part):
        model["id"] = known.setdefault(str(model["id"]), f"m{len(known) + 1}")


def _models(part: Json) -> Iterator[dict[str, Json]]:
    """Yield all models and references to them, in the order of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("id"), str):
            yield part
        for value in part.values():
            yield from _models(value)
    elif isinstance(part, list):
        for value in part:
            yield from _models(value)


def _signed(line: Line) -> NDArray[np.float64]:
    values = np.zeros(0) if line.values is None else line.values
    return -values if line.kind == "below" else values


def _plot(panel: Panel, row: int, source: ColumnDataSource, whole: Range1d) -> figure:
    plot = figure(
        x_range=whole, x_axis_type="datetime", height=_TALL_PX if panel.tall else _LOW_PX,
        toolbar_location=None, tools="", name=f"panel-{row}", **_LOOK,
    )
    plot.add_tools(
        zoom := BoxZoomTool(dimensions="width"), PanTool(dimensions="width"),
        WheelZoomTool(dimensions="width", modifiers={"ctrl": True}),
    )
    plot.toolbar.active_drag = zoom
    names = [f"p{row}l{place}" for place in range(len(panel.lines))]
    for kind in ("above", "below"):
        _areas(plot, [pair for pair in zip(panel.lines, names, strict=True)
                      if pair[0].kind == kind], source)
    for line, name in zip(panel.lines, names, strict=True):
        if line.kind == "line":
            drawn = plot.step(_TIME, name, source=source, mode="after", line_width=1.5,
                              line_color=_colour(line), line_dash=line.dash)
            drawn.glyph.tags = _tags(line)
    _hover(plot, panel, names, source)
    if panel.ends is not None:
        plot.y_range = Range1d(start=panel.ends[0], end=panel.ends[1])
    plot.xaxis.formatter = _dates()
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0.[000]")
    plot.yaxis.ticker = BasicTicker(desired_num_ticks=6 if panel.tall else 4)
    return plot


def _dates() -> DatetimeTickFormatter:
    return DatetimeTickFormatter(
        minutes="%H:%M", hourmin="%H:%M", hours="%d %b %H:%M", days="%d %b", months="%b %Y",
        years="%Y",
    )


def _areas(plot: figure, drawn: list[tuple[Line, str]], source: ColumnDataSource) -> None:
    """Stack areas away from zero; the browser adds them up."""
    for place, (line, name) in enumerate(drawn):
        below = [other for _, other in drawn[:place]]
        plot.varea_step(_TIME, {"expr": Stack(fields=below)} if below else 0.0,
                        {"expr": Stack(fields=[*below, name])}, source=source,
                        step_mode="after", fill_color=_colour(line), fill_alpha=0.85)


def _hover(plot: figure, panel: Panel, names: list[str], source: ColumnDataSource) -> None:
    """Tell the values at the pointer; hung on an invisible line of the first values."""
    anchor = plot.line(_TIME, names[-1], source=source, line_alpha=0.0)
    labels = [(line.label, f"@{name}{{0,0.[00]}}")
              for line, name in zip(panel.lines, names, strict=True)]
    moment = ("", f"@{_TIME}{{%d %b %Y %H:%M}} UTC")
    plot.add_tools(HoverTool(
        renderers=[anchor], mode="vline", tooltips=[moment, *labels],
        formatters={f"@{_TIME}": "datetime"}, point_policy="snap_to_data", line_policy="nearest",
    ))


def _colour(line: Line) -> str:
    return _BY_DAY.get(line.colour, line.colour)


def _tags(line: Line) -> list[str]:
    return [line.colour] if line.colour in _BY_DAY else []
