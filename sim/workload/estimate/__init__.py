"""One question, one answer, no scenario file: what a training run or served requests take."""

from sim.workload.estimate.answer import Assumption, Estimate
from sim.workload.estimate.inference import estimate_inference
from sim.workload.estimate.inputs import InferenceInputs, Surroundings, TrainingInputs
from sim.workload.estimate.training import estimate_training

__all__ = [
    "Assumption",
    "Estimate",
    "InferenceInputs",
    "Surroundings",
    "TrainingInputs",
    "estimate_inference",
    "estimate_training",
]
