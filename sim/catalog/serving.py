"""Which serving curves there are, and which one is meant."""

from typing import Any, Final

from sim.catalog import row, table
from sim.registry import did_you_mean

CACHE_FRACTION: Final = 0.9
"""Share of the memory that weights and KV cache may take (assumption: vLLM's default)."""


def curve_key(model: str, accelerator: str, gpus_count: int, task: str | None = None) -> str:
    """Return the key of a serving curve.

    Parameters
    ----------
    model : str
        Name of the model.
    accelerator : str
        Name of the accelerator.
    gpus_count : int
        Accelerators of a replica. [-]
    task : str or None
        What it was measured with; None takes ``chat``, or the only one there is.

    Returns
    -------
    str
        Key in the table ``serving_curves``.

    Raises
    ------
    ValueError
        If there is none, saying what there is.
    """
    curves = table("serving_curves")
    of_model = curves[curves["model"] == model]
    if of_model.empty:
        msg = f'there is no serving curve of "{model}".{did_you_mean(model, set(curves["model"]))}'
        raise ValueError(msg)
    here = of_model[
        (of_model["accelerator"] == accelerator) & (of_model["gpus_per_replica"] == gpus_count)
    ]
    if here.empty:
        pairs = zip(of_model["accelerator"], of_model["gpus_per_replica"], strict=True)
        known = ", ".join(dict.fromkeys(f"{gpus} x {chip}" for chip, gpus in pairs))
        msg = f"there is no serving curve of {model} on {gpus_count} x {accelerator}. There are: "
        raise ValueError(msg + f"{known}. Choose one, or give a `curve` of your own.")
    tasks = here["task"].tolist()
    taken = task or ("chat" if "chat" in tasks else tasks[0] if len(tasks) == 1 else None)
    if taken not in tasks:
        wanted = "several tasks" if task is None else f'no task "{task}"'
        msg = f"{model} on {gpus_count} x {accelerator} was measured with {wanted}: name one of "
        raise ValueError(msg + ", ".join(tasks) + " as `task`.")
    return f"{model}/{accelerator}/{gpus_count}/{taken}"


def curve_rows(key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows of a serving curve and of its prefill.

    Parameters
    ----------
    key : str
        Key in the table ``serving_curves``.

    Returns
    -------
    tuple of dict
        Values by column, None where a cell is empty.

    Raises
    ------
    ValueError
        If a row is missing, or lacks a value that a calculation needs.
    """
    curve = row("serving_curves", key)
    prefill = row("prefill_curves", key.rpartition("/")[0])
    for name, facts in (("serving_curves", curve), ("prefill_curves", prefill)):
        empty = [what for what, value in facts.items() if value is None and what not in _OPTIONAL]
        if empty:
            msg = f"catalog table {name}: {key} has no {', '.join(empty)}. Give the service a "
            raise ValueError(msg + "`curve` of its own.")
    return curve, prefill


_OPTIONAL = ("kv_kb_per_token", "time_error_percent")
