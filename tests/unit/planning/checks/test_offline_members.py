"""While a member is away, nothing changes that it would come back without."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Unknown
from reconciler.model.plan import Action, Command
from reconciler.planning.checks.offline_members import check
from reconciler.planning.resolve.numbering import with_numbers
from tests.builders import converged, file, live, spec, volume

SAID = {"by": "ops", "at": "2026-01-05T10:00:00Z"}
THREE = spec(volumes=[volume()])


def away(**more):
    """The third is offline."""
    items = [
        {"name": f"node0{n}", "interconnect": f"10.0.0.{10 + n}", "port": 7777}
        for n in (1, 2, 3)
    ]
    items[2] |= {"state": "offline", "attested": SAID}
    return spec(**{"members": items, "volumes": [volume()], **more})


def act(kind="mount", host="node01"):
    values = {"summary": "", "because": "", "risk": "safe", "expects": ()}
    return Action("a", kind, host, "volume/images", command=Command(("true",)), **values)


def found(cluster, hosts, *actions):
    observed = Observed({name: hosts[name] for name in ("node01", "node02")})
    numbered = with_numbers(cluster, observed)
    return [(b.code, b.message) for b in check(numbered, observed, actions)]


def running():
    return dict(converged(THREE).hosts)


def test_what_changes_neither_lists_nor_timeouts_is_done():
    assert found(away(), running(), act()) == []


def test_where_nothing_is_done_nothing_is_refused():
    assert found(away(heartbeat={"dead_threshold": 61}), running()) == []


def test_where_nobody_is_away_nothing_is_refused():
    hosts = running()
    numbered = with_numbers(THREE, Observed(hosts))
    assert list(check(numbered, Observed(hosts), [act("stop-cluster")])) == []


OLD = "node03 is offline and would come back with the old "


@pytest.mark.parametrize("kind", ["stop-cluster", "set-reconnect-delay"])
def test_who_is_away_would_come_back_with_the_old_timeouts(kind):
    assert found(away(), running(), act(kind)) == [("member-offline", f"{OLD}timeouts")]
    assert found(away(), running(), act(kind, "san")) == []


def test_a_host_that_starts_with_other_timeouts_is_retimed():
    cluster = away(heartbeat={"dead_threshold": 61})
    assert found(cluster, running(), act()) == [("member-offline", f"{OLD}timeouts")]


def test_a_host_whose_timeouts_are_unread_or_that_has_no_list_is_not_retimed():
    cluster = away(heartbeat={"dead_threshold": 61})
    hosts = running()
    unread = {n: replace(f, o2cb_config=Unknown("cut off")) for n, f in hosts.items()}
    assert found(cluster, unread, act()) == []


def test_who_is_away_would_come_back_with_the_old_list():
    items = [
        {"name": "node01", "interconnect": "10.0.0.11"},
        {"name": "node02", "interconnect": "10.0.0.99"},
        {"name": "node03", "interconnect": "10.0.0.13", "state": "offline", "attested": SAID},
    ]
    assert found(away(members=items), running(), act()) == [
        ("member-offline", f"{OLD}node list")
    ]


def test_who_was_never_on_a_list_joins_when_it_is_there():
    two = spec(("node01", "node02"), volumes=[volume()])
    hosts = dict(converged(two).hosts)
    words = [message for _code, message in found(away(), hosts, act())]
    assert words == [f"{OLD}node list"]


def test_where_no_host_has_a_list_a_host_joins_when_it_is_there():
    hosts = {
        name: replace(
            facts,
            live=replace(live(THREE, name), clusters=()),
            cluster_conf=file("/etc/ocfs2/cluster.conf", None),
        )
        for name, facts in running().items()
    }
    (found_one,) = found(away(), hosts, act())
    assert found_one == (
        "member-offline",
        "node03 is on no list: a host joins when it is there",
    )


def test_where_the_cluster_is_not_online_the_file_is_the_list():
    hosts = {
        name: replace(facts, live=replace(live(THREE, name), clusters=()))
        for name, facts in running().items()
    }
    assert found(away(), hosts, act()) == []
