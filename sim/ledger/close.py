"""Close the books of a run: check that it balances, and turn what happened into a Run."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from sim.ledger.accounting import account
from sim.ledger.answer import answered, market_answer
from sim.ledger.attribution import segments_by_site, share_out
from sim.ledger.frames import jobs_frame, site_steps, steps_frame
from sim.ledger.ledger import RunLog, check_balance
from sim.ledger.metrics.gather import metrics
from sim.ledger.result import Metrics
from sim.ledger.service_shares import ServiceShares, service_shares, services_frame
from sim.ledger.stretches import stretches_frame


class Books(NamedTuple):
    """The books of a run: metrics, and a table each of steps, jobs, services and stretches."""

    metrics: Metrics
    steps: pd.DataFrame
    jobs: pd.DataFrame
    services: pd.DataFrame
    stretches: pd.DataFrame


def close_books(
    log: RunLog, workloads: Sequence[str]
) -> tuple[Metrics, pd.DataFrame, pd.DataFrame]:
    """Return the books of a run but for its services; see `close_all_books`."""
    return close_all_books(log, workloads)[:3]


def close_all_books(log: RunLog, workloads: Sequence[str]) -> Books:
    """Return the books of a run.

    Parameters
    ----------
    log : RunLog
        What happened.
    workloads : sequence of str
        Names of the scenario's streams of jobs.

    Returns
    -------
    Books
        Metrics, steps, jobs, services, and stretches of jobs that had several.

    Raises
    ------
    BalanceError
        If energy, money or carbon does not add up.
    """
    segments = segments_by_site(log)
    frames, shares, answers = [], [], []
    served: dict[str, ServiceShares] = {}
    for taker, record, part in zip(log.sites, log.records, segments, strict=True):
        here = [one for one in log.services if log.sites[one.site] is taker]
        check_balance(taker, record)
        site, answer = answered(taker, record)
        answers.append(answer)
        books = account(site, record)
        shares.append(share_out(site, record, books, part, services=here))
        served |= {one.name: service_shares(site, record, books, one) for one in here}
        frames.append(site_steps(site, record, books, part, services=here))
    steps = steps_frame(frames)
    frames.clear()  # a year of steps, and a million jobs, take room
    jobs = jobs_frame(log, workloads, segments, shares)
    del shares, segments
    services = services_frame(log.sites, log.services, [served[one.name] for one in log.services])
    found = metrics(log, steps, jobs, services) | market_answer(answers)
    return Books(found, steps, jobs, services, stretches_frame(log))
