import pytest

from reconciler.model.observed import Identity, Kernel, Packages, Space
from reconciler.resources.packages.parsing import (
    parse_identity,
    parse_kernel,
    parse_packages,
    parse_space,
)

Rows = tuple[tuple[str, ...], ...]
IDENTITY: Rows = (
    ("hostname", "flexnode01.example.org"),
    ("boot_id", "b"),
    ("machine_id", "m"),
    ("os", "debian"),
    ("os_version", "12"),
    ("kernel", "6.1.0-18-amd64"),
    ("arch", "x86_64"),
    ("uid", "0"),
    ("uptime", "12.50"),
    ("clock", "1795353134"),
)
KERNEL: Rows = (
    ("running", "6.1.0-18-amd64"),
    ("version", "#1 SMP Ubuntu"),
    ("version", "Ubuntu 5.15.0-91.101-generic 5.15.131"),
    ("next_boot", "-"),
    ("module_file", "/lib/modules/ocfs2.ko"),
    ("module_version", "-"),
    ("next_boot_module", "-"),
    ("loaded", "ocfs2"),
    ("loaded", "ocfs2_dlm"),
    ("panic", "-1"),
    ("panic_on_oops", "-"),
)


def changed(rows: Rows, key: str, value: str) -> Rows:
    return tuple((key, value) if row[0] == key else row for row in rows)


def test_the_identity_has_the_short_hostname() -> None:
    assert parse_identity(IDENTITY) == Identity(
        "flexnode01", "b", "m", "debian", "12", "6.1.0-18-amd64", "x86_64", 0, 12.5, 1795353134
    )


@pytest.mark.parametrize(
    "rows",
    [
        (),
        IDENTITY[1:],
        (*IDENTITY, ("colour", "blue")),
        (*IDENTITY, IDENTITY[0]),
        changed(IDENTITY, "uid", "root"),
        changed(IDENTITY, "uptime", "inf"),
        changed(IDENTITY, "uptime", "nan"),
        changed(IDENTITY, "uptime", "-1"),
        changed(IDENTITY, "clock", ""),
        (*IDENTITY[1:], ("hostname", "a", "b")),
    ],
)
def test_a_garbled_identity_is_refused(rows: Rows) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_identity(rows)


def test_the_kernel_is_read_with_its_modules() -> None:
    assert parse_kernel(KERNEL) == Kernel(
        running="6.1.0-18-amd64",
        next_boot=None,
        module_file="/lib/modules/ocfs2.ko",
        module_version=None,
        next_boot_module=None,
        loaded=("ocfs2", "ocfs2_dlm"),
        panic=-1,
        version="#1 SMP Ubuntu, Ubuntu 5.15.0-91.101-generic 5.15.131",
        panic_on_oops=None,
    )


@pytest.mark.parametrize(
    "rows",
    [
        KERNEL[1:],
        changed(KERNEL, "next_boot_module", "maybe"),
        changed(KERNEL, "panic", "--1"),
        (*KERNEL, ("loaded", "a", "b")),
        (*KERNEL, ("version", "a", "b")),
        (*KERNEL, ("odd", "x")),
    ],
)
def test_a_garbled_kernel_is_refused(rows: Rows) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_kernel(rows)


def test_packages_are_read_and_several_versions_of_one_listed() -> None:
    rows = (
        ("manager", "rpm"),
        ("version", "ocfs2-tools", "1.8.6-11"),
        ("version", "kmod-ocfs2", "1"),
        ("version", "kmod-ocfs2", "2"),
        ("command", "o2cb"),
        ("command", "blkid"),
    )
    assert parse_packages(rows) == Packages(
        "rpm", {"ocfs2-tools": "1.8.6-11", "kmod-ocfs2": "1, 2"}, ("o2cb", "blkid")
    )
    assert parse_packages((("manager", "-"),)) == Packages(None, {}, ())


@pytest.mark.parametrize(
    "rows", [(), (("manager", "brew"),), (("manager", "rpm"), ("manager", "rpm"))]
)
def test_garbled_packages_are_refused(rows: Rows) -> None:
    with pytest.raises(ValueError, match="unexpected word"):
        parse_packages(rows)


def test_free_space_is_read_where_inodes_are_not_counted_too() -> None:
    rows = (("space", "/etc", "1024", "17"), ("space", "/boot", "0", "-"))
    assert parse_space(rows) == (Space("/etc", 1024, 17), Space("/boot", 0, None))
    with pytest.raises(ValueError, match="not a number"):
        parse_space((("space", "/etc", "1k", "-"),))
