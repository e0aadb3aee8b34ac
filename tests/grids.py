"""Small networks for tests, built in Python."""

import numpy as np
import pandas as pd

from sim.grid.network.network import Buses, Lines, Links, Network, Units


def network(buses, *, lines=(), links=(), units=(), load_mw, **others):
    """Return a network.

    `buses` is a text of one-letter names; a line is (ends, reactance, rating), a link (ends,
    capacity, efficiency), a unit (bus, capacity, cost) or (bus, capacity, cost, emission), where
    capacity and cost may be lists over the hours; `load_mw` is one list of buses an hour.
    """
    load_mw = np.atleast_2d(np.array(load_mw, dtype=float))
    hours = len(load_mw)
    time = pd.date_range("2025-01-01", periods=hours, freq="h", tz="UTC")
    parts = {
        "buses": Buses(tuple(buses), np.full(len(buses), np.nan), np.full(len(buses), np.nan)),
        "lines": _lines(buses, lines),
        "links": _links(buses, links),
        "units": _units(buses, units, hours),
        "time": time,
        "load_mw": load_mw,
        "weight_h": np.ones(hours),
    }
    return Network(name="small", **(parts | others))


def _ends(buses, pairs, side):
    return np.array([buses.index(pair[side]) for pair in pairs], dtype=int)


def _lines(buses, lines):
    pairs, reactance, rating = zip(*lines, strict=True) if lines else ((), (), ())
    return Lines(tuple(pairs), _ends(buses, pairs, 0), _ends(buses, pairs, 1),
                 np.array(reactance, dtype=float), np.array(rating, dtype=float))


def _links(buses, links):
    pairs, capacity, efficiency = zip(*links, strict=True) if links else ((), (), ())
    capacity = np.array(capacity, dtype=float)
    return Links(tuple(pairs), _ends(buses, pairs, 0), _ends(buses, pairs, 1), -capacity, capacity,
                 np.array(efficiency, dtype=float), np.zeros(len(capacity)))


def _units(buses, units, hours):
    def by_hour(values):
        return np.column_stack([np.broadcast_to(value, hours) for value in values]).astype(float)

    every = [(*unit, 0.0)[:4] for unit in units]
    bus, capacity, cost, emission = zip(*every, strict=True) if every else ((), (), (), ())
    shape = (hours, 0)
    p_max_mw = by_hour(capacity) if every else np.zeros(shape)
    return Units(
        names=tuple(f"G{place}" for place in range(len(every))),
        technologies=("gas",) * len(every),
        bus=np.array([buses.index(name) for name in bus], dtype=int),
        profiled=(p_max_mw != p_max_mw[0]).any(axis=0),
        p_min_mw=np.zeros_like(p_max_mw),
        p_max_mw=p_max_mw,
        cost_usd_per_mwh=by_hour(cost) if every else np.zeros(shape),
        emission_kg_per_mwh=np.array(emission, dtype=float),
    )
