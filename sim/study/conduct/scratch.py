"""The hidden folder of a study while it runs, with the traces of the runs under way."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sim.errors import DataError

TRACES: Final = "traces"

_PREFIX: Final = ".study-"


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """Give a study's hidden folder.

    Folders that studies left which were killed go first: the caller holds the scenario's folder.

    Parameters
    ----------
    home : Path
        The scenario's folder.

    Yields
    ------
    Path
        The folder, which goes at the end.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    remove_left(home)
    try:
        scratch = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
        (scratch / TRACES).mkdir()
    except OSError as error:
        remove_left(home)
        msg = f"{home}: cannot be written to ({error.strerror}). Choose another folder with --out."
        raise DataError(msg) from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def remove_left(home: Path) -> None:
    """Remove the hidden folders of studies that were killed; none may be running."""
    for entry in home.glob(f"{_PREFIX}*/"):
        shutil.rmtree(entry, ignore_errors=True)
