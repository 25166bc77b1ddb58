"""Histories that once broke a law, cut down to what it took; each stays mended."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.hosts.simulator.state.devices import Wiring
from tests.simulation.changes import Change
from tests.simulation.history import Chapter, History, Trouble
from tests.simulation.site import Site
from tests.simulation.wish import MemberWish, VolumeWish, Wish

QUIET = Chapter((), (), mended=True)


def place(hosts: int, storage: Wiring = "plain", scheme: str = "") -> Site:
    """Hosts called node01 and so on, with their packages."""
    return Site(hosts, "node", storage, scheme, (), 0)


def start(members: int, **more: object) -> Wish:
    """The first hosts with a volume on the first LUN."""
    one = VolumeWish("lun1", "images", "/srv/images", **more)  # type: ignore[arg-type]
    return Wish(tuple(map(MemberWish, range(members))), (one,))


STORIES: Mapping[str, History] = MappingProxyType(
    {
        "the disk beneath a mount is another one, and the volume leaves the file": History(
            place(2, "nvme"),
            start(2),
            (
                QUIET,
                Chapter(
                    (Change("drop-volume", "lun1"),),
                    (Trouble("deed", "swapped", 0),),
                    mended=True,
                ),
            ),
            lasting=True,
        ),
        "a volume that its file mounts read-only is to grow while it is mounted": History(
            place(2, "san"),
            start(2, gib=1, options=("ro",)),
            (QUIET, Chapter((Change("size", "lun1", 1),), (), mended=True)),
        ),
        "the file makes a volume read-only on which a guest runs": History(
            place(2, "san"),
            start(2, gib=1),
            (
                Chapter((Change("guests", "lun1", True),), (), mended=False),
                Chapter((), (Trouble("deed", "guest", 3),), mended=True),
                Chapter((Change("options", "lun1", ("ro",)),), (), mended=True),
            ),
        ),
        "a host is given another name, boots, and is given its own again": History(
            place(2, "san"),
            start(2),
            (
                QUIET,
                Chapter(
                    (),
                    (Trouble("deed", "renamed", 0), Trouble("fault", "reboot before", 0, 1)),
                    mended=True,
                ),
            ),
        ),
        "a member and the volume leave while udev has no links for the disks of a host": History(
            place(2),
            start(2, gib=1),
            (
                QUIET,
                Chapter(
                    (Change("drop", 0), Change("drop-volume", "lun1")),
                    (Trouble("deed", "slow udev", 3),),
                    mended=True,
                ),
            ),
        ),
        "the volume leaves while udev has no links for the disks of its only member": History(
            place(1, "drbd"),
            start(1),
            (
                QUIET,
                Chapter(
                    (Change("drop-volume", "lun1"),),
                    (Trouble("deed", "slow udev"),),
                    mended=True,
                ),
            ),
        ),
        "two volumes leave while udev has no links for the disks of their only member": History(
            place(1, "drbd"),
            start(1),
            (
                QUIET,
                Chapter(
                    (Change("add-volume", "lun2", ("mail", "/srv/mail", None)),),
                    (),
                    mended=True,
                ),
                Chapter(
                    (Change("drop-volume", "lun1"), Change("drop-volume", "lun2")),
                    (Trouble("deed", "slow udev"),),
                    mended=True,
                ),
            ),
        ),
        "another file's host comes while a tool works on the volume that nobody has mounted": History(
            place(4, "san"),
            start(1),
            (
                Chapter((), (), mended=False),
                Chapter(
                    (Change("label", "lun1", "vm_2"),),
                    (Trouble("rival", "other hosts", 2, 5),),
                    mended=True,
                ),
            ),
        ),
        "files make two clusters of a name, and another one makes one of both": History(
            place(3, "drbd"),
            start(2),
            (
                Chapter(
                    (),
                    (
                        Trouble("rival", "other hosts", 1),
                        Trouble("rival", "other hosts", 3),
                    ),
                    mended=False,
                ),
            ),
        ),
        "a service was stopped for a volume, and not yet kept from starting": History(
            place(3),
            start(3, gib=1),
            (
                QUIET,
                Chapter(
                    (
                        Change("services", "lun1", True),
                        Change("label", "lun1", "pictures"),
                    ),
                    (Trouble("trick", "lost", 3, 10),),
                    mended=True,
                ),
            ),
        ),
        "services were stopped and not yet kept from starting, and timeouts change": History(
            place(4, "drbd"),
            start(2),
            (
                Chapter((Change("services", "lun1", True),), (), mended=False),
                Chapter(
                    (Change("threshold", None, 61), Change("label", "lun1", "pictures")),
                    (Trouble("kill", "before", 0, 11),),
                    mended=False,
                ),
            ),
        ),
        "a stranger takes the number of a member that has the volume mounted": History(
            place(3, "san"),
            start(2, gib=1),
            (
                Chapter((), (Trouble("deed", "stranger", 3),), mended=True),
                Chapter(
                    (Change("port", 1, 7778),), (Trouble("deed", "stranger", 2),), mended=False
                ),
            ),
            lasting=True,
        ),
        "a dead host's last list went with the other members of another file": History(
            place(4, "san"),
            start(4, gib=1),
            (
                Chapter((), (Trouble("rival", "other hosts", 0, 120),), mended=False),
                Chapter((Change("state", 0, "dead"),), (), mended=False),
            ),
        ),
        "a volume is to grow while udev has no links for the disks of a host": History(
            place(3, "scsi"),
            start(2, gib=1),
            (
                QUIET,
                Chapter(
                    (Change("size", "lun1", 1),),
                    (Trouble("deed", "slow udev", 0),),
                    mended=True,
                ),
            ),
        ),
        "a host's clock steps while its heart beats": History(
            place(2),
            start(2),
            (
                QUIET,
                Chapter(
                    (Change("path", "lun1", "/srv/new"),),
                    (Trouble("deed", "clock"),),
                    mended=True,
                ),
            ),
        ),
        "a blank disk is behind the path of a volume that is mounted": History(
            place(1, "drbd"),
            start(1),
            (QUIET, Chapter((), (Trouble("deed", "swapped"),), mended=True)),
            lasting=True,
        ),
        "a host gets another number after a crash that left its heartbeat": History(
            place(2),
            start(1),
            (
                QUIET,
                Chapter(
                    (Change("number", 0, 254),),
                    (
                        Trouble("fault", "crash before", 0, 1, "gate unmount"),
                        Trouble("deed", "settings gone", 0, 1, "gate unmount"),
                    ),
                    mended=True,
                ),
                Chapter((Change("number", 0, 0),), (), mended=True),
            ),
        ),
        "a host gets another number after it crashed before its number was on record": History(
            place(2),
            start(2),
            (
                Chapter((), (Trouble("fault", "crash after", 1, 1, "gate mount"),), False),
                Chapter((Change("number", 1, 9), Change("slots", "lun1", 10)), (), mended=True),
            ),
        ),
        "a host gets another number after a crash, and another one joins": History(
            place(3),
            start(2),
            (
                QUIET,
                Chapter((), (Trouble("deed", "power", 1),), mended=False),
                Chapter((Change("number", 1, 9), Change("join", 2)), (), mended=True),
            ),
        ),
        "a host is dropped after a crash that left its heartbeat, and others come": History(
            place(4),
            start(3),
            (
                QUIET,
                Chapter(
                    (Change("drop", 2),),
                    (Trouble("fault", "crash before", 2, 1, "gate unmount"),),
                    mended=True,
                ),
                Chapter((Change("join", 3), Change("slots", "lun1", 12)), (), mended=True),
                Chapter((Change("join", 2),), (), mended=True),
            ),
        ),
        **{
            f"a host leaves, and crashes at it, and meanwhile {what}": History(
                place(2, wiring),
                start(2, gib=1, growth="offline" if change.kind == "size" else "online"),
                (
                    QUIET,
                    Chapter(
                        (Change("state", 1, "absent"),),
                        (Trouble("fault", "crash before", 1, 1, "gate unmount"),),
                        mended=False,
                    ),
                    Chapter((change,), (), mended=True),
                    Chapter((Change("slots", "lun1", 12),), (), mended=True),
                ),
            )
            for what, wiring, change in (
                ("a label changes", "plain", Change("label", "lun1", "mail")),
                ("slots are wanted", "plain", Change("slots", "lun1", 10)),
                ("a volume is to grow unmounted", "san", Change("size", "lun1", 1)),
                ("nothing else is wanted", "plain", Change("idle", 0, 25000)),
            )
        },
        "a volume gets the path of another one that leaves the file": History(
            place(1),
            start(1),
            (
                QUIET,
                Chapter(
                    (
                        Change("drop-volume", "lun1"),
                        Change("add-volume", "lun2", ("mail", "/srv/images", None)),
                    ),
                    (),
                    mended=True,
                ),
            ),
        ),
        "a volume is mounted by hand at a second place, and stays there": History(
            place(1),
            start(1),
            (QUIET, Chapter((), (Trouble("deed", "mount by hand"),), mended=True)),
            lasting=True,
        ),
        "a volume that nobody has mounted gets another label": History(
            place(1),
            start(1),
            (
                QUIET,
                Chapter(
                    (Change("label", "lun1", "mail"),),
                    (Trouble("deed", "hidden mount"),),
                    mended=True,
                ),
            ),
        ),
        "the last who kept out a host in quarantine crashes while that one boots": History(
            place(2),
            start(2),
            (
                QUIET,
                Chapter((Change("state", 0, "dead"),), (Trouble("pause", at=1000),), False),
                Chapter(
                    (Change("state", 0, "absent"),),
                    (Trouble("fault", "crash after", 1, 3, "gate lease"),),
                    mended=True,
                ),
            ),
        ),
        "somebody edits ports, and that host boots with them": History(
            place(2),
            start(2),
            (
                QUIET,
                Chapter(
                    (),
                    (Trouble("deed", "edit ports"), Trouble("deed", "power")),
                    mended=True,
                ),
            ),
        ),
        "members are renumbered while one listens on a port that somebody gave it": History(
            place(4, "nvme"),
            start(4, gib=1),
            (
                QUIET,
                Chapter(
                    (),
                    (
                        Trouble("deed", "stunned a while", 1),
                        Trouble("deed", "edit ports", 2),
                    ),
                    mended=False,
                ),
                Chapter((Change("number", 1, 2),), (Trouble("deed", "power", 2),), mended=True),
            ),
        ),
        "a volume comes back under another label than it had when it left the file": History(
            place(1),
            start(1),
            (
                QUIET,
                Chapter((Change("drop-volume", "lun1"),), (), mended=True),
                Chapter(
                    (Change("add-volume", "lun1", ("mail", "/srv/mail", None)),),
                    (),
                    mended=True,
                ),
            ),
        ),
        "a volume that its file mounts read-only moves to another path": History(
            place(2),
            start(2, options=("ro",)),
            (QUIET, Chapter((Change("path", "lun1", "/srv/mail"),), (), mended=True)),
        ),
        "a volume that its file mounted read-only moves, and may be written from then on": History(
            place(2),
            start(2, options=("ro",)),
            (
                QUIET,
                Chapter(
                    (
                        Change("path", "lun1", "/srv/mail"),
                        Change("options", "lun1", ("noatime",)),
                    ),
                    (),
                    mended=True,
                ),
            ),
        ),
        "a host that has left cannot be read whole, and another one is to be renumbered": History(
            place(2, "drbd"),
            start(2),
            (
                Chapter((Change("state", 0, "absent"),), (), mended=False),
                Chapter((), (Trouble("deed", "unread live", 2),), mended=False),
                Chapter((Change("number", 1, 254),), (), mended=True),
            ),
            lasting=True,
        ),
        "a host joins the only member, of which the kernel's list cannot be read": History(
            place(4),
            start(1),
            (
                QUIET,
                Chapter((), (Trouble("deed", "unread live", 0),), mended=False),
                Chapter((Change("join", 3),), (), mended=False),
            ),
            lasting=True,
        ),
        "slots are added while a drained host has no lasting name of the disk yet": History(
            place(3, "san"),
            start(3, gib=None),
            (
                Chapter((Change("state", 0, "drained"),), (), mended=False),
                Chapter(
                    (Change("slots", "lun1", 12),),
                    (Trouble("deed", "slow udev", 3),),
                    mended=False,
                ),
            ),
        ),
        "another file has made the volume meanwhile, and its host of the same number is paused": History(
            place(3),
            start(2, gib=1),
            (
                Chapter(
                    (),
                    (
                        Trouble("stop", "", 0, 5),
                        Trouble("rival", "other hosts", 2, 30),
                    ),
                    mended=False,
                ),
                Chapter((), (Trouble("deed", "stunned a while", 2),), mended=False),
            ),
        ),
        "a volume moves while a member is away, which comes back to be dropped": History(
            place(3, "san"),
            start(2, gib=1),
            (
                QUIET,
                Chapter(
                    (Change("state", 1, "offline"), Change("path", "lun1", "/srv/new")),
                    (),
                    mended=False,
                ),
                Chapter((Change("drop", 1),), (), mended=True),
            ),
        ),
        "another file's hosts let a volume grow, which one of them mounts for the first": History(
            place(3, "san"),
            start(2, gib=None),
            (
                QUIET,
                Chapter(
                    (Change("size", "lun1", 1), Change("drop", 0)),
                    (Trouble("rival", "other hosts", 0),),
                    mended=False,
                ),
            ),
        ),
        "a disk has grown before, and its volume grows offline while timeouts change": History(
            place(3, "san"),
            start(1, gib=1),
            (
                QUIET,
                Chapter(
                    (Change("keepalive", None, 3000),),
                    (Trouble("deed", "sudo", 3),),
                    mended=False,
                ),
                Chapter((Change("size", "lun1", 1),), (), mended=False),
                Chapter(
                    (Change("address", 0, 0), Change("growth", "lun1", "offline")),
                    (),
                    mended=False,
                ),
            ),
        ),
        "a volume takes the path where a host that was away has another, while numbers move": History(
            place(3, "san"),
            start(3),
            (
                QUIET,
                Chapter(
                    (Change("path", "lun1", "/mnt/data"), Change("state", 1, "offline")),
                    (),
                    mended=False,
                ),
                Chapter(
                    (
                        Change("join", 1),
                        Change("add-volume", "lun2", ("vm_2", "/srv/images", 1)),
                        Change("number", 2, 1),
                    ),
                    (),
                    mended=True,
                ),
            ),
        ),
    }
)
