"""What to know at a step by hand, and where the classic guide's way of it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.plan import Action
from reconciler.planning.review.outages import is_outage

# By kind: what makes it go wrong by hand.
CARE: Mapping[str, str] = {
    "write-cluster-conf": "Each indented line begins with a tab; pasting may turn it into blanks, "
    "which gives another hash.",
    "mount": "A mount that is refused takes about 70 s: wait for it. An ssh session that is "
    "closed meanwhile does not stop it. Then `dmesg | tail` says why.",
    "unmount": "Never umount -l or -f: the mount is out of sight then, and its heartbeat goes on.",
    "start-cluster": "Never where an OCFS2 volume is mounted.",
    "stop-cluster": "Never where an OCFS2 volume is mounted: it stays online and says nothing.",
    "format": "It writes over any other file system without a word. Never with -F.",
    "check-file-system": "Not while anybody has it mounted. The exit status is 0 with errors left "
    "as well: what counts is `All passes succeeded` and no line that begins with a [CODE] "
    "([DX_TREE_MISSING] alone is harmless).",
    "grow-backing": "A storage volume is never made smaller again.",
    "grow-partition": "Only the end moves: with another start all data is lost. The guide begins "
    "with a backup; have one before this.",
    "grow-file-system": "Never without the number of blocks: then it takes what this host sees.",
    "stop-guest": "Wait for the guest; do not kill it.",
    "install-packages": "Nothing is started by it: the settings come first.",
}
CARE = {
    **CARE,
    "check-grown": CARE["check-file-system"],
    "grow-unmounted": CARE["grow-file-system"],
}
# By kind: what the classic guide does there, and why not.
GUIDE: Mapping[str, str] = {
    "same-cluster-conf": "The guide says to write the same file everywhere and never looks.",
    "same-live-nodes": "The guide looks at files only: it is the kernels' lists that let a host "
    "mount or refuse it.",
    "start-cluster": "The guide creates the cluster on one host and lets the others join from a "
    "menu. Here every member has the same file before any of them starts.",
    "archive-cluster-conf": "The guide leaves the removed host as it was: at its next boot it "
    "would be up with its old list, and mount by itself.",
    "stop-service": "The guide only stops the agent. Whatever starts it again mounts the volume "
    "again: hence it is disabled or masked here until the volume is back.",
    "check-file-system": "The guide runs fsck.ocfs2 -f and goes on: its exit status proves nothing.",
    "rescan": "The guide does not look afterwards: on a dead path the rescan says nothing, and "
    "multipathd says ok, with the old size.",
    "grow-partition": "The guide runs parted on one path with 100%. Below a multipath map that is "
    "the wrong device, and a GPT on a disk that has grown has to be fixed first.",
    "reread-partition": "The guide runs partprobe on all paths: under multipath it tries to make "
    "maps anew that are in use, and it ends with 0 while the old size is still there.",
    "same-size": "The guide has no such step. A host that still sees the smaller device damages "
    "the volume once the file system has grown.",
    "grow-file-system": "The guide stops all guests and unmounts the volume everywhere for this. "
    "It is not needed: mounted, it takes a second, and is seen by all hosts at once.",
    "grow-unmounted": "The guide runs tunefs.ocfs2 -S without a size, which takes what that one "
    "host sees.",
}

# The same, where a member leaves.
REMOVAL: Mapping[tuple[str, str], str] = {
    (
        "write-cluster-conf",
        "stable",
    ): "The guide gives those who stay new numbers. A kernel takes "
    "none while a volume is mounted, and a removed host that comes up has the old ones: two hosts "
    "then write one heartbeat block. Gaps between numbers are allowed, so all keep theirs.",
    (
        "write-cluster-conf",
        "compact",
    ): "The guide gives those who stay new numbers by a restart. "
    "A kernel takes none while a volume is mounted: each of them is unmounted and taken offline "
    "for it, as these steps say, and the removed host is out before.",
    **dict.fromkeys(
        (("register-nodes", "stable"), ("register-nodes", "compact")),
        "The guide restarts o2cb on every host, for which all guests are stopped and all volumes "
        "unmounted. Under a mount a restart reads nothing again and says nothing; this here "
        "changes the running kernel, and the volumes stay mounted.",
    ),
}


def guide(action: Action, numbering: str) -> str:
    """What the classic guide does at a step, and why this does not; empty if it is no matter."""
    if "leaves" in action.because and (action.kind, numbering) in REMOVAL:
        return REMOVAL[action.kind, numbering]
    return GUIDE.get(action.kind, "")


def warnings(group: Sequence[Action]) -> Iterator[str]:
    """What a step takes away on which of its hosts, or cannot give back."""
    lost: dict[str, list[str]] = {}
    for action in filter(is_outage, group):
        lost.setdefault(action.because, []).append(action.host)
    for because, hosts in lost.items():
        yield f"OUTAGE on {', '.join(hosts)}: {because}"
    for device in dict.fromkeys(a.device for a in group if a.risk == "data"):
        yield f"DATA: everything on {device} is gone after this"
    if any(action.irreversible for action in group):
        yield "NO WAY BACK: this cannot be undone"
    commands = [action.command for action in group if action.command]
    for references in dict.fromkeys(c.references for c in commands if c.references):
        yield f"SECRET: type what this stands for in place of {', '.join(references)}"
