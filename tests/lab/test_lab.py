"""The lab itself: its plans, and one real lab with hosts of every kind."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab import life, processes, recipe
from tests.lab import world as records
from tests.lab.fixtures import Lab, lab_module, need_lab
from tests.lab.images import ROOT
from tests.lab.locks import is_mine, locked
from tests.lab.plan import Wish, make_plan
from tests.lab.shell import LabError, wait_until
from tests.lab.world import World

SOMEWHERE = Path("/somewhere")


def test_a_node_has_its_number_on_every_network() -> None:
    plan = make_plan(Wish(hosts=2, storage="san"), SOMEWHERE)
    assert {nic.net: nic.addresses for nic in plan.host("node02").nics} == {
        "mgmt": ("10.88.0.12", "10.88.0.112"),
        "ic": ("10.88.1.12",),
        "sa": ("10.88.2.12",),
        "sb": ("10.88.3.12",),
    }
    assert plan.host("san").address("sb") == "10.88.3.250"
    assert plan.controller == "10.88.0.1"


def test_no_two_devices_of_a_lab_have_the_same_name_or_address() -> None:
    plan = make_plan(Wish(hosts=40, storage="san"), SOMEWHERE)
    nics = [nic for host in plan.hosts.values() for nic in host.nics]
    addresses = [address for nic in nics for address in nic.addresses]
    for names in ([nic.tap for nic in nics], [nic.mac for nic in nics], addresses):
        assert len(set(names)) == len(names)
    assert max(len(nic.tap) for nic in nics) < 16  # IFNAMSIZ


def test_labs_in_two_directories_have_other_addresses_and_disks() -> None:
    one, two = (make_plan(Wish(), Path(where)) for where in ("/one", "/two"))
    assert one.host("node01").nics[0].mac != two.host("node01").nics[0].mac
    assert one.luns[0].wwid != two.luns[0].wwid


def test_sizes_of_luns_are_a_list_or_one_for_all() -> None:
    def sizes(**wish: int | str) -> list[int]:
        return [lun.mib for lun in make_plan(Wish(**wish), SOMEWHERE).luns]

    assert sizes() == [1024]
    assert sizes(luns=3, lun_size="512M") == [512, 512, 512]
    assert sizes(lun_size="1G,512M") == [1024, 512]


def test_suites_of_hosts_are_a_list_or_one_for_all_and_the_san_keeps_its_own() -> None:
    def suites(**wish: int | str) -> list[str]:
        plan = make_plan(Wish(storage="san", **wish), SOMEWHERE)
        return [host.suite for host in plan.hosts.values()]

    assert suites(hosts=2) == ["bookworm"] * 3
    assert suites(hosts=2, suite="sid") == ["sid", "sid", "bookworm"]
    assert suites(hosts=2, suite="bullseye,trixie") == ["bullseye", "trixie", "bookworm"]


def test_a_split_lun_is_another_disk_of_the_same_name_on_every_host() -> None:
    plan = make_plan(Wish(hosts=2, luns=2, split_lun="lun2"), SOMEWHERE)
    (shared1, split1), (shared2, split2) = (host.disks for host in plan.hosts.values())
    assert shared1 == shared2
    assert split1.file != split2.file
    assert replace(split1, file=split2.file) == split2
    assert (shared1.shared, split1.shared) == (True, False)


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"hosts": 0}, "hosts must be"),
        ({"hosts": 41}, "hosts must be"),
        ({"luns": 8}, "luns must be"),
        ({"luns": 3, "lun_size": "1G,2G"}, "2 LUN sizes for 3"),
        ({"lun_size": "1T"}, "bad size"),
        ({"suite": "buzz"}, "no suite buzz"),
        ({"suite": "sid,sid"}, "2 suites for 3"),
        ({"bare": "node09"}, "no node09"),
        ({"no_module": "san"}, "no san"),
        ({"split_lun": "lun1", "storage": "san"}, "needs --storage ubd"),
        ({"subnet": "10.88.254.0/24"}, "room for the three"),
    ],
)
def test_refuses_a_wish_that_cannot_be_met(wish: dict, problem: str) -> None:
    with pytest.raises(LabError, match=problem):
        make_plan(Wish(**wish), SOMEWHERE)


@pytest.mark.parametrize(
    "other",
    [{"b": (0o644, b"x")}, {"a": (0o755, b"x")}, {"a": (0o644, b"y")}],
    ids=["name", "mode", "content"],
)
def test_another_recipe_has_another_hash(other: dict) -> None:
    files = {"a": (0o644, b"x")}
    assert recipe.recipe_hash(dict(files)) == recipe.recipe_hash(files)
    assert recipe.recipe_hash(other) != recipe.recipe_hash(files)


def test_no_two_suites_share_their_images() -> None:
    hashes = {recipe.recipe_hash(recipe.ingredients(suite)) for suite in recipe.SUITES}
    assert len(hashes) == len(recipe.SUITES)


def test_the_recipe_covers_the_files_of_the_guests_and_the_build() -> None:
    files = recipe.ingredients()
    assert {"build.py", "recipe.py", "guest/lab/init"} <= files.keys()
    assert files["guest/lab/init"][0] == 0o755
    assert files["guest/etc/sudoers.d/ops"][0] == 0o440


def test_a_process_is_not_another_one_with_its_number() -> None:
    me = processes.identify(os.getpid())
    assert processes.alive(me)
    assert not processes.alive(me._replace(start=me.start + 1))
    processes.slay([me._replace(start=me.start + 1), None])


def test_a_lock_is_held_by_one_only_and_may_be_removed_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path):
        with pytest.raises(LabError, match="held by another"), locked(path, timeout=0):
            pass
        path.unlink()
    with locked(path, timeout=0):
        assert path.exists()


def test_a_lock_counts_only_while_its_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("a") as waiting:
        assert is_mine(waiting, path)
        path.unlink()
        assert not is_mine(waiting, path)
        path.touch()
        assert not is_mine(waiting, path)


def test_only_a_lab_whose_owner_is_gone_is_an_orphan() -> None:
    me = processes.identify(os.getpid())
    by_hand = World("lab", SOMEWHERE, Wish(), built={})
    assert not by_hand.is_orphan
    assert not replace(by_hand, owner=me).is_orphan
    assert replace(by_hand, owner=me._replace(start=1)).is_orphan


def test_a_record_is_read_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "RECORDS", tmp_path)
    me = processes.identify(os.getpid())
    world = World("lab", SOMEWHERE, Wish(hosts=2), built={}, owner=me, inode=7, is_up=True)
    world.processes = {"node01": me, "node02": None}
    world.save()
    assert records.load("lab") == world
    assert records.recorded() == ["lab"]
    replace(world, boot="before the machine restarted").save()
    after = records.load("lab")
    assert (after.inode, after.processes, after.is_up) == (None, {}, False)


lab = lab_module(
    "lab-test",
    hosts=2,
    lun_size="64M,32M",
    split_lun="lun2",
    bare="node02",
    no_module="node02",
)


def told(lab: Lab, host: str, command: str, user: str = "root") -> str:
    result = lab.run(host, command, user)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_runs_commands_on_hosts_as_three_users(lab: Lab) -> None:
    assert lab.hosts == ["node01", "node02"]
    assert told(lab, "node01", "hostname; id -un") == "node01\nroot"
    assert told(lab, "node02", "id -un; sudo -n id -un", "ops") == "ops\nroot"
    refused = lab.run("node02", "sudo -n id -un", "nopw")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "a password is required" in refused.stderr


def test_runs_commands_of_this_machine_in_the_network_of_the_lab(lab: Lab) -> None:
    here = lab.exec(["sh", "-c", 'ip -br address; echo "$LAB_NETNS $MORE"'], MORE="more")
    assert f"{lab.inventory['controller_ip']}/24" in here.stdout
    assert here.stdout.endswith(f"{lab.netns} more\n")


def test_the_inventory_names_what_the_hosts_have(lab: Lab) -> None:
    node = lab.inventory["hosts"]["node01"]
    interfaces = told(lab, "node01", "ip -4 -o address show scope global")
    assert all(f" {address}/24 " in interfaces for address in node["addresses"])
    for lun in lab.inventory["luns"]:
        same = f"test {lun['device']} -ef {lun['stable_device']}"
        assert told(lab, "node01", f"{same} && blockdev --getsize64 {lun['device']}") == str(
            lun["mib"] << 20
        )


def test_luns_are_shared_unless_they_are_split(lab: Lab) -> None:
    read = "for d in ubdb ubdc; do dd if=/dev/$d bs=4096 count=1 iflag=direct status=none"
    write = "for d in ubdb ubdc; do printf %4096s mark | dd of=/dev/$d bs=4096 oflag=direct"
    told(lab, "node01", f"{write}; done")
    seen = told(lab, "node02", f"{read} | grep -c mark; done; true")
    assert seen.split() == ["1", "0"]


def test_a_host_may_lack_the_packages_and_the_module(lab: Lab) -> None:
    told(lab, "node01", "command -v mkfs.ocfs2 && modinfo ocfs2 && modprobe ocfs2")
    for command in ("command -v mkfs.ocfs2", "modinfo ocfs2", "modprobe ocfs2"):
        assert lab.run("node02", command).returncode != 0
    told(lab, "node02", "apt-get -qq update && apt-get -s install ocfs2-tools")


def test_a_host_can_be_killed_and_started(lab: Lab) -> None:
    before = told(lab, "node01", "touch /root/kept; sync; cat /proc/sys/kernel/random/boot_id")
    lab.kill("node01")
    assert lab.status()["hosts"]["node01"]["state"] == "off"
    assert lab.run("node01", "true").returncode == 255
    lab.start("node01")
    after = told(lab, "node01", "ls /root/kept; cat /proc/sys/kernel/random/boot_id")
    assert after.startswith("/root/kept\n")
    assert before not in after


def test_a_restarted_host_has_its_network_again(lab: Lab) -> None:
    before = told(lab, "node01", "cat /proc/sys/kernel/random/boot_id")
    lab.run("node01", "nohup systemctl reboot --force --force >/dev/null 2>&1 &")
    now = "cat /proc/sys/kernel/random/boot_id"
    assert wait_until(lambda: lab.run("node01", now).stdout.strip() not in ("", before), 60)


def test_a_host_can_be_cut_off_the_interconnect_alone(lab: Lab) -> None:
    ping = "ping -c 1 -W 2 node02-ic"
    told(lab, "node01", ping)
    lab.cut("node02", "ic")
    assert lab.run("node01", ping).returncode == 1
    told(lab, "node02", "true")
    lab.heal("node02")
    assert wait_until(lambda: lab.run("node01", ping).returncode == 0, 20)


def test_a_frozen_host_does_not_answer(lab: Lab) -> None:
    lab.freeze("node02")
    with pytest.raises(LabError, match="no answer in 3 s"):
        lab.run("node02", "true", timeout=3)
    lab.thaw("node02")
    told(lab, "node02", "true")


def remains(world: World) -> list[str]:
    """What a lab left on this machine."""
    found = [f"process {process.pid}" for process in processes.in_namespace(world.inode)]
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{world.directory}/" in path.read_text():
                found.append(str(path))
        except OSError:
            continue
    places = (
        world.directory,
        Path("/run/netns", world.netns),
        records.record_path(world.netns),
    )
    return found + [str(place) for place in places if place.exists()]


def test_a_lab_is_removed_when_its_owner_is_gone() -> None:
    need_lab()
    name = f"orphan-{os.getpid()}"
    with subprocess.Popen(["/bin/sleep", "600"]) as owner:
        lab = Lab.up(name, hosts=1, lun_size="32M", owner=owner.pid)
        world = lab.world
        lab.exec(["sh", "-c", "sleep 600 >/dev/null 2>&1 </dev/null &"])
        assert name not in life.down_orphans()
        assert remains(world)
        owner.kill()
    assert name in life.down_orphans()
    assert remains(world) == []
    assert not life.down(name)


def test_a_lab_that_was_killed_while_it_came_up_can_be_removed() -> None:
    need_lab()
    name = f"killed-{os.getpid()}"
    argv = [sys.executable, "-m", "tests.lab", "up", "--netns", name, "--hosts", "1"]
    argv += ["--owner", str(os.getpid())]
    with subprocess.Popen(argv, cwd=ROOT) as up:
        wait_until(lambda: (world := records.load(name)) and world.is_on("node01"), 60)
        time.sleep(1)
        up.kill()
    world = records.load(name)
    assert remains(world)
    assert life.down(name)
    assert remains(world) == []
