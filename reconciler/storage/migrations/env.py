"""What alembic runs around the revisions: they go through the caller's connection."""

from __future__ import annotations

from alembic import context

from reconciler.storage.fleet_tables import METADATA
from reconciler.storage.migrations import CONNECTION

# A column is dropped in SQLite by making its table anew.
context.configure(
    connection=context.config.attributes[CONNECTION],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
