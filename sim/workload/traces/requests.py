"""Requests to language models from public traces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.registry import did_you_mean
from sim.workload.traces.table import Column, Table, read_csv, refuse

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """Requests in order of arrival, shape (n_requests,).

    Attributes
    ----------
    arrival_s : ndarray of float
        Arrival since the first one. [s]
    prompt_tokens, output_tokens : ndarray of int
        Lengths of the prompt and of the answer. [-]
    failed_count : int
        Requests without an answer, which are left out. [-]
    bad_count : int
        Rows that could not be read and were dropped. [-]
    """

    arrival_s: Column
    prompt_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    failed_count: int
    bad_count: int

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.arrival_s)


def read_requests(path: Path, trace_format: str, *, drop_bad: bool = False) -> RequestTrace:
    """Read a trace of requests.

    Parameters
    ----------
    path : Path
        The file; may be compressed (.gz).
    trace_format : str
        One of ``REQUEST_FORMATS``: ``azure-llm`` (2023 and 2024) or ``burstgpt``.
    drop_bad : bool
        Whether rows that cannot be read are dropped and counted; else they are refused.

    Returns
    -------
    RequestTrace
        Its requests.

    Raises
    ------
    ValueError
        If there is no such format.
    DataError
        If the file cannot be used, a row is wrong, or requests are not in order of arrival.

    References
    ----------
    .. [1] P. Patel et al., "Splitwise," ISCA 2024: the Azure trace of 2023.
    .. [2] Y. Wang et al., "BurstGPT," arXiv:2401.17644.
    """
    if trace_format not in REQUEST_FORMATS:
        msg = f"there is no request trace format {trace_format}."
        raise ValueError(msg + did_you_mean(trace_format, REQUEST_FORMATS))
    table, arrival_s, prompt, output = REQUEST_FORMATS[trace_format](path)
    for name, column in (("arrival", arrival_s), ("prompt", prompt), ("answer", output)):
        for line in table.line[~(column >= 0.0)].tolist():
            table.faults.setdefault(line, f"has no valid {name}")
    bad = np.isin(table.line, np.fromiter(table.faults, dtype=np.int64))
    if table.faults and not drop_bad:
        first = sorted(table.faults.items())[:_SHOWN]
        shown = "; ".join(f"line {line} {fault}" for line, fault in first)
        refuse(path, f"{shown} ({len(table.faults)} bad rows in all).")
    arrival_s, prompt, output = arrival_s[~bad], prompt[~bad], output[~bad]
    if np.any(np.diff(arrival_s) < 0.0):
        line = table.line[~bad][1:][np.diff(arrival_s) < 0.0][0]
        refuse(path, f"line {line} arrives before the one it stands behind.")
    answered = output > 0.0
    if not answered.any():
        refuse(path, "has no request with an answer.")
    return RequestTrace(
        arrival_s=arrival_s[answered] - arrival_s[answered][0],
        prompt_tokens=prompt[answered].astype(np.int64),
        output_tokens=output[answered].astype(np.int64),
        failed_count=int(np.sum(~answered)),
        bad_count=len(table.faults),
    )


_Read = tuple[Table, Column, Column, Column]


def _azure(path: Path) -> _Read:
    table = read_csv(path, ["TIMESTAMP", "ContextTokens", "GeneratedTokens"])
    arrival_s = table.stamps_s("TIMESTAMP", "UTC")
    return table, arrival_s, table.numbers("ContextTokens"), table.numbers("GeneratedTokens")


def _burstgpt(path: Path) -> _Read:
    table = read_csv(path, ["Timestamp", "Request tokens", "Response tokens"])
    arrival_s = table.numbers("Timestamp")
    return table, arrival_s, table.numbers("Request tokens"), table.numbers("Response tokens")


REQUEST_FORMATS: Final[Mapping[str, Callable[[Path], _Read]]] = MappingProxyType(
    {"azure-llm": _azure, "burstgpt": _burstgpt}
)
"""Readers of request traces by name."""
