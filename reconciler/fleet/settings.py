"""What a worker makes of the settings: the address of the database, a file's wish in its zone."""

from __future__ import annotations

from reconciler.execution.secrets import read_reference
from reconciler.model.desired import Cluster, Desired
from reconciler.model.fleet import Fleet


def database_url(fleet: Fleet) -> str:
    """The address of the database, which may hold a password. Raises SecretUnread."""
    return read_reference(fleet.database)


def in_zone(fleet: Fleet, desired: Desired, cluster: Cluster) -> Desired | None:
    """The one cluster as its zone reaches it; None where its zone is not listed.

    What its file says of ssh comes before what the zone says.
    """
    zone = fleet.find_zone(cluster.zone)
    if zone is None:
        return None
    ssh = zone.fill_ssh(desired.ssh)
    return desired.model_copy(update={"clusters": (cluster,), "ssh": ssh})
