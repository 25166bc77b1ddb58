"""How hosts are reached: one Protocol, several kinds of host behind it."""

from __future__ import annotations

from typing import Protocol

from reconciler.model.plan import Command, Completed


class Host(Protocol):
    """A host that runs commands, one connection for its whole life."""

    @property
    def name(self) -> str:
        """The member's name."""
        ...

    async def run(self, command: Command) -> Completed:
        """Run ``command`` as root and return how it ended, whatever its exit status.

        And then its look, if it has one: a host that cannot may leave that out.

        Raises HostUnreachable when there is no session, or no answer in time.
        """
        ...

    async def close(self) -> None:
        """End the connection; never raises."""
        ...
