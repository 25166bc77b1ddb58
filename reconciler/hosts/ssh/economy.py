"""What asyncssh does for each packet or connection, and is needed once or not at all.

What it gives and logs stays as it is. The unit tests notice if one of these names ends.
"""

from __future__ import annotations

from functools import lru_cache

from asyncssh import channel, packet
from asyncssh.connection import SSHConnection
from asyncssh.constants import MSG_IGNORE
from asyncssh.encryption import GCMEncryption
from asyncssh.logging import SSHLogger
from asyncssh.packet import SSHPacketLogger

PACKETS = 3  # the level of asyncssh.set_debug_level from which on it tells of packets
LONG = 8192  # characters: what only a command has
_string = packet.String
_log_packet, _log = SSHPacketLogger._log_packet, SSHLogger.log  # noqa: SLF001  # see above
_send_packet = SSHConnection.send_packet


def log_packet(self: SSHPacketLogger, *words: object) -> None:
    """As asyncssh's own, which puts each packet into words before it asks whether to."""
    if SSHLogger._debug_level >= PACKETS:  # noqa: SLF001  # see above
        _log_packet(self, *words)  # type: ignore[arg-type]  # handed on


def log(self: SSHLogger, level: int, msg: object, *words: object, **more: object) -> None:
    """As asyncssh's own, which puts the words in order before it asks whether to."""
    if self.isEnabledFor(level):
        _log(self, level, msg, *words, **more)


def send_packet(
    self: SSHConnection,
    pkttype: int,
    *words: bytes,
    handler: SSHPacketLogger | None = None,
) -> None:
    """As asyncssh's own, which sends an empty packet to be ignored before each.

    It hides from an attacker what a packet in CBC is chained to (RFC 4251, 9.3.1). GCM chains
    nothing, so that there it only doubles the packets.
    """
    if pkttype != MSG_IGNORE or not isinstance(
        self._send_encryption, GCMEncryption
    ):  # see above
        _send_packet(self, pkttype, *words, handler=handler)


def string(value: bytes | str) -> bytes:
    """As asyncssh's own; a command that goes to many hosts is the same object for all.

    Each channel keeps its command until the host has begun it, and the probe has 40 KB.
    """
    return _command(value) if isinstance(value, str) and len(value) >= LONG else _string(value)


@lru_cache(maxsize=2)
def _command(value: str) -> bytes:
    return _string(value)


def economise() -> None:
    """For all connections from now on."""
    SSHPacketLogger._log_packet = log_packet  # type: ignore[method-assign, assignment]  # noqa: SLF001  # see above
    SSHLogger.log = log  # type: ignore[method-assign]
    SSHConnection.send_packet = send_packet  # type: ignore[method-assign]
    channel.String = string  # type: ignore[attr-defined]
