"""What an apply leaves on the members: the desired state that was last applied."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping

from reconciler.errors import ActionFailed
from reconciler.gate import gate_command
from reconciler.hosts import Host
from reconciler.model.desired import Desired
from reconciler.model.observed import Observed, TextFile, Unknown

DIRECTORY = "/var/lib/reconcile"


def stale_records(applied: Desired, observed: Observed) -> Mapping[str, str]:
    """Members whose ``applied.json`` is not ``applied``, with the hash of what they have."""
    digest = _digest(_text(applied))
    found = {}
    for name, facts in observed.reached().items():
        if not isinstance(facts.records, Unknown):
            have = _have(facts.records, _path(applied))
            if have != digest:
                found[name] = have
    return found


async def record_applied(
    applied: Desired, hosts: Mapping[str, Host], stale: Mapping[str, str]
) -> None:
    """Leave ``applied.json``, of one cluster, on the members where it is ``stale``.

    Raises HostUnreachable or ActionFailed; the hosts are as the file says by then.
    """
    text = _text(applied)
    path, digest = _path(applied), _digest(text)
    done = await asyncio.gather(
        *(
            hosts[name].run(gate_command("write-file", path, "600", old, digest, stdin=text))
            for name, old in stale.items()
        )
    )
    for name, ended in zip(stale, done, strict=True):
        if ended.status != 0:
            raise ActionFailed(f"{name}: {path}", ended.stderr.strip())


def _path(applied: Desired) -> str:
    return f"{DIRECTORY}/{applied.clusters[0].name}/applied.json"


def _text(applied: Desired) -> str:
    return json.dumps(applied.model_dump(mode="json", exclude_defaults=True), indent=1) + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _have(records: tuple[TextFile, ...], path: str) -> str:
    return next((file.sha256 for file in records if file.path == path), "absent")
