"""Names of everything a scenario can choose, and how a name becomes a class.

A choice is a built-in name (``lowest-window``) or the user's own ``"module:Class"``. Targets stand
here as text, so that looking at the names imports nothing.
"""

import importlib
import inspect
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

ROLES: Final = ("order", "shift", "place", "power", "storage")
"""The five questions a policy answers, in the order the engine asks them."""

METHODS: Final[Mapping[str, str]] = MappingProxyType(
    {"order": "select", "shift": "plan", "place": "choose", "power": "set", "storage": "setpoint"}
)
"""The one method that a class must have to take a role."""

DEFAULT_ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {"order": "fifo", "shift": "none", "place": "home", "power": "none", "storage": "idle"}
)
"""What a role that a policy leaves out does: nothing clever."""

POLICIES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "order": {
            "fifo": "sim.policy.order.fifo:FirstInFirstOut",
            "sjf": "sim.policy.order.ranked:ShortestJobFirst",
            "edf": "sim.policy.order.ranked:EarliestDeadlineFirst",
            "srpt": "sim.policy.order.srpt:ShortestRemainingTime",
            "priority": "sim.policy.order.ranked:PriorityWithAging",
            "fair-share": "sim.policy.order.fair_share:FairShare",
            "easy-backfill": "sim.policy.order.easy:EasyBackfill",
            "conservative-backfill": "sim.policy.order.conservative:ConservativeBackfill",
        },
        "shift": {
            "none": "sim.policy.shift.immediate:NoShift",
            "lowest-slot": "sim.policy.shift.lowest:LowestSlot",
            "lowest-window": "sim.policy.shift.lowest:LowestWindow",
            "lowest-slots": "sim.policy.shift.lowest:LowestSlots",
            "carbon-time": "sim.policy.shift.carbon_time:CarbonTime",
            "threshold": "sim.policy.shift.threshold:Threshold",
            "renewable-surplus": "sim.policy.shift.surplus:RenewableSurplus",
            "deadline-guard": "sim.policy.shift.guard:DeadlineGuard",
        },
        "place": {
            "home": "sim.policy.place.home:Home",
            "cheapest": "sim.policy.place.signals:Cheapest",
            "greenest": "sim.policy.place.signals:Greenest",
            "most-surplus": "sim.policy.place.signals:MostSurplus",
            "follow-the-sun": "sim.policy.place.signals:FollowTheSun",
            "least-loaded": "sim.policy.place.load:LeastLoaded",
            "transfer-aware": "sim.policy.place.transfer:TransferAware",
            "migrating": "sim.policy.place.migrating:Migrating",
            "greener-hardware": "sim.policy.place.load:GreenerHardware",
        },
        "power": {
            "none": "sim.policy.power.fixed:Uncapped",
            "fixed-cap": "sim.policy.power.fixed:FixedCap",
            "import-limit": "sim.policy.power.supply:ImportLimit",
            "follow-renewables": "sim.policy.power.supply:FollowRenewables",
            "demand-response": "sim.policy.power.supply:DemandResponse",
            "optimal-clock": "sim.policy.power.clock:OptimalClock",
            "carbon-scaler": "sim.policy.power.carbon_scaler:CarbonScaler",
            "carbon-aware-replicas": "sim.policy.power.replicas:CarbonAwareReplicas",
        },
        "storage": {
            "idle": "sim.policy.storage.simple:Idle",
            "self-consumption": "sim.policy.storage.simple:SelfConsumption",
            "arbitrage": "sim.policy.storage.arbitrage:Arbitrage",
            "time-of-use": "sim.policy.storage.time_of_use:TimeOfUse",
            "peak-shaving": "sim.policy.storage.peak_shaving:PeakShaving",
            "backup-reserve": "sim.policy.storage.backup_reserve:BackupReserve",
        },
    }
)
"""Built-in policies: role, then name, then ``module:Class``."""

JOINT: Final[Mapping[str, str]] = MappingProxyType(
    {"rolling-lp": "sim.policy.plan.rolling:RollingPlan"}
)
"""Built-in policies that take several roles together: name, then ``module:Class``."""

FORECASTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "persistence": "forecasting.models:Persistence",
        "seasonal-naive": "forecasting.models:SeasonalNaive",
        "weekly-mean": "forecasting.models:WeeklyMean",
        "climatology": "forecasting.climatology:Climatology",
        "clear-sky": "forecasting.clear_sky:ClearSky",
        "ridge": "forecasting.ridge:Ridge",
        "boosting": "forecasting.boosting:Boosting",
        "random-forest": "forecasting.boosting:RandomForest",
        "blend": "forecasting.blend:Blend",
        "perfect": "forecasting.oracle:Perfect",
        "white-error": "forecasting.synthetic:WhiteError",
        "ar1-error": "forecasting.synthetic:AR1Error",
        "bootstrap-error": "forecasting.synthetic:BootstrapError",
    }
)
"""Built-in forecasters: name, then ``module:Class``."""

MODEL_JOBS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "model-training": "sim.workload.model_jobs.training:TrainingRuns",
        "fine-tuning": "sim.workload.model_jobs.training:TrainingRuns",
        "batch-inference": "sim.workload.model_jobs.inference:InferenceRuns",
        "preprocessing": "sim.workload.model_jobs.data:PreprocessingRuns",
        "federated": "sim.workload.model_jobs.federated:FederatedRuns",
    }
)
"""Kinds of workload that are worked out from a model or its data: type, then ``module:Class``."""

SIGNALS: Final = (
    "price",
    "average_carbon_intensity",
    "marginal_carbon_intensity",
    "solar",
    "wind",
    "load",
)
"""Signals that can be forecast for a site; ``load`` is its non-IT base load."""


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return ``" Did you mean X?"`` for the nearest allowed name, or the list of all."""
    names = sorted(allowed)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f" Did you mean {near[0]}?"
    return f" Allowed: {', '.join(names)}."


def load_class(target: str) -> type:
    """Import ``"module:Class"`` and return the class.

    Parameters
    ----------
    target : str
        ``"module:Class"``.

    Returns
    -------
    type
        The class.

    Raises
    ------
    ValueError
        If the text is not ``module:Class``, or that module has no such class.
    ImportError
        If the module cannot be found.
    """
    module_name, _, class_name = target.partition(":")
    if not module_name or not class_name.isidentifier():
        msg = f'"{target}" is not of the form "module:Class".'
        raise ValueError(msg)
    module = importlib.import_module(module_name)
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        classes = [name for name, value in vars(module).items() if isinstance(value, type)]
        msg = f"module {module_name} has no class {class_name}.{did_you_mean(class_name, classes)}"
        raise ValueError(msg)  # noqa: TRY004 - the user named it: a wrong value, not a wrong type
    return found


def parameters_of(cls: type) -> tuple[str, ...]:
    """Return the names of the parameters a class can be built with."""
    signature = inspect.signature(cls)
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(name for name, p in signature.parameters.items() if p.kind in kinds)
