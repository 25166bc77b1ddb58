import pytest

from reconciler.model.outcome import Blocked
from reconciler.reports.grouping import fold_names, refusals


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("", ""),
        ("a", "a"),
        ("n1 n2 n3", "n1,n2,n3"),
        ("n1 n2 n3 n4", "n[1-4]"),
        ("n08 n09 n10 n11", "n[08-11]"),
        ("n8 n9 n10 n11", "n[8-11]"),
        ("n08 n9 n10 n11", "n08,n9,n10,n11"),
        ("a n1 n2 n3 n4 n6 b1", "a,n[1-4],n6,b1"),
        ("n1 n2 m3 m4", "n1,n2,m3,m4"),
        ("x x x x", "x,x,x,x"),
    ],
)
def test_names_that_are_counted_up_are_folded(names, words):
    assert fold_names(names.split()) == words


def test_what_is_refused_on_several_hosts_alike_is_said_once():
    same = [
        Blocked("device-too-small", "volume/v", f"{host}: too small", "grow it")
        for host in ("a", "b")
    ]
    other = Blocked("device-too-small", "volume/v", "b: too large", "grow it")
    plain = Blocked("host-unreachable", "member/a", "no answer", "try")
    assert refusals([*same, other, plain]) == (
        Blocked("device-too-small", "volume/v", "a, b: too small", "grow it"),
        other,
        plain,
    )


def test_refusals_of_members_that_say_the_same_are_one():
    hosts = [f"node0{n}" for n in (1, 2, 3, 4)]
    found = [
        Blocked("section-unread", f"member/{h}", f"mounts of {h} are unread", f"look at {h}")
        for h in hosts
    ]
    assert refusals(found) == (
        Blocked(
            "section-unread",
            "member/node[01-04]",
            "mounts of node[01-04] are unread",
            "look at HOST (HOST: node[01-04])",
        ),
    )
    assert refusals(found[:1]) == tuple(found[:1])


def test_names_within_names_are_not_taken_for_a_host():
    one = Blocked("section-unread", "member/node1", "node1: node1.example and node11", "x")
    other = Blocked("section-unread", "member/node2", "node2: node1.example and node11", "x")
    (found,) = refusals([one, other])
    assert found.message == "node1, node2: node1.example and node11"
