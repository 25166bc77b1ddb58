"""The lab with a SAN: paths that fail and LUNs that grow."""

from tests.lab.fixtures import Lab, lab_module
from tests.lab.shell import wait_until

lab = lab_module("san-test", hosts=2, storage="san", lun_size="128M,64M")

PATHS = "multipathd show paths raw format '%m %t'"
RESCAN = """
for disk in $(multipathd show paths raw format '%d'); do
    echo 1 >/sys/block/$disk/device/rescan
done
multipathd resize map mpathb
blockdev --getsize64 /dev/mapper/mpathb
"""


def told(lab: Lab, host: str, command: str) -> list[str]:
    result = lab.run(host, command)
    assert result.returncode == 0, result.stderr
    return sorted(result.stdout.splitlines())


def test_every_host_has_two_paths_to_the_same_luns(lab: Lab) -> None:
    uuids = [f"mpath-{lun['wwid']}" for lun in lab.inventory["luns"]]
    for host in lab.hosts:
        assert told(lab, host, "cat /sys/block/dm-*/dm/uuid") == sorted(uuids)
        assert [line.split()[0] for line in told(lab, host, PATHS)] == [
            *("mpatha", "mpatha"),
            *("mpathb", "mpathb"),
        ]
        for lun in lab.inventory["luns"]:
            told(lab, host, f"test {lun['device']} -ef {lun['stable_device']}")


def test_a_host_goes_on_over_the_other_path(lab: Lab) -> None:
    lab.cut("node01", "sb")
    read = "dd if=/dev/mapper/mpatha of=/dev/null bs=1M count=8 iflag=direct status=none"
    assert lab.run("node01", read).returncode == 0
    assert wait_until(lambda: "failed" in lab.run("node01", PATHS).stdout, 60, 1)
    assert lab.run("node01", read).returncode == 0
    lab.heal("node01")
    assert wait_until(lambda: "failed" not in lab.run("node01", PATHS).stdout, 30, 1)


def test_a_lun_grows_while_the_hosts_run(lab: Lab) -> None:
    lab.san_grow("lun2", "+32M")
    assert lab.inventory["luns"][1]["mib"] == 96
    for host in lab.hosts:
        assert told(lab, host, RESCAN)[0] == str(96 << 20)
