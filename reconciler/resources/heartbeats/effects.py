"""What is accepted beside a tool is on record."""

from __future__ import annotations

from reconciler.model.effect import Effects, on_host, record_written

EFFECTS: Effects = {"attest-heartbeat": on_host(record_written)}
