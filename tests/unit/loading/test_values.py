"""Values that the format has no use for; the whole rendered text."""

import pytest

from reconciler.loading import load
from tests.unit.loading.samples import headlines, rendered, replaced

MEMBER = "        interconnect: 10.0.0.1\n"


def member(line: str) -> str:
    return replaced(MEMBER, MEMBER + f"        {line}\n")


def volume(line: str) -> str:
    return replaced("        size: fill\n", f"        size: fill\n        {line}\n")


WORDS = {
    "a number for a name": (
        replaced("name: node1", "name: 7"),
        "5:15: error[bad-type]: 'name' takes a text, not the number 7",
        'quote it: "7"',
    ),
    "a number in an argv": (
        volume("backup: {host: node1, argv: [sleep, 5]}"),
        "11:45: error[bad-type]: an item of 'argv' takes a text, not the number 5",
        'quote it: "5"',
    ),
    "an exponent for a label": (
        replaced("label: images", "label: 1e3"),
        "8:16: error[bad-type]: 'label' takes a text, not the number 1e3",
        'quote it: "1e3"',
    ),
    "a truth for a label": (
        replaced("label: images", "label: true"),
        "8:16: error[bad-type]: 'label' takes a text, not true",
        'quote it: "true"',
    ),
    "a quoted port": (
        member('port: "7777"'),
        "7:15: error[bad-type]: 'port' takes a whole number, not the text '7777'",
        "write 7777, without quotes and underscores",
    ),
    "a fraction for a port": (
        member("port: 7777.5"),
        "7:15: error[bad-type]: 'port' takes a whole number, not the number 7777.5",
        "write a whole number from 1 to 65534. TCP port of cluster traffic.  (reconcile explain members.port)",
    ),
    "a truth for a number": (
        member("number: true"),
        "7:17: error[bad-type]: 'number' takes a whole number, not true",
        "write a whole number from 0 to 254. A fixed node number; otherwise the lowest free one, kept for good.  (reconcile explain members.number)",
    ),
    "a number for a truth": (
        member("ssh: {sudo: 1}"),
        "7:21: error[bad-type]: 'sudo' takes true or false, not the number 1",
        "write true",
    ),
    "a quoted truth": (
        member('ssh: {sudo: "true"}'),
        "7:21: error[bad-type]: 'sudo' takes true or false, not the text 'true'",
        "write true, without quotes",
    ),
    "a port that the kernel refuses": (
        member("port: 65535"),
        "7:15: error[bad-value]: 'port' is 65535; it must be at most 65534",
        "write a whole number from 1 to 65534. TCP port of cluster traffic.  (reconcile explain members.port)",
    ),
    "a dead threshold that the kernel ignores": (
        replaced("    members:\n", "    heartbeat: {dead_threshold: 2}\n    members:\n"),
        "4:33: error[bad-value]: 'dead_threshold' is 2; it must be at least 3",
        "write a whole number from 3 to 1000. Dead after (this - 1) x 2 seconds without a heartbeat.  (reconcile explain heartbeat.dead_threshold)",
    ),
    "a number beyond the last": (
        member("number: 255"),
        "7:17: error[bad-value]: 'number' is 255; it must be at most 254",
        "write a whole number from 0 to 254. A fixed node number; otherwise the lowest free one, kept for good.  (reconcile explain members.number)",
    ),
    "a key without a value": (
        member("ssh:"),
        "7:9: error[bad-type]: 'ssh' has no value",
        "give it one, or remove the key",
    ),
    "a text for a mapping": (
        replaced("{path: /srv/images}", "/srv/images"),
        "11:16: error[bad-type]: 'mount' takes a mapping of keys, not the text '/srv/images'",
        "write mount: {path: /srv/images}",
    ),
    "a text for a list": (
        replaced("{path: /srv/images}", "{path: /srv/images, options: noatime}"),
        "11:45: error[bad-type]: 'options' takes a list, not the text 'noatime'",
        "write a list: [noatime]",
    ),
    "a mapping for a text": (
        replaced("name: node1", "name: {a: b}"),
        "5:9: error[bad-type]: 'name' takes a text, not a mapping",
        "write one value, as text: The host's own short host name.  (reconcile explain members.name)",
    ),
    "an empty list": (
        volume("backup: {host: node1, argv: []}"),
        "11:31: error[bad-value]: 'argv' is empty; it needs at least one item",
        "The command and its arguments; no shell reads them. An argument env:NAME or file:PATH stands for a secret: reconcile reads it when the approved action runs, from its environment or a file for its owner alone, and shows it nowhere.  (reconcile explain volumes.backup.argv)",
    ),
    "a choice in capitals": (
        member("state: Absent"),
        "7:16: error[bad-value]: 'state' takes present, drained, offline, absent or dead, "
        "not the text 'Absent'",
        "did you mean 'absent'?",
    ),
    "two options in one": (
        replaced("{path: /srv/images}", '{path: /srv/images, options: ["noatime,ro"]}'),
        "11:46: error[bad-value]: 'noatime,ro' is not one mount option, without commas",
        "write a list: [noatime, ro]",
    ),
    "a domain in a host name": (
        replaced("name: node1", "name: node1.example.com"),
        "5:15: error[bad-value]: 'node1.example.com' is not a short host name: at most 63 "
        "letters, digits and hyphens, without a domain",
        "did you mean 'node1'?",
    ),
    "a line break in a label": (
        replaced("label: images", r'label: "images\n"'),
        "8:16: error[bad-value]: 'images\ufffd' is not a volume label: at most 63 letters, "
        "digits, dots, hyphens and underscores",
        "write label: images",
    ),
    "a long cluster name": (
        replaced("  - name: images", "  - name: abcdefghijklmnopq"),
        "3:11: error[bad-value]: 'abcdefghijklmnopq' is not a cluster name: 1 to 16 letters "
        "and digits",
        "did you mean 'abcdefghijklmnop'? a cluster that runs keeps its name",
    ),
    "a name for an address": (
        replaced("10.0.0.1", "node1"),
        "6:23: error[bad-address]: 'node1' is not an IPv4 address; o2cb takes neither names "
        "nor IPv6",
        "ip -4 -brief address on the host shows its addresses",
    ),
    "an address with zeros": (
        replaced("10.0.0.1", "10.0.0.01"),
        "6:23: error[bad-address]: '10.0.0.01' is not an IPv4 address; o2cb takes neither "
        "names nor IPv6",
        "did you mean 10.0.0.1?",
    ),
    "furlongs": (
        replaced("fill", "50 furlongs"),
        "10:15: error[bad-size]: '50 furlongs' is neither 'fill' nor a whole number with a "
        "binary unit, like 512MiB or 800GiB",
        "write a size like 800GiB, or fill for all of the device",
    ),
    "decimal gigabytes": (
        replaced("fill", "800GB"),
        "10:15: error[bad-size]: '800GB' is neither 'fill' nor a whole number with a binary "
        "unit, like 512MiB or 800GiB",
        "did you mean '800GiB'?",
    ),
    "a fraction of a terabyte": (
        replaced("fill", "1.5TiB"),
        "10:15: error[bad-size]: '1.5TiB' is neither 'fill' nor a whole number with a binary "
        "unit, like 512MiB or 800GiB",
        "did you mean '1536GiB'?",
    ),
    "bytes": (
        replaced("fill", "1073741824"),
        "10:15: error[bad-size]: 1073741824 is neither 'fill' nor a whole number with a "
        "binary unit, like 512MiB or 800GiB",
        "write the unit: as bytes it is '1GiB'",
    ),
    "a cluster size that mkfs does not know": (
        volume("features: {cluster_size: 3KiB}"),
        "11:34: error[bad-size]: '3KiB' is not one of 4KiB, 8KiB, 16KiB, 32KiB, 64KiB, "
        "128KiB, 256KiB, 512KiB, 1MiB",
        "write 4KiB, the smallest",
    ),
    "a duration in words": (
        volume("backup: {host: node1, argv: [a], max_age: 1 day}"),
        "11:51: error[bad-duration]: '1 day' is not a duration: a whole number with a unit, "
        "like 30s, 5m or 24h",
        "did you mean '24h'?",
    ),
    "a duration with a long unit": (
        volume("backup: {host: node1, argv: [a], max_age: 24 hours}"),
        "11:51: error[bad-duration]: '24 hours' is not a duration: a whole number with a "
        "unit, like 30s, 5m or 24h",
        "did you mean '24h'?",
    ),
    "a moment in words": (
        member("attested: {by: me, at: yesterday}"),
        "7:32: error[bad-time]: 'yesterday' is not a point in time like 2026-03-01T09:30:00Z",
        "write it like 2026-03-01T09:30:00Z; date -u +%FT%TZ prints the present one",
    ),
    "another version": (
        replaced("version: 1", "version: 2"),
        "1:10: error[bad-version]: version 2 is not known here; it must be 1",
        "write 'version: 1'",
    ),
    "version true": (
        replaced("version: 1", "version: true"),
        "1:10: error[bad-version]: version true is not known here; it must be 1",
        "write 'version: 1'",
    ),
    "a relative mount path": (
        replaced("/srv/images", "srv/images"),
        "11:23: error[mount-path]: 'srv/images' is not a mount path: absolute, of letters, "
        "digits and . _ + @ : -, with single slashes and none at the end, at most 255 in all",
        "did you mean '/srv/images'?",
    ),
}


@pytest.mark.parametrize(("text", "headline", "hint"), WORDS.values(), ids=WORDS)
def test_refuses_and_says_what_is_right(text, headline, hint):
    report = rendered(text).splitlines()
    assert report[0] == f"f.yaml:{headline}"
    assert report[3:] == [f"hint: {hint}"]


@pytest.mark.parametrize(
    "path", ["/srv/images/", "/srv//images", "//srv", "/", "/srv/a b", '""']
)
def test_refuses_the_mount_path(path):
    (found,) = headlines(replaced("/srv/images", path))
    assert found.startswith("11:23: error[mount-path]: ")


KEYS = {
    "node, from cluster.conf": (
        replaced("    members:", "    node:"),
        "4:5: error[unknown-key]: 'node' is not a key of this item of 'clusters'",
        "did you mean 'members'?",
    ),
    "ip_address, from cluster.conf": (
        replaced("interconnect", "ip_address"),
        "6:9: error[unknown-key]: 'ip_address' is not a key of this item of 'members'",
        "did you mean 'interconnect'?",
    ),
    "hyphens for underscores": (
        replaced("    members:", "    network: {idle-timeout-ms: 1}\n    members:"),
        "4:15: error[unknown-key]: 'idle-timeout-ms' is not a key of 'network'",
        "did you mean 'idle_timeout_ms'?",
    ),
    "a key of another place": (
        volume("at_boot: true"),
        "11:9: error[unknown-key]: 'at_boot' is not a key of this item of 'volumes'",
        "it belongs under 'mount'",
    ),
    "a key like no other": (
        replaced("version: 1", "version: 1\nxyz: 1"),
        "2:1: error[unknown-key]: 'xyz' is not a key of the file",
        "known here: version, ssh, clusters",
    ),
    "a password": (
        member("ssh: {password: hunter2}"),
        "7:15: error[unknown-key]: 'password' is not a key of 'ssh'",
        "secrets never stand in this file: use a key, an agent or sudo without password",
    ),
}


@pytest.mark.parametrize(("text", "headline", "hint"), KEYS.values(), ids=KEYS)
def test_refuses_the_key_and_says_what_was_probably_meant(text, headline, hint):
    report = rendered(text).splitlines()
    assert report[0] == f"f.yaml:{headline}"
    assert report[3:] == [f"hint: {hint}"]


def test_a_missing_key_is_shown_at_the_key_of_its_mapping():
    assert (
        rendered(replaced("{path: /srv/images}", "{at_boot: false}"))
        == """\
f.yaml:11:9: error[missing-key]: 'mount' has no 'path'
        mount: {at_boot: false}
        ^~~~~
hint: like 'path: /srv/images'. The mount point, the same on every member.  (reconcile explain volumes.mount.path)
"""
    )


def test_a_missing_key_of_a_list_item_is_shown_at_the_item():
    assert (
        rendered(replaced("        interconnect: 10.0.0.1\n", ""))
        == """\
f.yaml:5:9: error[missing-key]: this item of 'members' has no 'interconnect'
      - name: node1
        ^~~~
hint: like 'interconnect: 10.0.0.11'. Its IPv4 address for cluster traffic; it must be on that host.  (reconcile explain members.interconnect)
"""
    )


def test_a_file_that_is_no_mapping_is_refused():
    assert headlines("- a\n") == [
        "1:1: error[bad-type]: the file takes a mapping of keys, not a list"
    ]


def test_null_stands_for_unset_where_a_value_is_optional():
    text = member("attested: null")
    assert load("f.yaml", text).clusters[0].members[0].attested is None
