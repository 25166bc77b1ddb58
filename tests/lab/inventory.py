"""The lab as a document, for those who test with it."""

import json

from tests.lab import repository
from tests.lab.plan import UBD_LETTERS, Host, Lun, Plan
from tests.lab.recipe import USERS
from tests.lab.san import TARGET, portals
from tests.lab.world import World


def make_inventory(world: World) -> dict:
    """Addresses, credentials as file names, and the devices under all their names."""
    plan, directory = world.plan, world.directory
    found = {
        "netns": world.netns,
        "dir": str(directory),
        "ssh_config": str(directory / "ssh_config"),
        "known_hosts": str(directory / "known_hosts"),
        "identity": str(directory / "id"),
        "users": ["root", *USERS],
        "controller_ip": plan.controller,
        "storage": plan.storage,
        "hosts": {name: describe_host(plan, host) for name, host in plan.hosts.items()},
        "luns": [describe_lun(plan, lun, world.mib(lun.name)) for lun in plan.luns],
    }
    if plan.storage == "san":
        found["san"] = {"iqn": TARGET, "portals": portals(plan)}
    return found


def describe_host(plan: Plan, host: Host) -> dict:
    """One host."""
    return {
        "role": host.role,
        "suite": host.suite,
        "apt_repository": repository.url(plan.controller, host.suite),
        "management_ip": host.address("mgmt"),
        "interconnect_ip": host.address("ic"),
        "storage_ips": [host.address(net) for net in ("sa", "sb") if host.address(net)],
        "addresses": [address for nic in host.nics for address in nic.addresses],
        "ocfs2_tools": host.image == "full",
        "ocfs2_module": host.has_module,
    }


def describe_lun(plan: Plan, lun: Lun, mib: int) -> dict:
    """One LUN."""
    if plan.storage == "san":
        device = f"/dev/mapper/{lun.multipath}"
        names = {"wwid": lun.wwid, "stable_device": f"/dev/disk/by-id/dm-uuid-mpath-{lun.wwid}"}
    else:
        device = f"/dev/ubd{UBD_LETTERS[lun.index]}"
        names = {"stable_device": f"/dev/disk/by-id/lab-{lun.name}"}
    return {"name": lun.name, "mib": mib, "device": device, **names}


def sample(world: World) -> str:
    """A desired-state file for this lab: all nodes, the first LUN, ready to be applied."""
    plan, directory = world.plan, world.directory
    members = "".join(
        f"      - {{name: {name}, interconnect: {plan.hosts[name].address('ic')}, "
        f"ssh: {{host: {plan.hosts[name].address('mgmt')}}}}}\n"
        for name in plan.nodes
    )
    lun = describe_lun(plan, plan.luns[0], 0)
    device = f"wwid: {lun['wwid']}" if "wwid" in lun else f"path: {lun['stable_device']}"
    return (
        "version: 1\n"
        f"ssh: {{user: root, identity: {directory}/id, known_hosts: {directory}/known_hosts}}\n"
        f"clusters:\n  - name: lab\n    members:\n{members}"
        f"    volumes:\n      - label: images\n        device: {{{device}}}\n"
        "        size: fill\n        format: if-blank\n"
        "        mount: {path: /srv/images, options: [noatime]}\n"
    )


def write_inventory(world: World) -> None:
    """`inventory.json` and `cluster.yaml` in the lab's directory."""
    text = json.dumps(make_inventory(world), indent=1)
    (world.directory / "inventory.json").write_text(text + "\n")
    (world.directory / "cluster.yaml").write_text(sample(world))
