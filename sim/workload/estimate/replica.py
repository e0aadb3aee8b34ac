"""One copy of a language model at work: from its measured serving curve, or from its size."""

from dataclasses import dataclass
from typing import Final

from sim.catalog import row, table
from sim.catalog.hardware import AcceleratorFacts, needed, peak_flop_per_s
from sim.units import GB, Range
from sim.workload.estimate.answer import Assumption, assumed, known
from sim.workload.estimate.inputs import refuse
from sim.workload.estimate.unmeasured import accelerators_with_curves, decoding
from sim.workload.ranges import exact, inverse, product
from sim.workload.serving import CACHE_FRACTION, ServingCurve, largest_batch, serving_curve

BILLION: Final = 1e9
WEIGHT_BYTES: Final = 2.0
"""Of a weight in bf16."""
FLOP_PER_PARAMETER: Final = 2.0
"""And token read or written (Kaplan et al. 2020, arXiv 2001.08361)."""
REPLICA_SIZES: Final = (1, 2, 4, 8, 16, 32)
"""Accelerators of a replica that are tried where the user names none."""
ERROR_WIDTH: Final = 2.0
"""Mean errors of a fit that its range reaches to each side (9 of 10, if they are normal)."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the model.

    Attributes
    ----------
    requests_count : float
        Requests. [-]
    prompt, output : float
        Tokens of a prompt and of an answer. [-]
    batch : float
        Requests decoded together. [-]
    """

    requests_count: float
    prompt: float
    output: float
    batch: float

    @property
    def output_tokens_count(self) -> float:
        """Tokens of all answers."""
        return self.requests_count * self.output


@dataclass(frozen=True, slots=True)
class Size:
    """How large a model is.

    Attributes
    ----------
    parameters_count, active_count : float
        All its parameters, and those that a token passes through. [-]
    weights_bytes : float
        Size of its weights. [B]
    """

    parameters_count: float
    active_count: float
    weights_bytes: float


@dataclass(frozen=True, slots=True)
class Replica:
    """One copy of a model at work.

    Attributes
    ----------
    gpus_count : int
        Its accelerators. [-]
    iteration_s, prefill_s : Range
        Time of a decode iteration, and of reading one prompt. [s]
    decode_w, prefill_w : Range
        Power of one accelerator alone meanwhile. [W]
    assumptions : tuple of Assumption
        What this rests on.
    precision : str
        What its weights are kept in.
    """

    gpus_count: int
    iteration_s: Range
    prefill_s: Range
    decode_w: Range
    prefill_w: Range
    assumptions: tuple[Assumption, ...]
    precision: str = "bf16"


def measured_replica(
    model: str, chip: AcceleratorFacts, gpus_count: int | None, demand: Demand
) -> Replica | None:
    """Return a replica as its serving curve has it.

    Parameters
    ----------
    model : str
        Name of the model.
    chip : AcceleratorFacts
        Accelerator.
    gpus_count : int or None
        Accelerators of the replica; None: the fewest that were measured. [-]
    demand : Demand
        What is asked of it.

    Returns
    -------
    Replica or None
        The replica; None where the catalog has no curve of the model on this accelerator.

    Raises
    ------
    ScenarioError
        If there is none on this number of accelerators, or the batch is too large for it.
    """
    curves = table("serving_curves")
    here = curves[(curves["model"] == model) & (curves["accelerator"] == chip.name)]
    if here.empty:
        return None
    curve = _curve(model, chip, gpus_count or int(here["gpus_per_replica"].min()), demand)
    facts = row("serving_curves", curve.name)
    prefill = row("prefill_curves", curve.name.rpartition("/")[0])
    prefill_error = prefill["time_error_percent"]
    return Replica(
        gpus_count=curve.gpus_per_replica,
        iteration_s=_give_or_take(
            curve.iteration_s(demand.batch), facts["throughput_error_percent"]
        ),
        prefill_s=product(
            exact(float(curve.prefill_s(demand.prompt))),
            _estimated_width() if prefill_error is None else _give_or_take(1.0, prefill_error),
        ),
        decode_w=_give_or_take(float(curve.power_w(demand.batch)), facts["power_error_percent"]),
        prefill_w=exact(needed(chip, "tdp_w") * float(curve.prefill_fraction(demand.prompt))),
        assumptions=_told(curve.name, str(facts["source"]), curve.iteration_s(demand.batch)),
        precision=str(facts["precision"]),
    )


def unmeasured_replica(
    size: Size, chip: AcceleratorFacts, gpus_count: int | None, demand: Demand
) -> Replica:
    """Return a replica as models of its size behave.

    Parameters
    ----------
    size : Size
        The model.
    chip : AcceleratorFacts
        Accelerator.
    gpus_count : int or None
        Accelerators of the replica; None: the fewest that hold the weights. [-]
    demand : Demand
        What is asked of it.

    Returns
    -------
    Replica
        The replica.

    Raises
    ------
    ScenarioError
        If nothing was measured on the accelerator, or the weights do not fit it.
    """
    if chip.name not in accelerators_with_curves():
        there = ", ".join(accelerators_with_curves())
        message = f"no model was measured on {chip.name}, so there is no rule. There are: {there}."
        refuse("inference", [("accelerator", message)])
    gpus = gpus_count or _fewest(size, chip)
    if gpus * _room_bytes(chip) <= size.weights_bytes:
        message = (
            f"weights of {size.weights_bytes / GB:.4g} GB do not fit {gpus} x {chip.name} with "
            f"{_room_bytes(chip) / GB:.4g} GB each. Use more of them, or fewer bits a weight."
        )
        refuse("inference", [("gpus", message)])
    rule = decoding(
        chip.name,
        gpus,
        demand.batch,
        active_parameters_b=size.active_count / BILLION,
        weights_gb=size.weights_bytes / GB,
    )
    reached, draw = assumed("prefill_flop_fraction"), assumed("prefill_power_fraction")
    prompt_flop = FLOP_PER_PARAMETER * size.active_count * demand.prompt
    at_peak_s = exact(prompt_flop / (gpus * peak_flop_per_s(chip, "bf16")))
    return Replica(
        gpus_count=gpus,
        iteration_s=rule.iteration_s,
        prefill_s=product(at_peak_s, inverse(known(reached))),
        decode_w=rule.power_w,
        prefill_w=product(exact(needed(chip, "tdp_w")), known(draw)),
        assumptions=(
            Assumption("iteration_s", _ITERATION, rule.iteration_s, "s", rule.source),
            reached,
            draw,
        ),
    )


def _room_bytes(chip: AcceleratorFacts) -> float:
    return CACHE_FRACTION * needed(chip, "memory_bytes")


def _fewest(size: Size, chip: AcceleratorFacts) -> int:
    """Give the usual size of a replica that holds the weights; the largest where none does."""
    fitting = (n for n in REPLICA_SIZES if n * _room_bytes(chip) > size.weights_bytes)
    return next(fitting, REPLICA_SIZES[-1])


_ITERATION: Final = "Decode iteration: a token of each request in the batch"


def _curve(model: str, chip: AcceleratorFacts, gpus_count: int, demand: Demand) -> ServingCurve:
    mistakes = []
    try:
        curve = serving_curve(model, chip.name, gpus_count)
        most = largest_batch(curve, chip.memory_bytes, demand.prompt + demand.output)
        if demand.batch > most:
            limit = f"{demand.batch:g} is above {most:g}, what was measured or fits the memory."
            mistakes.append(("batch", limit))
    except ValueError as error:
        mistakes.append(("gpus", str(error)))
    refuse("inference", mistakes)
    return curve


def _told(curve: str, source: str, iteration_s: float) -> tuple[Assumption, ...]:
    text = f"catalog table serving_curves ({curve}): {source}"
    return (Assumption("iteration_s", _ITERATION, exact(iteration_s), "s", text),)


def _give_or_take(value: float, error_percent: float) -> Range:
    """Give the range of a fitted value by the mean error of its fit."""
    width = 1.0 + ERROR_WIDTH * error_percent / 100.0
    return Range(value / width, value, value * width)


def _estimated_width() -> Range:
    """Give how far off a prefill is that was itself reckoned from the peak rate."""
    low, mid, high = known(assumed("prefill_flop_fraction"))
    return Range(mid / high, 1.0, mid / low)
