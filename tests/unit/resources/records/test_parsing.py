import pytest

from reconciler.model.observed import Lease
from reconciler.resources.records.parsing import parse_leases, parse_log


def test_the_lease_is_read_with_its_age_in_seconds() -> None:
    assert parse_leases((("lease", "r1", '{"pid": 7}', "12"),)) == (
        Lease("r1", '{"pid": 7}', 12.0),
    )
    assert parse_leases(()) == ()


@pytest.mark.parametrize(
    "row",
    [("lease", "r1", "{}", "-1"), ("lease", "r1", "{}", "nan"), ("lease", "r1"), ("log", "x")],
)
def test_a_garbled_lease_is_refused(row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_leases((row,))


def test_the_log_is_read_oldest_first() -> None:
    assert parse_log((("log", "[ 1.0] o2net: a"), ("log", ""))) == ("[ 1.0] o2net: a", "")
    with pytest.raises(ValueError, match="unexpected line"):
        parse_log((("log", "a", "b"),))
