"""Volumes of the lab's SAN: an LVM volume each, two paths, multipath, perhaps a partition.

``images`` is a GPT partition, ``music`` an MBR partition, ``films`` a whole LUN.
"""

from tests.scenarios.operator import cluster, volume

HOSTS = ("node01", "node02", "node03")
MIB = 1 << 20
LUNS = {
    "images": ("lun1", "mpatha", 1),
    "music": ("lun2", "mpathb", 1),
    "films": ("lun3", "mpathc", None),
}
# What the device-mapper and the mounted file system have, and what the superblock says.
LOOK = (
    "blockdev --getsize64 /dev/mapper/{node}; stat -f -c '%b %S' /srv/{label} | "
    "while read b s; do echo $((b * s)); done; "
    "debugfs.ocfs2 -R stats /dev/mapper/{node} | awk '/Links:/ {{ print $NF }} "
    "/Cluster Size Bits/ {{ print 2 ^ $NF }}'"
)


def wish(wwids, sizes, changes=None, **more):
    """Volumes with these sizes by label; ``changes`` by label are more keys of a volume."""
    found = []
    for label in sizes:
        lun, _map, partition = LUNS[label]
        device = {"wwid": wwids[lun], **({"partition": partition} if partition else {})}
        backing = {"lvm": {"host": "san", "vg": "san", "lv": lun}}
        keys = {"device": device, "size": sizes[label], "slots": 4, "backing": backing}
        found.append(volume(label, **{**keys, **(changes or {}).get(label, {})}))
    return cluster(*HOSTS, volumes=found, **more)


def done(lab, host, command, timeout=120):
    ended = lab.run(host, command, timeout=timeout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def node_of(label):
    _lun, name, partition = LUNS[label]
    return f"{name}-part{partition}" if partition else name


def seen(lab, label):
    """By host the bytes of device, mounted file system and superblock."""
    found = {}
    for host in HOSTS:
        told = done(lab, host, LOOK.format(node=node_of(label), label=label)).split()
        device, mounted, cluster_size, clusters = map(int, told)
        found[host] = (device, mounted, cluster_size * clusters)
    return found


def never_larger(lab, label):
    """The file system of a volume is on no host larger than the device there."""
    for host, (device, _mounted, block) in seen(lab, label).items():
        assert block <= device, f"{host}: {label} has {block} of {device} bytes"


def grown(lab, label, size):
    """All of them agree: the volume has that many bytes."""
    assert {found[1:] for found in seen(lab, label).values()} == {(size, size)}
    never_larger(lab, label)


def partitioned(lab, label):
    """A partition of the whole LUN, in a GPT or MBR table, that all hosts have read."""
    name = f"/dev/mapper/{LUNS[label][1]}"
    table, kind = ("gpt", "images") if label == "images" else ("msdos", "primary")
    done(lab, "node01", f"parted -s {name} mklabel {table} mkpart {kind} 1MiB 100%")
    for host in HOSTS:
        done(lab, host, f"partprobe {name}; udevadm settle")


def filled(lab, *labels):
    """A file of random bytes on each volume."""
    for label in labels:
        done(
            lab, "node01", f"dd if=/dev/urandom of=/srv/{label}/data bs=1M count=16 status=none"
        )
    done(lab, "node01", "sync")


def sums(lab, host="node01"):
    return done(lab, host, "sha256sum /srv/*/data")
