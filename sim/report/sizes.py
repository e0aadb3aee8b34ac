"""Sizes of figures: for the screen, and for one or two columns of a paper.

A figure is laid out in inches and points of the screen, on `width_in()` inches. For a paper it is
laid out narrower and then shrunk as a whole when it is saved, so that a function that draws needs
to know neither the size nor the format: 8 points on the screen are never less than 6 in print.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

LEFT_IN: Final = 0.95
"""Margin on the left, with room for an axis's numbers and its label. [inch]."""
_NARROW_IN: Final = 6.0


@dataclass(frozen=True, slots=True)
class Size:
    """What a figure is drawn for.

    Attributes
    ----------
    name : str
        What users call it.
    paper_in : float
        Width as it comes out. [inch]
    scale : float
        Size as it comes out over size as it is laid out. [-]
    dpi : float
        Pixels per inch as it comes out, in PNG. [1/inch]
    titled : bool
        Whether the figure says what it shows; in a paper its caption does.
    """

    name: str
    paper_in: float
    scale: float
    dpi: float
    titled: bool

    @property
    def width_in(self) -> float:
        """Width on which to lay out. [inch]."""
        return self.paper_in / self.scale


SCREEN: Final = Size("screen", 11.0, 1.0, 110, titled=True)
SIZES: Final = MappingProxyType({size.name: size for size in (
    SCREEN,
    Size("single", 3.5, 0.8, 300, titled=False),  # a column of a journal's page
    Size("double", 7.2, 0.85, 300, titled=False),  # its two columns
)})
_SIZE: ContextVar[Size] = ContextVar("size of figures", default=SCREEN)


@contextmanager
def sized(name: str) -> Iterator[None]:
    """Draw and save for the screen (the default), or for a single or double column of a paper."""
    before = _SIZE.set(SIZES[name])
    try:
        yield
    finally:
        _SIZE.reset(before)


def current() -> Size:
    """Return the size to draw and save for."""
    return _SIZE.get()


def width_in() -> float:
    """Return the width on which to lay a figure out. [inch]."""
    return _SIZE.get().width_in


def narrow() -> bool:
    """Return whether the figure is too narrow for panels beside each other."""
    return width_in() < _NARROW_IN


def left() -> float:
    """Return where axes begin, as a fraction of the width. [-]."""
    return LEFT_IN / width_in()


def right() -> float:
    """Return where axes end, as a fraction of the width. [-]."""
    return 1.0 - (0.2 if narrow() else 0.4) / width_in()
