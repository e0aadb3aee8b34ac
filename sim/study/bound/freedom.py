"""What the policies of a scenario may do, as far as it changes what could be reached."""

from collections.abc import Iterable, Sequence

from sim.optimize.ran import Freedom
from sim.policy.base import Roles, does_nothing
from sim.site import Site


def freedom_of(policies: Iterable[Roles], sites: Sequence[Site]) -> Freedom:
    """Return what some policies may do with the sites' power and jobs.

    Parameters
    ----------
    policies : iterable of Roles
        The policies.
    sites : sequence of Site
        The sites.

    Returns
    -------
    Freedom
        Accelerators are capped by a policy that does so, and wherever power may be short; jobs are
        placed by a policy that does so.
    """
    chosen = tuple(policies)
    return Freedom(
        cap=any(map(_may_cap, chosen)) or any(map(_may_lack_power, sites)),
        place=any(not does_nothing(one.place) for one in chosen),
    )


def _may_cap(policy: Roles) -> bool:
    return not (does_nothing(policy.power) or getattr(policy.power, "never_caps", False))


def _may_lack_power(site: Site) -> bool:
    is_open = site.connection.import_limit_w == float("inf")
    return not is_open or bool(site.outages_s) or bool(site.responses)
