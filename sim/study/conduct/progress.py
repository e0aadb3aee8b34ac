"""How far a study is."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

_RECENT: Final = 200


@dataclass(slots=True)
class Progress:
    """How far a study is; the same object all along, brought up to date.

    Attributes
    ----------
    total_count : int
        Runs that are wanted. [-]
    skipped_count : int
        Of those, the ones that were there already. [-]
    done_count : int
        Runs that are done since. [-]
    failed : list of str
        Names of runs that failed twice, with the last line of what stopped them.
    running : tuple of str
        Names of what is under way.
    best : tuple of (str, float) or None
        The best run of this study so far and its value; runs that were there already do not count.
    """

    total_count: int
    skipped_count: int = 0
    done_count: int = 0
    failed: list[str] = field(default_factory=list)
    running: tuple[str, ...] = ()
    best: tuple[str, float] | None = None
    began_s: float = field(default_factory=time.monotonic)
    _ends_s: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))

    @property
    def left_count(self) -> int:
        """Runs that are still to be done. [-]."""
        return self.total_count - self.skipped_count - self.done_count - len(self.failed)

    @property
    def elapsed_s(self) -> float:
        """Time since the study began. [s]."""
        return time.monotonic() - self.began_s

    @property
    def rate_per_s(self) -> float | None:
        """Runs per second over the last two hundred; None before the first."""
        if not self._ends_s:
            return None
        whole = len(self._ends_s) < _RECENT
        first_s = self.began_s if whole else self._ends_s[0]
        span_s = self._ends_s[-1] - first_s
        return (len(self._ends_s) - (0 if whole else 1)) / span_s if span_s > 0 else None

    @property
    def left_s(self) -> float | None:
        """Time that the rest will take at this rate; None while there is none. [s]."""
        rate = self.rate_per_s
        return self.left_count / rate if rate else None

    def ended(self, name: str, value: float | None) -> None:
        """Count a run that is done.

        Parameters
        ----------
        name : str
            Its name.
        value : float or None
            Its value of the metric that the study goes by; less is better. [any]
        """
        self.done_count += 1
        self._ends_s.append(time.monotonic())
        if value is not None and (self.best is None or value < self.best[1]):
            self.best = (name, value)
