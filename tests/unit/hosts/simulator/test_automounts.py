from dataclasses import replace

import pytest

from reconciler.hosts.simulator import UnknownCommand, connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.unit import Unit
from tests.unit.hosts.simulator.lab import (
    LUN,
    gate,
    mounted_cluster,
    on,
    refusal,
    section,
)

NAME, MAP = "srv-images.mount", "/etc/auto.ocfs2"
LINE = "images -fstype=ocfs2 :/dev/mapper/mpatha"
OWN, PACKAGE = f"/etc/systemd/system/{NAME}", f"/usr/lib/systemd/system/{NAME}"


def automounting(*rows):
    host = connect(bare_cluster(1), "node01")
    host.machine.automounts += rows
    return host


async def test_a_unit_of_the_operators_own_goes_aside():
    host = automounting(("unit", NAME, OWN), ("unit", "other.mount", "/etc/x"))
    host.machine.units[NAME] = Unit("active", "mounted", enabled=True)
    host.machine.files.write(OWN, File("[Mount]\n"))
    for _ in range(2):
        done = await host.run(gate("disarm", "unit", NAME, "-"))
        assert (done.status, done.stdout) == (0, f"ok disarmed {NAME}\n")
    assert await section(host, "automounts") == [("unit", "other.mount", "/etc/x")]
    assert replace(host.machine.units[NAME], linked=0) == Unit("active", "mounted")
    files = host.machine.files.by_path
    assert (OWN in files, f"{OWN}.before" in files) == (False, True)


async def test_a_unit_of_a_package_is_masked_for_good():
    host = automounting(("unit", NAME, PACKAGE))
    host.machine.units[NAME] = Unit(enabled=True)
    assert (await host.run(gate("disarm", "unit", NAME, "-"))).status == 0
    for _ in range(2):
        rows = await section(host, "services", "--unit", NAME)
        assert [row[2] for row in rows if row[:2] == ("unit", NAME)] == ["masked"]
        assert await section(host, "automounts") == []
        host.reboot()
    done = await host.run(gate("do", "systemctl", "start", NAME))
    assert (done.status, "is masked" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("name", "path", "code"),
    [
        ("srv-images.automount", "/etc/systemd/system/x", "automount-active"),
        (NAME, f"/run/systemd/generator/{NAME}", "automount-generated"),
    ],
)
async def test_what_is_active_or_generated_is_not_disarmed(name, path, code):
    host = automounting(("unit", name, path))
    host.machine.units[name] = Unit("active", "waiting")
    done = await host.run(gate("disarm", "unit", name, "-"))
    assert refusal(done)[:2][0] == 75
    assert done.stderr.startswith(f"gate: {code}: {name} ")
    assert len(host.machine.automounts) == 1


async def test_a_line_of_autofs_becomes_a_comment():
    host = automounting(("autofs", MAP, LINE), ("autofs", MAP, "b x"))
    text = LINE.replace(" ", "\t") + "\nb x\n"
    host.machine.files.write(MAP, File(text, "640"))
    for _ in range(2):
        done = await host.run(gate("disarm", "autofs", MAP, LINE))
        assert (done.status, done.stdout) == (0, f"ok disarmed {MAP}\n")
    assert host.machine.files.by_path[MAP] == File(f"#reconcile: {text}", "640")
    assert host.machine.files.text(f"{MAP}.before") == text
    assert await section(host, "automounts") == [("autofs", MAP, "b x")]


async def test_a_line_without_its_file_is_only_forgotten():
    host = automounting(("autofs", MAP, LINE))
    assert (await host.run(gate("disarm", "autofs", MAP, LINE))).status == 0
    assert (MAP in host.machine.files.by_path, host.machine.automounts) == (False, [])


async def test_a_map_that_is_a_program_is_not_edited():
    host = automounting(("autofs", MAP, LINE))
    host.machine.files.write(MAP, File(f"{LINE}\n", "755"))
    done = await host.run(gate("disarm", "autofs", MAP, LINE))
    assert refusal(done)[:2] == (75, f"gate: automount-generated: {MAP} is a program")
    assert host.machine.automounts == [("autofs", MAP, LINE)]


@pytest.mark.parametrize(
    "words",
    [
        ("unit", NAME, "x"),
        ("unit", MAP, "-"),
        ("autofs", NAME, LINE),
        ("unit", "agent.service", "-"),
        ("autofs", "/etc/fstab", LINE),
    ],
)
async def test_a_disarm_of_anything_else_is_a_bug(words):
    with pytest.raises(UnknownCommand):
        await automounting().run(gate("disarm", *words))


async def test_a_remount_changes_options_and_nothing_else():
    world = bare_cluster(1)
    await mounted_cluster(world)
    host = connect(world, "node01")
    fs = next(world.filesystems())
    before = (dict(fs.slot_map), dict(fs.beats))
    for options, shown in (("nodev", "rw,nodev,noatime,rw"), ("relatime", "rw,relatime,rw")):
        for _ in range(2):
            done = await host.run(on(LUN, "remount", "/srv/images", options))
            assert (done.status, done.stdout) == (0, "ok remounted /srv/images\n")
        mount = (await section(host, "mounts"))[0]
        assert mount[4].startswith(f"{shown},_netdev")
    assert (fs.slot_map, fs.beats) == before


async def test_only_what_is_mounted_there_is_remounted_with_options_that_exist():
    world = bare_cluster(1)
    await mounted_cluster(world)
    host = connect(world, "node01")
    ran = [
        refusal(await host.run(on(words[0], "remount", *words[1:])))[:2]
        for words in (
            (LUN, "/srv/other", "rw"),
            ("/dev/ubda", "/srv/images", "rw"),
            (LUN, "/srv/images", "sideways"),
        )
    ]
    assert ran[:2] == [
        (75, f"gate: not-mounted: {LUN} is not mounted on /srv/other but nothing"),
        (75, "gate: wrong-uuid: /dev/ubda carries ext4, not ocfs2"),
    ]
    assert ran[2][0] == 70
    assert ran[2][1].startswith("gate: mount-failed: mount.ocfs2: Invalid argument")
