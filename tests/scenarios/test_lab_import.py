"""A cluster that was set up by hand, with the distribution's own tools, is taken over.

Odd and legal: numbers with gaps, another port, other timeouts, a label that is no name, fstab by
the map's name and by UUID, with options of its own.
"""

import yaml

from tests.lab.fixtures import lab_module
from tests.scenarios.lab_volumes import done
from tests.scenarios.operator import conf_file, has_mounted

lab = lab_module("import", hosts=2, luns=2, storage="san")

NUMBERS = {"node01": 4, "node02": 9}
# Everything as a person types it, in the order of ocfs2-tools' own guide.
NODES = "o2cb add-cluster films\n" + "\n".join(
    f"o2cb add-node --ip 10.88.1.{10 + int(name[-2:])} --port 7790 --number {number} films {name}"
    for name, number in NUMBERS.items()
)
SETTINGS = """\
sed -i -e 's/^O2CB_ENABLED=.*/O2CB_ENABLED=true/' -e 's/^O2CB_BOOTCLUSTER=.*/O2CB_BOOTCLUSTER=films/' \\
    -e 's/^O2CB_IDLE_TIMEOUT_MS=.*/O2CB_IDLE_TIMEOUT_MS=42000/' \\
    -e 's/^O2CB_HEARTBEAT_THRESHOLD=.*/O2CB_HEARTBEAT_THRESHOLD=51/' \\
    -e '/^O2CB_RECONNECT_DELAY_MS=/d' /etc/default/o2cb
systemctl enable -q o2cb ocfs2
systemctl restart o2cb
o2cb cluster-status films
"""
FORMAT = """\
parted -s /dev/mapper/mpatha mklabel gpt mkpart data 1MiB 100% && udevadm settle
mkfs.ocfs2 -x -N 5 -L 'old films (2019)' --cluster-stack=o2cb --cluster-name=films \\
    /dev/mapper/mpatha-part1 >&2
mkfs.ocfs2 -x -N 3 -b 4K -C 64K -L music --cluster-stack=o2cb --cluster-name=films \\
    /dev/mapper/mpathb >&2
blkid -s UUID -o value /dev/mapper/mpathb
"""
MOUNTS = """\
partprobe /dev/mapper/mpatha; udevadm settle
mkdir -p /srv/films /srv/music
echo '/dev/mapper/mpatha-part1  /srv/films  ocfs2  noatime,commit=15,_netdev  0 0' >>/etc/fstab
echo 'UUID={uuid} /srv/music ocfs2 _netdev,nodev,data=writeback 0 2' >>/etc/fstab
systemctl daemon-reload
mount /srv/films && mount /srv/music
"""
FILES = "cat /etc/fstab /etc/default/o2cb /etc/ocfs2/cluster.conf; ls /etc/systemd/system"


def test_a_cluster_made_by_hand_becomes_a_file_that_changes_nothing(lab, operator):
    for host in NUMBERS:
        done(lab, host, NODES)
        done(lab, host, SETTINGS)
    uuid = done(lab, "node01", FORMAT).strip()
    for host in NUMBERS:
        done(lab, host, MOUNTS.format(uuid=uuid))
        assert has_mounted(lab, host, "/srv/films")
    assert "number = 9" in conf_file(lab, "node02")
    before = {host: done(lab, host, FILES) for host in NUMBERS}
    file = operator.home / "imported.yaml"
    ended = operator.run("import", "node01", "-o", str(file))
    print(ended.stderr, file.read_text())
    assert ended.returncode == 0
    (cluster,) = yaml.safe_load(file.read_text())["clusters"]
    assert [(m["name"], m["number"], m["port"]) for m in cluster["members"]] == [
        ("node01", 4, 7790),
        ("node02", 9, 7790),
    ]
    assert cluster["heartbeat"] == {"dead_threshold": 51}
    assert cluster["network"] == {"idle_timeout_ms": 42000}
    films, music = cluster["volumes"]
    assert (films["labelled"], films["device"]["partition"]) == ("old films (2019)", 1)
    assert films["mount"] == {"path": "/srv/films", "options": ["noatime", "commit=15"]}
    assert music["mount"] == {"path": "/srv/music", "options": ["nodev", "data=writeback"]}
    assert operator.is_settled(str(file))
    assert operator.run("drift", str(file)).returncode == 0
    assert operator.run("apply", str(file), "--auto-approve").returncode == 0
    assert operator.is_settled(str(file))
    assert {host: done(lab, host, FILES) for host in NUMBERS} == before


def test_what_is_then_changed_by_hand_is_drift(lab, operator):
    file = str(operator.home / "imported.yaml")
    done(lab, "node02", "umount /srv/music")
    ended = operator.run("drift", file)
    print(ended.stdout, ended.stderr)
    assert ended.returncode == 2
    assert "volume/music/mount" in ended.stdout
    assert "Drift: 1 changed outside (exit 2)." in ended.stdout
