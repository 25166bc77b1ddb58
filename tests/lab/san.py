"""The SAN: a host that exports LUNs over iSCSI on two networks, and hosts with multipath."""

from concurrent.futures import ThreadPoolExecutor

from tests.lab.plan import IQN, SAN, Plan
from tests.lab.shell import LabError
from tests.lab.ssh import on_host
from tests.lab.world import World

TARGET = f"{IQN}:{SAN}"
UNITS = "etc/systemd/system"
LIBRARY = "->/lib/systemd/system"

SETUP_UNIT = """\
[Unit]
After=systemd-udevd.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/lab/san-setup {target} {portals}
"""
WAIT_UNIT = """\
[Service]
ExecStartPre=/lab/wait-portals {portals}
"""
# From trixie on its own unit no longer loads it, and what would is masked for the boot's sake.
MULTIPATHD_UNIT = """\
[Service]
ExecStartPre=/sbin/modprobe dm_multipath
"""
# Where open-iscsi keeps its node records.
RECORDS = {"bullseye": "etc/iscsi", "bookworm": "etc/iscsi"}
LATER_RECORDS = "var/lib/iscsi"
MULTIPATH_CONF = """\
defaults {
    user_friendly_names yes
    find_multipaths no
    path_grouping_policy multibus
    polling_interval 2
    max_polling_interval 4
    no_path_retry 15
}
blacklist {
    devnode "^(ubd|loop)"
}
"""
ISCSI_NODE = """\
# BEGIN RECORD 2.1.8
node.name = {target}
node.tpgt = 1
node.startup = automatic
iface.iscsi_ifacename = default
iface.transport_name = tcp
node.discovery_address = {portal}
node.discovery_port = 3260
node.discovery_type = send_targets
node.session.timeo.replacement_timeout = 10
node.conn[0].address = {portal}
node.conn[0].port = 3260
node.conn[0].startup = automatic
# END RECORD
"""
# Paths in device-mapper, as the kernel counts them: cheaper than asking multipathd.
ALL_PATHS = """
for i in $(seq 300); do
    maps=$(cat /sys/block/dm-*/dm/uuid 2>/dev/null | grep -c ^mpath-)
    paths=$(ls -d /sys/block/dm-*/slaves/sd* 2>/dev/null | wc -l)
    [ $maps -ge {luns} ] && [ $paths -ge {paths} ] && exec udevadm settle
    sleep 0.5
done
exit 1
"""


def portals(plan: Plan) -> list[str]:
    """The SAN's addresses on the storage networks."""
    return [plan.host(SAN).address(net) for net in ("sa", "sb")]


def target_files(plan: Plan) -> dict[str, str]:
    """The seed of the SAN."""
    return {
        "lab/luns": "".join(f"{lun.name} {lun.mib} {lun.serial}\n" for lun in plan.luns),
        f"{UNITS}/lab-san.service": SETUP_UNIT.format(
            target=TARGET, portals=" ".join(portals(plan))
        ),
        f"{UNITS}/multi-user.target.wants/lab-san.service": "->../lab-san.service",
    }


def initiator_files(plan: Plan, name: str) -> dict[str, str]:
    """The seed of a host that sees the SAN; the bindings make mpatha the same LUN everywhere."""
    bindings = "".join(f"{lun.multipath} {lun.wwid}\n" for lun in plan.luns)
    files = {
        "etc/iscsi/initiatorname.iscsi": f"InitiatorName={IQN}:{name}\n",
        "etc/multipath.conf": MULTIPATH_CONF,
        "etc/multipath/bindings": bindings,
        f"{UNITS}/open-iscsi.service.d/lab.conf": WAIT_UNIT.format(
            portals=" ".join(portals(plan))
        ),
        f"{UNITS}/multipathd.service.d/lab.conf": MULTIPATHD_UNIT,
        f"{UNITS}/sysinit.target.wants/multipathd.service": f"{LIBRARY}/multipathd.service",
        f"{UNITS}/sockets.target.wants/multipathd.socket": f"{LIBRARY}/multipathd.socket",
        f"{UNITS}/multi-user.target.wants/open-iscsi.service": f"{LIBRARY}/open-iscsi.service",
        f"{UNITS}/multi-user.target.wants/iscsid.service": f"{LIBRARY}/iscsid.service",
    }
    records = RECORDS.get(plan.host(name).suite, LATER_RECORDS)
    for portal in portals(plan):
        path = f"{records}/nodes/{TARGET}/{portal},3260,1/default"
        files[path] = ISCSI_NODE.format(target=TARGET, portal=portal)
    return files


def wait_for_paths(world: World, names: list[str], timeout: float) -> None:
    """Wait until every host sees every LUN over both paths."""
    luns = len(world.plan.luns)
    test = ALL_PATHS.format(luns=luns, paths=2 * luns)
    with ThreadPoolExecutor(len(world.plan.hosts)) as pool:
        asked = {
            name: pool.submit(on_host, world, name, test, timeout=timeout) for name in names
        }
        ended = {name: answer.result() for name, answer in asked.items()}
    if blind := [
        f"{name} ({done.returncode}: {done.stdout}{done.stderr})"
        for name, done in ended.items()
        if done.returncode
    ]:
        raise LabError(f"not all {luns} LUNs on two paths: {' '.join(blind)}")


def grow(world: World, lun: str, mib: int) -> None:
    """Let the SAN have a larger LUN; the hosts find out when they rescan."""
    result = on_host(world, SAN, f"lvextend -qq -L {mib}m san/{lun}")
    if result.returncode:
        raise LabError(result.stdout + result.stderr)
