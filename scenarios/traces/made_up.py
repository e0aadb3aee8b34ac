"""Write made-up-jobs.csv, a trace in GAIA's format: `python scenarios/traces/made_up.py`.

The jobs are MADE UP: they only look like a cluster's (many short ones, few long ones, more by day
than by night). They show how a trace is read, and stand for no system that ever ran.
"""

import math
import random
from pathlib import Path

TARGET = Path(__file__).parent / "made-up-jobs.csv"
JOBS, DAYS, SEED = 400, 7, 1


def made_up_jobs() -> str:
    """Return the trace: arrivals and lengths in seconds, CPUs."""
    draw = random.Random(SEED)
    arrivals_s = []
    while len(arrivals_s) < JOBS:
        arrival_s = draw.uniform(0.0, DAYS * 86_400.0)
        if draw.random() < 0.6 + 0.4 * math.sin((arrival_s / 3600.0 - 8.0) * math.pi / 12.0):
            arrivals_s.append(int(arrival_s))
    rows = ["arrival_time,length,cpus"]
    for arrival_s in sorted(arrivals_s):
        length_s = min(max(60, int(draw.lognormvariate(8.2, 1.3))), 2 * 86_400)
        rows.append(f"{arrival_s},{length_s},{draw.choice((1, 1, 1, 2, 4, 8))}")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    TARGET.write_text(made_up_jobs(), encoding="utf-8")
