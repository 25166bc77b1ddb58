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


def path_unit(path: str, kind: str) -> str:
    """The unit of a path, as ``systemd-escape --path --suffix=KIND`` has it."""
    words = (_escaped(c) if c != "/" else "-" for c in path.strip("/"))
    return f"{''.join(words)}.{kind}"


def _escaped(char: str) -> str:
    if char.isascii() and (char.isalnum() or char in ":_."):
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode())
