"""What operators write for another value: the hint is the thing to write, not what a key is for."""

import pytest

from tests.unit.loading.samples import refused, replaced
from tests.unit.loading.test_values import member, volume

ADDRESS, DEVICE = "interconnect: 10.0.0.1", '{wwid: "36001405a1b2c3d4e5f60718293a4b5c6"}'
EACH = "write an item for each host: '- name: node01', '- name: node02' and so on"
SIZE = "write a size like 800GiB, or fill for all of the device"
DISK = "multipath -ll shows it, or /lib/udev/scsi_id -g -u -d /dev/sdX on the host"


def flow(name: str) -> str:
    return replaced(
        "- name: node1\n        interconnect", f"- {{name: {name}, interconnect"
    ).replace("10.0.0.1\n", "10.0.0.1}\n")


def with_name(name: str) -> str:
    return replaced("name: node1", f"name: {name}")


def with_size(size: str) -> str:
    return replaced("fill", size)


def with_address(address: str) -> str:
    return replaced(ADDRESS, f"interconnect: {address}")


def on(device: str) -> str:
    return replaced(DEVICE, device)


def unavailable(value: str) -> str:
    return replaced("    members:\n", f"    max_unavailable: {value}\n    members:\n")


TURN = "write a number of members like 2, or a percentage of them like 25%"
NONE = "write 1 for one member at a time: with none at a time nothing would change"
MEANT = {
    "no member at a time": (unavailable("0"), NONE),
    "no percent of the members": (unavailable("0%"), NONE),
    "more than all of the members": (
        unavailable("101%"),
        "write 100% at most; a turn still leaves one that serves each volume",
    ),
    "more members than there can be": (unavailable("256"), TURN),
    "less than no member": (unavailable("-1"), TURN),
    "a truth for members at a time": (unavailable("true"), TURN),
    "a part of a member": (unavailable("1.5"), TURN),
    "a quoted number of members": (
        unavailable('"25"'),
        "write 25 without quotes for so many members, or '25%'",
    ),
    "a blank in a percentage": (unavailable('"25 %"'), "write 25%"),
    "percent in a word": (unavailable("25 percent"), "write 25%"),
    "hosts in brackets": (with_name("node[01-04]"), EACH),
    "hosts in brackets in braces": (flow("node[01-04]"), EACH),
    "hosts in braces": (with_name("node{01..04}"), EACH),
    "hosts in braces in braces": (flow("node{01..04}"), EACH),
    "hosts with a comma": (with_name("node01,node02"), EACH),
    "hosts of a member": (
        replaced("- name: node1\n        interconnect: 10.0.0.1", "- node[01-04]"),
        EACH,
    ),
    "an address for a name": (
        with_name("10.0.0.1"),
        "write what 'hostname -s' prints there, and 'interconnect: 10.0.0.1' below it",
    ),
    "a user before a name": (
        with_name("root@node01"),
        "write name: node01, and below it ssh: {user: root}",
    ),
    "a port behind a name": (
        with_name("node01:22"),
        "write name: node01, and below it ssh: {port: 22}",
    ),
    "a letter with a mark": (with_name("n\u00f6de"), "write it in plain letters: node"),
    "addresses in brackets": (
        with_address("10.0.0.[1-4]"),
        "write a member for each host, with its own address: 'interconnect: 10.0.0.11'",
    ),
    "an address in a URL": (
        with_address("http://10.0.0.1"),
        "write one address alone: 10.0.0.1",
    ),
    "two addresses": (with_address("10.0.0.1, 10.1.0.1"), "write one address alone: 10.0.0.1"),
    "commas in an address": (with_address("10,0,0,1"), "did you mean 10.0.0.1?"),
    "a letter in an address": (with_address("10.0.0.1l"), "did you mean 10.0.0.11?"),
    "eui. as a device": (on("eui.0025388b71"), "write device: {wwid: 'eui.0025388b71'}"),
    "naa. as a device": (on("naa.600140512345"), "write device: {wwid: '3600140512345'}"),
    "a name of multipath": (on("mpatha"), f"write device: {{wwid: \u2026}}; {DISK}"),
    "a label as a device": (
        on("LABEL=x"),
        f"write device: {{wwid: \u2026}}, of the disk; {DISK}",
    ),
    "eui. as a path": (on("{path: eui.0025388b71}"), "write device: {wwid: 'eui.0025388b71'}"),
    "a pattern as a path": (
        on("{path: '/dev/disk/by-id/*'}"),
        "write one whole path: ls -l /dev/disk/by-id on the host lists them",
    ),
    "a path as a WWID": (on("{wwid: /dev/sdb}"), f"write the WWID of the disk; {DISK}"),
    "a lasting path as a WWID": (
        on("{wwid: /dev/disk/by-id/x}"),
        "write path: /dev/disk/by-id/x, in the place of wwid",
    ),
    "a WWID of a link": (
        on("{wwid: nvme-eui.0025388b}"),
        "write it without the prefix: eui.0025388b",
    ),
    "capitals in eui.": (on("{wwid: EUI.0025388B}"), "write it in lower case: eui.0025388b"),
    "a partition of a WWID": (
        on("{wwid: 36001405a-part1}"),
        "write wwid: 36001405a, and beside it partition: 1",
    ),
    "a size of words": (with_size("unlimited"), SIZE),
    "a size as a list": (with_size("[800GiB]"), SIZE),
    "a size with a semicolon": (with_size("800GiB;"), "write 800GiB alone"),
    "a size with a comment of C": (with_size("800GiB // all"), "write 800GiB alone"),
    "a size with a comma": (with_size("800,5GiB"), "did you mean '819712MiB'?"),
    "a size of two": (with_size("1TiB 200GiB"), "write one number: 1224GiB"),
    "a size of exbibytes": (with_size("2EiB"), "write '2048PiB'"),
    "a size of an underscore": (with_size("1_000GiB"), "write 1000GiB alone"),
    "a port as a word": (
        member("port: ssh"),
        "write a whole number from 1 to 65534. TCP port of cluster traffic.  "
        "(reconcile explain members.port)",
    ),
    "a port with its protocol": (member("port: 7777/tcp"), "write 7777"),
    "a fraction for a number": (member("number: 1.0"), "write 1"),
    "thousands": (volume("slots: '1,000'"), "write 1000"),
    "a truth of words": (
        replaced("/srv/images}", "/srv/images, at_boot: never}"),
        "write true, or false",
    ),
    "a German date": (
        member("attested: {by: me, at: 01.03.2026 09:30, reason: x}"),
        "did you mean 2026-03-01T09:30:00Z?",
    ),
    "hours and minutes": (
        volume("backup: {host: node1, argv: [a], max_age: 1h30m}"),
        "write one number: 90m",
    ),
    "half an hour": (
        volume("backup: {host: node1, argv: [a], max_age: 1.5h}"),
        "write a whole number: 90m",
    ),
    "volumes below a member": (
        member("volumes: []"),
        "it belongs to this item of 'clusters': indent it less",
    ),
    "no space behind a dash": (
        replaced("- name: node1", "-name: node1"),
        "write '- name: node1', with a space after the dash",
    ),
    "no space behind a colon": (
        with_size("fill").replace("size: fill", "size:fill"),
        "write 'size: fill', with a space after the colon",
    ),
    "an equals sign": (replaced("size: fill", "size = fill"), "write 'size: fill'"),
    "two keys on a line": (
        with_size("fill format: never"),
        "write 'format: never' on a line of its own",
    ),
    "a comment of C": (
        replaced("version: 1", "// mine\nversion: 1"),
        "begin a comment with '#'",
    ),
    "an entry that lines up with nothing": (
        replaced("        size", "       size"),
        "indent 'size' by 8 spaces, as what it belongs to above",
    ),
    "an open list": (
        replaced("{path: /srv/images}", "\n          path: /srv/x\n          options: [\n"),
        "close it by ']'",
    ),
    "nothing but null": (
        "null\n",
        "begin it with 'version: 1'; reconcile init writes a first one",
    ),
}


@pytest.mark.parametrize(("text", "hint"), MEANT.values(), ids=MEANT)
def test_the_hint_is_what_to_write(text, hint):
    found = {problem.hint for problem in refused(text).problems}
    assert hint in found


def test_an_open_bracket_is_told_where_it_opens():
    text = replaced(
        "{path: /srv/images}",
        "\n          path: /srv/x\n          options: [\n            noatime,\n",
    )
    found = [p for p in refused(text).problems if p.code == "yaml-syntax"]
    assert [(p.line, p.column) for p in found] == [(13, 20)]
