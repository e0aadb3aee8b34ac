"""What a user tells for an estimate, and every mistake in it at once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from sim.catalog import row, table
from sim.catalog.hardware import AcceleratorFacts
from sim.errors import Problem, ScenarioError
from sim.registry import did_you_mean
from sim.scenario.schema.fields import Part, item, number
from sim.workload.techniques import Phase, technique_mistakes

Mistake = tuple[str, str]
"""Name of the input, and what is wrong with it."""


class Surroundings(Part):
    """Facility, grid and hardware; what is left out is assumed, with a range."""

    carbon_g_per_kwh: float | None = number(
        "Average carbon intensity of the electricity.", unit="g/kWh", default=None, ge=0, le=5000
    )
    pue: float | None = number("Facility over IT energy.", unit="-", default=None, ge=1, le=5)
    price_usd_per_kwh: float | None = number(
        "Price of electricity.", unit="USD/kWh", default=None, ge=0
    )
    wue_l_per_kwh: float | None = number(
        "Water used on site over IT energy.", unit="L/kWh", default=None, ge=0
    )
    accelerator_usd_per_h: float | None = number(
        "Price of an accelerator-hour; without it, cost is electricity only.",
        unit="USD/h", default=None, ge=0,
    )
    lifetime_years: float | None = number(
        "Life of the hardware.", unit="years", default=None, gt=0
    )
    embodied_kg: float | None = number(
        "Embodied carbon of an accelerator with its share of the server.",
        unit="kgCO2e", default=None, ge=0,
    )


class TrainingInputs(Surroundings):
    """A training run."""

    params_b: float = number("Parameters of the model.", unit="billion", gt=0)
    tokens_b: float = number("Tokens it is trained on.", unit="billion", gt=0)
    accelerator: str = item("Accelerator; `gridloom catalog accelerators` lists them.")
    gpus: int = number("Accelerators.", unit="-", gt=0)
    active_params_b: float | None = number(
        "Parameters a token passes through, in a mixture of experts.",
        unit="billion", default=None, gt=0,
    )
    mfu: float | None = number(
        "Model FLOP/s over peak; without it, fitted on published runs.",
        unit="-", default=None, gt=0, le=1,
    )
    precision: str | None = item("Peak rate that MFU refers to.", default=None)
    lora: bool = item("Fine-tuning with LoRA instead of training all weights.", default=False)
    tensor_parallel: int = number("Tensor parallelism.", unit="-", default=1, gt=0)
    pipeline_parallel: int = number("Pipeline stages.", unit="-", default=1, gt=0)
    technique: tuple[str, ...] = item("Techniques.", default=())
    failures_per_1000_gpu_days: float | None = number(
        "Failures that stop the run.", unit="1/1000 GPU-days", default=None, ge=0
    )


class InferenceInputs(Surroundings):
    """Requests served by a language model."""

    model: str | None = item(
        "Model with a serving curve, or one of `gridloom catalog models`.", default=None
    )
    params_b: float | None = number("Parameters.", unit="billion", default=None, gt=0)
    active_params_b: float | None = number(
        "Parameters a token passes through.", unit="billion", default=None, gt=0
    )
    accelerator: str = item("Accelerator; `gridloom catalog accelerators` lists them.")
    gpus: int | None = number("Accelerators of a replica.", unit="-", default=None, gt=0)
    replicas: int = number("Replicas that work side by side.", unit="-", default=1, gt=0)
    requests: float | None = number("Requests.", unit="-", default=None, gt=0)
    tokens: float | None = number("Output tokens of all requests.", unit="-", default=None, gt=0)
    prompt_tokens: float | None = number("Tokens of a prompt.", unit="-", default=None, ge=0)
    output_tokens: float | None = number("Tokens of an answer.", unit="-", default=None, gt=0)
    batch: float | None = number("Requests decoded together.", unit="-", default=None, ge=1)
    technique: tuple[str, ...] = item("Techniques.", default=())


Inputs = TypeVar("Inputs", bound=Surroundings)


def checked(kind: type[Inputs], values: Mapping[str, Any], work: Phase) -> Inputs:
    """Return what the user told, if all of it can be used.

    Parameters
    ----------
    kind : type
        `TrainingInputs` or `InferenceInputs`.
    values : mapping of str to object
        Inputs by name; None is left out.
    work : {'training', 'inference'}
        What is estimated.

    Returns
    -------
    TrainingInputs or InferenceInputs
        The inputs.

    Raises
    ------
    ScenarioError
        If there are mistakes, all of them listed.
    """
    told = {name: value for name, value in values.items() if value is not None}
    mistakes = _name_mistakes(told, work)
    try:
        kind(**told)
    except ValidationError as error:
        mistakes = [*_value_mistakes(error), *mistakes]
    refuse(work, mistakes)
    return kind(**told)


def refuse(work: Phase, mistakes: Sequence[Mistake]) -> None:
    """Raise a ScenarioError with all mistakes, if there are any."""
    if mistakes:
        problems = [
            Problem(0, 0, f"--{name.replace('_', '-')}", message) for name, message in mistakes
        ]
        command = f"gridloom estimate {work}"
        raise ScenarioError(command, problems)


def unsupported(techniques: Sequence[str], chip: AcceleratorFacts) -> list[Mistake]:
    """Return the techniques that an accelerator has no arithmetic for."""
    missing = "fp8" in techniques and "fp8" not in chip.peak_flop_per_s
    return [("technique", f"{chip.name} has no fp8 rate; leave fp8 out.")] if missing else []


def with_model(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs with what the catalog's table ``models`` knows of the model named there.

    Parameters
    ----------
    values : mapping of str to object
        Inputs by name, with ``model``; what is not None stays as it is.

    Returns
    -------
    dict
        Inputs without ``model``.

    Raises
    ------
    ScenarioError
        If the catalog has no such model.
    """
    filled = dict(values)
    model = filled.pop("model", None)
    if model is None:
        return filled
    known = list(table("models")["model"])
    if model not in known:
        hint = did_you_mean(model, known)
        refuse("training", [("model", f'the catalog has no model "{model}".{hint}')])
    facts = row("models", model)
    for name, column in _OF_MODEL.items():
        if filled.get(name) is None:
            filled[name] = facts[column]
    return filled


_OF_MODEL: Final = {
    "params_b": "parameters_b",
    "active_params_b": "active_parameters_b",
    "tokens_b": "tokens_b",
}


def _name_mistakes(told: Mapping[str, Any], work: Phase) -> list[Mistake]:
    mistakes = []
    accelerators = list(table("accelerators")["accelerator"])
    name = told.get("accelerator")
    if name is not None and name not in accelerators:
        hint = did_you_mean(name, accelerators)
        mistakes.append(("accelerator", f'the catalog has no accelerator "{name}".{hint}'))
    size = told.get("params_b")
    given = {
        "batch_count": told.get("batch", 1.0),
        # whether they are numbers at all, the schema says
        "parameters_b": size if size is not None and size > 0.0 else 1.0,
    }
    mistakes += [
        ("technique", message)
        for message in technique_mistakes(told.get("technique", ()), work, given)
    ]
    return mistakes


def _value_mistakes(error: ValidationError) -> list[Mistake]:
    mistakes = []
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0])
        if fault["type"] == "missing":
            mistakes.append((name, "is needed."))
        else:
            limits = fault["msg"].removeprefix("Input should be ")
            mistakes.append((name, f"{fault['input']!r} must be {limits}."))
    return mistakes
