"""Fields that say how a stream's jobs stand in the queue: priority and user."""

from typing import Final

from sim.scenario.schema.fields import Part, item, number

MOST_PRIORITY: Final = 32767
"""Priorities go from its negative to this. [-]."""


class Standing(Part):
    """How the jobs of a stream stand in the queue."""

    priority: int = number(
        "Priority of its jobs for policies that look at it, higher first.",
        unit="-", default=0, ge=-MOST_PRIORITY, le=MOST_PRIORITY,
    )
    user: str | None = item(
        "Who its jobs belong to, for fair share; null means a user with the stream's name.",
        default=None, min_length=1,
    )
