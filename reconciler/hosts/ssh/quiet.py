"""asyncssh says nothing that nobody hears: it puts every packet into words before it asks.

What it is asked to log, it logs as ever; the unit tests notice if one of these names ends.
"""

from __future__ import annotations

from asyncssh.logging import SSHLogger
from asyncssh.packet import SSHPacketLogger

PACKETS = 3  # the level of asyncssh.set_debug_level from which on it tells of packets
_log_packet, _log = SSHPacketLogger._log_packet, SSHLogger.log  # noqa: SLF001  # see above


def log_packet(self: SSHPacketLogger, *words: object) -> None:
    """As asyncssh's own, where packets are told of at all."""
    if SSHLogger._debug_level >= PACKETS:  # noqa: SLF001  # see above
        _log_packet(self, *words)  # type: ignore[arg-type]  # handed on


def log(self: SSHLogger, level: int, msg: object, *words: object, **more: object) -> None:
    """As asyncssh's own, where this level is told of."""
    if self.isEnabledFor(level):
        _log(self, level, msg, *words, **more)


def be_quiet() -> None:
    """For all connections from now on."""
    SSHPacketLogger._log_packet = log_packet  # type: ignore[method-assign, assignment]  # noqa: SLF001  # see above
    SSHLogger.log = log  # type: ignore[method-assign]
