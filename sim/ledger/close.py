"""Close the books of a run: check that it balances, and turn what happened into a Run."""

from collections.abc import Sequence

import pandas as pd

from sim.ledger.accounting import account
from sim.ledger.answer import answered, market_answer
from sim.ledger.attribution import segments_by_site, share_out
from sim.ledger.frames import jobs_frame, site_steps, steps_frame
from sim.ledger.ledger import RunLog, check_balance
from sim.ledger.metrics.gather import metrics
from sim.ledger.result import Metrics


def close_books(
    log: RunLog, workloads: Sequence[str]
) -> tuple[Metrics, pd.DataFrame, pd.DataFrame]:
    """Return metrics, steps and jobs of a run.

    Parameters
    ----------
    log : RunLog
        What happened.
    workloads : sequence of str
        Names of the scenario's streams of jobs.

    Returns
    -------
    tuple
        Metrics, steps and jobs.

    Raises
    ------
    BalanceError
        If energy, money or carbon does not add up.
    """
    segments = segments_by_site(log)
    frames, shares, answers = [], [], []
    for taker, record, part in zip(log.sites, log.records, segments, strict=True):
        check_balance(taker, record)
        site, answer = answered(taker, record)
        answers.append(answer)
        books = account(site, record)
        shares.append(share_out(site, record, books, part))
        frames.append(site_steps(site, record, books, part))
    steps = steps_frame(frames)
    frames.clear()  # a year of steps, and a million jobs, take room
    jobs = jobs_frame(log, workloads, segments, shares)
    del shares, segments
    return metrics(log, steps, jobs) | market_answer(answers), steps, jobs
