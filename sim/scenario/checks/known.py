"""Check that the catalog knows a name."""

from collections.abc import Iterator

from sim.catalog import table
from sim.registry import did_you_mean
from sim.scenario.positions import FieldPath, Finding, quoted


def in_catalog(name: str, table_name: str, path: FieldPath) -> Iterator[Finding]:
    """Check that a table of the catalog has a name.

    Parameters
    ----------
    name : str
        The name.
    table_name : str
        The table.
    path : tuple
        Where the name stands.

    Yields
    ------
    Finding
        That it is not there.
    """
    allowed = [str(key) for key in table(table_name).iloc[:, 0].unique()]
    if name not in allowed:
        catalog = f"the catalog of {table_name.replace('_', ' ')}"
        yield Finding(path, f"{quoted(name)} is not in {catalog}.{did_you_mean(name, allowed)}")
