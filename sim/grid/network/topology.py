"""How lines join buses: what a flow takes from each bus, and the loops that lines close."""

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import breadth_first_tree, connected_components
from scipy.sparse.linalg import splu

from sim.grid.network.network import Columns, Lines, Places


def incidence(
    from_bus: Places, to_bus: Places, *, arriving_fraction: Columns, buses_count: int
) -> csr_array:
    """Return what a flow on each branch takes out of each bus.

    Parameters
    ----------
    from_bus, to_bus : ndarray of int, shape (n,)
        Places of the ends of the branches among the buses. [-]
    arriving_fraction : ndarray of float, shape (n,)
        What arrives at the second end over what leaves the first. [-]
    buses_count : int
        How many buses there are. [-]

    Returns
    -------
    csr_array of float, shape (buses_count, n)
        1 at the first end, what arrives at the second, negative [-].
    """
    branches = np.arange(len(from_bus))
    values = np.concatenate([np.ones(len(branches)), -arriving_fraction])
    places = (np.concatenate([from_bus, to_bus]), np.concatenate([branches, branches]))
    return coo_array((values, places), shape=(buses_count, len(branches))).tocsr()


def loops(lines: Lines, buses_count: int) -> csr_array:
    """Return independent loops that lines close, as signs of the lines in each.

    Parameters
    ----------
    lines : Lines
        Lines between the buses.
    buses_count : int
        How many buses there are. [-]

    Returns
    -------
    csr_array of float, shape (n_loops, l)
        1 where a line lies along its loop, -1 against it, 0 elsewhere [-].

    Notes
    -----
    A forest of shortest paths reaches every bus; each line beside it closes one loop, together with
    the lines of the forest that take its flow back.
    """
    count = len(lines.names)
    leaving = incidence(
        lines.from_bus, lines.to_bus, arriving_fraction=np.ones(count), buses_count=buses_count
    )
    forest, roots = _forest(lines, buses_count)
    beside = np.setdiff1d(np.arange(count), forest)
    if not beside.size:
        return csr_array((0, count))
    reached = np.setdiff1d(np.arange(buses_count), roots)
    back = splu(csc_array(leaving[reached][:, forest])).solve(leaving[reached][:, beside].toarray())
    signs = np.zeros((len(beside), count))
    signs[:, forest] = -np.round(back.T)
    signs[np.arange(len(beside)), beside] = 1.0
    return csr_array(signs)


def _forest(lines: Lines, buses_count: int) -> tuple[Places, Places]:
    """Lines of a breadth-first tree in each island of lines, and the buses where they begin."""
    pairs = np.sort(np.column_stack([lines.from_bus, lines.to_bus]), axis=1)
    _, first = np.unique(pairs, axis=0, return_index=True)  # one of parallel lines will do
    # Line numbers stand in place of weights, from 1: the trees keep them.
    graph = coo_array(
        (first + 1.0, (pairs[first, 0], pairs[first, 1])), shape=(buses_count, buses_count)
    ).tocsr()
    _, island = connected_components(graph, directed=False)
    _, roots = np.unique(island, return_index=True)
    trees = [breadth_first_tree(graph, root, directed=False).data for root in roots]
    return np.concatenate(trees).astype(int) - 1, roots
