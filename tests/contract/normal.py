"""Facts and answers without what is of one machine or one moment only.

What is left must be equal on hosts of every kind. Identifiers become numbers in the order
of their first appearance, so that it still shows which of them are the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.plan import Completed

LUN = "/dev/disk/by-id/lab-lun1"
IDENTIFIER = re.compile(
    r"\b(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b", re.IGNORECASE
)
REFUSAL = re.compile(r"^gate: ([a-z-]+): (.*)", re.MULTILINE)
LATE = re.compile(r"took \d+ s too")
UPTIME = re.compile(r"^(ok renewed \S+ \S+) \d+")
HELD = re.compile(r"^held by \d+ (.*)", re.MULTILINE)
KERNEL_ERROR = re.compile(r"on this error (\d+)")
SLOW = 40.0  # seconds; a mount that waits for its peers in vain takes 70, another refusal 5


def observation(observed: Observed, only: Collection[str] = ()) -> dict[str, Any]:
    """Every host's comparable facts by section: of all of them, or of ``only`` these."""
    names = [name for name in SECTIONS if name in (only or SECTIONS)]
    found = {host: _host(observed.hosts[host], names) for host in sorted(observed.hosts)}
    off = {host for host, facts in observed.hosts.items() if isinstance(facts, Unreachable)}
    for facts in found.values():
        live = facts.get("live", {})
        if links := live.get("links"):  # those to who is off last until their timeout
            live["links"] = [name for name in links if name not in off]
    return found


def answer(completed: Completed) -> dict[str, Any]:
    """How a command ended: status, the gate's words, the kernel's error number."""
    refusal = REFUSAL.search(completed.stderr)
    error = KERNEL_ERROR.search(completed.stderr)
    refused = refusal is not None and completed.status == 75
    return {
        "status": completed.status,
        "code": refusal[1] if refusal else "",
        "message": LATE.sub("took N s too", re.sub(r"\t\d+$", "", refusal[2]))
        if refusal and refused
        else "",
        "error": int(error[1]) if error else 0,
        "held": HELD.findall(completed.stderr),
        "said": UPTIME.sub(r"\1", completed.stdout)
        if completed.stdout.startswith("ok ")
        else "",
        "slow": error is not None and completed.seconds > SLOW,
    }


def numbered(record: list[Any]) -> list[Any]:
    """``record`` with every identifier replaced, as JSON has it; its form is kept."""
    seen: dict[str, int] = {}

    def name(found: re.Match[str]) -> str:
        text = found[0]
        number = seen.setdefault(text.replace("-", "").lower(), len(seen) + 1)
        form = "uuid-" if "-" in text else "uuid"
        return f"{form if text.lower() == text else form.upper()}{number}"

    def walk(value: Any) -> Any:
        match value:
            case str():
                return IDENTIFIER.sub(name, value)
            case dict():
                return {key: walk(item) for key, item in value.items()}
            case list() | tuple():
                return [walk(item) for item in value]
            case _:
                return value

    return [walk(step) for step in record]


def _host(facts: HostFacts | Unreachable, names: Sequence[str]) -> dict[str, Any]:
    if isinstance(facts, Unreachable):
        return {"unreachable": facts.code}
    return {name: _section(getattr(facts, name), SECTIONS[name]) for name in names}


def _section(value: Any, rule: Callable[[Any], Any]) -> Any:
    if isinstance(value, Unknown):
        return {"unknown": value.reason}
    return rule(_plain(value))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _without(*names: str) -> Callable[[Any], Any]:
    def rule(value: Any) -> Any:
        if isinstance(value, list):
            return [rule(item) for item in value]
        return {key: item for key, item in value.items() if key not in names}

    return rule


def _kernel(value: dict[str, Any]) -> dict[str, Any]:
    running = value.pop("running")
    value["version"] = value["version"][:1]  # a build's number, then what its maker likes
    file = value["module_file"]
    builds = [
        {"name": item["name"], "as installed": item["running"] == item["file"] != ""}
        for item in value["builds"]
    ]
    return {**value, "builds": builds, "module_file": file and file.replace(running, "KERNEL")}


def _packages(value: dict[str, Any]) -> dict[str, Any]:
    versions = sorted(value["versions"])
    return _without("installed")({**value, "versions": versions})


def _disks(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [disk for disk in value if LUN in disk["links"]]


def _wanted(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for device in value:
        device.pop("advancing")  # the simulator's clock stands while we wait
        for beat in device["beats"] or ():
            del beat["block"]  # its sequence, generation and checksum are each host's own
            for key in ("sequence", "generation"):
                beat[key] = "0" if int(beat[key], 16) == 0 else "not 0"
    return value


def _space(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"path": item["path"], "inodes": item["inodes"] is not None} for item in value]


def _connections(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whether a dead address is given up before our own patience ends is chance."""
    silent = ("timeout", "unreachable")
    return [
        {**item, "state": "no answer" if item["state"] in silent else item["state"]}
        for item in value
    ]


def _records(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**_file(item), "text": _unconnected(json.loads(item["text"]))} for item in value]


def _unconnected(value: Any) -> Any:
    """Without how hosts are reached: that is what kinds of hosts differ in."""
    if isinstance(value, Mapping):
        return {key: _unconnected(item) for key, item in value.items() if key != "ssh"}
    return [_unconnected(item) for item in value] if isinstance(value, list) else value


def _ordering(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "files": [_file(item) for item in value["files"]]}


# The parser has compared the hash with the text; when it was written is each host's own.
_file = _without("sha256", "written")

SECTIONS: Mapping[str, Callable[[Any], Any]] = {
    "identity": _without("kernel", "uptime", "clock"),
    "kernel": _kernel,
    "packages": _packages,
    "addresses": _without(),
    "cluster_conf": _file,
    "o2cb_config": _file,
    "live": _without(),
    "services": _without("written", "link"),  # of a script it is another place
    "ordering": _ordering,
    "mounts": _without("free"),
    "disks": _disks,
    "wanted": _wanted,
    "fstab": _file,
    "processes": _without("pid"),
    "space": _space,
    "records": _records,
    "leases": _without("age"),
    "automounts": _without(),
    "interconnect": _connections,
}
