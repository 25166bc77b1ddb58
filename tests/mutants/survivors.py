"""Mutants that no test kills, each with the reason: what else refuses the same, or cannot be."""

from __future__ import annotations

from collections.abc import Mapping

# By group and name.
REASONS: Mapping[tuple[str, str], str] = {}
