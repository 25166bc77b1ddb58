"""A volume gets another path, other options and another label: on real kernels, in order."""

import shlex

from reconciler.gate import gate_text
from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    LUN,
    WRITER,
    cluster,
    commands,
    has_mounted,
    mounted_together,
    pauses,
    volume,
)

lab = lab_module("relabel", hosts=3)

ALL = ("node01", "node02", "node03")
# As the other scenarios' writer, wherever the volume is mounted.
ANYWHERE = WRITER.replace("ConditionPathIsMountPoint=/srv/images\n", "").replace(
    'sysopen my $out, "/srv/images/$host.log"',
    "chomp(my $at = `findmnt -n -t ocfs2 -o TARGET | head -n 1`);\n"
    'sysopen my $out, "$at/$host.log"',
)
assert "/srv/images" not in ANYWHERE


def wanted(path="/srv/images", options=("noatime",), label="images", **more):
    mount = {"path": path, "options": list(options)}
    one = volume(label, mount=mount, workloads={"services": ["writer"]})
    return cluster(*ALL, volumes=[one], **more)


def done(lab, host, command):
    ended = lab.run(host, command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def gate(lab, host, *words):
    """One call of the program that runs use on hosts."""
    ended = lab.run(host, shlex.join(["sh", "-c", gate_text(*words), "gate", *words]))
    return ended.returncode, ended.stderr


def uuid(lab):
    return done(lab, "node01", f"blkid -p -o value -s UUID {LUN}").strip()


def on(lab, path, label="images"):
    """It is there on all, now and at the next boot, under that label and with the old file."""
    for host in ALL:
        assert has_mounted(lab, host, path)
        fstab = [line.split() for line in done(lab, host, "cat /etc/fstab").splitlines()]
        assert [line[1] for line in fstab if "ocfs2" in line] == [path]
        assert done(lab, host, f"cat {path}/before") == "kept\n"
        assert done(lab, host, f"blkid -p -o value -s LABEL {LUN}") == f"{label}\n"
    pauses(lab, *ALL)


def test_it_moves_to_another_path_one_host_after_the_other(lab, operator):
    operator.converge(operator.write(wanted()))
    done(lab, "node01", "echo kept >/srv/images/before; sync")
    for host in ALL:
        done(lab, host, ANYWHERE)
    pauses(lab, *ALL)
    file = operator.write(wanted("/srv/new"))
    plan = operator.plan(file)
    assert [o["hosts"] for o in plan["clusters"][0]["outages"]] == [[host] for host in ALL]
    events = operator.converge(file, plan)
    order = [(h, k) for h, k in commands(events) if k in {"unmount", "mount", "start-service"}]
    assert order == [(h, k) for h in ALL for k in ("unmount", "mount", "start-service")]
    assert min(mounted_together(set(ALL), events)) == 2
    on(lab, "/srv/new")
    assert done(lab, "node01", "ls -A /srv/images") == ""
    assert operator.is_settled(file)


def test_a_run_killed_in_a_turn_is_finished_by_the_next(lab, operator):
    file = operator.write(wanted("/srv/again"))
    for host, kind in (
        ("node01", "clear-fstab"),
        ("node01", "unmount"),
        ("node01", "mount"),
        ("node02", "unmount"),
    ):
        operator.killed(file, host, kind)
    operator.converge(file)
    on(lab, "/srv/again")


def test_an_option_that_no_remount_changes_takes_turns_as_well(lab, operator):
    file = operator.write(wanted("/srv/again", ("noatime", "localflocks")))
    events = operator.converge(file)
    assert min(mounted_together(set(ALL), events)) == 2
    shown = "findmnt -n -o OPTIONS /srv/again"
    assert all("localflocks" in done(lab, host, shown) for host in ALL)
    assert operator.is_settled(file)
    operator.converge(operator.write(wanted("/srv/again")))
    assert not any("localflocks" in done(lab, host, shown) for host in ALL)
    on(lab, "/srv/again")


def test_a_mount_that_no_run_made_is_left_where_it_is(lab, operator):
    done(lab, "node03", "systemctl stop writer; umount /srv/again; mkdir -p /mnt/own")
    done(lab, "node03", f"mount -t ocfs2 {LUN} /mnt/own")
    file = operator.write(wanted("/srv/again"))
    assert operator.refusals(file) == {("volume-unfamiliar", "member/node03")}
    done(lab, "node03", "umount /mnt/own; mount /srv/again; systemctl start writer")
    assert operator.is_settled(file)


def test_the_tools_refuse_a_label_while_anybody_has_it_mounted(lab):
    words = ("set-label", LUN, uuid(lab), "pictures")
    status, said = gate(lab, "node01", *words)
    assert (status, said.split(": ")[1]) == (75, "volume-mounted")
    done(lab, "node01", "systemctl stop writer; umount /srv/again")
    status, said = gate(lab, "node01", *words)
    print(said)
    assert (status, said.split(": ")[1]) == (70, "label-failed")
    done(lab, "node01", "mount /srv/again; systemctl start writer")


def test_a_label_that_no_run_knew_is_refused(lab, operator):
    records = "/var/lib/reconcile/ocfs2/applied.json"
    for host in ALL:
        done(lab, host, f"mv {records} /root/applied")
    file = operator.write(wanted("/srv/again", label="pictures"))
    assert operator.refusals(file) == {("device-not-blank", "volume/pictures")}
    for host in ALL:
        done(lab, host, f"mv /root/applied {records}")


def test_a_label_and_a_timeout_take_one_window(lab, operator):
    before = uuid(lab)
    network = {"idle_timeout_ms": 25000}
    file = operator.write(wanted("/srv/pictures", label="pictures", network=network))
    plan = operator.plan(file)
    (outage,) = plan["clusters"][0]["outages"]
    assert sorted(outage["hosts"]) == list(ALL)
    assert "its label, images until now" in outage["because"]
    operator.killed(file, "node02", "stop-cluster")
    events = operator.converge(file)
    kinds = [kind for _host, kind in commands(events)]
    assert kinds.count("set-label") == 1
    assert "check-file-system" not in kinds
    on(lab, "/srv/pictures", "pictures")
    assert uuid(lab) == before
    for host in ALL:
        timeout = done(lab, host, "cat /sys/kernel/config/cluster/ocfs2/idle_timeout_ms")
        assert timeout == "25000\n"
        assert done(lab, host, f"blkid -o value -s LABEL {LUN}") == "pictures\n"
    assert operator.is_settled(file)


def test_a_host_that_boots_mounts_it_on_the_new_path(lab):
    lab.kill("node02")
    lab.start("node02")
    wait = (
        "n=0; until findmnt -t ocfs2; do n=$((n + 1)); [ $n -lt 120 ] || exit 1; sleep 1; done"
    )
    done(lab, "node02", wait)
    on(lab, "/srv/pictures", "pictures")
