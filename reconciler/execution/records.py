"""What an apply leaves on the members: the desired state that was last applied."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping

from reconciler.gate import gate_command
from reconciler.hosts import Host
from reconciler.model.desired import Desired
from reconciler.model.observed import Observed, TextFile, known

DIRECTORY = "/var/lib/reconcile"


async def record_applied(
    applied: Desired, hosts: Mapping[str, Host], observed: Observed
) -> None:
    """Leave ``applied.json``, of one cluster, on every member where it differs.

    Raises HostUnreachable; the caller's run has converged by then.
    """
    path = f"{DIRECTORY}/{applied.clusters[0].name}/applied.json"
    text = json.dumps(applied.model_dump(mode="json", exclude_defaults=True), indent=1) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    facts = observed.reached()
    before = {name: _hash(known(facts[name].records), path) for name in hosts if name in facts}
    await asyncio.gather(
        *(
            hosts[name].run(gate_command("write-file", path, "600", old, digest, stdin=text))
            for name, old in before.items()
            if old != digest
        )
    )


def _hash(records: tuple[TextFile, ...], path: str) -> str:
    return next((file.sha256 for file in records if file.path == path), "absent")
