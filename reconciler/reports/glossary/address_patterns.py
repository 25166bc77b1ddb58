"""What there is at an address: its pattern, what it means, which kinds of actions change it."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.frozen import frozen
from reconciler.model.addresses import CLUSTER, MEMBER, VOLUME, split_address
from reconciler.model.plan import ActionKind

SORTS = frozenset({CLUSTER, MEMBER, VOLUME})


@frozen
class Pattern:
    """An address whose words in capitals stand for any name."""

    text: str
    meaning: str
    truth: str
    kinds: tuple[ActionKind, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Its parts."""
        return split_address(self.text)

    @property
    def has_aspect(self) -> bool:
        """Whether it is something of a cluster, member or volume, and not the whole."""
        return len(self.words) > 2


PATTERNS = (
    Pattern("cluster/NAME", "A cluster, with all of its members and volumes.", ""),
    Pattern(
        "cluster/NAME/cluster.conf",
        "That all members have the same list.",
        "file",
        ("same-cluster-conf",),
    ),
    Pattern(
        "cluster/NAME/live-nodes",
        "That all kernels have the same members.",
        "kernel",
        ("same-live-nodes",),
    ),
    Pattern(
        "cluster/NAME/timeouts",
        "That all kernels have the same timeouts.",
        "kernel",
        ("same-timeouts",),
    ),
    Pattern(
        "cluster/NAME/interconnect",
        "That the members reach each other.",
        "kernel",
        ("peers-connect",),
    ),
    Pattern("member/NAME", "A member, with all that is on it.", ""),
    Pattern(
        "member/NAME/cluster.conf",
        "The list of members in /etc/ocfs2/cluster.conf.",
        "file",
        ("write-cluster-conf", "archive-cluster-conf"),
    ),
    Pattern(
        "member/NAME/live-nodes",
        "The members that the running kernel knows.",
        "kernel",
        ("register-nodes", "start-cluster", "stop-cluster"),
    ),
    Pattern(
        "member/NAME/timeouts",
        "The timeouts of the running kernel.",
        "kernel",
        ("stop-cluster", "start-cluster", "set-reconnect-delay"),
    ),
    Pattern(
        "member/NAME/o2cb-settings",
        "o2cb's own settings: /etc/default/o2cb or /etc/sysconfig/o2cb.",
        "file",
        ("write-o2cb-settings",),
    ),
    Pattern(
        "member/NAME/o2cb-at-boot",
        "Whether the cluster starts at boot.",
        "boot",
        ("enable-o2cb", "disable-o2cb"),
    ),
    Pattern(
        "member/NAME/module",
        "Whether the ocfs2 module is loaded.",
        "kernel",
        ("load-module",),
    ),
    Pattern(
        "member/NAME/loaded-module",
        "Whether the loaded module is the installed one.",
        "kernel",
        ("reload-module",),
    ),
    Pattern(
        "member/NAME/packages",
        "The packages that are missing.",
        "package",
        ("install-packages",),
    ),
    Pattern(
        "member/NAME/tools-version",
        "The version of the tools.",
        "package",
        ("fetch-packages", "upgrade-packages"),
    ),
    Pattern(
        "member/NAME/kernel-module",
        "The package of the kernel module.",
        "package",
        ("install-module",),
    ),
    Pattern(
        "member/NAME/kernel-module-version",
        "The version of the module's package.",
        "package",
        ("fetch-module", "upgrade-module"),
    ),
    Pattern(
        "member/NAME/heartbeats",
        "The record of the heartbeats that somebody attested.",
        "file",
        ("attest-heartbeat",),
    ),
    Pattern(
        "member/NAME/quarantine/enter",
        "The record of who left and could return.",
        "file",
        ("write-quarantine",),
    ),
    Pattern(
        "member/NAME/quarantine/leave",
        "The record of who cannot return any more.",
        "file",
        ("lift-quarantine",),
    ),
    Pattern(
        "member/NAME/service/UNIT",
        "Whether a service runs.",
        "service",
        (
            *("note-stopped", "stop-service", "disable-service", "mask-service"),
            *("unmask-service", "enable-service", "start-service", "strike-stopped"),
        ),
    ),
    Pattern(
        "member/NAME/service/UNIT/boot",
        "Whether a service starts at boot.",
        "boot",
        ("disable-service", "mask-service", "unmask-service", "enable-service"),
    ),
    Pattern(
        "member/NAME/service/UNIT/order",
        "The order of a service after its mount, at boot and at shutdown.",
        "file",
        ("write-order", "archive-order", "reload-units"),
    ),
    Pattern(
        "member/NAME/guest/LABEL/GUEST",
        "A guest on a volume.",
        "service",
        ("note-stopped", "migrate-guest", "stop-guest", "start-guest", "strike-stopped"),
    ),
    Pattern(
        "member/NAME/automount/KIND",
        "A unit or generator that would mount the volume besides fstab.",
        "boot",
        ("disarm",),
    ),
    Pattern("volume/LABEL", "A volume: its device, its file system and all of its mounts.", ""),
    Pattern(
        "volume/LABEL/file-system",
        "The file system on the device.",
        "disk",
        ("format", "same-file-system"),
    ),
    Pattern(
        "volume/LABEL/size",
        "The size of the device, of its partition and of the file system.",
        "disk",
        (
            *("begin-backup", "back-up", "note-backup", "grow-backing", "rescan"),
            *("grow-partition", "reread-partition", "same-size", "grow-file-system"),
            *("grow-unmounted", "check-grown"),
        ),
    ),
    Pattern(
        "volume/LABEL/slots", "How many hosts can mount it at once.", "disk", ("add-slots",)
    ),
    Pattern("volume/LABEL/label", "The label on the disk.", "disk", ("set-label",)),
    Pattern(
        "volume/LABEL/check",
        "That the file system is sound before it is changed.",
        "disk",
        ("check-file-system",),
    ),
    Pattern(
        "volume/LABEL/programs",
        "The programs of the file that a look at a host may run.",
        "file",
        ("approve-programs",),
    ),
    Pattern(
        "volume/LABEL/mount/HOST",
        "Whether and where the volume is mounted on a host.",
        "mount",
        ("mount", "unmount", "remount"),
    ),
    Pattern(
        "volume/LABEL/mount/HOST/options",
        "The options of the mount.",
        "mount",
        ("remount", "unmount", "mount"),
    ),
    Pattern(
        "volume/LABEL/boot/HOST",
        "The line of the volume in /etc/fstab.",
        "boot",
        ("write-fstab", "clear-fstab", "reload-units"),
    ),
    Pattern(
        "volume/LABEL/boot/HOST/order",
        "The order of the mount after the cluster, at boot and at shutdown.",
        "boot",
        ("write-order", "archive-order", "reload-units"),
    ),
    Pattern(
        "volume/LABEL/access/HOST",
        "Whether a host that left still sees the LUN.",
        "disk",
        ("revoke-access",),
    ),
)


def matching(address: str) -> tuple[Pattern, ...]:
    """The patterns of an address; of one without its owner, as ``cluster.conf``, all that end so.

    A host at the end may be left out, as plans do that show one line for all hosts.
    """
    words = split_address(address)
    if words[0] not in SORTS:
        return tuple(p for p in PATTERNS if p.words[2:] and _fits(p.words[2:], words))
    return tuple(
        p for p in PATTERNS if p.words[0] == words[0] and _fits(p.words[1:], words[1:])
    )


def _fits(pattern: Sequence[str], words: Sequence[str]) -> bool:
    short = [word for word in pattern if word != "HOST"]
    return any(
        len(form) == len(words)
        and all(
            want in {word, "*"} or want.isupper()
            for want, word in zip(form, words, strict=True)
        )
        for form in (pattern, short)
    )


def is_placeholder(address: str) -> bool:
    """Whether an address names nothing real: it has a word of a pattern, or a star."""
    stars = {word for pattern in PATTERNS for word in pattern.words if word.isupper()} | {"*"}
    return bool(stars & set(split_address(address)))
