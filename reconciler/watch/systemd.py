"""What systemd is told of a service of Type=notify (sd_notify(3)); the only door to sdnotify."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
LONGEST = 200  # characters of a status


class _Socket(Protocol):
    def notify(self, state: str) -> None: ...


class Supervisor:
    """systemd, if it has started this process; else nobody, and nothing is told."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket = _connect() if environment.get("NOTIFY_SOCKET") else None
        self._seconds = _watchdog_seconds(environment)

    @property
    def pause(self) -> float | None:
        """The seconds between two signs of life, half of what systemd waits; None if it waits for none."""
        return self._seconds / 2 if self._seconds else None

    def tell(self, *words: str) -> None:
        """Tell it; never raises, and waits for nobody."""
        if self._socket is not None:
            self._socket.notify("\n".join(words))

    def tell_status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
        self.tell(f"STATUS={plain[:LONGEST]}")


def _connect() -> _Socket:
    from sdnotify import SystemdNotifier  # type: ignore[import-untyped]  # noqa: PLC0415  # only for a service

    notifier: _Socket = SystemdNotifier()
    if channel := getattr(notifier, "socket", None):
        channel.settimeout(0)
    return notifier


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """As sd_watchdog_enabled(3): of this process alone, in microseconds."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    given = environment.get("WATCHDOG_USEC", "")
    return int(given) / 1e6 if given.isascii() and given.isdigit() and int(given) else None
