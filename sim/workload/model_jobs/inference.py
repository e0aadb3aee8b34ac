"""Batch inference: many requests that nobody waits for, on the serving curves of a model."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from sim.catalog.hardware import needed
from sim.datacenter.power import clock_sensitivity
from sim.scenario.homes import Node
from sim.scenario.schema.model_jobs import BatchInference
from sim.units import GB
from sim.workload.model_jobs.demand import (
    Demand,
    Mistake,
    data_power_w,
    technique_findings,
)
from sim.workload.profile import Profile
from sim.workload.serving import ServingCurve, largest_batch, serving_curve
from sim.workload.techniques import Modifiers, combine


class InferenceRuns:
    """A stream of batch-inference jobs.

    Parameters
    ----------
    spec : BatchInference
        The stream as the scenario has it.
    nodes : sequence of Node
        The one cluster that they are at home on.

    Notes
    -----
    A replica reads each prompt by itself and decodes full batches, so a request takes
    prefill(prompt) + output * iteration(batch) / batch; accelerators draw what they draw in each,
    and a power cap slows each as far as it follows the clock.
    """

    def __init__(self, spec: BatchInference, nodes: Sequence[Node]) -> None:
        self._spec = spec
        self._node = nodes[0]

    def mistakes(self) -> Iterator[Mistake]:
        """Yield what keeps the jobs from running."""
        spec, chip = self._spec, self._node.chip
        given = {"batch_count": float(spec.batch), "parameters_b": None}
        yield from technique_findings(spec.techniques, "inference", given)
        if "batching" in spec.techniques:
            place = spec.techniques.index("batching")
            yield ("techniques", place), "batching is what batch sets. Leave it out."
        try:
            curve = self._curve
        except ValueError as error:
            yield ("model",), str(error)
            return
        tokens = spec.prompt_tokens + spec.output_tokens
        try:
            most = largest_batch(curve, chip.memory_bytes, tokens)
        except ValueError as error:
            yield ("gpus_per_replica",), str(error)
            return
        if not curve.batch_min <= spec.batch <= most:
            bounds = f"{curve.batch_min:g} and {most:g}"
            message = f"{spec.batch} is not between {bounds}, where {curve.name} was measured and "
            yield ("batch",), message + "its requests fit the memory."

    def demands(self, seed: int) -> tuple[Demand, ...]:
        """Return the jobs.

        Parameters
        ----------
        seed : int
            Seed of the replicate; nothing about these jobs is drawn. [-]

        Returns
        -------
        tuple of Demand
            One: all are at home at one site.
        """
        spec, curve = self._spec, self._curve
        prefill_s = curve.prefill_s(float(spec.prompt_tokens))
        decode_s = spec.output_tokens * curve.iteration_s(float(spec.batch)) / spec.batch
        share = prefill_s / (prefill_s + decode_s)
        duration_s = spec.requests / spec.replicas * (prefill_s + decode_s)
        duration_s *= self._effect.time_ratio.mid
        draw = self._draw_fraction(share)
        sensitive = [clock_sensitivity(kind).mid for kind in ("prefill", "decode")]
        data_bytes = spec.data_gb * GB * self._effect.bytes_ratio.mid
        gpus_count = spec.gpus_per_replica * spec.replicas
        storage_w, network_w = data_power_w(data_bytes, duration_s, gpus_count)
        profile = Profile(
            name=spec.name,
            clock_sensitive_fraction=share * sensitive[0] + (1.0 - share) * sensitive[1],
            draw_fraction=draw,
            storage_w=storage_w,
            network_w=network_w,
            data_bytes=data_bytes,
            run_tokens_count=float(spec.requests * spec.output_tokens),
            run_samples_count=float(spec.requests),
            techniques=spec.techniques,
        )
        return (Demand(profile, gpus_count, duration_s, draw, notes=self._effect.notes),)

    def _draw_fraction(self, prefill_share: float) -> float:
        """Return the mean power of an accelerator over its TDP [-]."""
        curve, tdp_w = self._curve, needed(self._node.chip, "tdp_w")
        reading = float(curve.prefill_fraction(float(self._spec.prompt_tokens)))
        writing = float(curve.power_w(float(self._spec.batch))) / tdp_w
        mean = prefill_share * reading + (1.0 - prefill_share) * writing
        return min(1.0, mean * self._effect.power_ratio.mid)

    @cached_property
    def _curve(self) -> ServingCurve:
        spec = self._spec
        return serving_curve(spec.model, self._node.chip.name, spec.gpus_per_replica)

    @cached_property
    def _effect(self) -> Modifiers:
        return combine(self._spec.techniques, "inference", batch=float(self._spec.batch))
