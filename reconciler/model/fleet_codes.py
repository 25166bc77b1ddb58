"""Codes of what a fleet rests on: the source of its files, and its database."""

from __future__ import annotations

# What the source of a fleet's files can have wrong (``fleet``).
SOURCE_CODES = (
    *("git-failed", "source-unreachable", "source-empty", "source-too-large", "entry-refused"),
    *("ref-unusable", "ref-rewound", "commit-unsigned", "zone-unknown"),
)
# Why the database of a fleet is not used; who says so knows what to do.
DATABASE_CODES = (
    *("database-address", "database-login", "database-missing", "database-newer"),
    *("database-read-only", "database-rights", "database-tables", "database-unreachable"),
    *("database-untrusted", "fleet-database-older", "fleet-database-other"),
    "fleet-database-pooled",
)
