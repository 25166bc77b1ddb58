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
