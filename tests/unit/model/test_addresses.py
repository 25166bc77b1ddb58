"""Addresses are built, read and matched in one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import reconciler
from reconciler.model.addresses import (
    Address,
    action_id,
    cluster_address,
    is_at_or_below,
    member_address,
    names_host,
    parse_action_id,
    parse_address,
    parse_target,
    volume_address,
    without_host,
)

SOURCE = Path(reconciler.__file__).parent
# An address, a refusal's subject or an action's id taken apart by hand, or put together.
TAKEN = re.compile(
    r"(address|subject|\bid|target)\.(r?split|r?partition|startswith|endswith)\(f?\"[^\"]*/"
)
BUILT = re.compile(
    r'f"(cluster|member|volume)/\{|\bid=f"\{(self\.)?cluster|f"\{(where|address)\}/'
)


def test_an_address_has_the_parts_that_it_was_built_of():
    built = member_address("node01", "service", "agent.service", "boot")
    assert built == "member/node01/service/agent.service/boot"
    assert parse_address(built) == Address(
        "member", "node01", ("service", "agent.service", "boot")
    )
    assert parse_address(built).owner == member_address("node01")
    assert parse_address(volume_address("images")) == Address("volume", "images", ())
    assert parse_address(cluster_address("ocfs2", "live-nodes")).last == "live-nodes"
    assert parse_address(volume_address("images")).last == "images"


def test_what_an_operator_types_may_lack_parts():
    assert parse_address("cluster.conf") == Address("cluster.conf", "", ())
    assert parse_address("cluster.conf").last == "cluster.conf"
    assert parse_target("member/a", ("cluster", "member")) == ("member", "a")
    assert parse_target("volume/a", ("cluster", "member")) == ("", "volume/a")
    assert parse_target("a", ("cluster",)) == ("", "a")


def test_a_name_that_another_one_begins_with_is_another():
    assert is_at_or_below("volume/images/mount", "volume/images")
    assert is_at_or_below("volume/images", "volume/images")
    assert not is_at_or_below("volume/images2", "volume/images")


@pytest.mark.parametrize(
    ("address", "host", "shown"),
    [
        ("member/node01/cluster.conf", "node01", "cluster.conf"),
        ("member/node01", "node01", "member"),
        ("volume/images/mount/node01/options", "node01", "volume/images/mount/options"),
        ("cluster/ocfs2/live-nodes", "", "cluster/ocfs2/live-nodes"),
    ],
)
def test_the_host_stands_beside_the_address(address, host, shown):
    assert without_host(address, host) == shown
    assert names_host(address, host) == bool(host)


def test_an_action_s_id_names_its_host_or_all():
    assert action_id("ocfs2", "node01", "mount", "images") == "ocfs2/node01/mount/images"
    assert action_id("ocfs2", "", "same-size", "images") == "ocfs2/all/same-size/images"
    assert parse_action_id("ocfs2/all/same-size/images") == (
        "ocfs2",
        "all",
        "same-size/images",
    )


def test_nobody_else_takes_addresses_apart_or_puts_them_together():
    files = [f for f in SOURCE.rglob("*.py") if f.name != "addresses.py"]
    found = [
        f"{file.relative_to(SOURCE)}: {line.strip()}"
        for file in files
        if "simulator" not in file.parts
        for line in file.read_text("utf-8").splitlines()
        if TAKEN.search(line) or BUILT.search(line)
    ]
    # A reading's subject, CLUSTER/NAME, is no address.
    assert found == ['model/records.py: cluster, name = subject.split("/")']
