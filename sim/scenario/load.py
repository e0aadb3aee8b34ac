"""Read a scenario file, find every mistake in it, and give back what the simulation needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from ruamel.yaml import YAML

from sim.errors import Problem, ScenarioError
from sim.registry import did_you_mean
from sim.scenario.checks.data import data_files
from sim.scenario.checks.find import find_mistakes
from sim.scenario.checks.messages import explain
from sim.scenario.checks.partial import best_effort, settled
from sim.scenario.checks.policy import user_sources
from sim.scenario.checks.sweep import sweep_mistakes
from sim.scenario.hashes import SeedHash, file_hash, seed_hash
from sim.scenario.positions import Finding, Source
from sim.scenario.schema.scenario import Policy, Scenario, policy_label
from sim.scenario.variants import BASE, Version, problems, variant_mistakes, versions
from sim.scenario.yaml_tree import read_source

_PACKAGE: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A scenario without mistakes, and where its files are.

    Attributes
    ----------
    spec : Scenario
        The scenario with every default filled in.
    path : Path
        Its file.
    folder : Path
        Its folder, to which its file names are relative.
    data_files : tuple of Path
        The data files it refers to, each once.
    variant : str or None
        The variant that it is; None for the base.
    point : str
        Its name in a study, also that of its folder: ``base``, the variant's, or that of a point
        of the sweep.
    axes : mapping
        Value that it has on each axis of the sweep, by the axis' name.
    """

    spec: Scenario
    path: Path
    folder: Path
    data_files: tuple[Path, ...]
    variant: str | None = None
    point: str = BASE
    axes: Mapping[str, bool | int | float | str] = field(default_factory=dict, hash=False)

    def content_hash(self, policy: str | Policy, seed: int) -> str:
        """Hash everything of the user's that the result of one run depends on.

        Parameters
        ----------
        policy : str or Policy
            The policy, or the name it has in this scenario.
        seed : int
            Seed of the random streams. [-]

        Returns
        -------
        str
            SHA-256 in hex over the resolved scenario without its lists of policies, seeds and
            variants and its sweep, this policy, the seed, the bytes of the data files, and the
            source files of the user's own policy and forecaster.
        """
        return self.seed_hash(policy).of(seed)

    def seed_hash(self, policy: str | Policy) -> SeedHash:
        """Write out all that `content_hash` hashes for a policy, once for many seeds."""
        choice = self._choice(policy)
        resolved = self.spec.model_dump(
            mode="json", exclude={"policies", "seeds", "variants", "sweep"}
        )
        told = choice.model_dump(mode="json") if isinstance(choice, Policy) else choice
        return seed_hash({
            "scenario": resolved,
            "policy": told,
            "data": [file_hash(path) for path in self.data_files],
            "sources": [file_hash(path) for path in self.sources(choice)],
        })

    def sources(self, policy: str | Policy) -> tuple[Path, ...]:
        """List the source files of the user's own classes that a run of a policy uses."""
        return user_sources(self._choice(policy), self.spec, self.folder)

    def _choice(self, policy: str | Policy) -> str | Policy:
        if isinstance(policy, Policy):
            return policy
        by_label = {policy_label(choice): choice for choice in self.spec.policies}
        return by_label.get(policy, policy)


def load_scenario(source: str | Path, *, variant: str | None = None) -> LoadedScenario:
    """Read a scenario and check it through, with its variants, data files and policies.

    Parameters
    ----------
    source : str or Path
        The scenario file, or the name of a built-in scenario such as ``quickstart``.
    variant : str or None
        Name of one of its variants; None for the scenario itself.

    Returns
    -------
    LoadedScenario
        The scenario, or what the variant makes of it.

    Raises
    ------
    ScenarioError
        If it has mistakes; all of them are listed, in the order of the file. Also if it has no
        such variant.
    """
    return select_variants(load_variants(source), (variant or BASE,))[0]


def load_variants(source: str | Path) -> tuple[LoadedScenario, ...]:
    """Read a scenario with all its variants and check them through.

    Parameters
    ----------
    source : str or Path
        The scenario file, or the name of a built-in scenario such as ``quickstart``.

    Returns
    -------
    tuple of LoadedScenario
        The scenario itself, then its variants in the order of the file.

    Raises
    ------
    ScenarioError
        If one of them has mistakes; those of all are listed, each once, in the order of the file.
    """
    return read_variants(source)[2]


def read_variants(
    source: str | Path,
) -> tuple[Source, tuple[Version, ...], tuple[LoadedScenario, ...]]:
    """Load as `load_variants` does, and return what was read and laid out beside it."""
    path = find_scenario(source)
    folder = path.absolute().parent
    text = read_source(path, str(source))
    made = versions(text)
    specs, found = zip(*(checked(version.tree, folder) for version in made), strict=True)
    mistakes = problems(text, list(zip(made, found, strict=True)))
    if mistakes:
        raise ScenarioError(str(source), mistakes)
    loaded = tuple(
        LoadedScenario(
            spec, path, folder, data_files(spec, folder), version.name, version.name or BASE
        )
        for version, spec in zip(made, specs, strict=True)
    )
    return text, made, loaded


def select_variants(
    loaded: Sequence[LoadedScenario], names: Sequence[str] | None
) -> tuple[LoadedScenario, ...]:
    """Pick variants by name.

    Parameters
    ----------
    loaded : sequence of LoadedScenario
        What `load_variants` gives.
    names : sequence of str or None
        Names, ``base`` for the scenario itself; None takes all.

    Returns
    -------
    tuple of LoadedScenario
        Those, in the order of the file.

    Raises
    ------
    ScenarioError
        If there is no variant of a name.
    """
    by_name = {one.variant or BASE: one for one in loaded}
    if names is None:
        return tuple(by_name.values())
    unknown = [name for name in dict.fromkeys(names) if name not in by_name]
    if unknown:
        raise ScenarioError(str(loaded[0].path), [
            Problem(0, 0, "variants", f'has none named "{name}".{did_you_mean(name, by_name)}')
            for name in unknown
        ])
    return tuple(one for name, one in by_name.items() if name in names)


def checked(tree: Mapping[str, object], folder: Path) -> tuple[Scenario, list[Finding]]:
    """Build a scenario from raw values and find its mistakes.

    Parameters
    ----------
    tree : mapping
        Raw values.
    folder : Path
        Folder that its file names are relative to.

    Returns
    -------
    tuple of (Scenario, list of Finding)
        The scenario, with what could be built of it, and the mistakes.
    """
    findings: list[Finding] = []
    try:
        spec = Scenario.model_validate(tree)
    except ValidationError as error:
        findings += explain(error)
        spec = best_effort(Scenario, tree)
    findings += settled(variant_mistakes(spec))
    findings += sweep_mistakes(spec, tree)
    findings += find_mistakes(spec, tree, folder)
    return spec, findings


def built_in_scenarios() -> Mapping[str, Path]:
    """List the scenarios that come with Gridloom.

    Returns
    -------
    mapping
        File by name.
    """
    # a wheel carries them inside the package, a checkout has them beside it
    for folder in (_PACKAGE / "_scenarios", _PACKAGE.parent / "scenarios"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}


def resolved_yaml(spec: Scenario) -> str:
    """Write a scenario without variants and sweep, with every default written out.

    Parameters
    ----------
    spec : Scenario
        The scenario.

    Returns
    -------
    str
        YAML; loading it gives the same scenario.
    """
    yaml = YAML()
    yaml.width = 4096  # no folding: a line is a field
    text = StringIO()
    yaml.dump(spec.model_dump(mode="json", exclude={"variants", "sweep"}), text)
    return text.getvalue()


def starter_text() -> str:
    """Return a small commented scenario to start from.

    Returns
    -------
    str
        YAML of a valid scenario.
    """
    return files("sim.scenario").joinpath("starter.yaml").read_text(encoding="utf-8")


def find_scenario(source: str | Path) -> Path:
    """Return the file of a scenario, which may be a built-in's name; it need not be there."""
    path = Path(source)
    if isinstance(source, Path) or path.suffix or len(path.parts) != 1 or path.is_file():
        return path
    known = built_in_scenarios()
    if source in known or path.exists():
        return known.get(source, path)
    hint = did_you_mean(source, known) if known else ""
    message = f"there is no such file, nor a built-in scenario.{hint}"
    raise ScenarioError(source, [Problem(0, 0, "", message)])
