"""Faults of people who know other tools: the hint is the very thing to write."""

import pytest

from tests.unit.loading.samples import MINIMAL, headlines, refused, replaced
from tests.unit.loading.test_values import member, volume

DEVICE = '{wwid: "36001405a1b2c3d4e5f60718293a4b5c6"}'
MOUNT = "mount: {path: /srv/images}"
SSH = "version: 1\nssh: {{{}}}\n"
COMMAND = "backing: {{command: {{host: san, argv: [/grow, {}]}}}}"
OWN_DIRECTORY = "mount it on a directory of its own, like /srv/images"


def ssh(keys):
    return replaced("version: 1\n", SSH.format(keys))


def on(device):
    return replaced(DEVICE, device)


def cluster(line):
    return replaced("    members:\n", f"    {line}\n    members:\n")


def mounted(path):
    return replaced("/srv/images}", f"{path}}}")


def guests(stop):
    return volume(
        f"workloads: {{guests: {{kind: command, list: [/l], start: [/s], stop: {stop}}}}}"
    )


VALUES = {
    "a block size that there is not": (
        volume("features: {block_size: 8KiB}"),
        "write 1KiB, 2KiB or 4KiB",
    ),
    "a cluster size that is too large": (
        volume("features: {cluster_size: 2MiB}"),
        "write 1MiB, the largest",
    ),
    "a cluster size between two": (
        volume("features: {cluster_size: 48KiB}"),
        "write 32KiB or 64KiB",
    ),
    "a size of Kubernetes": (replaced("fill", "200Gi"), "did you mean '200GiB'?"),
    "a size that no cluster addresses": (replaced("fill", "20PiB"), "write less than 4PiB"),
    "a partition as its device has it": (
        on("{path: /dev/disk/by-id/virtio-a, partition: p1}"),
        "write 1, the number alone",
    ),
    "a partition as its path": (
        on("{path: /dev/disk/by-id/virtio-a, partition: /dev/nvme0n1p12}"),
        "write 12, the number alone",
    ),
    "slots as they come": (volume("slots: auto"), "leave 'slots' out: that means the same"),
    "a label with blanks": (
        replaced("label: images", "label: images with blanks"),
        "write label: images-with-blanks; if the disk has it so, add labelled: 'images with blanks'",
    ),
    "seconds in milliseconds": (
        cluster("network: {idle_timeout_ms: 30}"),
        "write 30000 if seconds are meant: idle_timeout_ms is in milliseconds",
    ),
    "an American date": (
        cluster("heartbeat: {attested: [{number: 9, by: me, at: 03/01/2026}]}"),
        "write 2026-03-01 or 2026-01-03: the year first, then month and day",
    ),
    "seconds since 1970": (
        cluster("heartbeat: {attested: [{number: 9, by: me, at: 1772352000}]}"),
        "write 2026-03-01T08:00:00Z",
    ),
    "an attested number alone": (
        cluster("heartbeat: {attested: [9]}"),
        "write {number: 9, by: NAME, at: 2026-03-01T09:30:00Z}",
    ),
    "a version behind a package": (
        cluster('packages: {tools: "ocfs2-tools=1.8.7"}'),
        "write tools: ocfs2-tools, and below it tools_version: 1.8.7",
    ),
    "a kernel that a shell would fill in": (
        cluster('packages: {kernel_module: "ocfs2-modules-$(uname -r)"}'),
        "write 'ocfs2-modules-{kernel}', in quotes",
    ),
    "a placeholder without quotes": (
        volume(COMMAND.format("{wwid}")),
        "put it in quotes: '{wwid}'",
    ),
    "a guest without quotes": (guests("[/stop, {guest}]"), "put it in quotes: '{guest}'"),
    "a volume group's directory": (
        volume("backing: {lvm: {host: san, vg: /dev/san, lv: images}}"),
        "write vg: san",
    ),
    "a volume's device": (
        volume("backing: {lvm: {host: san, vg: san, lv: /dev/mapper/san-im--ages}}"),
        "write vg: san, and lv: im-ages",
    ),
    "an underscore in a host's name": (
        replaced("name: node1", "name: node_01"),
        "no node can be called so: on the host 'hostnamectl set-hostname node-01', and here write "
        "node-01",
    ),
    "the root": (mounted("/"), OWN_DIRECTORY),
    "a home": (
        mounted("~/images"),
        f"write the whole path, as it is on every member; {OWN_DIRECTORY}",
    ),
    "blanks in a path": (mounted("/srv/my images"), "did you mean '/srv/my-images'?"),
    "two dots": (mounted("/srv/a/../images"), "write where it leads: /srv/images"),
    "an owner of files": (
        replaced("/srv/images}", "/srv/images, options: [uid=1000]}"),
        "remove it: files on the volume have their own owner and mode (chown, chmod)",
    ),
    "a WWID as sysfs has it": (
        on("{wwid: 0x600140512345678}"),
        "did you mean 3600140512345678?",
    ),
    "a WWID with colons": (
        on("{wwid: '60:01:40:51:23:45:67:89'}"),
        "did you mean 36001405123456789?",
    ),
    "a login as one word": (
        member("ssh: root@192.0.2.1:2222"),
        "write ssh: {user: root, host: 192.0.2.1, port: 2222}",
    ),
    "a jump as a URL": (ssh("jump: 'ssh://admin@bastion'"), "write jump: admin@bastion"),
    "a host for all": (
        ssh("host: 192.0.2.1"),
        "remove it here, and at its member write ssh: {host: 192.0.2.1}",
    ),
}
KEYS = {
    "ansible_host": (member("ansible_host: 192.0.2.1"), "write ssh: {host: 192.0.2.1}"),
    "StrictHostKeyChecking": (
        ssh("StrictHostKeyChecking: no"),
        "remove it: host keys are always checked",
    ),
    "private_key": (ssh("private_key: ~/.ssh/id"), "write identity: ~/.ssh/id"),
    "ProxyJump": (ssh("ProxyJump: bastion"), "did you mean 'jump'?"),
    "mount_point": (
        replaced(MOUNT, "mount_point: /srv/images"),
        "write mount: {path: /srv/images}",
    ),
    "force": (
        volume("force: true"),
        "remove it: only a device that is proven blank is ever formatted",
    ),
    "a key of the section beside": (
        cluster("network: {dead_threshold: 61}"),
        "it belongs under 'heartbeat'",
    ),
}


@pytest.mark.parametrize(
    ("text", "hint"), [*VALUES.values(), *KEYS.values()], ids=[*VALUES, *KEYS]
)
def test_the_hint_is_what_to_write(text, hint):
    assert hint in {problem.hint for problem in refused(text).problems}


def test_what_could_be_a_secret_is_never_told_as_the_path_of_a_key():
    (found,) = refused(ssh("private_key: hunter2")).problems
    assert "hunter2" not in found.hint + found.message


def test_a_uuid_and_a_target_are_not_taken_for_a_disk():
    for key in ("uuid", "iqn"):
        (hint,) = {
            p.hint
            for p in refused(on(f"{{{key}: abc}}")).problems
            if p.line == 9 and (p.code == "unknown-key")
        }
        assert "write wwid: …; multipath -ll shows it" in hint


def test_an_item_that_is_a_word_with_keys_below_it_is_told_its_key():
    found = refused(replaced("- name: node1", "- node1"))
    assert (found.problems[0].line, found.problems[0].hint) == (
        5,
        "write '- name: node1', and 'interconnect' below 'name'",
    )
    labels = refused(replaced("- label: images", "- images")).problems
    assert labels[0].hint == "write '- label: images', and 'device' below 'label'"


def test_a_dash_that_is_missing_is_told_once():
    second = "        name: node2\n        interconnect: 10.0.0.2\n"
    text = replaced("    volumes:\n", f"{second}    volumes:\n")
    (found,) = refused(text).problems
    assert (found.line, found.code) == (7, "duplicate-key")
    assert (
        found.hint == "write '- name: node2' where another item begins; the first is on line 5"
    )


def test_a_key_that_stands_twice_is_told_to_be_removed():
    (found,) = refused(volume("size: 1GiB")).problems
    assert found.hint == "remove one of them; the first is on line 10"


INDENTED = {
    "a key with the items of another": (
        replaced("    volumes:", "      volumes:"),
        (7, "indent 'volumes' by 4 spaces, as what it belongs to above"),
    ),
    "an item": (
        MINIMAL.replace("    volumes:", "     - name: node2\n    volumes:"),
        (7, "indent '- name' by 6 spaces, as what it belongs to above"),
    ),
    "what is below an open key": (
        replaced(MOUNT, "mount:\n        path: /srv/images\n          options: [noatime]"),
        (12, "indent 'path' by 10 spaces, below 'mount'"),
    ),
}


@pytest.mark.parametrize(("text", "found"), INDENTED.values(), ids=INDENTED)
def test_what_lines_up_with_nothing_is_told_its_own_column(text, found):
    told = [(p.line, p.hint) for p in refused(text).problems if p.code == "yaml-syntax"]
    assert told == [found]


def test_a_cluster_that_is_there_already_is_not_told_its_own_name():
    other = (
        MINIMAL.split("clusters:\n")[1]
        .replace("node1", "node9")
        .replace("10.0.0.1", "10.9.0.1")
    )
    told = [line for line in headlines(MINIMAL + other) if "duplicate-cluster" in line]
    assert [line.partition("]: ")[2] for line in told] == [
        "the cluster 'images' is there already"
    ]
