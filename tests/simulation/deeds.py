"""What befalls hosts and what people type, a row each: how it happens, and how it ends.

A deed that has nothing to be done to raises ImpossibleWorld, and did not happen. One without an
end stays as it is, or is the next apply's to mend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.hosts.simulator.mishaps import MISHAPS
from tests.simulation import happenings, typing_by_hand
from tests.simulation.scene import Scene, require


@dataclass(frozen=True, slots=True)
class Deed:
    """``happens`` tells it in words; ``ends`` takes it back when all troubles cease.

    What follows from a ``natural`` one, a boot for example, no operator has done: laws hold.
    """

    happens: Callable[[Scene], str]
    ends: Callable[[Scene], None] = lambda _scene: None
    weight: int = 2
    is_natural: bool = False


def _mishap(name: str) -> Deed:
    mishap = MISHAPS[name]

    def ends(scene: Scene) -> None:
        if mishap.ends is not None:
            mishap.ends(scene.machine)

    return Deed(lambda scene: mishap.happens(scene.machine), ends, is_natural=name == "power")


def _broken(section: str) -> Deed:
    def happens(scene: Scene) -> str:
        scene.machine.broken[section] = "no such luck"
        return f"its section {section} cannot be read"

    return Deed(happens, lambda scene: scene.machine.broken.clear(), 1)


def fill_up(top: str) -> Deed:
    def happens(scene: Scene) -> str:
        room = scene.machine.files.room[top]
        require(room.free > 100, f"{top} is full already")
        room.free = 100
        return f"{top} is full"

    def ends(scene: Scene) -> None:
        scene.machine.files.room[top].free += 1 << 24

    return Deed(happens, ends)


def _packages(what: str, words: str) -> Deed:
    def happens(scene: Scene) -> str:
        setattr(scene.machine.packaging, what, words)
        return f"its package manager: {words}"

    return Deed(happens, lambda scene: setattr(scene.machine.packaging, what, ""), 1)


DEEDS: Mapping[str, Deed] = MappingProxyType(
    {
        **{
            name: _mishap(name)
            for name in ("umount", "fstab", "node", "power", "path", "guest-stuck")
        },
        "reset": Deed(happenings.reset, is_natural=True),
        "reboot": Deed(happenings.reboot, is_natural=True),
        "stunned": Deed(happenings.stun_host, happenings.wake_host),
        "stunned a while": Deed(happenings.stun_a_while, happenings.wake_host),
        "all paths": Deed(happenings.cut_all_paths, happenings.revive_maps),
        "full /etc": fill_up("/etc"),
        "full /var": fill_up("/var/lib"),
        "unread live": _broken("live"),
        "unread wanted": _broken("wanted"),
        "unread mounts": _broken("mounts"),
        "sudo": Deed(happenings.refuse_sudo, happenings.admit_again, 1),
        "clock": Deed(happenings.step_clock),
        "restart o2cb": Deed(typing_by_hand.restart_o2cb),
        "disable o2cb": Deed(typing_by_hand.disable_o2cb),
        "register": Deed(typing_by_hand.register_nodes),
        "mount by hand": Deed(typing_by_hand.mount_by_hand, typing_by_hand.unmount_there),
        "hidden mount": Deed(typing_by_hand.hide_mount, typing_by_hand.end_namespace),
        "edit ports": Deed(typing_by_hand.edit_ports),
        "empty conf": Deed(typing_by_hand.empty_conf),
        "torn conf": Deed(typing_by_hand.garble_conf),
        "edit fstab": Deed(typing_by_hand.edit_fstab),
        "settings gone": Deed(typing_by_hand.strip_settings, weight=1),
        "records gone": Deed(typing_by_hand.forget_state, weight=1),
        "lease garbled": Deed(typing_by_hand.garble_lease, typing_by_hand.mend_lease, 1),
        "paused": Deed(typing_by_hand.pause_host, typing_by_hand.resume_host, 1),
        "open file": Deed(typing_by_hand.hold_files, typing_by_hand.let_go),
        "guest": Deed(typing_by_hand.start_guest),
        "firewall": Deed(happenings.drop_traffic, happenings.open_firewall),
        "swapped": Deed(happenings.swap_luns, happenings.swap_back),
        "slow udev": Deed(happenings.lose_links),
        "clone": Deed(happenings.clone_lun),
        "damage": Deed(happenings.damage_volume, weight=1),
        "LUN grows": Deed(happenings.grow_lun, weight=1),
        "stranger": Deed(typing_by_hand.invade, typing_by_hand.unmount_there, 4),
        "renamed": Deed(happenings.rename_host, happenings.call_it_again, 1),
        "next kernel": Deed(happenings.change_kernel, happenings.change_kernel_back, 1),
        "SAN off": Deed(happenings.switch_off_storage, happenings.switch_on_storage, 1),
        "SAN full": Deed(happenings.fill_storage, happenings.empty_storage, 1),
        "read-only": Deed(happenings.turn_read_only, happenings.reboot_read_only, 1),
        "foreign block": Deed(happenings.leave_block, happenings.clear_block, 1),
        "global heartbeat": Deed(happenings.make_global, happenings.make_local, 1),
        "package lock": _packages("holder", "apt has the lock"),
        "repository": _packages("down", "no repository answers"),
    }
)
