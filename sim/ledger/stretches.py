"""The stretches of jobs that did not run once and evenly, as a table."""

import numpy as np
import pandas as pd

from sim.ledger.ledger import RunLog
from sim.units import KW


def stretches_frame(log: RunLog) -> pd.DataFrame:
    """Return one row for each stretch of a job at one power and one size.

    Parameters
    ----------
    log : RunLog
        What happened.

    Returns
    -------
    DataFrame
        Stretches by job and time, in seconds since the start; a job that ran in one stretch is left
        out, because its row of the jobs says the same. In a stretch without accelerators only its
        data move.
    """
    if np.all(log.segment_job[1:] > log.segment_job[:-1]):  # one each: nothing to count
        return pd.DataFrame()
    row = np.flatnonzero(np.bincount(log.segment_job)[log.segment_job] > 1)
    row = row[np.lexsort((log.segment_start_s[row], log.segment_job[row]))]
    cluster = log.cluster_of[log.segment_job[row]]
    if log.segment_cluster is not None:
        cluster = log.segment_cluster[row]
    site = np.repeat(np.arange(len(log.sites)), [len(site.clusters) for site in log.sites])
    return pd.DataFrame(
        {
            "job_id": log.segment_job[row].astype(np.int32),
            "site": pd.Categorical.from_codes(
                site[cluster], pd.Index([site.name for site in log.sites])
            ),
            "start_s": log.segment_start_s[row],
            "end_s": log.segment_end_s[row],
            "power_it_kw": (log.segment_power_w[row] / KW).astype(np.float32),
            "gpus_count": log.segment_gpus_count[row].astype(np.int32),
        },
        copy=False,
    )
