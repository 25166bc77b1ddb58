"""Names of systemd units as systemd itself writes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

SUFFIXES = (".service", ".socket", ".target", ".timer", ".path", ".mount", ".slice", ".scope")


def full_name(unit: str) -> str:
    """The name with its suffix; a bare name is a service (systemctl(1))."""
    return unit if unit.endswith(SUFFIXES) else f"{unit}.service"


def full_names(units: Sequence[str]) -> tuple[str, ...]:
    """Each with its suffix."""
    return tuple(full_name(unit) for unit in units)


def path_unit(path: str, kind: str) -> str:
    """The unit of a path, as ``systemd-escape --path --suffix=KIND`` has it."""
    return f"{escape_unit(path.strip('/'))}.{kind}"


@lru_cache(1024)  # the units of a few paths, asked of each host by several rules
def escape_unit(name: str) -> str:
    """As systemd-escape(1) writes it within the name of a unit: slashes become dashes."""
    return "".join(_escaped(char, place) for place, char in enumerate(name))


def _escaped(char: str, place: int) -> str:
    if char == "/":
        return "-"
    if char.isascii() and (char.isalnum() or char in ":_" or (char == "." and place)):
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode())
