import pytest

from reconciler.model.observed import Address, Connection, Live, LiveCluster, LiveNode, Region
from reconciler.resources.membership.parsing import (
    parse_addresses,
    parse_interconnect,
    parse_live,
)

Rows = tuple[tuple[str, ...], ...]
LIVE: Rows = (
    ("stack", "o2cb"),
    ("cluster", "ocfs2"),
    ("attr", "ocfs2", "idle_timeout_ms", "30000"),
    ("attr", "ocfs2", "fence_method", "reset"),
    ("attr", "ocfs2", "heartbeat/dead_threshold", "31"),
    ("attr", "ocfs2", "heartbeat/mode", "local"),
    ("node", "ocfs2", "node01", "1", "10.0.0.1", "7777", "1"),
    ("region", "ocfs2", "7B4D24F7872A4F6B888D798C1C9BE483", "dm-2"),
    ("region", "ocfs2", "3A83413814C148F8B806F86334225BAC", "-"),
    ("domain", "7B4D24F7872A4F6B888D798C1C9BE483"),
)


def test_addresses_are_read() -> None:
    rows = (("address", "lo", "127.0.0.1", "8"), ("address", "eth0", "10.0.0.1", "24"))
    assert parse_addresses(rows) == (
        Address("lo", "127.0.0.1", 8),
        Address("eth0", "10.0.0.1", 24),
    )


def test_connections_are_read_in_order() -> None:
    rows = (("connect", "10.0.0.2:7777", "open"), ("connect", "10.0.0.1:7777", "timeout"))
    assert parse_interconnect(rows) == (
        Connection("10.0.0.2:7777", "open"),
        Connection("10.0.0.1:7777", "timeout"),
    )


@pytest.mark.parametrize(
    "row",
    [
        ("connect", "10.0.0.2:7777", "maybe"),
        ("connect", "10.0.0.2", "open"),
        ("connect", "::1:7777", "open"),
        ("connect", "10.0.0.2:x", "open"),
        ("connect", "10.0.0.2:7777"),
    ],
)
def test_garbled_connections_are_refused(row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_interconnect((row,))


@pytest.mark.parametrize(
    "row", [("address", "lo", "::1", "128"), ("address", "lo", "1", "8"), ("address", "lo")]
)
def test_garbled_addresses_are_refused(row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_addresses((row,))


def test_the_live_cluster_is_read_and_what_it_does_not_tell_is_none() -> None:
    cluster = LiveCluster(
        name="ocfs2",
        nodes=(LiveNode("node01", 1, "10.0.0.1", 7777, local=True),),
        idle_timeout_ms=30000,
        keepalive_delay_ms=None,
        reconnect_delay_ms=None,
        dead_threshold=31,
        heartbeat_mode="local",
        fence_method="reset",
        regions=(
            Region("7B4D24F7872A4F6B888D798C1C9BE483", "dm-2"),
            Region("3A83413814C148F8B806F86334225BAC", ""),
        ),
    )
    assert parse_live(LIVE) == Live("o2cb", (cluster,), ("7B4D24F7872A4F6B888D798C1C9BE483",))


def test_the_locking_protocol_is_read_where_the_module_is_loaded() -> None:
    assert parse_live((("stack", "o2cb"), ("locking", "1.10"))).locking == "1.10"
    assert parse_live((("stack", "o2cb"),)).locking == ""


def test_without_the_module_nothing_is_live() -> None:
    assert parse_live((("stack", "-"),)) == Live("", (), ())


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (*LIVE, ("stack", "o2cb")),
        (*LIVE, ("attr", "ocfs2", "idle_timeout_ms", "1")),
        (*LIVE, ("attr", "ocfs2", "colour", "1")),
        (*LIVE, ("attr", "other", "fence_method", "reset")),
        (*LIVE, ("node", "other", "n", "1", "10.0.0.1", "7777", "0")),
        (*LIVE, ("region", "other", "U", "dm-2")),
        (*LIVE, ("node", "ocfs2", "n", "1", "10.0.0.1", "7777", "2")),
        (*LIVE, ("node", "ocfs2", "n", "1", "host", "7777", "0")),
        (*LIVE, ("node", "ocfs2", "n", "x", "10.0.0.1", "7777", "0")),
        (*LIVE, ("region", "ocfs2")),
        (*LIVE, ("locking", "1")),
        (*LIVE, ("locking", "1.0"), ("locking", "1.0")),
    ],
)
def test_a_garbled_live_cluster_is_refused(rows: Rows) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_live(rows)
