import pytest

from reconciler.model.observed import Lease, Pause
from reconciler.resources.records.parsing import parse_leases, parse_log, parse_pauses

HOLDER = '{"pid": 7}'
ACTED = ("lease", "-", "r1", HOLDER, "12", "1", "3", "mount images", "before", "no")
WORKS = ("lease", "ocfs2", "-", "-", "0", "0", "0", "-", "-", "4711 sh, 4712 lvextend")


def test_a_lease_is_read_with_its_age_its_hosts_what_it_began_and_what_still_runs() -> None:
    hosts = (("with", "-", "node01"), ("with", "-", "node02"))
    assert parse_leases((ACTED, *hosts, WORKS)) == (
        Lease("r1", HOLDER, 12.0, "-", ("node01", "node02"), True, 3, "mount images", "before"),
        Lease("", "", 0.0, "ocfs2", running="4711 sh, 4712 lvextend"),
    )
    assert parse_leases(()) == ()


@pytest.mark.parametrize(
    "rows",
    [
        (("lease", "r1", "{}", "1"),),
        ((*ACTED[:4], "-1", *ACTED[5:]),),
        ((*ACTED[:4], "nan", *ACTED[5:]),),
        ((*ACTED[:5], "2", *ACTED[6:]),),
        ((*ACTED[:8], "later", "no"),),
        (ACTED, ACTED),
        (ACTED, ("with", "ocfs2", "node01")),
        (("log", "x"),),
    ],
)
def test_a_garbled_lease_is_refused(rows: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_leases(rows)


def test_a_pause_is_read_with_its_end_if_it_has_one() -> None:
    row = ("paused", "ocfs2", "the SAN moves", "alice@desk", "1700000000")
    for until, end in (("-", None), ("1700003600", 1700003600)):
        told = Pause("ocfs2", "the SAN moves", "alice@desk", 1700000000, end)
        assert parse_pauses(((*row, until),)) == (told,)
    assert parse_pauses(()) == ()
    for rows in (((*row, "soon"),), ((*row, "-"),) * 2, (row,)):
        with pytest.raises(ValueError, match=r"."):
            parse_pauses(rows)


def test_the_log_is_read_oldest_first() -> None:
    assert parse_log((("log", "[ 1.0] o2net: a"), ("log", ""))) == ("[ 1.0] o2net: a", "")
    with pytest.raises(ValueError, match="unexpected line"):
        parse_log((("log", "a", "b"),))
