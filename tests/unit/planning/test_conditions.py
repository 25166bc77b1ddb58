"""A fact holds, or it is said on which host it does not, and why."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Unknown
from reconciler.model.plan import Fact
from reconciler.planning.conditions import sections, unmet
from tests.builders import converged, spec, volume

HOSTS = ("node01", "node02")
CLUSTER = spec(HOSTS, volumes=[volume()])


def seen(**more):
    hosts = dict(converged(CLUSTER).hosts)
    hosts["node02"] = replace(hosts["node02"], **more)
    return Observed(hosts)


def fact(reading, value=None, subject="", hosts=HOSTS):
    return Fact(hosts, reading, subject, value)


def test_what_holds_on_all_is_met():
    assert unmet([fact("ocfs2-mounts", "none")], seen(mounts=())) == (
        "node01: ocfs2-mounts is /srv/images, not none",
    )
    assert unmet([fact("ocfs2-mounts", "none", hosts=("node02",))], seen(mounts=())) == ()


def test_without_a_value_all_have_to_agree():
    assert unmet([fact("live-nodes", subject="ocfs2")], seen()) == ()
    alone = replace(seen().hosts["node02"].live, clusters=())
    (why,) = unmet([fact("live-nodes", subject="ocfs2")], seen(live=alone))
    assert why.startswith("live-nodes ocfs2 differs: node01 ")


def test_to_agree_that_it_is_absent_is_not_enough():
    hosts = {
        name: replace(facts, live=replace(facts.live, clusters=()))
        for name, facts in seen().hosts.items()
    }
    found = unmet([fact("live-nodes", subject="ocfs2")], Observed(hosts))
    assert found == ("live-nodes ocfs2 is absent on node01, node02",)


@pytest.mark.parametrize("value", [None, "none"])
def test_what_could_not_be_read_holds_nowhere(value):
    (why,) = unmet(
        [fact("ocfs2-mounts", value, hosts=("node02",))], seen(mounts=Unknown("cut"))
    )
    assert why.startswith("node02: ocfs2-mounts is unknown")
    assert "cut" in why


def test_of_a_host_that_was_not_observed_nothing_is_known():
    (why,) = unmet([fact("ocfs2-mounts", "none", hosts=("node09",))], seen())
    assert "not observed" in why


def test_the_sections_are_those_of_the_readings():
    assert "mounts" in sections([fact("ocfs2-mounts", "none")])
