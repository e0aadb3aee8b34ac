"""Named random streams: one for each purpose, so that a new one never shifts the others."""

import hashlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of a purpose.

    Parameters
    ----------
    seed : int
        Seed of the replicate, 0 or more. [-]
    name : str
        Purpose, e.g. ``workload/training/arrivals``; equal seeds and names give equal draws.

    Returns
    -------
    Generator
        A generator that depends on nothing else.
    """
    digest = hashlib.sha256(name.encode()).digest()
    key = np.frombuffer(digest, dtype="<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
