"""A replica on its accelerators: times and IT power by batch size, without or under a power cap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.datacenter.hardware import GpuPower
from sim.datacenter.power import clock_sensitivity, relative_draw, relative_throughput
from sim.workload.serving import ServingCurve

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Replica:
    """What one replica does at each batch size.

    Attributes
    ----------
    iteration_s : ndarray of float, shape (max_batch + 1,)
        Time of a decode iteration by batch size; that of an empty batch is not used. [s]
    power_w : ndarray of float, shape (max_batch + 1,)
        IT power of all its accelerators while it decodes, by batch size; of an empty batch, idle
        with the model resident. [W]
    curve : ServingCurve
        The model on its accelerators.
    gpu : GpuPower
        IT power of its accelerators.
    prefill_stretch_ratio : float
        Time of a prefill over that without a cap. [-]
    prefill_draw_ratio : float
        Power of the accelerators in a prefill over that without a cap. [-]
    """

    iteration_s: Column
    power_w: Column
    curve: ServingCurve
    gpu: GpuPower
    prefill_stretch_ratio: float
    prefill_draw_ratio: float

    @property
    def max_batch(self) -> int:
        """Largest batch. [-]."""
        return len(self.power_w) - 1

    def prefill_s(self, prompt_tokens: Column) -> Column:
        """Return how long prompts take to read. [s]."""
        time_s: Column = self.curve.prefill_s(prompt_tokens) * self.prefill_stretch_ratio
        return time_s

    @property
    def prefill_line_w(self) -> tuple[float, float]:
        """IT power of a prefill: base, and slope over the accelerators' power over TDP. [W]."""
        gpu, count = self.gpu, self.curve.gpus_per_replica
        slope_w = gpu.tdp_w * (1.0 + gpu.server_fraction) * self.prefill_draw_ratio
        return count * gpu.server_w, count * slope_w

    def prefill_w(self, prompt_tokens: Column) -> Column:
        """Return the IT power of all its accelerators while prompts are read. [W]."""
        base_w, slope_w = self.prefill_line_w
        prefill_w = base_w + slope_w * self.curve.prefill_fraction(prompt_tokens)
        return np.maximum(float(self.power_w[0]), prefill_w)


def make_replica(
    curve: ServingCurve,
    gpu: GpuPower,
    *,
    max_batch: int,
    prompt_tokens: float,
    cap_fraction: float = 1.0,
) -> Replica:
    """Return what a replica does at each batch size under a power cap.

    Parameters
    ----------
    curve : ServingCurve
        The model on its accelerators.
    gpu : GpuPower
        IT power of its accelerators.
    max_batch : int
        Largest batch. [-]
    prompt_tokens : float
        Typical length of a prompt, at whose power a cap is held against prefills. [-]
    cap_fraction : float
        Power cap of the accelerators over their TDP; 1 for none. [-]

    Returns
    -------
    Replica
        Times and powers.

    Notes
    -----
    Decoding waits for memory and hardly slows under a cap; prefills compute and do. How much of
    their time follows the clock stands in the catalog's ``work_kinds``.
    """
    batch = np.arange(max_batch + 1.0)
    draw = np.minimum(1.0, curve.power_w(batch) / gpu.tdp_w)
    stretch, relative = _capped(draw, "decode", cap_fraction)
    prefill = np.asarray([curve.prefill_fraction(prompt_tokens)])
    prefill_stretch, prefill_relative = _capped(prefill, "prefill", cap_fraction)
    power_w = curve.gpus_per_replica * _busy_w(gpu, curve.power_w(batch) / gpu.tdp_w * relative)
    power_w[0] = curve.gpus_per_replica * gpu.idle_resident_w
    return Replica(
        iteration_s=curve.iteration_s(batch) * stretch,
        power_w=power_w,
        curve=curve,
        gpu=gpu,
        prefill_stretch_ratio=float(prefill_stretch[0]),
        prefill_draw_ratio=float(prefill_relative[0]),
    )


def _capped(draw: Column, kind: str, cap_fraction: float) -> tuple[Column, Column]:
    """Return time and power under a cap relative to none, by what is drawn over TDP without it."""
    if cap_fraction >= 1.0:
        return np.ones_like(draw), np.ones_like(draw)
    sensitive = clock_sensitivity(kind).mid
    slower = [1.0 / relative_throughput(cap_fraction, sensitive, one) for one in draw.tolist()]
    drawn = [relative_draw(cap_fraction, one) for one in draw.tolist()]
    return np.asarray(slower), np.asarray(drawn)


def _busy_w(gpu: GpuPower, fraction: Column) -> Column:
    """Return the IT power of a busy accelerator, never less than idle with a model resident."""
    busy_w = gpu.tdp_w * fraction * (1.0 + gpu.server_fraction) + gpu.server_w
    return np.maximum(busy_w, gpu.idle_resident_w)
