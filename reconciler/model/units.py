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


def escape_unit(name: str) -> str:
    """As systemd-escape(1) writes it within the name of a unit: slashes become dashes."""
    escaped = [
        char
        if (char.isascii() and char.isalnum()) or char in "_:/" or (char == "." and place)
        else f"\\x{ord(char):02x}"
        for place, char in enumerate(name)
    ]
    return "".join(escaped).replace("/", "-")
