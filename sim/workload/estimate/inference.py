"""What serving requests takes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sim.catalog import row, table
from sim.catalog.hardware import AcceleratorFacts, needed
from sim.datacenter.embodied import SERVER_GPUS
from sim.datacenter.hardware import accelerator
from sim.registry import did_you_mean
from sim.units import KWH, MWH, TONNE_KG, Range
from sim.workload.estimate.answer import Assumption, Estimate, assumed, known, server_j, settle
from sim.workload.estimate.inputs import InferenceInputs, Mistake, refuse, unsupported
from sim.workload.estimate.replica import (
    BILLION,
    WEIGHT_BYTES,
    Demand,
    Replica,
    Size,
    measured_replica,
    unmeasured_replica,
)
from sim.workload.intensity import j_per_token, sci_kg_per_unit, tokens_per_kwh
from sim.workload.ranges import exact, product, total
from sim.workload.techniques import Modifiers, combine, technique


def estimate_inference(inputs: InferenceInputs) -> Estimate:
    """Return what serving requests takes.

    Parameters
    ----------
    inputs : InferenceInputs
        Model, hardware and requests.

    Returns
    -------
    Estimate
        Time, energy, money, water and carbon, each with its range.

    Raises
    ------
    ScenarioError
        If the model is unknown, was not measured as asked, or does not fit its accelerators.

    Notes
    -----
    A replica reads each prompt by itself and decodes full batches; accelerators that are kept ready
    besides draw idle power with the model resident.
    """
    chip = accelerator(inputs.accelerator)
    refuse("inference", [*_contradictions(inputs), *unsupported(inputs.technique, chip)])
    demand, told = _demand(inputs)
    size = _size(inputs)
    effect = combine(
        inputs.technique,
        "inference",
        batch=demand.batch,
        parameters_count=size.parameters_count,
    )
    replica = _replica(inputs, chip, demand, size, effect)
    busy_s, compute_j = _work(replica, demand, effect)
    spare = assumed("spare_ratio")
    accelerator_s = product(busy_s, known(spare))
    energy_j, draws = _energy(busy_s, compute_j, spare, chip, replica)
    found = settle(
        accelerator_s,
        replica.gpus_count * inputs.replicas,
        energy_j,
        chip=chip,
        around=inputs,
        rests_on=[*told, *replica.assumptions, spare, *draws],
    )
    return replace(
        found,
        per_unit=_per_unit(found, demand),
        notes=(*_notes(replica, demand, chip), *effect.notes, *found.notes),
    )


def _contradictions(inputs: InferenceInputs) -> list[Mistake]:
    mistakes = []
    if (inputs.model is None) == (inputs.params_b is None):
        mistakes.append(("model", "give either it or --params-b."))
    if (inputs.requests is None) == (inputs.tokens is None):
        mistakes.append(("requests", "give either it or --tokens."))
    if "batching" in inputs.technique:
        mistakes.append(("technique", "batching is what --batch sets; leave it out."))
    return mistakes


def _demand(inputs: InferenceInputs) -> tuple[Demand, list[Assumption]]:
    names = ("prompt_tokens", "output_tokens", "batch")
    figures = [assumed(name, getattr(inputs, name)) for name in names]
    prompt, output, batch = (known(figure).mid for figure in figures)
    requests = inputs.requests if inputs.tokens is None else inputs.tokens / output
    return Demand(requests or 0.0, prompt, output, batch), figures


def _size(inputs: InferenceInputs) -> Size:
    facts: Mapping[str, Any] = {
        "parameters_b": inputs.params_b,
        "active_parameters_b": inputs.active_params_b,
    }
    if inputs.model is not None:
        facts = _facts(inputs.model)
    everything = facts["parameters_b"] * BILLION
    active = facts["active_parameters_b"]
    return Size(
        parameters_count=everything,
        active_count=everything if active is None else active * BILLION,
        weights_bytes=WEIGHT_BYTES * everything,
    )


def _facts(model: str) -> Mapping[str, Any]:
    """Give what the catalog knows of a model, measured in service or not."""
    curves, names = table("serving_curves"), list(table("models")["model"])
    served = curves[curves["model"] == model]
    if not served.empty:
        return row("serving_curves", served["curve"].iloc[0])
    if model not in names:
        hint = did_you_mean(model, {*names, *curves["model"]})
        refuse("inference", [("model", f'the catalog has no model "{model}".{hint}')])
    return row("models", model)


def _replica(
    inputs: InferenceInputs,
    chip: AcceleratorFacts,
    demand: Demand,
    size: Size,
    effect: Modifiers,
) -> Replica:
    found = None
    if inputs.model is not None:
        found = measured_replica(inputs.model, chip, inputs.gpus, demand)
    if found is None:
        smaller = replace(size, weights_bytes=size.weights_bytes * effect.gpus_ratio.mid)
        return unmeasured_replica(smaller, chip, inputs.gpus, demand)
    smaller_weights = {
        name for name in inputs.technique if technique(name).exclusive_group == "precision"
    }
    if smaller_weights and found.precision != "bf16":
        message = f"{inputs.model} was measured at {found.precision} already; leave it out."
        refuse("inference", [("technique", message)])
    return found


def _work(replica: Replica, demand: Demand, effect: Modifiers) -> tuple[Range, Range]:
    """Give the time of all busy accelerators, and their own energy."""
    iterations = demand.output_tokens_count / demand.batch
    decode_s = product(exact(iterations * replica.gpus_count), replica.iteration_s)
    prefill_s = product(exact(demand.requests_count * replica.gpus_count), replica.prefill_s)
    return product(total(decode_s, prefill_s), effect.time_ratio), total(
        product(decode_s, replica.decode_w, effect.time_ratio, effect.power_ratio),
        product(prefill_s, replica.prefill_w, effect.time_ratio, effect.power_ratio),
    )


def _energy(
    busy_s: Range, compute_j: Range, spare: Assumption, chip: AcceleratorFacts, replica: Replica
) -> tuple[dict[str, Range], list[Assumption]]:
    """Give the IT energy by cause, and what it rests on."""
    server, fans, network = map(assumed, ("server_w", "fan_fraction", "network_fraction"))
    idle_share = Range(*(bound - 1.0 for bound in known(spare)))
    accelerator_s = product(busy_s, known(spare))
    energy_j = {
        "compute": compute_j,
        "idle": product(busy_s, idle_share, exact(needed(chip, "idle_resident_w"))),
        "server": server_j(accelerator_s, compute_j, server, fans),
    }
    draws = [server, fans]
    if replica.gpus_count > SERVER_GPUS:
        tdp_w = exact(needed(chip, "tdp_w"))
        energy_j["network"] = product(accelerator_s, tdp_w, known(network))
        draws.append(network)
    return energy_j, draws


def _per_unit(found: Estimate, demand: Demand) -> dict[str, Range]:
    tokens, requests = demand.output_tokens_count, demand.requests_count
    energy_kwh = product(found.energy_mwh, exact(MWH / KWH))
    units = {
        "energy_per_token_j": Range(*(j_per_token(each * KWH, tokens) for each in energy_kwh)),
        "energy_per_request_wh": product(energy_kwh, exact(1000.0 / requests)),
        "tokens_per_kwh": Range(*(tokens_per_kwh(tokens, each) for each in energy_kwh[::-1])),
    }
    if found.carbon_embodied_t is not None:
        pairs = zip(found.carbon_operational_t, found.carbon_embodied_t, strict=True)
        units["sci_g_per_request"] = Range(*(
            1000.0 * sci_kg_per_unit(used * TONNE_KG, made * TONNE_KG, requests)
            for used, made in pairs
        ))
    return units


def _notes(replica: Replica, demand: Demand, chip: AcceleratorFacts) -> list[str]:
    each_s, first_s = replica.iteration_s.mid, replica.prefill_s.mid
    return [
        f"a replica of {replica.gpus_count} x {chip.name} reads a prompt in {1000 * first_s:.3g} "
        f"ms and writes a token of each request every {1000 * each_s:.3g} ms, "
        f"{demand.batch / each_s:,.0f} tokens a second",
        "embodied carbon of building, racks and network is not in it",
    ]
