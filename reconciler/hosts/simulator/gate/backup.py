"""What a host notes of a backup: which file system, and when, since its boot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.reply import Reply, refusal

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call


def note(call: Call) -> Reply:
    """A backup has begun, or the one that had begun on this boot is made."""
    cluster, state, label, uuid, size, host, digest = call.args
    machine = call.machine
    path = f"/var/lib/reconcile/{cluster}/backup-{uuid}.json"
    fields: dict[str, object] = {
        "label": label,
        "uuid": uuid,
        "bytes": int(size),
        "host": host,
        "argv": digest,
        "boot": machine.running.boot_id,
        "began": int(machine.uptime),
        "ended": None,
    }
    if state == "made":
        noted = json.loads(machine.files.text(path) or "{}")
        fields["began"] = noted.get("began")
        if noted != fields:
            raise refusal("changed-since", f"{path} is not what was noted before the backup")
        fields["ended"] = int(machine.uptime)
    text = json.dumps(fields, indent=1) + "\n"
    if not machine.files.fits(path, text):
        raise refusal("no-space", f"{path}: no space left on device")
    machine.files.write(path, File(text, "600"))
    machine.record("backup-noted", f"{label} {state}")
    return Reply(stdout=f"ok noted {path}\n")
