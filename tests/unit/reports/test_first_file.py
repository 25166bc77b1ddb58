"""What init writes: valid as it is, valid with every comment of YAML taken in, never by luck."""

import re
from dataclasses import replace

import pytest
import yaml

from reconciler.loading import load
from reconciler.model.desired import Device
from reconciler.model.observed import Address, Beat, Slot, Unknown, Unreachable
from reconciler.model.ssh_access import Ssh
from reconciler.reports.imported.devices import ref
from reconciler.reports.imported.first_disks import shared_disks
from reconciler.reports.imported.first_file import (
    Asked,
    first_file,
    first_members,
    interconnects,
)
from tests.builders import LUN, facts, superblock

WWID = "36001405a1b2c3d4e5f60718293a4b5c6"


def host(name, *addresses, **more):
    found = tuple(Address(f"eth{n}", *word.split("/")) for n, word in enumerate(addresses))
    typed = tuple(replace(item, prefix=int(item.prefix)) for item in found)
    return replace(facts(name, 1), addresses=typed, **more)


def disk(**more):
    (one,) = facts("x", 1).disks
    return replace(one, links=(), **more)


def text_of(asked, ssh=None):
    return first_file("ocfs2", asked, ssh or Ssh(), ", today", "c.yaml")


def taken_in(text):
    """With what stands there as commented YAML, as its reader is told to do."""
    lines = []
    for line in text.splitlines():
        found = re.fullmatch(r"(\s*)# (\s*(?:- )?[a-z_]+:(?: .*)?)", line)
        lines.append(f"{found[1]}{found[2]}" if found and "explain" not in line else line)
    return "\n".join(lines)


ASKED = {
    "nobody": Asked({}),
    "who answers": Asked({"node01": host("node01", "10.0.0.1/24")}),
    "who does not": Asked({}, {"a": Unreachable("a", "host-unreachable", "x")}),
    "both": Asked(
        {"node01": host("node01", "10.0.0.1/24"), "node02": host("node02", "10.0.0.2/24")},
        {"10.0.0.9": Unreachable("10.0.0.9", "login-refused", "no")},
        {"node01": "mgmt01.example.com"},
    ),
    "who tells nothing": Asked(
        {
            "node01": replace(
                facts("a", 1), addresses=Unknown("x"), disks=Unknown("x"), wanted=Unknown("x")
            )
        }
    ),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_the_file_is_valid_and_so_it_is_with_its_comments_taken_in(asked):
    text = text_of(asked)
    assert load("c.yaml", text).clusters[0].volumes == ()
    whole = load("c.yaml", taken_in(text)).clusters[0]
    assert len(whole.volumes) == 1
    assert whole.volumes[0].format == "if-blank"


def test_settings_of_ssh_stand_in_the_file():
    text = text_of(Asked({}), Ssh(user="ops", sudo=True))
    assert load("c.yaml", text).ssh == Ssh(user="ops", sudo=True)


def test_members_have_the_addresses_of_the_network_that_they_share():
    hosts = {
        "node01": host(
            "node01", "127.0.0.1/8", "192.168.7.1/24", "10.1.0.1/24", "172.17.0.1/16"
        ),
        "node02": host("node02", "127.0.0.1/8", "172.17.0.1/16", "10.1.0.2/24"),
        "node03": host("node03", "169.254.3.4/16", "10.1.0.3/24"),
    }
    assert interconnects(hosts) == {
        "node01": "10.1.0.1",
        "node02": "10.1.0.2",
        "node03": "10.1.0.3",
    }
    (first, *_others) = first_members(Asked(hosts))
    assert first.told == ("node01 has also: 192.168.7.1 (eth1), 172.17.0.1 (eth3)",)


def test_who_has_no_usable_address_gets_an_example_that_is_marked():
    (member,) = first_members(Asked({"node01": host("node01", "127.0.0.1/8")}))
    assert member.interconnect == "192.0.2.11"
    assert member.told[-1].startswith("CHANGE: the address is an example")


def test_names_are_short_and_one_for_each_host():
    lost = {
        name: Unreachable(name, "host-unreachable", "x")
        for name in ("a.example.com", "A.example.org", "10.0.0.7", "node03")
    }
    members = first_members(Asked({}, lost))
    assert [m.name for m in members] == ["a", "node02", "node03", "node04"]
    assert [m.door for m in members] == list(lost)
    load("c.yaml", text_of(Asked({}, lost)))


def test_only_disks_that_all_hosts_have_and_nothing_uses_are_offered():
    own = {n: (disk(wwid=f"{WWID[:-1]}{i}", name="sda"),) for i, n in enumerate("ab")}
    shared = disk(wwid=WWID, name="sdb")
    hosts = {
        n: host(n, f"10.0.0.{i}/24", disks=(*own[n], shared)) for i, n in enumerate("ab", 1)
    }
    assert [item.device for item in shared_disks(hosts)] == [Device(wwid=WWID)]
    used = replace(shared, holders=("dm-0",))
    assert shared_disks(hosts | {"b": replace(hosts["b"], disks=(used,))}) == ()


def alone_with(**more):
    bare = facts("node01", 1)
    (view,) = bare.wanted
    return Asked({"node01": replace(bare, wanted=(replace(view, **more),))})


def test_a_disk_with_a_file_system_keeps_it_and_its_label():
    asked = alone_with(
        superblock=superblock(), signature={"TYPE": "ocfs2"}, zeros=None, slot_map=()
    )
    (taken,) = load("c.yaml", taken_in(text_of(asked))).clusters[0].volumes
    assert (taken.label, taken.format, taken.device.path) == ("images", "never", LUN)


@pytest.mark.parametrize(
    "sign",
    [{"slot_map": (Slot(0, 3),)}, {"beats": (Beat(3, "1", "00000000000000a1"),)}],
    ids=["slot", "heartbeat"],
)
def test_a_disk_that_others_use_is_not_to_be_taken(sign):
    text = text_of(alone_with(superblock=superblock(), signature={"TYPE": "ocfs2"}, **sign))
    words = " ".join(line.strip(" #") for line in text.splitlines())
    assert (
        "Do not take 1GiB, ubdb: it has an OCFS2 file system (images) that node 3 of" in words
    )
    assert LUN not in text


def test_a_disk_with_something_else_on_it_is_not_offered():
    text = text_of(alone_with(signature={"TYPE": "ext4"}, zeros=None))
    assert "# Do not take 1GiB, ubdb: NOT blank, has ext4" in text
    assert LUN not in text


def test_an_interconnect_that_is_a_guess_is_marked():
    two = {n: host(n, f"10.1.0.{i}/24", f"10.2.0.{i}/24") for i, n in enumerate("ab", 1)}
    one = {"a": host("a", "10.1.0.1/24", "10.2.0.1/24")}
    apart = {"a": host("a", "10.1.0.1/24"), "b": host("b", "10.2.0.1/24")}
    for hosts in (two, one, apart):
        for member in first_members(Asked(hosts)):
            assert member.told[-1].startswith("CHANGE: the interconnect is a guess")
    sure = {n: host(n, f"10.1.0.{i}/24") for i, n in enumerate("ab", 1)}
    for hosts in (sure, {"a": host("a", "10.1.0.1/24")}):
        assert [member.told for member in first_members(Asked(hosts))] == [()] * len(hosts)


def test_what_is_on_a_disk_is_said():
    bare = facts("node01", 1)
    (view,) = bare.wanted
    blank = text_of(Asked({"node01": bare}))
    assert f'device: {{path: "{LUN}"}}' in blank
    assert "# 1GiB, ubdb: seems blank" in blank
    unread = replace(bare, wanted=())
    assert "is not known yet" in text_of(Asked({"node01": unread}))
    assert view.ref == ref(Device(path=LUN))


def test_a_host_cannot_write_into_the_file():
    name = "a\nversion: 2"
    lost = {"a": Unreachable("a", "host-unreachable", f"x\n{name}")}
    document = yaml.safe_load(text_of(Asked({}, lost)))
    assert document.keys() == {"version", "clusters"}
    evil = replace(disk(name='sdb\n"evil: 1', wwid=WWID))
    load("c.yaml", text_of(Asked({"a": host("a", "10.0.0.1/24", disks=(evil,))})))
