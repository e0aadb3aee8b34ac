"""Figures as files: PNG, SVG and PDF at any scale, with the same bytes every time."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from matplotlib.backends import backend_pdf
from matplotlib.figure import Figure

FORMATS: Final = ("png", "svg", "pdf")
_POINTS_PER_IN: Final = 72
_PDF: Final[Any] = backend_pdf  # matplotlib ships no types for its renderers


def write(figure: Figure, path: Path, *, scale: float, dpi: float) -> None:
    """Write a figure in the format that the file's name ends in, whole or not at all.

    Parameters
    ----------
    figure : Figure
        The figure.
    path : Path
        File to write, which ends in one of `FORMATS`.
    scale : float
        Size of all that is drawn over its size in the figure. [-]
    dpi : float
        Pixels per inch of what is written, in PNG and of images inside the others. [1/inch]

    Raises
    ------
    ValueError
        If the name ends in something else.
    """
    writers = {".png": _png, ".svg": _svg, ".pdf": _pdf}
    if path.suffix not in writers:
        msg = f"{path}: a figure ends in {', '.join(writers)}"
        raise ValueError(msg)
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(writers[path.suffix](figure, scale, dpi))
    partial.replace(path)


def _png(figure: Figure, scale: float, dpi: float) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png", dpi=dpi * scale, metadata={"Software": None},
                   pil_kwargs={"dpi": (dpi, dpi)})
    return file.getvalue()


def _svg(figure: Figure, scale: float, dpi: float) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="svg", dpi=dpi * scale, metadata={"Date": None, "Creator": None})
    # The view box stays as it is, so that a smaller width shrinks everything.
    size = re.compile(rb'(width|height)="([0-9.]+)pt"')
    return size.sub(lambda found: b'%s="%.6gpt"' % (found[1], scale * float(found[2])),
                    file.getvalue(), count=2)


def _pdf(figure: Figure, scale: float, dpi: float) -> bytes:
    """Do what `savefig` does, after a transformation of the page's coordinates."""
    file = BytesIO()
    page = _PDF.PdfFile(file, metadata=dict.fromkeys(("Creator", "Producer", "CreationDate")))
    usual_dpi, figure.dpi = figure.dpi, _POINTS_PER_IN
    width_in, height_in = figure.get_size_inches()
    page.newPage(scale * width_in, scale * height_in)
    page.output(scale, 0, 0, scale, 0, 0, _PDF.Op.concat_matrix)
    page.width, page.height = width_in, height_in  # what lies outside is not drawn
    renderer = _PDF.RendererPdf(page, dpi * scale, height_in, width_in)
    mixed = _PDF.MixedModeRenderer(figure, width_in, height_in, dpi * scale, renderer)
    figure.draw(mixed)
    mixed.finalize()
    page.finalize()
    page.close()
    figure.dpi = usual_dpi
    return file.getvalue()
