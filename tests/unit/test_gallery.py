"""Sizes and files of figures, and the gallery that lists them all."""

import re
import zlib

import matplotlib as mpl
import numpy as np
import pytest
from fake_run import fake_run
from matplotlib.figure import Figure
from PIL import Image

from sim.report import style
from sim.report.gallery import GALLERY, figures_of
from sim.report.run_figures import RUN_FIGURES
from sim.report.study_figures import STUDY_FIGURES


def drawn(text="Title", note=""):
    """Return a figure of two panels with a legend."""
    with style.house_style():
        figure, panels = style.side_by_side(2)
        for axes in panels:
            axes.plot([0, 1], [0, 1], label="a line", **style.look(0))
            axes.set_title("Heading")
        style.title(figure, text, note=note)
        style.legend_above(figure, panels)
    return figure


def sized_file(tmp_path, size, name):
    with style.sized(size):
        return style.save(drawn(), tmp_path / name)


@pytest.mark.parametrize(("size", "pixels"), [("screen", 11 * 110), ("single", 1050),
                                              ("double", 2160)])
def test_png_has_the_width_of_its_size_and_says_how_many_pixels_make_an_inch(
    tmp_path, size, pixels
):
    with Image.open(sized_file(tmp_path, size, "a.png")) as image:
        assert image.width == pytest.approx(pixels, abs=1)
        assert image.info["dpi"][0] == pytest.approx(110 if size == "screen" else 300, abs=0.1)


@pytest.mark.parametrize(("size", "points"), [("screen", 792.0), ("single", 252.0),
                                              ("double", 518.4)])
def test_svg_and_pdf_are_as_wide_as_the_column(tmp_path, size, points):
    svg = sized_file(tmp_path, size, "a.svg").read_text()
    width, height, box = re.search(
        r'width="([\d.]+)pt" height="([\d.]+)pt" viewBox="0 0 ([\d. ]+)"', svg
    ).groups()
    assert float(width) == pytest.approx(points)
    across, up = map(float, box.split())
    assert float(height) / float(width) == pytest.approx(up / across, rel=1e-4)
    pdf = sized_file(tmp_path, size, "a.pdf").read_bytes()
    assert float(re.search(rb"MediaBox \[ 0 0 ([\d.]+)", pdf)[1]) == pytest.approx(points)


def test_pdf_is_shrunk_as_a_whole_and_its_text_stays_text(tmp_path):
    pdf = sized_file(tmp_path, "single", "a.pdf").read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    page = zlib.decompress(streams[0])
    assert b"0.8 0 0 0.8 0 0 cm" in page[:80]
    assert b"Type3" not in pdf


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf"])
@pytest.mark.parametrize("size", ["screen", "single"])
def test_files_have_the_same_bytes_every_time_whatever_the_users_style(tmp_path, size, name):
    before = sized_file(tmp_path, size, name).read_bytes()
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 20.0, "svg.hashsalt": "other"}):
        assert sized_file(tmp_path, size, name).read_bytes() == before
    assert not list(tmp_path.glob(".*"))  # nothing half written stays


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a figure ends in \.png, \.svg, \.pdf"):
        style.save(drawn(), tmp_path / "a.bmp")
    with pytest.raises(KeyError, match="poster"), style.sized("poster"):
        pass


def test_no_text_of_any_figure_of_a_run_is_below_six_points_in_print():
    with style.sized("single"):
        figures = [one.draw(fake_run()) for one in RUN_FIGURES.values()]
        sizes = [text.get_fontsize() for figure in figures if figure
                 for text in figure.findobj(mpl.text.Text) if text.get_text()]
    assert len(sizes) > 50
    assert min(sizes) * 0.8 >= 6.0


def test_title_stands_on_the_screen_and_goes_to_the_caption_of_a_paper():
    figure = drawn("Costs", "Less is better.")
    assert [text.get_text() for text in figure.texts] == ["Costs", "Less is better."]
    with style.sized("double"):
        figure = drawn("Costs", "Less is better.")
    assert figure.texts == []
    assert figure.get_label() == "Costs. Less is better."


def test_panels_stand_beside_each_other_only_where_there_is_room():
    assert len({axes.get_position().x0 for axes in drawn().axes}) == 2
    with style.sized("single"):
        assert len({round(axes.get_position().x0, 6) for axes in drawn().axes}) == 1


@pytest.mark.parametrize("count", [1, 12, 40])
@pytest.mark.parametrize("size", ["screen", "single"])
def test_legend_covers_neither_title_nor_axes_and_stays_inside(count, size):
    with style.sized(size), style.house_style():
        figure, grid = style.canvas([2.0])
        axes = figure.add_subplot(grid[0])
        for place in range(count):
            axes.plot([0, 1], [0, place], label=f"a rather long name {place}", **style.look(place))
        axes.set_title("Heading\nof two lines")
        style.title(figure, "Title", note="A note.")
        style.legend_above(figure, [axes])
        figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert legend.x1 <= figure.bbox.x1
    assert legend.y0 >= axes.get_tightbbox().y1
    assert all(legend.y1 <= text.get_window_extent().y0 for text in figure.texts)


def test_lines_and_bars_never_look_alike():
    looks = [tuple(map(str, style.look(place).values())) for place in range(49)]
    assert len(set(looks)) == 49
    assert len({tuple(style.bar_look(place).values()) for place in range(49)}) == 49


def test_figures_without_anything_to_show_leave_no_file_behind(tmp_path):
    (tmp_path / "b.png").touch()
    assert style.save_all({"a": drawn(), "b": None}, tmp_path) == (tmp_path / "a.png",)
    assert not (tmp_path / "b.png").exists()


def test_gallery_has_every_figure_of_studies_and_runs_with_words_for_those_who_cannot_see():
    assert list(GALLERY) == [*STUDY_FIGURES, *RUN_FIGURES]
    assert all(entry.title and entry.needs and len(entry.alt) > 30 for entry in GALLERY.values())
    assert len({entry.alt for entry in GALLERY.values()}) == len(GALLERY)


def test_figures_are_picked_by_name_in_the_order_of_the_gallery():
    assert list(figures_of("study", ["forecast_value", "Heat-Map"])) == [
        "heat_map", "forecast-value",
    ]
    assert list(figures_of("run")) == list(RUN_FIGURES)


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("study", "paretto", r"no such figure\. Did you mean pareto\? Figures of a study: compar"),
        ("run", "xyz", r"xyz: no such figure\. Figures of a run: supply_demand, "),
        ("run", "pareto", "pareto: a figure of a study, and this is a run"),
    ],
)
def test_unknown_figures_are_refused_with_what_there_is(kind, name, message):
    with pytest.raises(ValueError, match=message):
        figures_of(kind, [name])


@pytest.mark.parametrize(("top", "text"), [(9e5, "900,000"), (2e6, "0.9 M")])
def test_numbers_from_a_million_on_are_written_in_millions(top, text):
    axes = Figure().subplots()
    axes.set_ylim(0.0, top)
    style.numbers(axes.yaxis)
    assert axes.yaxis.get_major_formatter()(9e5) == text


def test_a_figure_without_axes_is_left_alone():
    figure = Figure(figsize=(3, 2))
    style.legend_above(figure)
    assert np.allclose(figure.get_size_inches(), (3, 2))
