"""Each rule between values: what it finds, and the nearest thing that it lets pass."""

import pytest

from reconciler.loading.semantics import RULES, commands, findings, policies, secrets
from tests.unit.loading.wishes import (
    SINCE,
    WWID,
    attesting,
    command,
    desired,
    device,
    members,
    mount,
    people,
    storage,
    volumes,
    work,
)

C, M, V = ("clusters", 0), ("clusters", 0, "members"), ("clusters", 0, "volumes")
NODE0 = {"name": "node0", "interconnect": "10.0.0.9"}
BY_ID = "/dev/disk/by-id/"
GUEST = {"list": ["a"], "stop": ["a"], "start": ["a"]}
HB = (*C, "heartbeat", "attested")
NETWORK = (*C, "network")
FAST = {"idle_timeout_ms": 2000}

# Rule -> what breaks it: a desired state and where the problem is, with its code.
BROKEN = {
    "cluster_names_are_unique": [
        (desired({}, {"name": "C0"}), [(("clusters", 1, "name"), "duplicate-cluster")]),
    ],
    "cluster_names_are_free": [
        (desired({"name": "paused"}), [(("clusters", 0, "name"), "cluster-name-taken")]),
    ],
    "a_host_is_one_member": [
        (people({}, {"name": "NODE0"}), [((*M, 1, "name"), "duplicate-member")]),
        (
            desired(
                {"members": members({})}, {"members": [{**NODE0, "state": "absent"}, NODE1]}
            )
            if (NODE1 := {"name": "node1", "interconnect": "10.0.0.8"})
            else None,
            [(("clusters", 1, "members", 0, "name"), "host-in-two-clusters")],
        ),
    ],
    "a_host_is_reached_once": [
        (
            people({}, {"ssh": {"host": "Node0"}}),
            [((*M, 1, "ssh", "host"), "duplicate-member")],
        ),
        (
            desired(
                {"members": members({"ssh": {"host": "h"}})},
                {"members": [{**NODE1, "ssh": {"host": "h", "port": 22}}]},
            ),
            [(("clusters", 1, "members", 0, "ssh", "host"), "host-in-two-clusters")],
        ),
    ],
    "interconnects_are_unique": [
        (
            people({}, {"interconnect": "10.0.0.1"}),
            [((*M, 1, "interconnect"), "duplicate-address")],
        ),
        (
            desired(
                {"members": members({})}, {"members": [{**NODE1, "interconnect": "10.0.0.1"}]}
            ),
            [(("clusters", 1, "members", 0, "interconnect"), "duplicate-address")],
        ),
    ],
    "interconnects_are_hosts": [
        (people({"interconnect": address}), [((*M, 0, "interconnect"), "bad-address")])
        for address in (
            *("0.0.0.0", "0.1.2.3", "127.0.0.1"),  # noqa: S104  # nothing binds to it
            *("224.0.0.1", "240.0.0.1", "255.255.255.255"),
        )
    ],
    "numbers_are_unique": [
        (people({"number": 3}, {"number": 3}), [((*M, 1, "number"), "duplicate-number")]),
    ],
    "compact_numbering_has_no_pins": [
        (
            people({"number": 0}, numbering="compact"),
            [((*M, 0, "number"), "pin-with-compact")],
        ),
    ],
    "someone_is_in_the_cluster": [
        (people({"state": "absent"}), [(M, "no-member")]),
        (
            people({"state": "dead", "attested": {**SINCE, "lun_access": "mapped"}}),
            [(M, "no-member")],
        ),
    ],
    "attestations_are_complete": [
        (people({}, {"state": "offline"}), [((*M, 1, "state"), "attestation-missing")]),
        (people({}, {"state": "dead"}), [((*M, 1, "state"), "attestation-missing")]),
        (
            people({}, {"state": "offline", "attested": SINCE}),
            [((*M, 1, "attested"), "attestation-missing")],
        ),
        (
            people({}, {"state": "dead", "attested": {**SINCE, "reason": "old"}}),
            [((*M, 1, "attested"), "attestation-missing")],
        ),
    ],
    "attestations_are_needed": [
        (people({"attested": SINCE}), [((*M, 0, "attested"), "attestation-needless")]),
        (
            people({}, {"state": "absent", "attested": {**SINCE, "lun_access": "revoked"}}),
            [((*M, 1, "attested"), "attestation-needless")],
        ),
        (
            people(
                {},
                {
                    "state": "offline",
                    "attested": {**SINCE, "reason": "r", "lun_access": "mapped"},
                },
            ),
            [((*M, 1, "attested", "lun_access"), "attestation-needless")],
        ),
    ],
    "attested_heartbeats_are_nobodys": [
        (
            attesting(9, 9),
            [((*HB, 1, "number"), "duplicate-attestation")],
        ),
        (attesting(4), [((*HB, 0, "number"), "attestation-needless")]),
    ],
    "ssh_defaults_name_no_host": [
        (desired({}, ssh={"host": "h"}), [(("ssh", "host"), "ssh-host-for-all")]),
    ],
    "ssh_hosts_are_hosts_alone": [
        (
            people({"ssh": {"host": "192.0.2.1:22"}}, {"ssh": {"host": "2001:db8::1"}}),
            [(("clusters", 0, "members", 0, "ssh", "host"), "ssh-host-form")],
        ),
    ],
    "host_keys_are_checked": [
        (
            desired({}, ssh={"known_hosts": "none"}),
            [(("ssh", "known_hosts"), "host-keys-unchecked")],
        ),
        (
            people({"ssh": {"known_hosts": "/dev/null"}}),
            [((*M, 0, "ssh", "known_hosts"), "host-keys-unchecked")],
        ),
    ],
    "timeouts_are_consistent": [
        (
            desired({"network": FAST}),
            [((*NETWORK, "idle_timeout_ms"), "timeouts-inconsistent")],
        ),
        (
            desired({"network": {**FAST, "keepalive_delay_ms": 2001}}),
            [((*NETWORK, "keepalive_delay_ms"), "timeouts-inconsistent")],
        ),
    ],
    "a_device_is_named_once": [
        (storage(device()), [((*V, 0, "device"), "device-identity")]),
        (
            storage(device(wwid=WWID, path="/dev/san/images")),
            [((*V, 0, "device"), "device-identity")],
        ),
    ],
    "wwids_are_multipaths": [
        (storage(device(wwid=wwid)), [((*V, 0, "device", "wwid"), "wwid-form")])
        for wwid in (
            WWID[1:],
            "naa." + WWID[1:],
            "0x" + WWID[1:],
            "scsi-" + WWID,
            "dm-uuid-mpath-" + WWID,
            WWID.upper(),
            "500a0b8000123456",
        )
    ],
    "paths_are_stable": [
        (storage(device(path=path)), [((*V, 0, "device", "path"), "unstable-path")])
        for path in (
            *("/dev/sda", "/dev/sdaa12", "/dev/vdb", "/dev/xvda1", "/dev/nvme0n1", "/dev/dm-3"),
            *("/dev/nvme0n1p1", "/dev/loop0", "/dev/md0", "/dev/mapper/mpatha"),
            *("/dev/mapper/mpathab1", "/dev/mapper/mpatha-part1", BY_ID + "dm-name-mpatha"),
            *("/dev/disk/by-uuid/x", "/dev/disk/by-label/x", "/dev/disk/by-partlabel/x"),
            *("/dev/block/8:0", "/dev/null", "/dev/san/../sda", "/dev/disk/by-id/a/b"),
        )
    ],
    "partitions_are_counted_on_disks": [
        (
            storage(device(path=path, partition=1)),
            [((*V, 0, "device", "partition"), "partition-of-what")],
        )
        for path in ("/dev/san/images", "/dev/disk/by-partuuid/a", BY_ID + "wwn-0x6001-part2")
    ],
    "a_device_holds_one_volume": [
        (
            storage(device(**first), device(**second)),
            [((*V, 1, "device", key), "device-in-two-volumes")],
        )
        for first, second, key in (
            ({"wwid": WWID}, {"wwid": WWID}, "wwid"),
            ({"wwid": WWID}, {"wwid": WWID, "partition": 1}, "wwid"),
            ({"wwid": WWID, "partition": 1}, {"wwid": WWID, "partition": 1}, "wwid"),
            ({"wwid": WWID}, {"path": BY_ID + "scsi-" + WWID}, "path"),
            ({"wwid": WWID}, {"path": BY_ID + "wwn-0x" + WWID[1:] + "-part1"}, "path"),
            (
                {"wwid": WWID, "partition": 2},
                {"path": BY_ID + "dm-uuid-part2-mpath-" + WWID},
                "path",
            ),
            ({"path": BY_ID + "virtio-a"}, {"path": BY_ID + "virtio-a-part1"}, "path"),
            ({"path": "/dev/san/im-ages"}, {"path": "/dev/mapper/san-im--ages"}, "path"),
        )
    ]
    + [
        (
            desired({"volumes": volumes({})}, {"volumes": volumes({})}),
            [(("clusters", 1, "volumes", 0, "device", "wwid"), "device-in-two-volumes")],
        )
    ],
    "volumes_have_slots_for_all": [
        (
            desired(
                {
                    "members": members({}, {}, {"state": "drained"}),
                    "volumes": volumes({"slots": 2}),
                }
            ),
            [((*V, 0, "slots"), "slots-too-few")],
        ),
    ],
    "clusters_can_address_the_volume": [
        (
            storage({"size": "16TiB", "features": {"cluster_size": "4KiB"}}),
            [((*V, 0, "size"), "size-too-large")],
        ),
    ],
    "labels_are_unique": [
        (storage({}, {"label": "v0"}), [((*V, 1, "label"), "duplicate-volume")]),
    ],
    "mount_paths_are_not_the_systems": [
        (storage(mount(path=path)), [((*V, 0, "mount", "path"), "mount-path")])
        for path in (
            *("/etc", "/usr", "/var", "/tmp", "/root", "/home", "/bin", "/sbin"),  # noqa: S108
            *("/lib", "/lib64", "/boot", "/boot/efi", "/dev", "/dev/shm", "/proc"),  # noqa: S108
            *(
                "/proc/a",
                "/sys",
                "/sys/a",
                "/run",
                "/run/a",
                "/var/lib",
                "/var/lib/reconcile/a",
            ),
            *("/etc/ocfs2", "/etc/ssh/a", "/usr/bin", "/usr/lib/systemd", "/usr/local/sbin"),
            *("/lib/modules", "/config", "/root/.ssh", "/home/ops/.ssh/a", "/var/spool/cron"),
            *("/var/lib/dpkg", "/var/lib/systemd/a", "/var/lib/iscsi", "/var/lib/multipath"),
        )
    ],
    "mount_paths_are_straight": [
        (storage(mount(path=path)), [((*V, 0, "mount", "path"), "mount-path")])
        for path in ("/srv/../a", "/srv/./a", "/..")
    ],
    "mount_paths_are_unique": [
        (storage({}, mount()), [((*V, 1, "mount", "path"), "duplicate-mount-path")]),
    ],
    "mount_paths_are_not_nested": [
        (
            storage({}, mount(path="/srv/v0/a/b")),
            [((*V, 1, "mount", "path"), "mount-path-nested")],
        ),
        (
            storage(mount(path="/srv/v1/a"), {}),
            [((*V, 0, "mount", "path"), "mount-path-nested")],
        ),
    ],
    "mount_options_are_the_operators": [
        (
            storage(mount(options=["ro", option])),
            [((*V, 0, "mount", "options", 1), "mount-option")],
        )
        for option in (
            *("nofail", "_netdev", "x-systemd.automount", "heartbeat=none", "nocluster"),
            *("cluster_stack=o2cb", "noauto", "auto"),
        )
    ],
    "mount_options_are_known": [
        (
            storage(mount(options=[option, "errors=remount-ro"])),
            [((*V, 0, "mount", "options", 0), "mount-option")],
        )
        for option in ("noatiem", "data=journal", "barrier", "lazytime", "datavolume")
    ],
    "mount_options_are_given_once": [
        (
            storage(mount(options=["commit=5", "noatime", "commit=10"])),
            [((*V, 0, "mount", "options", 2), "duplicate-option")],
        ),
    ],
    "mount_options_agree": [
        (
            storage(mount(options=["ro", "noexec", "rw", "exec", "noatime", "atime"])),
            [((*V, 0, "mount", "options", i), "duplicate-option") for i in (2, 3, 5)],
        ),
    ],
    "agents_mount_at_boot_themselves": [
        (
            storage(mount(by="workload", at_boot=True)),
            [((*V, 0, "mount", "at_boot"), "at-boot-by-workload")],
        ),
    ],
    "backing_is_one_way": [
        (storage({"backing": {}}), [((*V, 0, "backing"), "backing-choice")]),
        (
            storage(
                {
                    "backing": {
                        **command("a")["backing"],
                        "lvm": {"host": "san", "vg": "a", "lv": "b"},
                    }
                }
            ),
            [((*V, 0, "backing"), "backing-choice")],
        ),
    ],
    "placeholders_are_known": [
        (
            storage(command("a", "{size}")),
            [((*V, 0, "backing", "command", "argv", 1), "unknown-placeholder")],
        ),
        (
            storage({**device(path="/dev/san/a"), **command("{wwid}")}),
            [((*V, 0, "backing", "command", "argv", 0), "unknown-placeholder")],
        ),
        (
            storage({"access": {"revoke": {"host": "a", "argv": ["b", "{host}", "{lun}"]}}}),
            [((*V, 0, "access", "revoke", "argv", 2), "unknown-placeholder")],
        ),
    ],
    "guests_placeholders_are_known": [
        (
            storage(
                work(guests={"kind": "command", **GUEST, "stop": ["a", "{guest}", "{target}"]})
            ),
            [((*V, 0, "workloads", "guests", "stop", 2), "unknown-placeholder")],
        ),
        (
            storage(work(guests={"kind": "libvirt", "migrate": ["a", "{guest}-{host}"]})),
            [((*V, 0, "workloads", "guests", "migrate", 1), "unknown-placeholder")],
        ),
    ],
    "guests_have_their_commands": [
        (
            storage(work(guests={"kind": "command", "list": ["a"]})),
            [((*V, 0, "workloads", "guests", "kind"), "guest-commands")],
        ),
    ],
    "libvirt_has_its_own_commands": [
        (
            storage(work(guests={"kind": "libvirt", "list": ["a"], "stop": ["a"]})),
            [
                ((*V, 0, "workloads", "guests", "list"), "guest-commands"),
                ((*V, 0, "workloads", "guests", "stop"), "guest-commands"),
            ],
        ),
    ],
    "services_are_listed_once": [
        (
            storage(work(services=["a", "a.service"])),
            [((*V, 0, "workloads", "services", 1), "duplicate-service")],
        ),
    ],
    "services_are_not_the_floor": [
        (
            storage(work(services=["a", "o2cb.service"])),
            [((*V, 0, "workloads", "services", 1), "service-needed")],
        ),
    ],
    "a_version_has_its_package": [
        (
            desired({"packages": {"kernel_module_version": "1.9"}}),
            [(("clusters", 0, "packages", "kernel_module_version"), "module-unnamed")],
        )
    ],
}
CASES = [
    pytest.param(rule, state, found, id=f"{rule}-{i}")
    for rule, cases in BROKEN.items()
    for i, (state, found) in enumerate(cases)
]

# The nearest thing to a broken rule that is fine.
SOUND = {
    "three members and two volumes": desired(
        {"members": members({}, {}, {}), "volumes": volumes({}, {})}
    ),
    "one address for a dead host and its heir": people(
        {"state": "dead", "number": 1, "attested": {**SINCE, "lun_access": "revoked"}},
        {"interconnect": "10.0.0.1", "number": 1, "ssh": {"host": "node0"}},
    ),
    "one jump host's loopback and two ports": people(
        {"ssh": {"host": "127.0.0.1", "port": 2201}},
        {"ssh": {"host": "127.0.0.1", "port": 2202}},
    ),
    "one private address behind two jump hosts": people(
        {"ssh": {"host": "192.168.0.1", "jump": "a"}},
        {"ssh": {"host": "192.168.0.1", "jump": "b"}},
    ),
    "pins with stable numbers, with a gap": people({"number": 0}, {"number": 254}),
    "a whole cluster in maintenance": people({"state": "drained"}),
    "an attested offline host": people(
        {}, {"state": "offline", "attested": {**SINCE, "reason": "disk"}}
    ),
    "an idle timeout just above the keepalive": desired({"network": {"idle_timeout_ms": 2001}}),
    "two partitions of a disk": storage(
        device(wwid=WWID, partition=1), device(path=BY_ID + "scsi-" + WWID, partition=2)
    ),
    "slots for those that may mount": desired(
        {"members": members({}, {"state": "absent"}), "volumes": volumes({"slots": 1})}
    ),
    "the most that small clusters address": storage(
        {"size": "17179869180KiB", "features": {"cluster_size": "4KiB"}}
    ),
    "directories with a common beginning": storage(mount(path="/srv/v"), mount(path="/srv/v1")),
    "a directory below one of the system's": storage(mount(path="/var/lib/images")),
    "one directory in two clusters": desired(
        {"volumes": volumes({})}, {"volumes": volumes({**device(wwid=WWID), **mount()})}
    ),
    "an agent's mount without a word about booting": storage(mount(by="workload")),
    "an agent's mount that is not at boot": storage(mount(by="workload", at_boot=False)),
    "a backup with online growth": storage({"backup": {"host": "a", "argv": ["b"]}}),
    "known placeholders": storage(command("a", "{wwid}", "--size={size_bytes}")),
    "guests with their commands": storage(work(guests={"kind": "command", **GUEST})),
    "libvirt guests with patience": storage(
        work(
            guests={
                "kind": "libvirt",
                "stop_timeout": "5m",
                "migrate": ["a", "{guest}", "x://{target}/y"],
            }
        )
    ),
}


@pytest.mark.parametrize(("rule", "state", "found"), CASES)
def test_finds(rule, state, found):
    by_name = {function.__name__: function for function in RULES}
    assert [(f.path, f.code) for f in by_name[rule](state)] == found


@pytest.mark.parametrize("state", SOUND.values(), ids=SOUND)
def test_lets_pass(state):
    assert list(findings(state)) == []


def test_every_rule_is_tested_here():
    elsewhere = (
        *secrets.RULES,
        *commands.RULES,
        *policies.RULES,
    )  # test_secrets and its neighbours
    rules = [rule.__name__ for rule in RULES if rule not in elsewhere]
    assert rules == list(BROKEN)


@pytest.mark.parametrize(
    "path",
    ["/usr/local/images", "/var/lib/vz", "/var/www", "/opt/etc", "/home/ops/disks", "/media"],
)
def test_a_directory_of_its_own_may_be_anywhere_else(path):
    by_name = {function.__name__: function for function in RULES}
    assert list(by_name["mount_paths_are_not_the_systems"](storage(mount(path=path)))) == []
