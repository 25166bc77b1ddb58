"""What operators met in the field, on real hosts: a volume made for global heartbeat, and lines of
fstab that a boot reads otherwise than a person does."""

import json

import pytest

from tests.lab.fixtures import lab_module
from tests.scenarios.lab_volumes import done
from tests.scenarios.operator import cluster, has_mounted, mounts_by_itself, volume

lab = lab_module("field", hosts=2, storage="san")

BOTH = ("node01", "node02")
DEVICE = "/dev/mapper/mpatha"
FOREIGN = (
    "mkfs.ocfs2 -x -F -N 4 -L images --cluster-stack=o2cb --cluster-name=ocfs2 "
    f"--global-heartbeat {DEVICE} </dev/null >&2"
)
FLAGS = f"debugfs.ocfs2 -R stats {DEVICE} | sed -n 's/.*Cluster flags: //p'"
WRITTEN = "ls -R /etc/ocfs2 /var/lib/reconcile /srv 2>&1 | sha256sum; sha256sum /etc/fstab"
LINE = "/srv/images ocfs2 {options} {end}"
ORDER = "x-systemd.after=o2cb.service,x-systemd.before=ocfs2.service"


def wish(wwids, **more):
    return cluster(*BOTH, volumes=[volume(device={"wwid": wwids["lun1"]}, **more)])


def planned(operator, file):
    (plan,) = operator.plan(file)["clusters"]
    return plan


def told(operator, file):
    """Code and hosts' words of what a plan tells beside its changes."""
    return {item["code"]: item["message"] for item in planned(operator, file)["findings"]}


def boots(lab, host):
    lab.stop(host)
    lab.start(host)


def with_line(lab, host, options, end="0 0"):
    """The volume's line of fstab as a person wrote it, before the next boot."""
    by_id = "$(ls /dev/disk/by-id/dm-uuid-mpath-*)"
    line = LINE.format(options=options, end=end)
    done(lab, host, f'sed -i /ocfs2/d /etc/fstab; echo "{by_id} {line}" >>/etc/fstab; sync')


def test_a_volume_made_for_global_heartbeat_is_refused_before_anything_is_written(
    lab, operator, wwids
):
    done(lab, "node01", FOREIGN)
    assert done(lab, "node02", FLAGS).strip() == "1 Globalheartbeat"
    before = [done(lab, host, WRITTEN) for host in BOTH]
    file = operator.write(wish(wwids))
    assert operator.refusals(file) == {("heartbeat-mode-differs", "volume/images")}
    ended = operator.run("apply", file, "--format", "json", "--auto-approve")
    last = json.loads(ended.stdout.splitlines()[-1])
    assert (ended.returncode, last["result"]) == (3, "refused")
    assert [done(lab, host, WRITTEN) for host in BOTH] == before


def test_the_remedy_changes_the_stamp_and_the_volume_is_taken(lab, operator, wwids):
    """Exactly as the refusal says it; without -y and a terminal the tool does nothing, and ends
    with 0."""
    file = operator.write(wish(wwids))
    (refused,) = planned(operator, file)["blocked"]
    remedy = refused["remedy"].rpartition(": ")[2]
    assert remedy.startswith("o2cluster -y --update=o2cb,ocfs2,local /dev/disk/by-id/")
    done(lab, "node01", remedy.replace(" -y", "") + " </dev/null")
    assert done(lab, "node01", FLAGS).strip() == "1 Globalheartbeat"
    done(lab, "node01", remedy)
    assert done(lab, "node01", FLAGS).strip() == "0"
    operator.converge(file)
    assert all(has_mounted(lab, host) for host in BOTH)
    assert operator.is_settled(file)


def test_neither_tool_changes_the_stamp_of_a_volume_that_is_mounted(lab):
    """Both look at the journals alone, and say so."""
    for host in BOTH:
        for tool in (
            f"o2cluster -y --update=o2cb,ocfs2,global {DEVICE}",
            f"tunefs.ocfs2 -y --update-cluster-stack {DEVICE}",
        ):
            ended = lab.run(host, f"{tool} </dev/null", timeout=120)
            assert ended.returncode != 0
            assert "journal" in ended.stdout + ended.stderr
    assert done(lab, "node01", FLAGS).strip() == "0"


def test_what_failed_last_is_offered_again_with_what_was_said(lab, operator, wwids):
    """A file in the way of the mount's directory: planned as safe, and it fails on the host."""
    file = operator.write(wish(wwids, mount={"path": "/srv/a/b", "options": ["noatime"]}))
    done(lab, "node02", "umount /srv/images; sed -i /ocfs2/d /etc/fstab; touch /srv/a")
    done(lab, "node01", "umount /srv/images; sed -i /ocfs2/d /etc/fstab")
    for host in BOTH:
        done(lab, host, "rm -rf /var/lib/reconcile/ocfs2")
    ended = operator.run("apply", file, "--format", "json", "--auto-approve")
    assert ended.returncode == 4, ended.stdout
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    (failed,) = [event for event in events if event["event"] == "action-failed"]
    message = told(operator, file)["failed-before"]
    assert f'"{failed["summary"]}" was tried at {failed["time"][:10]}' in message
    assert failed["message"].splitlines()[-1] in message
    done(lab, "node02", "rm /srv/a")
    operator.converge(file)
    assert "failed-before" not in told(operator, file)
    operator.converge(operator.write(wish(wwids)))
    assert all(has_mounted(lab, host) for host in BOTH)


def test_what_an_automount_of_fstab_mounted_is_mounted(lab, operator, wwids):
    """ocfs2.service has looked into it at boot: the volume stands above systemd's own mount."""
    file = operator.write(wish(wwids))
    with_line(lab, "node02", f"noatime,x-systemd.automount,_netdev,{ORDER}")
    boots(lab, "node02")
    assert mounts_by_itself(lab, "node02")
    assert "autofs systemd-1" in done(lab, "node02", "grep ' /srv/images ' /proc/1/mountinfo")
    plan = planned(operator, file)
    assert plan["blocked"] == []
    assert {a["kind"] for a in plan["actions"]} == {"write-fstab"}
    assert "x-systemd.automount" in told(operator, file)["automount-conflict"]
    away = wish(wwids)
    away["members"][1]["state"] = "drained"
    assert ("automount-conflict", "volume/images") in operator.refusals(operator.write(away))


def test_an_automount_that_waits_is_told_as_the_one_of_this_line(lab, operator, wwids):
    file = operator.write(wish(wwids))
    done(lab, "node02", "systemctl disable -q ocfs2")
    boots(lab, "node02")
    assert not has_mounted(lab, "node02")
    assert operator.refusals(file) == {("automount-conflict", "volume/images")}
    (refused,) = planned(operator, file)["blocked"]
    assert "systemd-1" not in refused["message"]
    assert "'srv-images.automount'" in refused["remedy"]
    done(lab, "node02", "ls /srv/images")  # the first half of its remedy
    assert has_mounted(lab, "node02")
    assert planned(operator, file)["blocked"] == []
    done(  # and the second
        lab,
        "node02",
        "sed -i s/x-systemd.automount,// /etc/fstab; systemctl daemon-reload; "
        "umount /srv/images; systemctl stop 'srv-images.automount'",
    )
    operator.converge(file)
    assert operator.is_settled(file)
    assert has_mounted(lab, "node02")
    assert "autofs" not in done(lab, "node02", "cat /proc/1/mountinfo | grep /srv || true")


@pytest.mark.parametrize("option", ["datavolume", "cluster_stack=o2cb"])
def test_an_option_that_ocfs2_refuses_takes_the_next_boots_mount_away(
    lab, operator, wwids, option
):
    file = operator.write(wish(wwids))
    with_line(lab, "node02", f"noatime,{option},_netdev,{ORDER}")
    assert (
        f"has {option}, with which every mount of OCFS2 fails"
        in told(operator, file)["next-boot-mount-missing"]
    )
    boots(lab, "node02")
    done(lab, "node02", "systemctl is-system-running --wait || true", timeout=180)
    assert not has_mounted(lab, "node02")
    operator.converge(file)
    assert has_mounted(lab, "node02")


def test_a_sixth_field_is_told_and_the_boot_mounts_all_the_same(lab, operator, wwids):
    file = operator.write(wish(wwids))
    with_line(lab, "node02", f"noatime,_netdev,{ORDER}", "0 2")
    assert "next-boot-fsck" in told(operator, file)
    boots(lab, "node02")
    assert mounts_by_itself(lab, "node02")
    said = done(lab, "node02", "journalctl -b -u 'systemd-fsck@*' --no-pager")
    assert "fsck.ocfs2" in said
    operator.converge(file)
    assert operator.is_settled(file)


def test_a_line_with_noauto_is_as_a_file_says_that_mounts_nothing_at_boot(lab, operator, wwids):
    mount = {"path": "/srv/images", "options": ["noatime"], "at_boot": False}
    file = operator.write(wish(wwids, mount=mount))
    operator.converge(file)
    with_line(lab, "node02", "noatime,noauto,heartbeat=local,_netdev")
    assert operator.is_settled(file)
    boots(lab, "node02")
    done(lab, "node02", "systemctl is-system-running --wait || true", timeout=180)
    assert not has_mounted(lab, "node02")
    done(lab, "node02", "mount /srv/images")  # heartbeat=local may be said
    assert operator.is_settled(file)
    text = operator.run("import", "node01").stdout
    assert "at_boot: false" in text
    assert "Its line in fstab says noauto" in text


def test_an_outage_is_said_of_who_leaves_and_of_nobody_who_stays(lab, operator, wwids):
    """The others only get another list: in each form the host that is without its volume is named,
    and no other."""
    operator.converge(operator.write(wish(wwids)))
    away = wish(wwids)
    away["members"][1]["state"] = "absent"
    file = operator.write(away)
    book = operator.run("runbook", file).stdout
    said = [line for line in book.splitlines() if "OUTAGE" in line]
    assert said
    assert all("OUTAGE on node02" in line for line in said)
    plan = planned(operator, file)
    assert {action["host"] for action in plan["actions"] if action["outage"]} == {"node02"}
    assert any(
        a["host"] == "node01" and a["kind"] == "write-cluster-conf" for a in plan["actions"]
    )
    operator.converge(file)
    assert has_mounted(lab, "node01")
