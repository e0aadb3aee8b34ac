"""One study at a time in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from sim.errors import DataError

LOCK: Final = ".study.lock"


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold a folder for one study; the system lets go of it when the process ends, however it ends.

    Parameters
    ----------
    home : Path
        Folder of a scenario's runs.

    Yields
    ------
    None
        While the folder is held.

    Raises
    ------
    DataError
        If another study holds it.
    """
    lock = FileLock(home / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        msg = (
            f"{home}: another study is running into this folder (it holds {LOCK}). Wait until it "
            "is done, stop it, or choose another folder with --out."
        )
        raise DataError(msg) from None
    try:
        yield
    finally:
        lock.release()
