"""A host behind SSH."""

from __future__ import annotations

import asyncio
import secrets
import shlex
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.errors import HostUnreachable
from reconciler.hosts.proof import is_joined, join_steps, split_answers
from reconciler.hosts.ssh.failures import shorten_command, sudo_refusal
from reconciler.hosts.ssh.remote_command import NotStartedError, SilentError, run_command
from reconciler.hosts.ssh.route import find_route

if TYPE_CHECKING:
    from reconciler.hosts.ssh.link import Link, SshShared
    from reconciler.hosts.ssh.settings import SshSettings
    from reconciler.model.plan import Command, Completed

SUDO = "sudo -n -- "


@lru_cache(maxsize=4)
def quote_line(argv: tuple[str, ...]) -> str:
    """The words as one line for a shell; the same probe goes to many hosts."""
    return shlex.join(argv)


class SshHost:
    """A member reached by SSH; its connection opens with the first command."""

    def __init__(self, name: str, settings: SshSettings, shared: SshShared) -> None:
        self._name = name
        self._settings = settings
        self._shared = shared
        self._link: Link | None = None

    @property
    def name(self) -> str:
        """The member's name."""
        return self._name

    async def run(self, command: Command) -> Completed:
        """Run ``command``, by sudo if the settings say so, and return how it ended.

        A command that may have started is never sent again. Raises HostUnreachable; with a
        code of ``MAY_HAVE_RUN`` the command may have done its work.
        """
        mark = f"@@reconcile-ended-{secrets.token_hex(8)}" if is_joined(command) else ""
        sent = join_steps(command, mark) if mark else command
        line = shlex.join(sent.argv) if mark else quote_line(command.argv)
        completed = await self._run_line(SUDO + line if self._settings.sudo else line, sent)
        if self._settings.sudo and (refusal := sudo_refusal(completed)):
            message = f"sudo did not run `{shorten_command(command)}`: {refusal}"
            raise HostUnreachable(self._name, "sudo-refused", message)
        return split_answers(completed, mark) if mark else completed

    async def close(self) -> None:
        """End the connection; never raises."""
        link, self._link = self._link, None
        if link is not None:
            await self._shared.release(link)

    async def _run_line(self, line: str, command: Command) -> Completed:
        """Once, and once more if the connection turns out to have been lost before."""
        link = await self._find_link()
        connection = await link.open(self._name)
        try:
            with link.at_work():
                return await run_command(connection, self._name, line, command)
        except NotStartedError as error:
            is_dead = isinstance(error, SilentError) and link.give_up(connection)
            if not (is_dead or connection.is_closed()):
                raise self._no_session(error) from error
        try:
            again = await link.open(self._name)
            with link.at_work():
                return await run_command(again, self._name, line, command)
        except NotStartedError as error:
            raise self._no_session(error) from error

    async def _find_link(self) -> Link:
        """Reading ssh_config may run a program (``Match exec``): then in a thread."""
        if self._link is None:
            wanted = (self._name, self._shared.ssh_config, self._settings)
            if self._shared.config_may_wait:
                route = await asyncio.to_thread(find_route, *wanted)
            else:
                route = find_route(*wanted)
            if self._link is None:  # nobody else has found it meanwhile
                self._link = self._shared.link(route)
        return self._link

    def _no_session(self, error: NotStartedError) -> HostUnreachable:
        return HostUnreachable(self._name, "host-unreachable", f"no session: {error}")
