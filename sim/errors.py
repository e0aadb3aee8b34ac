"""The four families of errors that Gridloom raises on purpose."""

from collections.abc import Sequence
from dataclasses import dataclass


class GridloomError(Exception):
    """Base of every error that Gridloom raises on purpose."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a scenario: where it stands and what to do about it.

    Attributes
    ----------
    line : int
        Line in the scenario file, from 1; 0 where the whole file is meant. [-]
    column : int
        Column in that line, from 1; 0 where the whole file is meant. [-]
    where : str
        Path of the field, e.g. ``sites[0].battery.capacity_kwh``; empty for the whole file.
    message : str
        What is wrong, what is allowed and what to do.
    """

    line: int
    column: int
    where: str
    message: str

    def __str__(self) -> str:
        """Return the problem as one line, as the command line prints it."""
        position = f"{self.line}:{self.column}" if self.line else ""
        subject = f"{self.where}: " if self.where else ""
        return f"  {position:<7}{subject}{self.message}"


class ScenarioError(GridloomError):
    """The scenario file has mistakes, all of them listed; the user can mend them.

    Parameters
    ----------
    source : str
        The scenario file, as the user named it.
    problems : sequence of Problem
        Every mistake found.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems))
        count = len(self.problems)
        heading = f"{source}: {count} problem{'' if count == 1 else 's'}"
        super().__init__("\n".join([heading, *map(str, self.problems)]))


class DataError(GridloomError):
    """A data file cannot be used; the message names file, row and what is wanted."""


class PolicyError(GridloomError):
    """A policy broke its contract; the message names the policy and the check."""


class BalanceError(GridloomError):
    """Energy, money or carbon does not add up: a defect of Gridloom, never of the user."""
