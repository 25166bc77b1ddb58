"""Who is in quarantine after an action."""

from __future__ import annotations

from reconciler.model.effect import Effects, on_host, record_written

EFFECTS: Effects = {
    "write-quarantine": on_host(record_written),
    "lift-quarantine": on_host(record_written),
}
