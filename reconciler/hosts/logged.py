"""A host whose commands are told to the log: what was sent where, how long it took, how it ended."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING

from reconciler import telemetry
from reconciler.errors import HostUnreachable
from reconciler.frozen import frozen
from reconciler.model.gate_call import gate_call

if TYPE_CHECKING:
    from reconciler.hosts import Host
    from reconciler.model.plan import Command, Completed

# What a command is called, by the fourth word of one that brings its program along.
NAMES = {"probe": "probe", "gate": "gate"}
OTHER = "command"


@frozen
class LoggedHost:
    """``host`` as a member of ``cluster``; told are sizes of what was sent and came, never texts.

    A command is told as people see it: with the names of secrets, not their values.
    """

    host: Host
    cluster: str

    @property
    def name(self) -> str:
        """The member's name."""
        return self.host.name

    async def run(self, command: Command) -> Completed:
        """Run ``command`` as the host does. Raises HostUnreachable."""
        with telemetry.bind_fields(cluster=self.cluster or None, host=self.name):
            return await self._run(command)

    async def close(self) -> None:
        """End the connection; never raises."""
        await self.host.close()

    async def _run(self, command: Command) -> Completed:
        clock, steps = asyncio.get_running_loop().time, (command, *command.then)
        began = clock()
        for step in steps:
            telemetry.debug(f"{_kind(step)}-started", **_told(step), bytes_sent=_sent(step))
        try:
            ended = await self.host.run(command)
        except HostUnreachable as error:  # its message may quote a secret
            for step in steps:
                spent = clock() - began
                telemetry.warning(
                    f"{_kind(step)}-failed", **_told(step), code=error.code, seconds=spent
                )
            raise
        except asyncio.CancelledError:
            for step in steps:
                spent = clock() - began
                telemetry.warning(f"{_kind(step)}-abandoned", **_told(step), seconds=spent)
            raise
        ends = (ended, *ended.then)
        for step, end in zip(steps, ends, strict=False):
            telemetry.debug(
                f"{_kind(step)}-ended",
                **_told(step),
                status=end.status,
                seconds=clock() - began,
                bytes_received=_received(end),
            )
        for step in steps[len(ends) :]:
            telemetry.debug(f"{_kind(step)}-skipped", **_told(step))
        return ended


def _told(step: Command) -> dict[str, str]:
    """As people see it; of those that travel together each with the action that it is of."""
    call = gate_call(step.argv)
    of = {"action": call.permit.action} if call and call.permit else {}
    return {"command": shlex.join(step.words), **of}


def _kind(command: Command) -> str:
    travels = command.argv[:2] == ("sh", "-c")
    return NAMES.get("".join(command.argv[3:4]), OTHER) if travels else OTHER


def _sent(command: Command) -> int:
    """Bytes of the command and its input, as people see it: no secret tells its length."""
    words = (*(command.shown_as or command.argv), *command.look)
    return _size(shlex.join(words)) + _size(command.stdin)


def _received(ended: Completed) -> int:
    return _size(ended.stdout) + _size(ended.stderr) + _size(ended.look)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
