"""Estimates without a scenario file: one question, one answer with its range."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.core import app, stop

if TYPE_CHECKING:
    from sim.workload.estimate import Estimate

estimate_app = typer.Typer(
    no_args_is_help=True,
    help="Estimate time, energy, cost, water and carbon in one line, without a scenario.",
)
app.add_typer(estimate_app, name="estimate")

Accelerator = Annotated[
    str | None, typer.Option(help="Accelerator; `gridloom catalog accelerators` lists them.")
]
Technique = Annotated[
    list[str] | None,
    typer.Option(help="Technique, once for each; `gridloom catalog techniques` lists them."),
]
CarbonIntensity = Annotated[
    float | None, typer.Option(help="Average carbon intensity of the electricity.")
]
Pue = Annotated[float | None, typer.Option(help="Facility over IT energy.")]
Price = Annotated[float | None, typer.Option(help="Price of electricity.")]
AcceleratorPrice = Annotated[
    float | None, typer.Option(help="Price of an accelerator-hour; else cost is electricity only.")
]
Wue = Annotated[float | None, typer.Option(help="Water used on site over IT energy.")]
Lifetime = Annotated[float | None, typer.Option(help="Life of the hardware.")]
Embodied = Annotated[
    float | None, typer.Option(help="Embodied carbon of an accelerator with its server's share.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


@estimate_app.command("training")
def _training(  # noqa: PLR0913 - an option is a parameter
    *,
    params_b: Annotated[float | None, typer.Option(help="Parameters, in billions.")] = None,
    tokens_b: Annotated[float | None, typer.Option(help="Tokens, in billions.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Parameters and tokens of a model of the catalog instead.")
    ] = None,
    accelerator: Accelerator = None,
    gpus: Annotated[int | None, typer.Option(help="Accelerators.")] = None,
    active_params_b: Annotated[
        float | None, typer.Option(help="Parameters a token passes through, in a mixture.")
    ] = None,
    mfu: Annotated[
        float | None, typer.Option(help="Model FLOP/s over peak; else fitted on published runs.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="Peak rate that MFU refers to; bf16, or fp16 without it.")
    ] = None,
    lora: Annotated[bool, typer.Option("--lora", help="Fine-tuning with LoRA.")] = False,
    tensor_parallel: Annotated[int, typer.Option(help="Accelerators that share a layer.")] = 1,
    pipeline_parallel: Annotated[int, typer.Option(help="Stages that share the layers.")] = 1,
    technique: Technique = None,
    failures_per_1000_gpu_days: Annotated[
        float | None,
        typer.Option(help="Failures; else published ones with --mfu, and none without: the fitted "
                          "MFU holds them."),
    ] = None,
    carbon_g_per_kwh: CarbonIntensity = None,
    pue: Pue = None,
    price_usd_per_kwh: Price = None,
    accelerator_usd_per_h: AcceleratorPrice = None,
    wue_l_per_kwh: Wue = None,
    lifetime_years: Lifetime = None,
    embodied_kg: Embodied = None,
    json: Json = False,
) -> None:
    """Estimate a training run or a fine-tuning.

    Example: gridloom estimate training --model llama-2-70b --accelerator h100-sxm --gpus 2048
    """
    told = locals()
    from sim.workload.estimate import TrainingInputs, estimate_training
    from sim.workload.estimate.inputs import checked, with_model

    inputs = checked(TrainingInputs, with_model(_inputs(told)), "training")
    title = (
        f"{inputs.params_b:,.10g} billion parameters, {inputs.tokens_b:,.10g} billion tokens on "
        f"{inputs.gpus:,} x {inputs.accelerator}"
    )
    try:
        found = estimate_training(inputs)
    except ValueError as error:
        stop(str(error), 2)
    _answer(found, title, as_json=json)


@estimate_app.command("inference")
def _inference(  # noqa: PLR0913 - an option is a parameter
    *,
    model: Annotated[
        str | None,
        typer.Option(help="Model: one of `gridloom catalog serving_curves`, or of models."),
    ] = None,
    params_b: Annotated[
        float | None, typer.Option(help="Parameters of another model, in billions.")
    ] = None,
    active_params_b: Annotated[
        float | None, typer.Option(help="Parameters a token passes through, in a mixture.")
    ] = None,
    accelerator: Accelerator = None,
    gpus: Annotated[
        int | None, typer.Option(help="Accelerators of a replica; else the fewest that do.")
    ] = None,
    replicas: Annotated[int, typer.Option(help="Replicas that work side by side.")] = 1,
    requests: Annotated[float | None, typer.Option(help="Requests.")] = None,
    tokens: Annotated[
        float | None, typer.Option(help="Output tokens of all requests, instead of --requests.")
    ] = None,
    prompt_tokens: Annotated[float | None, typer.Option(help="Tokens of a prompt.")] = None,
    output_tokens: Annotated[float | None, typer.Option(help="Tokens of an answer.")] = None,
    batch: Annotated[float | None, typer.Option(help="Requests decoded together.")] = None,
    technique: Technique = None,
    carbon_g_per_kwh: CarbonIntensity = None,
    pue: Pue = None,
    price_usd_per_kwh: Price = None,
    accelerator_usd_per_h: AcceleratorPrice = None,
    wue_l_per_kwh: Wue = None,
    lifetime_years: Lifetime = None,
    embodied_kg: Embodied = None,
    json: Json = False,
) -> None:
    """Estimate the serving of requests.

    Example: gridloom estimate inference --params-b 8 --accelerator h100-sxm --requests 1e6
    """
    told = locals()
    from sim.workload.estimate import InferenceInputs, estimate_inference
    from sim.workload.estimate.inputs import checked

    inputs = checked(InferenceInputs, _inputs(told), "inference")
    what = model or f"{params_b:,.10g} billion parameters"
    asked = f"{requests:,.10g} requests" if tokens is None else f"{tokens:,.10g} output tokens"
    try:
        found = estimate_inference(inputs)
    except ValueError as error:
        stop(str(error), 2)
    _answer(found, f"{asked} to {what} on {inputs.accelerator}", as_json=json)


@estimate_app.command("check")
def _check() -> None:
    """Show how published training runs come back: their accounting, and hours from MFU alone.

    Example: gridloom estimate check
    """
    from sim.report.estimate import print_check
    from sim.report.tables import open_console
    from sim.workload.published import accounting, split_check

    print_check(accounting(), (split_check(), split_check(swapped=True)), open_console())


def _inputs(told: dict[str, Any]) -> dict[str, Any]:
    """Turn what the command was told into inputs."""
    inputs = {name: value for name, value in told.items() if name != "json"}
    return inputs | {"technique": tuple(told["technique"] or ())}


def _answer(found: "Estimate", title: str, *, as_json: bool) -> None:
    from sim.report.estimate import estimate_json, print_estimate
    from sim.report.tables import open_console

    if as_json:
        typer.echo(estimate_json(found))
    else:
        print_estimate(found, title, open_console())
