"""What else mounts volumes, taken out of its place: units of systemd, lines of autofs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.errors import UnknownCommand
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.reply import Reply, refusal

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.machine import Machine

UNIT = r"[A-Za-z0-9][A-Za-z0-9:_.\\@-]*\.(mount|automount)"
MAP = r"/etc/auto\.[^/\x00-\x1f]+|/etc/auto\.master\.d/[^/\x00-\x1f]+"
OWN, GENERATED = "/etc/systemd/system/", "/run/"
MARK = "#reconcile: "


def disarm(call: Call) -> Reply:
    """Never unmounts anything; what is gone already is right."""
    kind, name, line = call.args
    if name.startswith("/") != (kind == "autofs") or (kind == "unit" and line != "-"):
        raise UnknownCommand(f"gate disarm {call.args}")
    found = [row for row in call.machine.automounts if row[:2] == (kind, name)]
    if kind == "autofs":
        found = [row for row in found if row[2] == line]
        _comment_out(call.machine, name, line)
    for row in found:
        if kind == "unit":
            _take_away(call.machine, name, row[2])
        call.machine.automounts.remove(row)
        call.machine.record("disarmed", f"{kind} {name}")
    return Reply(0, f"ok disarmed {name}\n", "", 1.0)


def _take_away(machine: Machine, name: str, path: str) -> None:
    """An own file goes aside, a package's is masked."""
    unit = machine.units.get(name)
    if unit and name.endswith(".automount") and unit.active == "active":
        raise refusal("automount-active", f"{name} is active")
    if path.startswith(GENERATED):
        raise refusal("automount-generated", f"{name} comes from {path}")
    if unit:
        machine.start_at_boot(name, wanted=False)
    if not path.startswith(OWN):
        machine.masked.add(name)
    elif path in machine.files.by_path:
        machine.files.archive(path)


def _comment_out(machine: Machine, path: str, line: str) -> None:
    if path not in machine.files.by_path:
        return
    file = machine.files.by_path[path]
    if int(file.mode, 8) & 0o111:
        raise refusal("automount-generated", f"{path} is a program")
    lines = file.text.splitlines(keepends=True)
    text = "".join(f"{MARK}{one}" if _as_probed(one) == line else one for one in lines)
    if text != file.text:
        machine.files.replace(path, File(text, file.mode))


def _as_probed(line: str) -> str:
    """As the probe tells it."""
    plain = line.rstrip("\n").replace("\t", " ")
    return "".join(c if c.isprintable() else "?" for c in plain)[:1000]
