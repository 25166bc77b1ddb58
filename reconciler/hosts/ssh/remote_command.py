"""One command over an open connection: its input, its bounded output, how it ended."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncssh
from typing_extensions import override

from reconciler.errors import HostUnreachable
from reconciler.hosts.ssh.failures import shorten_command
from reconciler.model.plan import MINUTE, Completed
from reconciler.system_errors import say_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.plan import Command

MOST_OUTPUT = 1 << 20
# Seconds until the server has opened a session, which is one answer over a connection that lives.
# One that is dead is told by TCP and keepalives only after a minute.
OPENING = 10.0


class NotStartedError(Exception):
    """The connection gave no session: the command was certainly not sent."""


class SilentError(NotStartedError):
    """The other side did not answer at all: the connection may be dead."""


class Transcript(asyncssh.SSHClientSession[bytes]):
    """What a command writes, up to ``MOST_OUTPUT`` bytes of each stream, and its end."""

    def __init__(self, opened: Callable[[], None]) -> None:
        self._opened = opened
        self.output = bytearray()
        self.errors = bytearray()
        self.status: int | None = None
        self.lost: Exception | None = None
        self.channel: asyncssh.SSHClientChannel[bytes] | None = None
        self.ended = asyncio.Event()

    @property
    def too_large(self) -> bool:
        """Whether a stream went beyond the limit."""
        return max(len(self.output), len(self.errors)) > MOST_OUTPUT

    @override
    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """From here on the command may have been sent."""
        self.channel = chan
        self._opened()

    @override
    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Keep ``data``; with too much of it, end the command."""
        stream = self.errors if datatype == asyncssh.EXTENDED_DATA_STDERR else self.output
        stream += data
        if self.too_large:
            self.ended.set()

    @override
    def exit_status_received(self, status: int) -> None:
        """Remember the exit status."""
        self.status = status

    @override
    def exit_signal_received(
        self,
        signal: str,
        core_dumped: bool,
        msg: str,
        lang: str,
    ) -> None:
        """A signal counts as a shell counts it."""
        self.status = _signal_status(signal)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The end, with or without a status."""
        self.lost = exc
        self.ended.set()


async def run_command(
    connection: asyncssh.SSHClientConnection, name: str, line: str, command: Command
) -> Completed:
    """Run ``line`` on the member ``name`` and wait for its end.

    Raises NotStartedError, or HostUnreachable with a code of ``MAY_HAVE_RUN`` (or
    ``login-refused``, where the server runs no commands).
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    limit = command.timeout + (MINUTE if command.look else 0.0)
    bound = asyncio.timeout(min(limit, OPENING))
    transcript = Transcript(lambda: bound.reschedule(began + limit))
    try:
        async with bound:
            await connection.create_session(lambda: transcript, line, encoding=None)
            _send_input(transcript, command.stdin)
            await transcript.ended.wait()
    except TimeoutError as error:
        raise _timed_out(name, command, transcript) from error
    except (asyncssh.Error, OSError) as error:
        raise _refused(name, command, transcript, connection, error) from error
    finally:
        if transcript.channel is not None:
            transcript.channel.abort()
    if transcript.too_large:
        message = (
            f"`{shorten_command(command)}` wrote more than {MOST_OUTPUT} bytes; it was cut off"
        )
        raise HostUnreachable(name, "output-too-large", message)
    if transcript.status is None:
        raise _lost(name, command, transcript.lost)
    return Completed(
        status=transcript.status,
        stdout=transcript.output.decode("utf-8", "replace"),
        stderr=transcript.errors.decode("utf-8", "replace"),
        seconds=loop.time() - began,
    )


def _send_input(transcript: Transcript, text: str) -> None:
    """All of the input, then its end; a command that ended already does not mind."""
    assert transcript.channel is not None  # noqa: S101  # create_session has made it
    with suppress(BrokenPipeError):
        transcript.channel.write(text.encode())
        transcript.channel.write_eof()


def _timed_out(
    name: str, command: Command, transcript: Transcript
) -> HostUnreachable | NotStartedError:
    if transcript.channel is None:
        return SilentError(f"no answer within {min(command.timeout, OPENING):g} s")
    message = f"`{shorten_command(command)}` did not end within {command.timeout:g} s and may still be running"
    return HostUnreachable(name, "command-timeout", message)


def _refused(
    name: str,
    command: Command,
    transcript: Transcript,
    connection: asyncssh.SSHClientConnection,
    error: Exception,
) -> HostUnreachable | NotStartedError:
    if transcript.channel is None:
        return NotStartedError(say_error(error) or "the connection was lost")
    if connection.is_closed():
        return _lost(name, command, error)
    return HostUnreachable(
        name, "login-refused", f"the server runs no commands: {say_error(error)}"
    )


def _lost(name: str, command: Command, error: Exception | None) -> HostUnreachable:
    why = f": {say_error(error)}" if error else ""
    message = f"the connection was lost while `{shorten_command(command)}` ran{why}; how it ended is unknown"
    return HostUnreachable(name, "connection-lost", message)


def _signal_status(name: str) -> int:
    """128 plus the number of the signal ``name``, as sh reports it; 255 for an unknown one."""
    number = getattr(signal, f"SIG{name}", None)
    return 255 if number is None else 128 + int(number)
