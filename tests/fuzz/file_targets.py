"""Files of a host that reconcile reads and writes: cluster.conf, fstab, the settings of o2cb."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.resources.cluster_conf.grammar import ConfInvalid, Node, parse_conf, render_conf
from reconciler.resources.mounts.fstab import entries, with_entry, without_entry
from reconciler.resources.o2cb.parsing import PLAIN, parse_settings, render_settings
from tests.fuzz.changes import change_text
from tests.fuzz.probe_targets import section_seeds
from tests.fuzz.target import Finding, Target, check_same

NODE = "node:\n\tip_port = 7777\n\tip_address = 10.0.0.{0}\n\tnumber = {0}\n\tname = node{0}\n\tcluster = ocfs2\n\n"
CLUSTER = "cluster:\n\tnode_count = 2\n\tname = ocfs2\n\theartbeat_mode = local\n"
REGION = "\nheartbeat:\n\tregion = 77D95EF51C0149D2823674FCC162CF8B\n\tcluster = ocfs2\n"
LINE = "/dev/disk/by-id/x /srv/images ocfs2 _netdev,x-systemd.after=o2cb.service 0 0"
WANTED = {"O2CB_ENABLED": "true", "O2CB_BOOTCLUSTER": "ocfs2", "O2CB_HEARTBEAT_THRESHOLD": 31}


def parse_cluster_conf(data: bytes) -> None:
    """What the tools make of the file; each cluster's nodes are written and read again."""
    found = parse_conf(data.decode("utf-8", "replace"))
    for cluster in found.clusters:
        nodes = [node for node in found.nodes if node.cluster == cluster.name]
        if len({node.name for node in nodes}) == len(nodes) < 256:
            again = parse_conf(render_conf(cluster.name, nodes))
            check_same("nodes", sorted(nodes, key=_number), list(again.nodes))


def _number(node: Node) -> int:
    return node.number


def parse_fstab(data: bytes) -> None:
    """Its entries; our line is put in and taken away, and the other lines stay."""
    text = data.decode("utf-8", "replace")
    others = [entry for entry in entries(text) if entry.path != "/srv/images"]
    for entry in others:
        _ = entry.options, entry.is_idle, entry.is_checked
    put = with_entry(text, LINE)
    ours = [entry for entry in entries(put) if entry.path == "/srv/images"]
    check_same("our line", [LINE], [entry.line for entry in ours])
    check_same("other lines", others, [e for e in entries(put) if e.path != "/srv/images"])
    check_same("lines without ours", others, list(entries(without_entry(put, "/srv/images"))))
    check_same("twice", put, with_entry(put, LINE))


def parse_o2cb(data: bytes) -> None:
    """Its settings; ours are written, and the others stay."""
    text = data.decode("utf-8", "replace")
    found = parse_settings(text)
    put = render_settings(text, WANTED)
    again = parse_settings(put)
    check_same("ours", {key: str(value) for key, value in WANTED.items()}, _ours(again))
    others = {key: value for key, value in found.items() if key not in WANTED}
    check_same("others", others, {k: v for k, v in again.items() if k not in WANTED})
    check_same("twice", put, render_settings(put, WANTED))
    if any("\n" in value for value in found.values()):
        raise Finding("a value of several lines")
    assert PLAIN


def _ours(found: dict[str, str]) -> dict[str, str]:
    return {key: found.get(key, "") for key in WANTED}


def bodies(section: str) -> Sequence[bytes]:
    """The files of real hosts as they were."""
    texts = (seed.decode().splitlines() for seed in section_seeds(section))
    files = ("".join(f"{line[1:]}\n" for line in t if line.startswith("|")) for t in texts)
    return [text.encode() for text in files]


def conf_seeds() -> Sequence[bytes]:
    """Local and global heartbeat, two clusters, comments."""
    two = NODE.format(1) + NODE.format(2)
    more = (
        two + CLUSTER,
        CLUSTER + "\n" + two + REGION,
        "# mine\n" + two.replace("\t", "  ") + CLUSTER,
    )
    return (*bodies("cluster_conf"), *(text.encode() for text in more))


def fstab_seeds() -> Sequence[bytes]:
    """Ours among others, with escapes, options and comments."""
    text = f"# mine\nUUID=1 / ext4 defaults 0 1\n{LINE}\nLABEL=a\\040b /srv/a\\040b ocfs2 noauto,x-systemd.automount 0 2"
    return (
        *bodies("fstab"),
        text.encode(),
        b"tmpfs\t/tmp\ttmpfs\r\n\n/dev/x /srv/images/ ocfs2\n",
    )


def o2cb_seeds() -> Sequence[bytes]:
    """Plain, quoted, exported, several times."""
    text = "O2CB_ENABLED=true\n export O2CB_BOOTCLUSTER=\"a b\"'c'\\d # x\nO2CB_ENABLED=no; x\nX=$(y)"
    return (*bodies("o2cb_config"), text.encode())


TARGETS = (
    Target(
        "cluster-conf",
        parse_cluster_conf,
        conf_seeds,
        change_text,
        "reconciler.resources.cluster_conf.grammar:_node",
        answers=(ConfInvalid,),
        words=("node:", "cluster:", "heartbeat:", "\t", " = ", "node_count", "name", "ip_port",
               "ip_address", "number", "heartbeat_mode", "region", "global", "\r\n"),
    ),
    Target(
        "fstab",
        parse_fstab,
        fstab_seeds,
        change_text,
        "reconciler.resources.mounts.fstab:_decoded",
        words=("ocfs2", "\\040", "\\011", "\\012", "\\134", "/srv/images", "/srv/images/", "#",
               "noauto", "_netdev", "x-systemd.automount", LINE),
    ),
    Target(
        "o2cb-settings",
        parse_o2cb,
        o2cb_seeds,
        change_text,
        "reconciler.resources.o2cb.parsing:_unquoted",
        words=("O2CB_ENABLED", "export ", "=", "'", '"', "\\", "\\\"", "$(", "`", "#", ";", "&"),
    ),
)  # fmt: skip
