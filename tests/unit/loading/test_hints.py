"""What people write who know other tools, and what they are told to write."""

import pytest

from reconciler.loading.size_hints import size_hint
from reconciler.model.unmanaged import unsayable_name
from tests.unit.loading.samples import refused, replaced
from tests.unit.loading.test_values import member, volume

ADDRESS = "interconnect: 10.0.0.1"
DEVICE = '{wwid: "36001405a1b2c3d4e5f60718293a4b5c6"}'
WRITE_VALUE = "variables are not filled in here: write the value itself"
HINTS = {
    "a prefix length": (
        replaced(ADDRESS, f"{ADDRESS}/24"),
        "write it without the prefix length: 10.0.0.1",
    ),
    "a port": (
        replaced(ADDRESS, f"{ADDRESS}:7777"),
        "write 10.0.0.1, and the port as a key of its own: 'port: 7777'",
    ),
    "IPv6": (
        replaced(ADDRESS, "interconnect: fd00::1"),
        "ip -4 -brief address on the host shows its addresses",
    ),
    "a trailing slash": (
        replaced("/srv/images", "/srv/images/"),
        "did you mean '/srv/images'?",
    ),
    "two slashes": (replaced("/srv/images", "/srv//images"), "did you mean '/srv/images'?"),
    "a trailing slash of a device": (
        replaced(DEVICE, "{path: /dev/mapper/lun/}"),
        "did you mean '/dev/mapper/lun'?",
    ),
    "a bare device path": (
        replaced(DEVICE, "/dev/mapper/lun"),
        "write device: {path: /dev/mapper/lun}",
    ),
    "a bare path that does not last": (
        replaced(DEVICE, "/dev/sdb"),
        "write device: {wwid: …}; /lib/udev/scsi_id -g -u -d /dev/sdb on the host "
        "prints it, or multipath -ll",
    ),
    "a bare WWID": (replaced(DEVICE, "36001405a"), "write device: {wwid: '36001405a'}"),
    "removed": (member("state: removed"), "did you mean 'absent'?"),
    "evicted": (member("state: evicted"), "did you mean 'absent'?"),
    "maintenance": (member("state: maintenance"), "did you mean 'drained'?"),
    "format: yes": (volume("format: yes"), "did you mean 'if-blank'?"),
    "a state like no other": (
        member("state: purple"),
        "present; drained: in the cluster with nothing mounted; offline: down for now and not "
        "contacted (attested); absent: evicted; dead: powered off for good (attested).  "
        "(reconcile explain members.state)",
    ),
    "a size without unit": (
        replaced("fill", "800"),
        "write the unit: '800GiB', if that is meant",
    ),
    "a size in bytes": (
        replaced("fill", "858993459200"),
        "write the unit: as bytes it is '800GiB'",
    ),
    "an odd size in bytes": (
        replaced("fill", "858993459201"),
        "write the unit: '838860801KiB' is the next whole number of KiB above 858993459201 bytes",
    ),
    "a block size in bytes": (
        volume("features: {block_size: 4096}"),
        "write the unit: as bytes it is '4KiB'",
    ),
    "a duration without unit": (
        volume("backup: {host: node1, argv: [a], max_age: 300}"),
        "write the unit: '300s', if seconds are meant",
    ),
    "a duration in days": (
        volume("backup: {host: node1, argv: [a], max_age: 2 days}"),
        "did you mean '48h'?",
    ),
    "members by their names only": (
        replaced("- name: node1\n        interconnect: 10.0.0.1", "- node1"),
        "write '- name: node1', with 'interconnect: 10.0.0.11' below it",
    ),
    "members as one text": (
        replaced("\n      - name: node1\n        interconnect: 10.0.0.1", " node1, node2"),
        "write '- name: node01', with 'interconnect: 10.0.0.11' below it",
    ),
    "members without any": (
        replaced("\n      - name: node1\n        interconnect: 10.0.0.1", ""),
        "give it one: The hosts of the cluster.  (reconcile explain clusters.members)",
    ),
    "an item of nothing": (
        replaced("- name: node1\n        interconnect: 10.0.0.1", "-"),
        "write the item behind its dash, or remove the dash",
    ),
    "an underscore in a name": (
        replaced("name: node1", "name: node_1"),
        "no node can be called so: on the host 'hostnamectl set-hostname node-1', and here write "
        "node-1",
    ),
    "a dash in a cluster's name": (
        replaced("- name: images", "- name: images-2"),
        unsayable_name("images-2"),
    ),
    "all of a device": (replaced("fill", "100%"), "did you mean 'fill'?"),
    "options as a mapping": (
        replaced("/srv/images}", "/srv/images, options: {noatime: true}}"),
        "write a list: [noatime]",
    ),
    "a block of a template": (
        "{% for host in hosts %}\nversion: 1\n",
        WRITE_VALUE,
    ),
    "o2cb's own file": (
        "node:\n\tip_port = 7777\n\tname = node1\n",
        "reconcile import HOST writes a file of the cluster that has it",
    ),
    "a program": ("\x7fELF\0\0", "name the file that was meant"),
    "no version": (replaced("version: 1\n", ""), "write 'version: 1' as its first line"),
    "options as one text": (
        replaced("/srv/images}", "/srv/images, options: 'noatime, nodev'}"),
        "write a list: [noatime, nodev]",
    ),
    "a command as one text": (
        volume("""backup: {host: node1, argv: "/bin/backup --to '/a b'"}"""),
        "write a list: [/bin/backup, --to, '/a b']",
    ),
    "heartbeat: local": (
        replaced("    members:", "    heartbeat: local\n    members:"),
        "like heartbeat: {mode: local, dead_threshold: 31}",
    ),
    "a variable": (replaced("name: node1", 'name: "${NODE}"'), WRITE_VALUE),
    "a variable in braces": (
        replaced(DEVICE, "{wwid: ${WWID}}"),
        WRITE_VALUE,
    ),
    "a variable of a template": (replaced("name: node1", 'name: "{{ node }}"'), WRITE_VALUE),
    "a bare variable of a template": (
        replaced("name: node1", "name: {{ node }}"),
        "put braces in quotes; variables like {{ this }} are not filled in here",
    ),
    "a variable for a list": (replaced("{path: /srv/images}", "$MOUNT"), WRITE_VALUE),
    "a variable for a number": (member('port: "$PORT"'), WRITE_VALUE),
    "a variable for a file": (
        replaced("version: 1", "version: 1\nssh: {identity: '${HOME}/.ssh/id'}"),
        WRITE_VALUE,
    ),
}


@pytest.mark.parametrize(("text", "hint"), HINTS.values(), ids=HINTS)
def test_says_what_was_probably_meant(text, hint):
    assert refused(text).problems[0].hint == hint


def test_a_size_too_long_to_be_one_is_answered_with_the_sizes_there_are():
    assert size_hint("block_size", f"{'9' * 41}MiB") == "write 1KiB, 2KiB or 4KiB"
