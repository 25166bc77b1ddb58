"""The last whole document of a kind of each cluster, as its plan: a daemon goes on from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from reconciler.storage.sql_tables import CLUSTERS, DOCUMENTS


def keep_document(
    connection: Connection, cluster: int, kind: str, text: str, now: datetime
) -> None:
    """``text`` is the document of a kind from now on, in place of an older one.

    One that is the same but for its moment is not written again.
    """
    if (known := load_document(connection, cluster, kind)) and known[0] == text:
        return
    one = (DOCUMENTS.c.cluster_id == cluster, DOCUMENTS.c.kind == kind)
    connection.execute(delete(DOCUMENTS).where(*one))
    row = {"cluster_id": cluster, "kind": kind, "at": now, "text": text}
    connection.execute(insert(DOCUMENTS).values(row))


def load_document(
    connection: Connection, cluster: int, kind: str
) -> tuple[str, datetime] | None:
    """The document of a kind, and since when it is so; None if there is none."""
    asked = select(DOCUMENTS.c.text, DOCUMENTS.c.at).where(
        DOCUMENTS.c.cluster_id == cluster, DOCUMENTS.c.kind == kind
    )
    row = connection.execute(asked).one_or_none()
    return None if row is None else (row.text, row.at)


def documents_of_kind(
    connection: Connection, kind: str
) -> Mapping[str, tuple[str, datetime | None]]:
    """Of each cluster by name the document of a kind, and when the cluster was looked at last."""
    both = DOCUMENTS.join(CLUSTERS, CLUSTERS.c.id == DOCUMENTS.c.cluster_id)
    asked = select(CLUSTERS.c.name, DOCUMENTS.c.text, CLUSTERS.c.seen).select_from(both)
    rows = connection.execute(asked.where(DOCUMENTS.c.kind == kind))
    return {row.name: (row.text, row.seen) for row in rows}
