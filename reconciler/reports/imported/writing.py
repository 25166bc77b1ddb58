"""The text of a desired-state file, by hand, so that comments stand where they belong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.cluster_settings import Heartbeat, Network
from reconciler.model.desired import Device
from reconciler.model.ssh_access import Ssh
from reconciler.reports.imported import draft as notes
from reconciler.reports.imported.draft import Draft, Style
from reconciler.reports.imported.roster import heartbeat_mode, timeouts
from reconciler.reports.imported.volumes import Seen, at_boot, labels, options

# What no reader of YAML takes for anything but text.
PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9/._@+=-]|:(?=\S))*|(?:[0-9]+\.){3}[0-9]+")
WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "fill", "nan"})
WIDTH = 96

HEAD = """\
# yaml-language-server: $schema=cluster.schema.json
# (reconcile schema > cluster.schema.json; editors then complete, explain and check.)
#
"""
UNTOLD = """\
# What no host tells, and what you may want to add:
#   workloads   services and guests that must not run while a volume is unmounted
#   backing     how the device itself grows
#   backup      what proves a fresh backup before an offline growth
#   access      how the storage takes a LUN from a host that leaves
#   attested    that a host is down, offline or dead
"""


def scalar(text: str) -> str:
    """A text as a YAML scalar that is read back as exactly that."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    return quote_yaml(text)


def quote_yaml(text: str) -> str:
    """In double quotes; what JSON escapes as two halves, YAML escapes whole."""
    words = (json.dumps(c)[1:-1] if c <= "\uffff" else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(words)}"'


def comment(text: str, indent: int) -> Iterator[str]:
    """Lines of a comment, of what hosts may have chosen the words."""
    words = "".join(c if c.isprintable() and c.isascii() else "?" for c in text).split()
    start = f"{' ' * indent}# {' ' * (len(text) - len(text.lstrip()))}"
    line = ""
    for word in words:
        if line and len(start) + len(line) + len(word) >= WIDTH:
            yield f"{start}{line}"
            line = ""
        line = f"{line} {word}".strip()
    yield f"{start}{line}"


def render(
    drafts: Sequence[Draft], ssh: Ssh, styles: Mapping[str, Style], said: Sequence[str]
) -> str:
    """The file of all clusters; ``said`` stands at its top."""
    lines = [line for text in said for line in comment(text, 0)]
    body = [line for draft in drafts for line in _cluster(draft, styles[draft.name])]
    top = "\n".join([*lines, "#"]) + "\n" if lines else ""
    parts = [HEAD, top, UNTOLD, "version: 1\n", ssh_block(ssh), "\nclusters:\n"]
    return "".join(parts) + "".join(f"{line}\n" for line in body)


def ssh_block(ssh: Ssh) -> str:
    """The file's own ssh settings; empty without any."""
    values = ssh.model_dump(exclude_none=True)
    lines = [f"  {key}: {_value(value)}\n" for key, value in values.items()]
    return "".join(["\nssh:\n", *lines]) if lines else ""


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else scalar(str(value))


def _flow(values: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{key}: {_value(value)}" for key, value in values.items()) + "}"


def _cluster(draft: Draft, style: Style) -> Iterator[str]:
    yield f"  - name: {scalar(draft.name)}"
    for text in notes.of_cluster(draft):
        yield from comment(text, 4)
    if style.files != "own":
        yield from comment(
            "cluster.conf, fstab, o2cb's settings and the order of units are not as reconcile "
            "writes them, and say the same. Without this line the plan shows what it would "
            "write: among it that units start and stop in order.",
            4,
        )
        yield f"    files: {style.files}"
    yield "    members:"
    for node in draft.nodes:
        for text in notes.of_member(draft, node):
            yield from comment(text, 6)
        yield from _member(draft, node.name)
    yield from _timing(draft)
    if not style.manage:
        yield from comment("Something that reconcile would install is missing on a host.", 4)
        yield "    packages: {manage: false}"
    yield from _volumes(draft)


def _member(draft: Draft, name: str) -> Iterator[str]:
    node = next(node for node in draft.nodes if node.name == name)
    values: dict[str, object] = {"interconnect": node.ip}
    if node.port != 7777:
        values["port"] = node.port
    if draft.pinned:
        values["number"] = node.number
    if notes.is_drained(draft, name):
        values["state"] = "drained"
    yield f"      - name: {scalar(name)}"
    yield from (f"        {key}: {_value(value)}" for key, value in values.items())
    if (door := draft.doors.get(name, name)) != name:
        yield f"        ssh: {_flow({'host': door})}"


def _timing(draft: Draft) -> Iterator[str]:
    """Heartbeat and timeouts, as far as they are not the defaults."""
    told = {**timeouts(draft.name, draft.hosts)}
    mode = heartbeat_mode(draft.name, draft.hosts)
    beat: dict[str, object] = {"mode": mode} if mode != Heartbeat().mode else {}
    if (threshold := told.pop("dead_threshold")) != Heartbeat().dead_threshold:
        beat["dead_threshold"] = threshold
    usual = Network().model_dump()
    network = {key: value for key, value in told.items() if value != usual[key]}
    if beat:
        yield f"    heartbeat: {_flow(beat)}"
    yield from _left(draft)
    if network:
        yield f"    network: {_flow(network)}"


def _left(draft: Draft) -> Iterator[str]:
    """What somebody has to attest, or to find."""
    numbers = notes.left_heartbeats(draft)
    if not numbers:
        return
    words = ", ".join(f"{number} on {label}" for number, label in numbers.items())
    yield from comment(
        f"Heartbeats that no listed host explains: of number {words}. A plan is refused until "
        "they are. Only if their hosts are known to be gone for good, under heartbeat:",
        4,
    )
    yield "    #   attested:"
    for number in numbers:
        yield f"    #     - {{number: {number}, by: YOUR-NAME, at: DATE}}"


def _volumes(draft: Draft) -> Iterator[str]:
    names = labels(draft.volumes, draft.unused)
    if not draft.volumes:
        yield from comment("No volume of it is mounted anywhere, or stands in an fstab.", 4)
        yield "    volumes: []"
    else:
        yield "    volumes:"
    for seen in draft.volumes:
        for text in notes.of_volume(draft, seen):
            yield from comment(text, 6)
        yield from (f"      {line}" for line in volume_lines(seen, names[seen.block.uuid]))
    for seen in draft.unused:
        yield from comment(f"Not taken in: a volume {notes.of_unused(seen)}. To have it:", 6)
        listed = [line.path for line in seen.lines]
        place = listed[0] if listed else f"/srv/{names[seen.block.uuid]}"
        lines = volume_lines(seen, names[seen.block.uuid], place)
        yield from (f"      # {line}" for line in lines)


def volume_lines(seen: Seen, label: str, path: str = "") -> Iterator[str]:
    """A volume as the file has it; ``path`` is where one that nothing mounts is to be."""
    yield f"- label: {scalar(label)}"
    if seen.block.label != label:
        yield f"  labelled: {quote_yaml(seen.block.label)}"
    yield f"  device: {_flow(_device(seen.device))}"
    yield f"  size: {seen.size}"
    yield "  mount:"
    yield f"    path: {scalar(seen.path or path)}"
    if words := options(seen):
        yield f"    options: [{', '.join(scalar(word) for word in words)}]"
    if seen.path and not at_boot(seen):
        yield "    at_boot: false"


def _device(device: Device) -> Mapping[str, object]:
    return {
        key: value if isinstance(value, int) else str(value)
        for key, value in device.model_dump(exclude_none=True).items()
    }
