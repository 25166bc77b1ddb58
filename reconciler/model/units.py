"""Names of systemd units as systemd itself writes them."""

from __future__ import annotations

from collections.abc import Sequence

SUFFIXES = (".service", ".socket", ".target", ".timer", ".path", ".mount", ".slice", ".scope")


def full_name(unit: str) -> str:
    """The name with its suffix; a bare name is a service (systemctl(1))."""
    return unit if unit.endswith(SUFFIXES) else f"{unit}.service"


def full_names(units: Sequence[str]) -> tuple[str, ...]:
    """Each with its suffix."""
    return tuple(full_name(unit) for unit in units)
