"""Carry out the runs of a study that are not there yet, and compare them all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sim.engine.simulation import Prepared, prepare
from sim.engine.simulation import run as simulate_run
from sim.errors import Problem, ScenarioError
from sim.ledger.result import Run
from sim.policy.build import build
from sim.registry import did_you_mean
from sim.report.page import run_page
from sim.report.run_figures import write_run_figures
from sim.scenario.load import LoadedScenario, resolved_yaml
from sim.scenario.schema.scenario import PolicyChoice, policy_label
from sim.study.compare import write_comparison
from sim.study.disk import identity, store
from sim.study.disk.folders import open_folder

Progress = Callable[[str, float], None]
"""Is told a run's name and the fraction of it that is done, 0..1."""



@dataclass(frozen=True, slots=True)
class Task:
    """One run to carry out.

    Attributes
    ----------
    policy : str or Policy
        Its policy.
    seed : int
        Its seed. [-]
    content_hash : str
        Hash of everything that its result depends on.
    folder : Path
        Where it will stand.
    """

    policy: PolicyChoice
    seed: int
    content_hash: str
    folder: Path

    @property
    def name(self) -> str:
        """The run's name for people."""
        return f"{policy_label(self.policy)}, seed {self.seed}"


def execute(
    loaded: LoadedScenario,
    *,
    policies: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    out: Path = Path("outputs"),
    on_progress: Progress = lambda _name, _fraction: None,
    force: bool = False,
) -> list[Path]:
    """Run every policy with every seed, except where the same run stands there already.

    Everything is checked before anything is written. The comparison covers these runs and all
    others of the same scenario that are there.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario, or a variant of it.
    policies : sequence of str or None
        Names of some of its policies; None takes all.
    seeds : sequence of int or None
        Seeds; None takes the scenario's. [-]
    out : Path
        Folder that gets a folder with the scenario's name; a variant has its own in there.
    on_progress : callable
        Is told the name of each run and the fraction of it that is done.
    force : bool
        Whether to run again what is there.

    Returns
    -------
    list of Path
        Folders of the runs asked for, the baseline first.
    """
    chosen = select_policies(loaded, policies)
    home = home_of(loaded, out)
    tasks = _tasks(loaded, chosen, seeds=loaded.spec.seeds if seeds is None else seeds, home=home)
    due = [task for task in tasks if force or not store.is_complete(task.folder)]
    for task in due:
        build(task.policy)
    prepared = prepare(loaded) if due else None
    open_folder(home)
    for task in tasks:
        if prepared is not None and task in due:
            carry_out(prepared, task, on_progress=partial(_told, on_progress, task.name))
        on_progress(task.name, 1.0)
    write_comparison(home, finished_runs(loaded, out, [task.seed for task in tasks]))
    return [task.folder for task in tasks]


def home_of(loaded: LoadedScenario, out: Path) -> Path:
    """Return the folder for the runs of a scenario or a variant, below the folder for outputs."""
    home = out / loaded.spec.name
    return home / loaded.variant if loaded.variant else home


def finished_runs(loaded: LoadedScenario, out: Path, seeds: Iterable[int] = ()) -> list[Path]:
    """List the runs of this very scenario that are there.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario, or a variant of it.
    out : Path
        Folder for outputs.
    seeds : iterable of int
        Seeds to look for besides those of the scenario. [-]

    Returns
    -------
    list of Path
        Folders of complete runs, those of the baseline first.
    """
    every = sorted({*loaded.spec.seeds, *seeds})
    tasks = _tasks(loaded, select_policies(loaded), seeds=every, home=home_of(loaded, out))
    return [task.folder for task in tasks if store.is_complete(task.folder)]


def check(loaded: LoadedScenario) -> None:
    """Try all that a run needs and write nothing; raises what a run would raise before it starts.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario.
    """
    for policy in select_policies(loaded):
        build(policy)
    prepare(loaded)


def select_policies(
    loaded: LoadedScenario, names: Sequence[str] | None = None
) -> tuple[PolicyChoice, ...]:
    """Return the scenario's policies of these names, in the scenario's order.

    Parameters
    ----------
    loaded : LoadedScenario
        The scenario.
    names : sequence of str or None
        Names; None takes all.

    Returns
    -------
    tuple of (str or Policy)
        The policies.

    Raises
    ------
    ScenarioError
        If the scenario has no policy of a name.
    """
    by_name = {policy_label(choice): choice for choice in loaded.spec.policies}
    if names is None:
        return tuple(by_name.values())
    problems = [
        Problem(0, 0, "policies", f'has none named "{name}".{did_you_mean(name, by_name)}')
        for name in dict.fromkeys(names)
        if name not in by_name
    ]
    if problems:
        raise ScenarioError(str(loaded.path), problems)
    return tuple(choice for name, choice in by_name.items() if name in names)


def carry_out(
    prepared: Prepared, task: Task, *, on_progress: Callable[[float], None] | None = None
) -> Path:
    """Run one task and write its folder; a process of its own may do this.

    Parameters
    ----------
    prepared : Prepared
        The scenario with its sites.
    task : Task
        The run.
    on_progress : callable or None
        Is told the fraction done.

    Returns
    -------
    Path
        The run's folder.
    """
    run = simulate_run(prepared, task.policy, task.seed, on_progress=on_progress)
    loaded = prepared.loaded
    run.info["variant"] = loaded.variant
    manifest = identity.provenance() | identity.of_scenario(loaded) | {
        "content_hash": task.content_hash
    }
    return store.write_run(
        run, task.folder, scenario_yaml=resolved_yaml(loaded.spec), manifest=manifest,
        add=partial(_illustrate, replace(run, info=run.info | manifest)), replace=True,
    )


def _told(on_progress: Progress, name: str, fraction: float) -> None:
    """Keep the last hundredth for writing and drawing."""
    on_progress(name, 0.99 * fraction)


def _illustrate(run: Run, folder: Path) -> None:
    """Draw a run's figures and page into its folder."""
    figures = folder / store.FIGURES
    figures.mkdir()
    drawn = write_run_figures(run, figures)
    scenario_yaml = (folder / store.SCENARIO).read_text(encoding="utf-8")
    page = run_page(run, drawn, scenario_yaml=scenario_yaml)
    (folder / store.PAGE).write_text(page, encoding="utf-8")


def _tasks(
    loaded: LoadedScenario, policies: Iterable[PolicyChoice], *, seeds: Sequence[int], home: Path
) -> list[Task]:
    tasks = []
    for policy in policies:
        for seed in dict.fromkeys(seeds):
            content = identity.content_hash(loaded, policy, seed)
            folder = home / store.run_id(policy_label(policy), seed, content)
            tasks.append(Task(policy, seed, content, folder))
    return tasks
