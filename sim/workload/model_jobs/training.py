"""Training and fine-tuning of a language model, from its size and its tokens."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from sim.datacenter.power import clock_sensitivity
from sim.scenario.homes import Node
from sim.scenario.positions import FieldPath
from sim.scenario.schema.model_jobs import ElasticGpus, FineTuning, MfuRange, ModelTraining
from sim.units import GB, Range
from sim.workload.model_jobs.demand import (
    BILLION,
    ONE_SPEED,
    Demand,
    Mistake,
    assumed,
    data_power_w,
    technique_findings,
)
from sim.workload.model_jobs.interruptions import Gang, Interruptions
from sim.workload.profile import Elastic, Profile
from sim.workload.published import fitted_mfu
from sim.workload.ranges import exact
from sim.workload.techniques import Modifiers, combine
from sim.workload.training import (
    TrainingPlan,
    checkpoint_bytes,
    plan_mistakes,
    training_duration_s,
    training_flop,
)
from sim.workload.training.memory import LORA_FRACTION

FIELDS: Final[dict[str, FieldPath]] = {
    "parameters_count": ("parameters_b",),
    "active_parameters_count": ("active_parameters_b",),
    "gpus_count": ("gpus",),
    "reference_gpus_count": ("mfu_gpus",),
    "mfu_fraction": ("mfu",),
    "precision": ("precision",),
    "tensor_parallel_count": ("tensor_parallel",),
    "pipeline_parallel_count": ("pipeline_parallel",),
    "batch_tokens_count": ("batch_tokens",),
    "sequence_tokens_count": ("sequence_tokens",),
}
"""Field of a scenario for each of a plan's."""


class TrainingRuns:
    """A stream of training or fine-tuning runs.

    Parameters
    ----------
    spec : ModelTraining or FineTuning
        The stream as the scenario has it.
    nodes : sequence of Node
        The one cluster that they are at home on.
    """

    def __init__(self, spec: ModelTraining | FineTuning, nodes: Sequence[Node]) -> None:
        self._spec = spec
        self._node = nodes[0]

    def mistakes(self) -> Iterator[Mistake]:
        """Yield what keeps the runs from running."""
        spec, chip = self._spec, self._node.chip
        given = {"batch_count": None, "parameters_b": spec.parameters_b}
        named = technique_findings(spec.techniques, "training", given)
        yield from named
        if "fp8" in spec.techniques and "fp8" not in chip.peak_flop_per_s:
            yield ("techniques", spec.techniques.index("fp8")), f"{chip.name} has no fp8 rate."
        wrong = plan_mistakes(self._plan, chip, gpus_per_node=self._node.cluster.gpus_per_node)
        for field, message in wrong:
            if field != "mfu_fraction":  # a range upside down is told of by the schema's checks
                yield FIELDS.get(field, ()), message
        if not (wrong or named):
            yield from self._hopeless()

    def demands(self, seed: int) -> tuple[Demand, ...]:
        """Return the runs.

        Parameters
        ----------
        seed : int
            Seed of the replicate, for their failures. [-]

        Returns
        -------
        tuple of Demand
            One: all are at home at one site.
        """
        spec, stops, plan = self._spec, self._interruptions, self._plan
        duration_s = self._work_s * stops.stretch_ratio
        power_fraction = spec.power_fraction or assumed("power_fraction")
        draw = min(1.0, power_fraction * self._effect.power_ratio.mid)
        data_bytes = spec.data_gb * GB * self._effect.bytes_ratio.mid
        storage_w, network_w = self._data_power_w(data_bytes, duration_s)
        profile = Profile(
            name=spec.name,
            clock_sensitive_fraction=clock_sensitivity("training").mid,
            draw_fraction=draw,
            failures=stops.clock(seed, spec.name),
            resume_s=stops.restart_s,
            useful_fraction=1.0 / stops.stretch_ratio,
            storage_w=storage_w,
            network_w=network_w,
            elastic=self._elastic,
            data_bytes=data_bytes,
            checkpoint_bytes=self._checkpoint_bytes,
            run_flop=training_flop(plan),
            run_tokens_count=plan.tokens_count,
            run_samples_count=plan.tokens_count / spec.sequence_tokens,
            run_steps_count=plan.steps_count,
            trains=True,
            techniques=spec.techniques,
        )
        demand = Demand(
            profile,
            gpus_count=plan.gpus_count,
            duration_s=duration_s,
            power_fraction=draw,
            expected_ratio=stops.expected_ratio() / stops.stretch_ratio,
            checkpoint_s=stops.cycle_s,
            speeds=self._speeds,
            notes=self._effect.notes,
        )
        return (demand,)

    def _hopeless(self) -> Iterator[Mistake]:
        """Yield that failures come too often for any work to get done."""
        try:
            self._interruptions.expected_ratio()
        except ValueError as error:
            yield ("failures",), str(error)

    @cached_property
    def _plan(self) -> TrainingPlan:
        spec = self._spec
        gpus, active = spec.gpus, spec.active_parameters_b
        lora = isinstance(spec, FineTuning) and spec.method == "lora"
        return TrainingPlan(
            parameters_count=spec.parameters_b * BILLION,
            active_parameters_count=None if active is None else active * BILLION,
            tokens_count=_tokens_count(spec),
            gpus_count=gpus.sizes[0] if isinstance(gpus, ElasticGpus) else gpus,
            mfu_fraction=self._mfu,
            precision=spec.precision,
            work="lora" if lora else "training",
            tensor_parallel_count=spec.tensor_parallel,
            pipeline_parallel_count=spec.pipeline_parallel,
            sharding=spec.sharding,
            batch_tokens_count=spec.batch_tokens,
            sequence_tokens_count=spec.sequence_tokens,
            reference_gpus_count=spec.mfu_gpus,
        )

    @property
    def _mfu(self) -> Range:
        mfu = self._spec.mfu
        if mfu is None:
            return exact(fitted_mfu(self._node.chip.name).mid)
        if isinstance(mfu, MfuRange):
            low, high = mfu.min_fraction, mfu.max_fraction
            return Range(low, (low + high) / 2.0, high)
        return exact(mfu)

    @property
    def _speeds(self) -> tuple[float, float]:
        low, mid, high = self._plan.mfu_fraction
        return ONE_SPEED if low == high else (low / mid, high / mid)

    @cached_property
    def _effect(self) -> Modifiers:
        parameters_count = self._plan.parameters_count
        return combine(self._spec.techniques, "training", parameters_count=parameters_count)

    @cached_property
    def _work_s(self) -> float:
        """Time of a run without checkpoints and failures, at mean speed. [s]."""
        return training_duration_s(self._plan, self._node.chip).mid * self._effect.time_ratio.mid

    @cached_property
    def _checkpoint_bytes(self) -> float:
        trained = LORA_FRACTION if self._plan.work == "lora" else 1.0
        return checkpoint_bytes(self._plan.parameters_count * trained)

    @cached_property
    def _interruptions(self) -> Interruptions:
        gang = Gang(
            gpus_count=self._plan.gpus_count,
            gpus_per_node=self._node.cluster.gpus_per_node,
            work_s=self._work_s,
            checkpoint_bytes=self._checkpoint_bytes,
        )
        return Interruptions(self._spec.failures, self._spec.checkpoints, gang)

    @property
    def _elastic(self) -> Elastic | None:
        gpus, stops = self._spec.gpus, self._interruptions
        if not isinstance(gpus, ElasticGpus):
            return None
        return Elastic(gpus.sizes, gpus.speedups, stops.write_s + stops.restart_s)

    def _data_power_w(self, data_bytes: float, duration_s: float) -> tuple[float, float]:
        """Return the power of reading the data once and of writing checkpoints [W]."""
        cycle_s = self._interruptions.cycle_s
        written = 0.0 if cycle_s is None else self._checkpoint_bytes * duration_s / cycle_s
        return data_power_w(data_bytes + written, duration_s, self._plan.gpus_count)


def _tokens_count(spec: ModelTraining | FineTuning) -> float:
    if isinstance(spec, ModelTraining):
        return spec.tokens_b * BILLION
    return spec.tokens_b * BILLION * spec.epochs
