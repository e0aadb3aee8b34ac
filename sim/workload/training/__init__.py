"""What training a model takes: operations, time, memory, checkpoints and failures."""

from sim.workload.training.checkpoints import (
    checkpoint_bytes,
    checkpoint_overhead_ratio,
    failure_rate_per_s,
    young_daly_interval_s,
)
from sim.workload.training.memory import fewest_gpus, memory_needed_bytes, plan_mistakes
from sim.workload.training.plan import TrainingPlan, training_flop
from sim.workload.training.speed import parallel_efficiency, training_duration_s

__all__ = [
    "TrainingPlan",
    "checkpoint_bytes",
    "checkpoint_overhead_ratio",
    "failure_rate_per_s",
    "fewest_gpus",
    "memory_needed_bytes",
    "parallel_efficiency",
    "plan_mistakes",
    "training_duration_s",
    "training_flop",
    "young_daly_interval_s",
]
