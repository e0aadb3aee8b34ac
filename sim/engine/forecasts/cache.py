"""Forecasts made once: kept in memory for the runs of a study, and on disk for the next one.

The key is a hash over all that a batch depends on, so that what is found equals what would be made,
bit for bit. ``GRIDLOOM_CACHE`` names the folder; ``off`` keeps nothing on disk.
"""

import json
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock

from forecasting.base import ForecastSet, ModelCard
from sim.site.node import cache_folder

MEMORY_BYTES: Final = 128 * 2**20
"""Most that forecasts take in memory beside those of the present run. [B]."""

DISK_BYTES: Final = 512 * 2**20
"""Most that forecasts take on disk; those not used for longest go first. [B]."""

_ARRAYS: Final = ("issued_at_s", "valid_start_s", "point", "quantile_levels", "quantiles")
_memory: OrderedDict[str, ForecastSet] = OrderedDict()


def kept(key: str, make: Callable[[], ForecastSet]) -> ForecastSet:
    """Return the forecasts of a key from memory, else from disk, else make and keep them.

    Parameters
    ----------
    key : str
        Hash over all that they depend on.
    make : callable
        Makes them.

    Returns
    -------
    ForecastSet
        The same, wherever they come from. On disk are only those of models that learn: others are
        made as fast as they are read.
    """
    found = _memory.get(key)
    if found is None:
        folder = cache_folder()
        found = _read(folder, key)
        if found is None:
            with _alone(folder, key):
                found = _read(folder, key)
                if found is None:
                    found = make()
                    if found.card.trained_until_s is not None:
                        _write(folder, key, found)
    _memory[key] = found
    _memory.move_to_end(key)
    while sum(map(_size_bytes, _memory.values())) > MEMORY_BYTES:
        _memory.popitem(last=False)
    return found


def forget() -> None:
    """Forget what is kept in memory."""
    _memory.clear()


@contextmanager
def _alone(folder: Path | None, key: str) -> Iterator[None]:
    """Let one process make what several want at the same time; the others then find it."""
    if folder is None:
        yield
        return
    path = _file(folder, key).with_suffix(".lock")
    with ExitStack() as held:
        with suppress(OSError):  # where nothing can be written, each makes its own
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(path))
            held.callback(path.unlink, missing_ok=True)
        yield


def _size_bytes(forecasts: ForecastSet) -> int:
    return sum(array.nbytes for array in _arrays(forecasts).values())


def _arrays(forecasts: ForecastSet) -> dict[str, Any]:
    found = {name: getattr(forecasts, name) for name in _ARRAYS}
    return {name: array for name, array in found.items() if array is not None}


def _file(folder: Path, key: str) -> Path:
    return folder / f"forecast-{key[:32]}.npz"


def _read(folder: Path | None, key: str) -> ForecastSet | None:
    """Read forecasts; those that are missing or damaged are none."""
    if folder is None:
        return None
    path = _file(folder, key)
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in _ARRAYS if name in stored}
            told = json.loads(str(stored["card"]))
        found = ForecastSet(**arrays, step_s=told.pop("step_s"), card=_card(told))
        os.utime(path)
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):
        return None
    return found


def _card(told: dict[str, Any]) -> ModelCard:
    return ModelCard(**told | {"features": tuple(told["features"])})


def _write(folder: Path | None, key: str, forecasts: ForecastSet) -> None:
    """Write forecasts so that they are there as a whole or not at all; a full disk is no fault."""
    if folder is None:
        return
    told = json.dumps(asdict(forecasts.card) | {"step_s": forecasts.step_s}, default=str)
    path = _file(folder, key)
    partial = path.with_name(f".partial-{path.stem}-{os.getpid()}.npz")
    with suppress(OSError):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            np.savez(partial, **_arrays(forecasts), card=np.array(told))
            partial.replace(path)
            _prune(folder)
        finally:
            partial.unlink(missing_ok=True)


def _prune(folder: Path) -> None:
    """Remove what was not used for longest, down to the size that is allowed."""
    entries = []
    for path in folder.glob("*forecast-*.npz"):  # those of dead processes too: .partial-forecast-
        with suppress(FileNotFoundError):
            state = path.stat()
            entries.append((state.st_mtime_ns, state.st_size, path))
    total_bytes = sum(size_bytes for _, size_bytes, _ in entries)
    for _, size_bytes, path in sorted(entries):
        if total_bytes <= DISK_BYTES:
            return
        path.unlink(missing_ok=True)
        total_bytes -= size_bytes
