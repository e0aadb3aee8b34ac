"""Where runs are carried out: processes of this machine or a Dask cluster, as one Executor.

The rest of a study only knows `concurrent.futures.Executor`: anything else that is one would do.
"""

import importlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, Final, ParamSpec, TypeVar

from joblib.externals.loky import ProcessPoolExecutor

from sim.errors import DataError

P = ParamSpec("P")
T = TypeVar("T")

ONE_THREAD: Final = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
}
"""Environment of a worker: as many processes as cores, so each has one thread."""

_IDLE_S: Final = 300.0
_LOOK_S: Final = 0.5
_CONNECT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where runs are carried out.

    Attributes
    ----------
    executor : Executor
        Carries them out.
    slots_count : int
        How many at the same time. [-]
    """

    executor: Executor
    slots_count: int


@contextmanager
def opened(workers: int, cluster: str = "") -> Iterator[Place]:
    """Open a place for runs, and leave no process behind when done.

    Parameters
    ----------
    workers : int
        Processes on this machine. [-]
    cluster : str
        Address of a Dask scheduler, ``local`` for a Dask cluster of this machine; empty for plain
        processes.

    Yields
    ------
    Place
        Where runs are carried out.
    """
    if cluster:
        with _dask(cluster, workers) as place:
            yield place
        return
    lanes = Lanes(workers)
    try:
        yield Place(lanes, workers)
    finally:
        lanes.shutdown()


class Lanes(Executor):
    """Processes side by side, each a pool of its own: one that dies takes only its own task along.

    Parameters
    ----------
    count : int
        Number of processes; no more tasks than this may be under way at once. [-]
    """

    def __init__(self, count: int) -> None:
        self._lanes = [_lane() for _ in range(count)]
        self._idle: SimpleQueue[int] = SimpleQueue()
        for number in range(count):
            self._idle.put(number)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Hand a task to a process that has none; one that died meanwhile is replaced."""
        number = self._idle.get()
        try:
            future: Future[T] = self._lanes[number].submit(fn, *args, **kwargs)
        except BrokenExecutor:
            self._lanes[number].shutdown(wait=False, kill_workers=True)
            self._lanes[number] = _lane()
            future = self._lanes[number].submit(fn, *args, **kwargs)
        future.add_done_callback(partial(self._back, number))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature is Executor's
        """End all processes, whatever they do."""
        for lane in self._lanes:
            lane.shutdown(wait=wait, kill_workers=True)

    def _back(self, number: int, _future: "Future[Any]") -> None:
        self._idle.put(number)


def _lane() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        1, timeout=_IDLE_S, initializer=_begin, initargs=(os.getpid(),), env=dict(ONE_THREAD)
    )


def _begin(parent: int) -> None:
    """Leave Ctrl-C to the parent, and end when it is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    # a child whose parent died gets another: nothing waits for its results, so it stops at once
    while os.getppid() == parent or os.name != "posix":
        time.sleep(_LOOK_S)
    os._exit(1)


@contextmanager
def _dask(address: str, workers: int) -> Iterator[Place]:
    """Connect with a Dask scheduler, or start one that no other machine can reach."""
    distributed, dask = _package("distributed"), _package("dask")
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # we tell what becomes of each run
    if address != "local":
        with _client(distributed, address) as client:
            yield _place(client, address)
        return
    with (
        # a worker's death is told at once: how often a run is tried is not for Dask to say
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1",
            dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield _place(client, address)


def _package(name: str) -> Any:  # noqa: ANN401 - Dask's types are half there
    try:
        return importlib.import_module(name)
    except ImportError:
        msg = "--cluster needs Dask, which is not installed: pip install 'gridloom[dask]'."
        raise DataError(msg) from None


def _client(distributed: Any, address: str) -> Any:  # noqa: ANN401
    try:
        return distributed.Client(address, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        msg = (
            f"{address}: no Dask scheduler answers there ({error}). Name the address that "
            "`dask scheduler` prints, e.g. tcp://127.0.0.1:8786, or `local`."
        )
        raise DataError(msg) from error


def _place(client: Any, address: str) -> Place:  # noqa: ANN401
    slots = sum(client.nthreads().values())
    if not slots:
        msg = f"{address}: the Dask scheduler has no workers. Start some, then try again."
        raise DataError(msg)
    return Place(client.get_executor(pure=False, retries=0), slots)
