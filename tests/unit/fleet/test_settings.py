import pytest

from reconciler.errors import SecretUnread
from reconciler.fleet.settings import database_url, in_zone
from reconciler.loading.fleet_settings import load_fleet
from reconciler.model.desired import Desired
from reconciler.model.ssh_access import Ssh
from tests.builders import spec

FLEET = load_fleet(
    "fleet.yaml",
    "version: 1\ndatabase: env:FLEET_DATABASE\nsource: {directory: /srv/clusters}\n"
    "zones: [{name: default, jump: bastion}]\n",
)


def test_the_address_of_the_database_is_what_the_reference_stands_for(monkeypatch):
    monkeypatch.setenv("FLEET_DATABASE", "postgresql://reconcile@db/reconcile")
    assert database_url(FLEET) == "postgresql://reconcile@db/reconcile"


def test_a_reference_to_nothing_is_told_by_its_name(monkeypatch):
    monkeypatch.delenv("FLEET_DATABASE", raising=False)
    with pytest.raises(SecretUnread, match="env:FLEET_DATABASE is not set"):
        database_url(FLEET)


def test_a_cluster_is_reached_as_its_zone_says():
    desired = Desired(version=1, clusters=(spec(), spec()))
    found = in_zone(FLEET, desired, desired.clusters[0])
    assert found is not None
    assert (found.clusters, found.ssh) == (desired.clusters[:1], Ssh(jump="bastion"))


def test_a_cluster_of_a_zone_that_is_not_listed_has_no_way():
    elsewhere = spec(zone="south")
    desired = Desired(version=1, clusters=(elsewhere,))
    assert in_zone(FLEET, desired, elsewhere) is None
