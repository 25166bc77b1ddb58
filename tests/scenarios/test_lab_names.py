"""What things are on real hosts, not how they are named: hosts, partitions, volumes, users.

Each refusal is provoked with the command itself, and the hosts stay as they were.
"""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from tests.lab.fixtures import lab_module
from tests.lab.ssh import make_key
from tests.scenarios.lab_volumes import done
from tests.scenarios.operator import (
    cluster,
    commands,
    conf,
    configfs,
    has_mounted,
    volume,
)

# node03 has no ocfs2 module until a package brings it.
lab = lab_module("names", hosts=3, storage="san", lun_size="512M,256M,512M", no_module="node03")

BOTH = ("node01", "node02")
SCRATCH = "/dev/mapper/mpathb"
# What a command that refuses may not have touched: files, kernel, packages, superblocks.
WRITTEN = """\
ls -R /etc/ocfs2 /var/lib/reconcile /srv /etc/systemd/system /sys/kernel/config/cluster 2>&1
cat /etc/fstab /etc/default/o2cb /etc/ocfs2/cluster.conf 2>&1
grep -w ocfs2 /proc/modules /proc/mounts; dpkg-query -W
for map in /dev/mapper/mpath?; do
    dd if=$map bs=4k skip=2 count=1 iflag=direct status=none | sha256sum
done
"""


@pytest.fixture(scope="module")
def wish(wwids):
    """Members with the SAN's first LUN whole, or another one."""

    def made(*names, lun="lun1", **more):
        return cluster(
            *names or BOTH,
            volumes=[volume(device={"wwid": wwids[lun]}, size="fill", slots=4, **more)],
        )

    return made


def states(lab, *hosts):
    return [done(lab, host, WRITTEN) for host in hosts]


def refused(lab, operator, file, *hosts):
    """The refusals of plan and apply, by code; neither touches the hosts."""
    before = states(lab, *hosts)
    told = refused_by_plan(operator, file)
    ended = operator.run("apply", file, "--format", "json", "--auto-approve")
    last = json.loads(ended.stdout.splitlines()[-1])
    assert (ended.returncode, last["result"]) == (3, "refused"), ended.stderr
    assert states(lab, *hosts) == before
    return told


def refused_by_plan(operator, file):
    """The refusals of a plan, by code."""
    found = [item for c in operator.plan(file)["clusters"] for item in c["blocked"]]
    assert found
    return {item["code"]: item for item in found}


LINES = {
    "ubuntu": 'write into the cluster: packages: {kernel_module: "linux-modules-extra-{kernel}"}',
    "rocky": 'write into the cluster: packages: {kernel_module: "kmod-ocfs2-flexvdi"}; its',
    "ol": "6.1.176 is Red Hat's kernel, which is built without ocfs2: on node03: dnf install",
    "sles": "on node03: zypper install ocfs2-kmp-default",
    "debian": "install the kernel package that carries ocfs2 for 6.1.176, or boot a kernel",
}
FAMILY = "sed -i 's/^ID=.*/ID={}/' /usr/lib/os-release"
# The module as its vendor would pack it, in a repository of the host's own.
PACKED = """\
set -e
name=linux-modules-extra-$(uname -r) base=/lib/modules/$(uname -r)/kernel/fs
rm /etc/modprobe.d/no-ocfs2.conf
mkdir -p /srv/extra/tree/DEBIAN /srv/extra/tree$base && cd /srv/extra
mv /lab/hidden/ocfs2 tree$base/
printf '%s\\n' "Package: $name" 'Version: 1' 'Architecture: amd64' \\
    'Maintainer: nobody <nobody@localhost>' 'Description: more modules' >tree/DEBIAN/control
printf '#!/bin/sh\\ndepmod %s\\n' "$(uname -r)" >tree/DEBIAN/postinst
chmod 755 tree/DEBIAN/postinst
dpkg-deb -b -Znone tree extra.deb >/dev/null
{ cat tree/DEBIAN/control; echo 'Filename: ./extra.deb'; stat -c 'Size: %s' extra.deb
  sha256sum extra.deb | sed 's/ .*//; s/^/SHA256: /'; } >Packages
rm -r tree
echo 'deb [trusted=yes] file:/srv/extra ./' >/etc/apt/sources.list.d/extra.list
"""


def test_a_host_without_the_module_is_told_what_its_family_has(lab, operator, wish):
    file = operator.write({**wish("node03"), "volumes": []})
    for family, words in LINES.items():
        done(lab, "node03", FAMILY.format(family))
        ((told,),) = (item["blocked"] for item in operator.plan(file)["clusters"])
        assert (told["code"], told["subject"]) == ("module-missing", "member/node03")
        assert "no ocfs2 module for the running kernel 6.1.176" in told["message"]
        assert told["remedy"].startswith(words)


def test_the_line_of_its_family_is_pasted_and_brings_the_module(lab, operator, wish):
    done(lab, "node03", FAMILY.format("ubuntu"))
    bare = {**wish("node03"), "volumes": []}
    (told,) = refused(lab, operator, operator.write(bare), "node03").values()
    file = operator.write({**bare, **yaml.safe_load(told["remedy"].partition(": ")[2])})
    code, events = operator.apply(file)
    (failed,) = [event for event in events if event["event"] == "action-failed"]
    assert (code, failed["kind"]) == (4, "install-module")
    assert "no repository has linux-modules-extra-6.1.176" in failed["message"]
    done(lab, "node03", PACKED)
    operator.converge(file)
    assert configfs(lab, "node03") == ["node03 0 10.88.1.13:7777"]
    assert operator.is_settled(file)


STAMPED = (
    "mkfs.ocfs2 -x -F -N 4 -L images --cluster-stack=pcmk --cluster-name={} "
    f"{SCRATCH} </dev/null >&2"
)


@pytest.mark.parametrize("name", ["hacluster", "my-cluster"])
def test_a_volume_of_pacemaker_is_left_to_it(lab, operator, wish, name):
    done(lab, "node01", STAMPED.format(name))
    file = operator.write(wish(lun="lun2"))
    (told,) = refused(lab, operator, file, *BOTH).values()
    assert (told["code"], told["subject"]) == ("foreign-stack", "volume/images")
    assert f"the cluster stack pcmk (Pacemaker), cluster {name}: Pacemaker" in told["message"]
    assert "this version manages o2cb clusters only" in told["message"]
    assert told["remedy"].startswith("leave the volume to Pacemaker, and take it out")
    done(lab, "node02", told["remedy"].rpartition(": ")[2])  # stopped there for good
    assert done(lab, "node02", f"o2cluster -o {SCRATCH}") == "o2cb,ocfs2,local\n"
    (plan,) = operator.plan(file)["clusters"]
    assert plan["blocked"] == []
    assert "format" not in {action["kind"] for action in plan["actions"]}


DASHED = conf(("node01", 0)).replace("= ocfs2", "= my-cluster")
RUNNING = """\
modprobe ocfs2_stack_o2cb; mountpoint -q /sys/kernel/config ||
    mount -t configfs configfs /sys/kernel/config
mkdir /sys/kernel/config/cluster/my-cluster
"""


def test_a_cluster_whose_name_has_a_dash_is_told_as_none_of_o2cbs(lab, operator, wish):
    """The tools themselves take no such name: a person writes the file, or another stack."""
    assert lab.run("node01", "o2cb add-cluster my-cluster").returncode != 0
    done(lab, "node01", f"cat >/etc/ocfs2/cluster.conf <<'X'\n{DASHED}X\n{RUNNING}")
    file = operator.write(wish(lun="lun2"))
    assert operator.refusals(file) == {("foreign-cluster", "member/node01")}
    (plan,) = operator.plan(file)["clusters"]
    assert {item["message"] for item in plan["blocked"]} == {
        "/etc/ocfs2/cluster.conf is of cluster my-cluster, not ocfs2",
        "the kernel runs cluster my-cluster, not ocfs2",
    }
    why = "my-cluster is no name of an o2cb cluster, which has 1 to 16 letters and digits"
    assert all(item["remedy"].startswith(why) for item in plan["blocked"])
    refused(lab, operator, file, *BOTH)
    ended = operator.run("import", "node01")
    assert ended.returncode == 3
    assert why in ended.stderr
    gone = "rmdir /sys/kernel/config/cluster/my-cluster; rm /etc/ocfs2/cluster.conf"
    done(lab, "node01", gone)


GLOBAL = f"""\
o2cb add-cluster ocfs2 && o2cb add-node ocfs2 node01 --ip 10.88.1.11 --number 0
mkfs.ocfs2 -x -F -N 4 -L images --cluster-stack=o2cb --cluster-name=ocfs2 --global-heartbeat \\
    {SCRATCH} </dev/null >&2
o2cb add-heartbeat ocfs2 {SCRATCH} && o2cb heartbeat-mode ocfs2 global
sed -i 's/^O2CB_ENABLED=.*/O2CB_ENABLED=true/' /etc/default/o2cb
systemctl restart o2cb; cat /sys/kernel/config/cluster/ocfs2/heartbeat/mode
"""
STOPPED = "systemctl stop o2cb; rm -rf /etc/ocfs2/cluster.conf /var/lib/reconcile/ocfs2"


def test_a_running_global_heartbeat_is_told_and_nobody_else_is_looked_for(lab, operator, wish):
    """It beats without a mount: this host does, and no stranger."""
    assert done(lab, "node01", GLOBAL, timeout=240).endswith("global\n")
    file = operator.write(wish("node01", lun="lun2"))
    told = refused(lab, operator, file, "node01")
    assert set(told) == {"foreign-heartbeat", "heartbeat-mode-differs", "not-supported-yet"}
    assert "its running cluster has global heartbeat" in told["not-supported-yet"]["message"]
    beats = told["foreign-heartbeat"]
    assert "node01, whose kernel has it as a heartbeat region" in beats["message"]
    assert "find the host" not in beats["remedy"]
    remedy = told["not-supported-yet"]["remedy"]
    assert f"{HEARTBEAT}, restart o2cb everywhere, and for each volume o2cluster" in remedy
    done(lab, "node01", f"{HEARTBEAT} && systemctl restart o2cb", timeout=240)
    done(lab, "node01", told["heartbeat-mode-differs"]["remedy"].rpartition(": ")[2])
    (plan,) = operator.plan(file)["clusters"]
    assert plan["blocked"] == []
    done(lab, "node01", STOPPED, timeout=120)


HEARTBEAT = "o2cb heartbeat-mode ocfs2 local"
ADVICE = ("state: dead", "state: offline", "not read:")
RENAMED = """\
grep -q ' /srv/images ocfs2 ' /proc/mounts && umount /srv/images
systemctl stop o2cb; rm -rf /var/lib/reconcile/ocfs2
hostname {name}; echo {name} >/etc/hostname
cat >/etc/ocfs2/cluster.conf <<'X'
{conf}X
systemctl start o2cb && mount /srv/images
"""


MADE = (
    "mkfs.ocfs2 -x -F -N 4 -L images --cluster-stack=o2cb --cluster-name=ocfs2 "
    "/dev/mapper/mpatha </dev/null >&2"
)


def renamed(lab, node, hostname):
    """Nodes are made under other names by hand, on hosts that call themselves so."""
    text = conf(*zip(BOTH, range(2), strict=True))
    for name in BOTH:
        text = text.replace(f"name = {name}\n", f"name = {node(name)}\n")

    def rename(name):
        words = RENAMED.format(name=hostname(name), conf=text)
        return lab.run(name, words, timeout=240)

    with ThreadPoolExecutor(len(BOTH)) as pool:
        list(pool.map(rename, BOTH))
    found = [has_mounted(lab, host) for host in BOTH]
    assert found == [has_local_node(node, hostname)] * len(BOTH)


def has_local_node(node, hostname):
    """Whether the tools find a host on its list: without a domain, in any case of letters."""
    name, own = node("node01").lower(), hostname("node01").lower()
    return own == name or own.startswith(f"{name}.")


def imported(operator, *seeds):
    """The file that a new operator has of these hosts, and what was said; nobody is dead."""
    (operator.home / "imported.yaml").unlink(missing_ok=True)
    file = str(operator.home / "imported.yaml")
    ended = operator.run("import", *seeds, "-o", file)
    text = (operator.home / "imported.yaml").read_text()
    assert not any(words in text for words in ADVICE), text
    (found,) = yaml.safe_load(text)["clusters"]
    members = [(item["name"], item.get("ssh", {}).get("host")) for item in found["members"]]
    return file, members, ended


def counted(operator, file):
    """Hosts of a status, those that were read, and its members."""
    words = ("status", file, "--interval", "2s", "--format", "json")
    (found,) = json.loads(operator.run(*words).stdout)["clusters"]
    return found["hosts"], found["read"], [item["name"] for item in found["members"]]


def test_a_host_under_its_management_address_is_the_node_that_it_is(lab, operator, wish):
    done(lab, "node01", MADE)
    operator.converge(operator.write(wish()))
    file, members, ended = imported(operator, "10.88.0.111")
    assert (ended.returncode, members) == (0, [("node01", "10.88.0.111"), ("node02", None)])
    assert operator.is_settled(file)
    file, members, ended = imported(operator, "10.88.0.112", "10.88.0.111", "node01")
    assert ended.returncode == 0, ended.stderr
    assert [name for name, _door in members] == list(BOTH)
    assert counted(operator, file) == (2, 2, list(BOTH))
    wrong = wish()
    for item, last in zip(wrong["members"], (111, 112), strict=True):
        item.update(name=f"mgmt{last}", ssh={"host": f"10.88.0.{last}"})
    told = refused(lab, operator, operator.write(wrong), *BOTH)
    assert set(told) == {"hostname-differs"}
    assert "is the node node02" in told["hostname-differs"]["message"]
    assert (
        "name the member node02, with ssh: {host: 10.88.0.112}"
        in told["hostname-differs"]["remedy"]
    )


def test_letters_of_a_name_may_be_capitals_and_a_host_may_have_a_domain(lab, operator):
    renamed(lab, str.capitalize, lambda name: f"{name.upper()}.Example.com")
    file, members, ended = imported(operator, *BOTH)
    assert ended.returncode == 0, ended.stderr
    assert [name for name, _door in members] == ["Node01", "Node02"]
    assert counted(operator, file) == (2, 2, ["Node01", "Node02"])
    assert operator.is_settled(file)


def fqdn(name):
    return f"{name}.example.com"


def test_nodes_with_a_domain_are_refused_once_with_the_steps(lab, operator):
    renamed(lab, fqdn, fqdn)
    file, members, ended = imported(operator, *BOTH)
    assert ended.returncode == 3
    assert [name for name, _door in members] == list(BOTH)
    told = refused(lab, operator, file, *BOTH)
    assert [item["subject"] for item in told.values()] == ["cluster/ocfs2"]
    message, remedy = (told["hostname-differs"][key] for key in ("message", "remedy"))
    assert ", ".join(map(fqdn, BOTH)) in message
    assert "write the short names (node01, node02) into /etc/ocfs2/cluster.conf" in remedy
    assert counted(operator, file) == (2, 2, list(BOTH))
    # Under its short name a host finds no node of its own: its o2cb stays offline.
    renamed(lab, fqdn, str)
    assert operator.refusals(file) == {("hostname-differs", "cluster/ocfs2")}
    renamed(lab, str, str)  # the remedy's steps, by hand
    assert operator.is_settled(file)


PROBE = "/usr/local/sbin/reconcile-probe"
LOOKS = "reconcile-probe"
USER = f"""\
useradd --system --shell /bin/sh --password '*' --home-dir /home/{LOOKS} {LOOKS}
install -d -m 755 /home/{LOOKS} /home/{LOOKS}/.ssh
echo 'restrict,command="sudo -n -- {PROBE}" {{key}}' >/home/{LOOKS}/.ssh/authorized_keys
"""
VISITS = "journalctl -q -b -t sshd -g 'Accepted publickey for {}' | wc -l"


def put(lab, host, path, file):
    """A file of root's on a host, as root puts it there."""
    words = f"ssh -F $LAB_SSH_CONFIG -l root {host} 'cat >{path}' <{file}"
    ended = lab.exec(["sh", "-c", words])
    assert ended.returncode == 0, ended.stderr


RULE = f"/etc/sudoers.d/{LOOKS}"
OWNED = f"""\
rm -f {PROBE} {RULE}; mv /root/rule {RULE}; mv /root/program {PROBE}
chown root:root {PROBE} && chmod 500 {PROBE} && chmod 440 {RULE} && visudo -cf {RULE}
"""


def install(lab, operator, file):
    """Rule and program on both hosts, as the rule's own comment has it."""
    for name, words in {"rule": (), "program": ("--program",)}.items():
        text = operator.run("sudoers", "--read-only", *words, file).stdout
        (operator.home / name).write_text(text)
        for host in BOTH:
            put(lab, host, f"/root/{name}", operator.home / name)
    for host in BOTH:
        done(lab, host, OWNED)


@pytest.fixture(scope="module")
def looking(lab, operator, wish):
    """Files by which the others look as a user of their own, who is there, and root acts."""
    key = operator.home / "look"
    make_key(key, "looks")
    words = USER.format(key=key.with_suffix(".pub").read_text().strip())

    def made(found=None):
        doors = {"user": "root", "probe": {"identity": str(key)}}
        return operator.write(found or wish(), ssh=doors)

    for host in BOTH:
        done(lab, host, words)
    install(lab, operator, made())
    return made


def visits(lab, host):
    """How often each of them has logged in."""
    return [int(done(lab, host, VISITS.format(user))) for user in (LOOKS, "root")]


def test_looking_needs_no_key_that_can_change_anything(lab, operator, wish, looking):
    by_root = operator.plan(operator.write(wish()))
    done(lab, "node02", "umount /srv/images")
    before = states(lab, *BOTH)
    looks, roots = visits(lab, "node01")
    plan = operator.plan(looking())
    assert {action["kind"] for c in plan["clusters"] for action in c["actions"]} == {"mount"}
    assert plan["id"] != by_root["id"]
    drift = operator.run("drift", looking())
    assert (drift.returncode, "volume/images/mount" in drift.stdout) == (2, True)
    assert counted(operator, looking()) == (2, 2, list(BOTH))
    seen = json.loads(operator.run("observe", looking()).stdout)
    assert {facts["identity"]["uid"] for facts in seen["hosts"].values()} == {0}
    looked, acted = visits(lab, "node01")
    assert looked >= looks + 4
    assert acted == roots + 2  # this test's own
    assert states(lab, *BOTH) == before
    assert operator.plan(operator.write(wish()))["id"] == plan["id"]
    operator.converge(looking(), plan)
    assert has_mounted(lab, "node02")
    assert operator.run("drift", looking()).returncode == 0


DIGEST = f"sed -i s/sha256:[0-9a-f]*/sha256:$(sha256sum {PROBE} | cut -d' ' -f1)/ {RULE}"
AS_LOOKER = f"runuser -u {LOOKS} -- "


def test_who_looks_can_do_nothing_else(lab, operator, wish, looking):
    key = operator.home / "look"
    words = f"ssh -F $LAB_SSH_CONFIG -i {key} -l {LOOKS} node01 'id -u; cat /etc/shadow'"
    answered = lab.exec(["sh", "-c", words], timeout=120).stdout
    assert answered.startswith("@@reconcile-installed\t")
    assert "root:" not in answered.partition("@@")[0]
    for other in ("id -u", f"{PROBE} alone", f"HOME=/tmp {PROBE}", f"sh {PROBE}"):
        asked = lab.run("node01", f"{AS_LOOKER}sudo -n {other}")
        assert (asked.returncode, asked.stdout) == (1, ""), other
        assert "password is required" in asked.stderr or "not allowed" in asked.stderr
    done(lab, "node02", "umount /srv/images")
    before = states(lab, *BOTH)
    doors = {"user": LOOKS, "sudo": True, "identity": str(key)}
    ended = operator.run("apply", operator.write(wish(), ssh=doors), "--auto-approve")
    assert (ended.returncode, "lease-failed" in ended.stdout) == (3, True), ended.stdout
    assert states(lab, *BOTH) == before
    done(lab, "node02", "mount /srv/images")


def test_what_the_probe_of_a_host_does_not_look_at_is_unknown_by_name(
    operator, wish, looking, wwids
):
    more = wish()
    more["volumes"].append(volume("music", device={"wwid": wwids["lun2"]}, size="fill"))
    file = looking(more)
    told = refused_by_plan(operator, file)
    assert set(told) == {"section-unread"}
    assert f"does not look at: wwid={wwids['lun2']}" in told["section-unread"]["message"]
    drift = operator.run("drift", file)
    assert "NOT COMPARED section-unread" in drift.stdout


def test_another_text_than_the_rule_has_is_not_run(lab, operator, looking):
    done(lab, "node02", f"echo 'id >/root/ran' >>{PROBE}")
    told = refused_by_plan(operator, looking())
    assert {(c, item["subject"]) for c, item in told.items()} == {
        ("sudo-refused", "member/node02")
    }
    assert "reconcile sudoers --read-only" in told["sudo-refused"]["message"]
    done(
        lab,
        "node02",
        f"sed -i -e '$d' -e 's/installed\\t[0-9a-f]*/installed\\t0/' {PROBE}; {DIGEST}",
    )
    told = refused_by_plan(operator, looking())
    assert {(c, item["subject"]) for c, item in told.items()} == {
        ("probe-differs", "member/node02")
    }
    assert lab.run("node02", "ls /root/ran").returncode != 0
    install(lab, operator, looking())
    assert operator.is_settled(looking())


MIB = 1 << 20
PARTED = """\
parted -s /dev/mapper/mpathc mklabel gpt mkpart data 1MiB 100% && udevadm settle
mkfs.ocfs2 -x -F -N 4 -L films --cluster-stack=o2cb --cluster-name=ocfs2 \
    /dev/mapper/mpathc-part1 65536 </dev/null >&2
"""
READ = "partprobe /dev/mapper/mpathc; udevadm settle; ls /dev/disk/by-id /dev/mapper"
SIZES = "blockdev --getsize64 {}; stat -f -c '%b %S' /srv/films"


def test_a_partition_by_its_own_path_grows_as_the_disk_that_it_is_on(lab, operator, wwids):
    done(lab, "node01", PARTED)
    seen = [set(done(lab, host, READ).split()) for host in BOTH]
    name = f"dm-uuid-part1-mpath-{wwids['lun3']}"
    assert all({name, "mpathc-part1"} <= names for names in seen)
    path = f"/dev/disk/by-id/{name}"

    def wanted(path, size):
        keys = {"device": {"path": path}, "size": size, "slots": 4}
        whole = volume(device={"wwid": wwids["lun1"]}, size="fill", slots=4)
        return operator.write(cluster(*BOTH, volumes=[whole, volume("films", **keys)]))

    dealt = operator.run("validate", wanted("/dev/mapper/mpathc-part1", "256MiB"))
    assert dealt.returncode == 1
    assert "unstable-path" in dealt.stdout
    operator.converge(wanted(path, "256MiB"))
    small = refused(lab, operator, wanted(path, "600MiB"), *BOTH)
    assert set(small) == {"device-too-small"}
    assert "None" not in small["device-too-small"]["message"]
    lab.san_grow("lun3", "768M")
    file = wanted(path, "600MiB")
    kinds = {kind for _host, kind in commands(operator.converge(file))}
    assert "grow-partition" in kinds
    assert "unmount" not in kinds
    for host in BOTH:
        device, blocks, size = map(int, done(lab, host, SIZES.format(path)).split())
        assert device == blocks * size == 598 * MIB  # a MiB each for the table and its copy
    assert operator.is_settled(file)
