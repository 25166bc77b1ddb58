"""Runbooks: every kind of action has its commands, every fact its check, and they work as typed."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import reconciler
from reconciler.gate import gate_command
from reconciler.model.gate_call import Target
from reconciler.model.plan import Action, Fact
from reconciler.planning.order import ORDER
from reconciler.planning.planner import make_plan
from reconciler.reports.runbook import runbook_document, runbook_lines
from reconciler.reports.runbook.fact_checks import CHECKS, check
from reconciler.reports.runbook.references import Places
from reconciler.reports.runbook.steps import STEPS, commands
from reconciler.reports.runbook.volumes import mounted_after
from reconciler.resources import READINGS
from reconciler.resources.workloads.services import PROOFS
from tests.builders import bare, converged, spec, volume
from tests.golden.scenes import SCENES

RESOURCES = Path(reconciler.__file__).parent / "resources"
CLUSTER = spec(volumes=[volume()])
PLACES = Places(CLUSTER, converged(CLUSTER))
DEVICE = "/dev/disk/by-id/lab-lun1"
UUID = "11111111-2222-3333-4444-555555555555"


def kinds_of_the_planner():
    """By the order of kinds, and by what the resources call their actions."""
    text = "\n".join(path.read_text() for path in RESOURCES.rglob("*.py"))
    found = {kind for first, second, _scope in ORDER for kind in (first, second)}
    found |= set(re.findall(r'kind="([a-z0-9-]+)"', text))
    found |= set(re.findall(r'f"\{[a-z_.]*name\}/([a-z0-9-]+)["/]', text))
    return found | {f"{verb}-service" for verb in PROOFS}


VOLUME = Target(DEVICE, uuid=UUID)


def action(kind, *words, stdin="", host="node01", address="volume/images", expects=()):
    command = gate_command(*words, target=VOLUME, stdin=stdin)
    return Action(kind, kind, host, address, kind, "", "safe", command, expects)


def typed(kind, *words, **more):
    return commands(action(kind, *words, **more), PLACES)


def test_every_kind_of_action_has_its_commands():
    assert kinds_of_the_planner() - STEPS.keys() == set()


def test_every_reading_has_its_check():
    assert CHECKS.keys() == READINGS.keys()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            ("mount", "mount", "/srv/images", "noatime"),
            (
                f"blkid -p -s UUID -o value {DEVICE}    # {UUID}",
                "mkdir -p /srv/images",
                f"mount -t ocfs2 -o noatime {DEVICE} /srv/images",
            ),
        ),
        (("unmount", "unmount", "/srv/images"), ("umount /srv/images",)),
        (
            ("remount", "remount", "/srv/images", "ro,relatime"),
            (f"mount -o remount,ro,relatime,heartbeat=local {DEVICE} /srv/images",),
        ),
        (
            ("start-cluster", "do", "systemctl", "restart", "o2cb.service"),
            ("systemctl restart o2cb.service",),
        ),
        (("add-slots", "add-slots", "8"), (f"tunefs.ocfs2 -N 8 {DEVICE}",)),
        (
            ("grow-file-system", "grow-fs", "523776", "mounted"),
            (f"tunefs.ocfs2 -S {DEVICE} 523776",),
        ),
        (
            ("format", "format", "--", "mkfs.ocfs2", "-x", DEVICE),
            (f"mkfs.ocfs2 -x {DEVICE}",),
        ),
        (
            ("set-reconnect-delay", "set-live", "ocfs2", "reconnect_delay_ms", "2500"),
            ("echo 2500 >/sys/kernel/config/cluster/ocfs2/reconnect_delay_ms",),
        ),
        (
            ("grow-backing", "extend-lv", "vg0", "images", "1000000"),
            (
                "lvs --noheadings --units b -o lv_size vg0/images    # only if it is less than "
                "1000000",
                "lvextend -L 1954s vg0/images",
            ),
        ),
        (
            ("stop-guest", "stop-guest", "web", "300", "guests\nlist", "guests\nstop\nweb"),
            ("guests stop web", "guests list    # until web is gone, at most 300 s"),
        ),
        (
            ("install-packages", "install-packages", "rpm", "ocfs2-tools=1.8.7", "?sg3_utils"),
            (
                "systemctl mask --runtime o2cb.service ocfs2.service",
                "dnf install ocfs2-tools-1.8.7",
                "dnf install sg3_utils    # if a repository has it",
                "systemctl unmask --runtime o2cb.service ocfs2.service",
            ),
        ),
        (
            ("archive-order", "archive-file", "/etc/x.conf", "0" * 64),
            ("mv -f /etc/x.conf /etc/x.conf.before && sync",),
        ),
    ],
)
def test_a_step_is_what_the_gate_runs_as_a_person_types_it(given, expected):
    assert typed(*given) == expected


def test_what_a_host_chose_stays_behind_its_mark_and_in_its_quotes():
    name = "web\rrm -rf /\x1b[2K\u2028"
    stop = typed("stop-guest", "stop-guest", name, "300", "guests\nlist", "guests\nstop")
    assert stop[1] == "guests list    # until web rm -rf /\ufffd[2K is gone, at most 300 s"
    module = typed("install-module", "install-module", "rpm", "kmod-ocfs2", "5.14;reboot")
    assert module[1].endswith("| grep -F 'modules/5.14;reboot/'")


def test_of_yum_3_it_is_typed_as_yum_has_it():
    upgrade = typed("upgrade-packages", "install-packages", "yum", "ocfs2-tools=1.8.7")
    assert upgrade == (
        "yum install ocfs2-tools-1.8.7    # or yum downgrade, if a newer one is there",
    )
    module = typed("install-module", "install-module", "yum", "kmod-ocfs2", "3.10.0")
    assert module[0] == "repoquery --show-duplicates --plugins kmod-ocfs2"
    assert module[2].startswith("yum install kmod-ocfs2-BUILD    # install: ")


def test_the_dump_of_a_partition_table_has_its_volumes_name():
    words = ("grow-partition", "grow-partition", "1", "2048", "2147483647")
    dumps = [typed(*words, address=f"volume/{label}")[0] for label in ("images", "films")]
    assert [text.split(" >")[1].split()[0] for text in dumps] == [
        "/root/images.partitions.dump",
        "/root/films.partitions.dump",
    ]


def sh(script, here):
    """Runs what is to be typed, below a directory of the test's own."""
    moved = script.replace("/etc/", f"{here}/etc/").replace("/sys/kernel", f"{here}/sys/kernel")
    return subprocess.run(
        ["sh", "-ec", moved], capture_output=True, text=True, check=True
    ).stdout


def test_a_file_that_is_typed_in_is_the_planned_one_and_the_old_one_stays(tmp_path):
    text = "node:\n\tname = $HOME `id` 'x'\n\n"
    path = "/etc/ocfs2/cluster.conf"
    (tmp_path / "etc/ocfs2").mkdir(parents=True)
    (tmp_path / "etc/ocfs2/cluster.conf").write_text("old\n")
    steps = typed(
        "write-cluster-conf", "write-file", path, "640", "1" * 64, "2" * 64, stdin=text
    )
    sh("\n".join(steps), tmp_path)
    written = tmp_path / "etc/ocfs2/cluster.conf"
    assert (written.read_text(), written.stat().st_mode & 0o777) == (text, 0o640)
    assert (tmp_path / "etc/ocfs2/cluster.conf.before").read_text() == "old\n"


def test_lines_of_fstab_are_replaced_and_all_else_stays(tmp_path):
    (tmp_path / "etc").mkdir()
    fstab = tmp_path / "etc/fstab"
    others = (
        "# /dev/x /srv/images ocfs2\n\n/dev/a / ext4 defaults 0 0\n/dev/b /srv/images2 x x\n"
    )
    fstab.write_text(f"/dev/old /srv/images ocfs2 x 0 0\n{others}")
    line = "/dev/new\\040disk /srv/images ocfs2 _netdev 0 0"
    facts = (
        Fact(("node01",), "boot-mount", "/srv/images", line),
        Fact(("node01",), "boot-mount", "/srv/former", "absent"),
    )
    words = ("write-file", "/etc/fstab", "644", "1" * 64, "2" * 64)
    sh("\n".join(typed("write-fstab", *words, expects=facts)), tmp_path)
    assert fstab.read_text() == f"{others}{line}\n"
    for fact in facts:
        found = check(fact, "node01", PLACES)
        shown = sh(found.commands[0], tmp_path).splitlines()
        assert (shown or ["nothing"]) == list(found.shows)


def test_the_check_of_node_lists_shows_them_as_the_plan_has_them(tmp_path):
    for number, name in ((0, "node01"), (12, "node02"), (3, "node03")):
        node = tmp_path / "sys/kernel/config/cluster/ocfs2/node" / name
        node.mkdir(parents=True)
        values = {"num": number, "ipv4_address": f"10.0.0.{number}", "ipv4_port": 7777}
        for key, value in {**values, "local": int(name == "node02")}.items():
            (node / key).write_text(f"{value}\n")
    want = "0 node01 10.0.0.0:7777; 3 node03 10.0.0.3:7777; 12 node02 10.0.0.12:7777"
    found = check(Fact(("node02",), "live-nodes", "ocfs2", want), "node02", PLACES)
    shown = [line.strip() for line in sh(found.commands[0], tmp_path).splitlines()]
    assert [line.removesuffix(" here") for line in shown] == list(found.shows[:-1])
    assert [line for line in shown if line.endswith(" here")] == [f"{found.shows[2]} here"]


def test_a_refused_plan_has_no_steps_and_says_why():
    wanted = spec(volumes=[volume(size="2GiB")])
    pairs = [(wanted, bare(wanted))]
    plan = make_plan(pairs)
    (cluster,) = runbook_document(plan, pairs)["clusters"]
    assert (cluster["steps"], cluster["blocked"][0]["code"]) == ([], "device-too-small")


def test_hosts_that_type_the_same_have_it_once_and_others_their_own():
    observed = bare(CLUSTER)
    hosts = dict(observed.hosts)
    old = replace(hosts["node02"].cluster_conf, text="# empty\n", sha256="3" * 64, mode="644")
    hosts["node02"] = replace(hosts["node02"], cluster_conf=old)
    pairs = [(CLUSTER, type(observed)(hosts))]
    steps = runbook_document(make_plan(pairs), pairs)["clusters"][0]["steps"]
    (step,) = [step for step in steps if step["kind"] == "write-cluster-conf"]
    assert [item["hosts"] for item in step["commands"]] == [["node01", "node03"], ["node02"]]


def test_nothing_to_do_is_said():
    pairs = [(CLUSTER, converged(CLUSTER))]
    lines = [line for _style, line in runbook_lines(make_plan(pairs), pairs)]
    assert "Nothing is to be done: the hosts are as the file says." in lines


def looks_before(scene, kind):
    """Host by host the looks before the steps of a kind, as one text each."""
    (cluster,) = runbook_document(scene.plan, scene.pairs)["clusters"]
    found = {}
    for step in (step for step in cluster["steps"] if step["kind"] == kind):
        for look in step["before"]:
            for host in look["hosts"]:
                found[host] = found.get(host, "") + "\n".join(look["commands"] + look["shows"])
    return found


def test_the_heartbeats_are_looked_at_before_a_mount_as_its_gate_does():
    assert {
        host: ("debugfs.ocfs2 -R hb" in text, "apart from node 0, 1, 2, which" in text)
        for host, text in looks_before(SCENES["join"](), "mount").items()
    } == {"node01": (False, False), "node02": (False, False), "node03": (True, True)}


def test_of_a_volume_that_was_just_formatted_no_line_is_no_riddle():
    text = looks_before(SCENES["create"](), "mount")["node01"]
    assert "no line with a generation other than 0" in text
    assert "no line at all is unknown" not in text


def test_connections_are_looked_for_only_where_a_volume_is_mounted_by_then():
    looks = looks_before(SCENES["join"](), "register-nodes")
    assert {host: "a connection to" in text for host, text in looks.items()} == {
        "node01": True,
        "node02": True,
        "node03": False,
    }


def test_who_has_mounted_in_an_earlier_step_has_connections():
    at = ("node01", "/srv/images")
    mount = action("mount", "mount", at[1], "noatime", host=at[0])
    assert mounted_after(frozenset(), [mount]) == {at}
    assert mounted_after(frozenset({at}), [action("unmount", "unmount", at[1])]) == frozenset()
