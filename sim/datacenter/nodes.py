"""Gangs on the nodes of a cluster, where none is spread over more nodes than it needs."""

Allocation = tuple[tuple[int, int], ...]
"""Nodes of a gang, and its accelerators on each. [-]."""


class Nodes:
    """Which accelerators of each node are free, and which gang holds the others.

    A gang that fits into a node gets the one with the fewest free accelerators that hold it (best
    fit); a larger one gets whole nodes, and for the rest again the node that fits best.

    Parameters
    ----------
    nodes_count : int
        Nodes. [-]
    gpus_per_node : int
        Accelerators of each. [-]

    References
    ----------
    .. [1] D. S. Johnson, "Near-optimal bin packing algorithms," PhD thesis, MIT, 1973 (best fit).
    """

    __slots__ = ("_gangs", "_size", "_with_free")

    def __init__(self, nodes_count: int, gpus_per_node: int) -> None:
        self._size = gpus_per_node
        # Nodes by how many of their accelerators are free; dicts keep the order, as sets would not.
        self._with_free: list[dict[int, int]] = [{} for _ in range(gpus_per_node + 1)]
        self._with_free[gpus_per_node] = dict.fromkeys(range(nodes_count), gpus_per_node)
        self._gangs: dict[int, list[tuple[int, int]]] = {}
