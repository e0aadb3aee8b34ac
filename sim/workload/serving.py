"""How fast a replica of a language model serves, and what its accelerators draw, by batch size.

Decoding: an iteration writes one token of each of B requests in t0 + t1 B, at P0 + Pdyn B / (B + K)
per accelerator: fits on measured serving (ML.ENERGY), kept within the batches they were measured
at. Prefill: a prompt of n tokens takes (floor^4 + (c n)^4)^(1/4) (fits on Splitwise's profiles).
"""

import math
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.catalog.serving import CACHE_FRACTION as CACHE_FRACTION
from sim.catalog.serving import curve_key, curve_rows
from sim.scenario.schema.datacenter import Cluster
from sim.scenario.schema.service import Service
from sim.units import GB

MILLI_S: Final = 1e-3
KB: Final = 1e3

Number = TypeVar("Number", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class ServingCurve:
    """A model on the accelerators of one replica.

    Attributes
    ----------
    name : str
        Its key in the catalog, or what a scenario calls it.
    gpus_per_replica : int
        Accelerators of a replica. [-]
    t0_s, t1_s : float
        Time of a decode iteration: fixed part, and part per request in the batch. [s]
    p0_w, pdyn_w : float
        Power of one accelerator alone, decoding: at batch 0, and what a large batch adds. [W]
    k_batch : float
        Batch size at which half of `pdyn_w` is drawn. [-]
    batch_min, batch_max : float
        Batch sizes between which it was measured. [-]
    floor_s, s_per_token : float
        Time of a prefill: the least, and per token of a long prompt. [s]
    prefill_base_fraction, prefill_gain_fraction : float
        Power of a prefill over TDP: of a short prompt, and what a long one adds. [-]
    prefill_half_tokens : float
        Prompt length at which half of it is added. [-]
    model_bytes : float or None
        Size of the weights; None if unknown. [B]
    kv_bytes_per_token : float or None
        Size of the KV cache of one token of one request; None if unknown. [B]
    throughput_error_fraction : float
        Mean error of the fitted throughput over the batches that were measured. [-]
    prefill_measured : bool
        Whether the prefill was measured; else it is an estimate from the model's size.
    """

    name: str
    gpus_per_replica: int
    t0_s: float
    t1_s: float
    p0_w: float
    pdyn_w: float
    k_batch: float
    batch_min: float
    batch_max: float
    floor_s: float
    s_per_token: float
    prefill_base_fraction: float
    prefill_gain_fraction: float
    prefill_half_tokens: float
    model_bytes: float | None
    kv_bytes_per_token: float | None
    throughput_error_fraction: float
    prefill_measured: bool

    def iteration_s(self, batch: Number) -> Number:
        """Return the time of one decode iteration at a batch size. [s]."""
        return self.t0_s + self.t1_s * batch

    def throughput_tokens_per_s(self, batch: Number) -> Number:
        """Return the tokens that one replica writes per second at a batch size."""
        return batch / self.iteration_s(batch)

    def power_w(self, batch: Number) -> Number:
        """Return the power of one decoding accelerator alone. [W]."""
        # Below the smallest batch that was measured it stays what it was there: a fit's power at
        # batch 0 is no idle power, and for some configurations it is next to nothing.
        held = np.maximum(batch, self.batch_min)
        power: Number = self.p0_w + self.pdyn_w * held / (held + self.k_batch)
        return power

    def prefill_s(self, prompt_tokens: Number) -> Number:
        """Return the time until a prompt has been read and the first token written. [s]."""
        sum_s4 = self.floor_s**4 + (self.s_per_token * prompt_tokens) ** 4
        time_s: Number = sum_s4**0.25
        return time_s

    def prefill_fraction(self, prompt_tokens: Number) -> Number:
        """Return the power of an accelerator that reads a prompt over its TDP, at most 1. [-]."""
        share = prompt_tokens / (prompt_tokens + self.prefill_half_tokens)
        power: Number = np.minimum(
            1.0, self.prefill_base_fraction + self.prefill_gain_fraction * share
        )
        return power


def serving_curve(
    model: str, accelerator: str, gpus_count: int, *, task: str | None = None
) -> ServingCurve:
    """Return the measured curve of a model on a number of accelerators.

    Parameters
    ----------
    model : str
        Name of the model in the catalog's ``serving_curves``.
    accelerator : str
        Name of the accelerator.
    gpus_count : int
        Accelerators of a replica. [-]
    task : str or None
        What it was measured with; None takes ``chat``, or the only one there is.

    Returns
    -------
    ServingCurve
        The curve.

    Raises
    ------
    ValueError
        If there is none, saying what there is; or if a row lacks a value.

    References
    ----------
    .. [1] J.-W. Chung et al., "The ML.ENERGY Benchmark," arXiv:2505.06371: the measurements.
    .. [2] P. Patel et al., "Splitwise," ISCA 2024: the profiles of prefills.
    """
    key = curve_key(model, accelerator, gpus_count, task)
    known, prefill = curve_rows(key)
    kv_kb = known["kv_kb_per_token"]
    return ServingCurve(
        name=key,
        gpus_per_replica=gpus_count,
        t0_s=known["t0_ms"] * MILLI_S,
        t1_s=known["t1_ms"] * MILLI_S,
        floor_s=prefill["floor_ms"] * MILLI_S,
        s_per_token=prefill["ms_per_token"] * MILLI_S,
        prefill_base_fraction=float(prefill["power_base_fraction"]),
        prefill_gain_fraction=float(prefill["power_gain_fraction"]),
        prefill_half_tokens=float(prefill["power_half_tokens"]),
        model_bytes=known["model_gb"] * GB,
        kv_bytes_per_token=None if kv_kb is None else kv_kb * KB,
        throughput_error_fraction=known["throughput_error_percent"] / 100.0,
        prefill_measured=prefill["basis"] == "measured",
        **{name: float(known[name]) for name in _PLAIN},
    )


def curve_of(spec: Service, cluster: Cluster) -> ServingCurve:
    """Return the curve of a service on the accelerators of a cluster.

    Parameters
    ----------
    spec : Service
        The service as the scenario has it.
    cluster : Cluster
        The cluster it runs on.

    Returns
    -------
    ServingCurve
        Its own, or that of its model.

    Raises
    ------
    ValueError
        If there is none.
    """
    own = spec.curve
    if own is None:
        chip = cluster.accelerator if isinstance(cluster.accelerator, str) else cluster.name
        return serving_curve(spec.model or "", chip, spec.gpus_per_replica, task=spec.task)
    return ServingCurve(
        name=f"the curve of {spec.name}",
        gpus_per_replica=spec.gpus_per_replica,
        t0_s=own.t0_ms * MILLI_S,
        t1_s=own.t1_ms * MILLI_S,
        floor_s=own.prefill_floor_ms * MILLI_S,
        s_per_token=own.prefill_ms_per_token * MILLI_S,
        prefill_base_fraction=own.prefill_power_fraction,
        prefill_gain_fraction=0.0,
        prefill_half_tokens=1.0,
        model_bytes=None if own.model_gb is None else own.model_gb * GB,
        kv_bytes_per_token=None if own.kv_kb_per_token is None else own.kv_kb_per_token * KB,
        throughput_error_fraction=0.0,
        prefill_measured=True,
        p0_w=own.p0_w,
        pdyn_w=own.pdyn_w,
        k_batch=own.k_batch,
        batch_min=own.smallest_batch,
        batch_max=own.largest_batch,
    )


def largest_batch(
    curve: ServingCurve, memory_bytes: float | None, tokens_per_request: float
) -> float:
    """Return the largest batch of a replica: what was measured, or what its memory holds.

    Parameters
    ----------
    curve : ServingCurve
        The curve.
    memory_bytes : float or None
        Memory of one accelerator; None if unknown. [B]
    tokens_per_request : float
        Mean tokens of a request at its end, prompt and answer together. [-]

    Returns
    -------
    float
        The batch size; the KV cache limits it where its size is known. [-]

    Raises
    ------
    ValueError
        If the model, or a single request, does not fit the memory.
    """
    if memory_bytes is None or curve.model_bytes is None:
        return curve.batch_max
    gpus = curve.gpus_per_replica
    room_bytes = CACHE_FRACTION * gpus * memory_bytes - curve.model_bytes
    held = 1.0 if curve.kv_bytes_per_token is None else curve.kv_bytes_per_token
    if room_bytes < held * tokens_per_request:
        msg = (
            f"{curve.name} takes {curve.model_bytes / GB:.4g} GB, and {gpus} accelerators of "
            f"{memory_bytes / GB:.4g} GB leave it {CACHE_FRACTION * gpus * memory_bytes / GB:.4g} "
            "GB. Use more accelerators per replica."
        )
        raise ValueError(msg)
    if curve.kv_bytes_per_token is None:
        return curve.batch_max
    fitting = room_bytes / (curve.kv_bytes_per_token * tokens_per_request)
    return min(curve.batch_max, math.floor(fitting))


_PLAIN: Final = ("p0_w", "pdyn_w", "k_batch", "batch_min", "batch_max")
