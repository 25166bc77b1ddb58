"""A running cluster is taken over: the file that import writes has an empty plan."""

import re
from dataclasses import replace

import pytest
import yaml

from reconciler.cli import run
from reconciler.cli.commands import import_
from reconciler.cli.commands.import_ import Search
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import Shape, partition
from reconciler.hosts.simulator.state.files import File
from reconciler.loading import load
from reconciler.model.ssh_access import Ssh
from reconciler.pipeline import Options
from reconciler.reports.imported import devices
from reconciler.reports.imported.draft import left_out, make_draft
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import Controller, desired, members, volume, witnessed

CONF, O2CB, FSTAB = "/etc/ocfs2/cluster.conf", "/etc/default/o2cb", "/etc/fstab"


def imported(world, *seeds):
    """The text, what is said of it, whether it is faithful; and its plan is what it says."""
    controller = Controller(world)
    fleet = controller._fleet(None, Line())
    search = Search(Ssh(), Options(), no_color=True)
    text, said, faithful = drive(world, search.through(fleet, seeds or ("node01",)))
    plan = drive(world, controller.plan(load("imported", text)))
    empty = not (plan.actions or plan.blocked or any(c.changes for c in plan.clusters))
    assert empty == faithful, said
    return text, said, faithful


def made(world, **more):
    wanted = desired(world, **more)
    assert drive(world, Controller(world).apply(wanted)).word == "converged"
    return wanted


def rewritten(world, path, change):
    for machine in world.machines.values():
        machine.files.write(path, File(change(machine.files.text(path))))


def by_hand(world):
    """As the distribution's tools and a person write the same: other words, other order."""

    def conf(text):
        nodes = re.findall(r"node:\n(?:\t.*\n)+", text)
        lines = [node.replace("\t", "    ") for node in reversed(nodes)]
        head = "# by hand\ncluster:\n    name = ocfs2\n    heartbeat_mode = local\n"
        return "\n".join([f"{head}    node_count = {len(nodes)}\n", *lines])

    def fstab(text):
        lines = [line for line in text.splitlines() if "ocfs2" not in line]
        uuid = next(world.filesystems()).uuid
        return "\n".join([*lines, f"UUID={uuid}  /srv/images ocfs2 noatime,_netdev 0 0", ""])

    rewritten(world, CONF, conf)
    rewritten(world, FSTAB, fstab)
    rewritten(world, O2CB, lambda text: re.sub("O2CB_RECONNECT.*\n", "", text))
    for machine in world.machines.values():
        for name in ("applied.json", "members.json"):
            machine.files.remove(f"/var/lib/reconcile/ocfs2/{name}")


ODD = {
    "heartbeat": {"dead_threshold": 61},
    "network": {"idle_timeout_ms": 45000, "keepalive_delay_ms": 3000},
}


def odd_members(world):
    numbers = dict(zip(world.machines, (3, 7, 0), strict=True))
    return [{**item, "number": numbers[item["name"]], "port": 7780} for item in members(world)]


def test_an_odd_cluster_made_by_apply_comes_back_as_a_file_that_changes_nothing():
    world = witnessed(3)
    noatime = {"path": "/srv/images", "options": ["noatime", "commit=20"]}
    made(world, members=odd_members(world), volumes=[volume(world, mount=noatime)], **ODD)
    text, said, faithful = imported(world)
    assert (faithful, said) == (True, ("Planning it changes nothing, as the hosts were then.",))
    (cluster,) = yaml.safe_load(text)["clusters"]
    found = [(m["name"], m["number"], m["port"]) for m in cluster["members"]]
    assert found == [("node03", 0, 7780), ("node01", 3, 7780), ("node02", 7, 7780)]
    assert (cluster["heartbeat"], cluster["network"]) == tuple(ODD.values())
    (item,) = cluster["volumes"]
    assert (item["label"], item["size"]) == ("images", "1GiB")
    assert item["mount"] == noatime
    assert "files" not in cluster


@pytest.mark.parametrize("storage", ["plain", "san"])
def test_what_was_written_by_hand_is_kept_as_it_is(storage):
    world = witnessed(2, Shape(storage))
    if storage == "san":
        partition(world)
    device = {"wwid": world.luns["lun1"].wwid, "partition": 1}
    more = {"device": device} if storage == "san" else {}
    mount = {"path": "/srv/images", "options": ["noatime"]}
    made(world, volumes=[volume(world, mount=mount, **more)])
    by_hand(world)
    text, said, faithful = imported(world, "node02")
    assert faithful, said
    (cluster,) = yaml.safe_load(text)["clusters"]
    assert cluster["files"] == "kept"
    (item,) = cluster["volumes"]
    assert item["device"] == (
        device if storage == "san" else {"path": "/dev/disk/by-id/lab-lun1"}
    )
    assert item["mount"] == mount


def test_a_host_that_cannot_be_reached_stays_in_the_file_and_is_told():
    world = witnessed(3)
    made(world)
    connect(world, "node02").power_off()
    text, said, faithful = imported(world)
    assert not faithful
    assert [m["name"] for m in yaml.safe_load(text)["clusters"][0]["members"]] == [
        "node01",
        "node02",
        "node03",
    ]
    assert "# not read: " in text
    assert any("member/node02" in line for line in said)


def test_hosts_that_disagree_are_told_apart():
    world = witnessed(2)
    made(world)
    machine = world.machines["node02"]
    text = machine.files.text(CONF).replace("7777", "7778")
    machine.files.write(CONF, File(text))
    text, said, faithful = imported(world)
    assert not faithful
    assert any("node02  cluster.conf (file): " in line for line in said)
    assert "#   node02 cluster.conf (file): " in text


def test_what_is_not_mounted_at_boot_and_who_mounts_nothing_is_said():
    world = witnessed(3)
    states = [{**m, "state": "drained"} if m["name"] == "node03" else m for m in members(world)]
    mount = {"path": "/srv/images", "at_boot": False}
    made(world, members=states, volumes=[volume(world, mount=mount)])
    text, said, faithful = imported(world)
    assert faithful, said
    (cluster,) = yaml.safe_load(text)["clusters"]
    assert cluster["members"][2]["state"] == "drained"
    assert cluster["volumes"][0]["mount"]["at_boot"] is False


@pytest.mark.parametrize("label", ["", "old images", "true"])
def test_a_label_that_is_no_name_is_kept(label):
    world = witnessed(2)
    made(world)
    next(world.filesystems()).label = label
    text, said, faithful = imported(world)
    assert faithful, said
    (item,) = yaml.safe_load(text)["clusters"][0]["volumes"]
    assert item.get("labelled", item["label"]) == label


def test_a_volume_of_the_cluster_that_nobody_mounts_is_only_a_comment():
    world = witnessed(2, Shape(luns=2))
    made(world, volumes=[volume(world), volume(world, "lun2", "films")])
    made(world, volumes=[volume(world)])
    text, said, faithful = imported(world)
    assert faithful, said
    assert "# - label: films" in text


def test_a_mounted_volume_whose_disk_has_no_lasting_name_is_told():
    world = witnessed(1)
    made(world)
    search = Search(Ssh(), Options(), no_color=True)
    drive(world, search.through(Controller(world)._fleet(None, Line()), ("node01",)))
    facts = search.facts["node01"]
    assert list(left_out([make_draft("ocfs2", {"node01": facts}, {}, {})])) == []
    nameless = replace(facts, disks=tuple(replace(d, links=(), wwid=None) for d in facts.disks))
    (told,) = left_out([make_draft("ocfs2", {"node01": nameless}, {}, {})])
    assert told.startswith("node01: /srv/images is mounted from /dev/")


def test_a_bare_host_is_of_no_cluster():
    world = witnessed(1)
    with pytest.raises(Exception, match=r"neither the kernel nor cluster\.conf has a cluster"):
        imported(world)


def test_a_label_beyond_the_first_plane_is_read_back_as_it_is():
    world = witnessed(1)
    made(world)
    next(world.filesystems()).label = label = "\N{GRINNING FACE} images"
    text, said, faithful = imported(world)
    assert faithful, said
    assert load("imported", text).clusters[0].volumes[0].labelled == label


def test_of_more_devices_than_can_be_asked_about_the_mounted_come_first_and_it_is_told(
    monkeypatch,
):
    world = witnessed(1, Shape(luns=3))
    made(world, volumes=[volume(world, "lun3", "films")])
    monkeypatch.setattr(devices, "MOST", 1)
    monkeypatch.setattr(import_, "MOST", 1)
    search = Search(Ssh(), Options(), no_color=True)
    fleet = Controller(world)._fleet(None, Line())
    text, said, faithful = drive(world, search.through(fleet, ("node01",)))
    assert "label: films" in text
    assert not faithful
    assert said[0].startswith("only 1 devices were looked at, what is mounted first; 3 more")


def test_a_host_with_the_name_of_another_takes_nobodys_place():
    world = witnessed(2)
    made(world)
    machine = world.machines["node02"]
    machine.setup = replace(machine.setup, hostname="node01")
    text, said, faithful = imported(world, "node01", "node02")
    assert not faithful  # its kernel has it as node02: it is, until it boots
    assert said[0].startswith("Refused, hostname-differs, member/node02")
    assert "hostnamectl set-hostname node02" in said[1]
    connect(world, "node02").power_off()
    connect(world, "node02").power_on()
    text, said, faithful = imported(world, "node01", "node02")
    assert not faithful
    assert said[0].startswith("node02 is left out: its host name is node01")
    assert "state: dead" not in text


@pytest.mark.parametrize(
    "name", ["/dev/disk/by-uuid/{uuid}", "/dev/disk/by-label/images", 'UUID="{uuid}"']
)
def test_fstab_may_name_a_volume_as_udev_or_in_quotes(name):
    world = witnessed(1)
    made(world)
    source = name.format(uuid=next(world.filesystems()).uuid)
    rewritten(world, FSTAB, lambda _text: f"{source} /srv/images ocfs2 defaults,_netdev 0 0\n")
    text, said, faithful = imported(world)
    assert faithful, said
    assert "at_boot" not in text


@pytest.mark.parametrize("line", ["", "/srv/images/iso /mnt/iso none bind 0 0\n"])
def test_a_part_that_is_mounted_elsewhere_too_does_not_take_the_volumes_place(line):
    world = witnessed(2)
    made(world)
    rewritten(world, FSTAB, lambda text: text + line)
    for machine in world.machines.values():
        (mount,) = machine.running.mounts
        machine.running.mounts.append(replace(mount, path="/mnt/iso"))
    text, said, faithful = imported(world)
    assert yaml.safe_load(text)["clusters"][0]["volumes"][0]["mount"] == {"path": "/srv/images"}
    assert not faithful
    assert "is mounted on /mnt/iso, which no volume of the file names" in said[0]


@pytest.mark.parametrize("name", ["-oProxyCommand=x", "a b;c", "$(id)"])
def test_a_name_in_the_cluster_that_no_host_can_have_is_told(name):
    world = witnessed(2)
    made(world)
    node = f"\nnode:\n\tname = {name}\n\tcluster = ocfs2\n\tnumber = 9\n"
    address = "\tip_address = 10.9.9.9\n\tip_port = 7777\n"
    rewritten(world, CONF, lambda text: text.replace("= 2", "= 3") + node + address)
    search = Search(Ssh(), Options(), no_color=True)
    fleet = Controller(world)._fleet(None, Line())
    _text, said, faithful = drive(world, search.through(fleet, ("node01",)))
    assert not faithful
    assert any("is not" in line for line in said)


@pytest.mark.parametrize("words", ["-- -oProxyCommand=x", "a;b", "node01 --user a;b"])
def test_a_host_or_user_that_cannot_be_one_is_a_usage_error(words, capsys):
    assert run(["import", *words.split()]) == 64
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert "a;b" in err or "-oProxy" in err


def test_a_copy_that_nobody_uses_takes_no_name_from_the_volume_that_is_used():
    """A snapshot's disk has the same label: the volume in use is called by it."""
    world = witnessed(2, Shape(luns=2))
    made(world)
    (used,) = world.filesystems()
    other = "0" * 8 + used.uuid[8:]
    world.luns["lun2"].whole.content = replace(used, uuid=other, beats={}, slot_map={})
    text, said, faithful = imported(world)
    assert faithful, said
    (item,) = yaml.safe_load(text)["clusters"][0]["volumes"]
    assert (item["label"], "labelled" in item) == ("images", False)
    assert "# - label: volume-00000000" in text
