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

    def fits(self, gpus_count: int) -> bool:
        """Return whether there is room for a gang without spreading it more than it needs.

        Parameters
        ----------
        gpus_count : int
            Accelerators of the gang. [-]

        Returns
        -------
        bool
            True if :meth:`place` would find nodes for it.
        """
        whole, rest = divmod(gpus_count, self._size)
        empty = len(self._with_free[self._size])
        if empty < whole:
            return False
        return rest == 0 or empty > whole or any(self._with_free[rest : self._size])

    def place(self, job: int, gpus_count: int) -> Allocation:
        """Give a gang the nodes that fit it best.

        Parameters
        ----------
        job : int
            Job id. [-]
        gpus_count : int
            Its accelerators. [-]

        Returns
        -------
        tuple
            Where it stands.

        Raises
        ------
        ValueError
            If there is no room for it.
        """
        if not self.fits(gpus_count):
            msg = f"no nodes have room for job {job} with {gpus_count} accelerators"
            raise ValueError(msg)
        whole, rest = divmod(gpus_count, self._size)
        empty = self._with_free[self._size]
        chosen = [empty.popitem() for _ in range(whole)]
        if rest:
            best = next(nodes for nodes in self._with_free[rest:] if nodes)
            node, free = best.popitem()
            self._with_free[free - rest][node] = free - rest
            chosen.append((node, rest))
        for node, _ in chosen[:whole]:
            self._with_free[0][node] = 0
        self._gangs[job] = chosen
        return tuple(chosen)

    def hold(self, job: int, allocation: Allocation) -> None:
        """Give a gang the nodes it has elsewhere: in another state of the same cluster.

        Parameters
        ----------
        job : int
            Job id. [-]
        allocation : tuple
            Where it stands; its accelerators must be free here too.
        """
        for node, gpus_count in allocation:
            self._change(node, -gpus_count)
        self._gangs[job] = list(allocation)

    def release(self, job: int) -> None:
        """Free the accelerators of a gang.

        Parameters
        ----------
        job : int
            Job id. [-]
        """
        for node, gpus_count in self._gangs.pop(job):
            self._change(node, gpus_count)

    def copy(self) -> "Nodes":
        """Return the same state, to try out what could run together."""
        twin = Nodes(0, self._size)
        twin._with_free = [dict(nodes) for nodes in self._with_free]
        twin._gangs = dict(self._gangs)
        return twin

    def allocation(self, job: int) -> Allocation:
        """Return where a gang stands."""
        return tuple(self._gangs[job])

    def _change(self, node: int, more: int) -> None:
        """Change how many accelerators of a node are free."""
        free = next(count for count, nodes in enumerate(self._with_free) if node in nodes)
        del self._with_free[free][node]
        self._with_free[free + more][node] = free + more
