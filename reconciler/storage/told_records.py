"""What receivers were told of a cluster: it outlives the daemon, so that nobody is told it twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from reconciler.model.watched import Told, TroubleKey
from reconciler.storage.cluster_documents import keep_document, load_document


def load_told(connection: Connection, cluster: int, receiver: str) -> Mapping[TroubleKey, Told]:
    """What a receiver was told last of each trouble of a cluster."""
    found = load_document(connection, cluster, _kind(receiver))
    rows = json.loads(found[0]) if found else ()
    return {
        (subject, kind): Told(reason, severity, datetime.fromisoformat(at))
        for subject, kind, reason, severity, at in rows
    }


def keep_told(
    connection: Connection,
    cluster: int,
    receiver: str,
    told: Mapping[TroubleKey, Told],
    now: datetime,
) -> None:
    """``told`` is what it was told, in place of what was stored."""
    rows = [[*key, one.reason, one.severity, one.at.isoformat()] for key, one in told.items()]
    keep_document(connection, cluster, _kind(receiver), json.dumps(rows), now)


def _kind(receiver: str) -> str:
    """The kind of its document: receivers have names of any length."""
    return "told-" + hashlib.sha256(receiver.encode()).hexdigest()[:16]
