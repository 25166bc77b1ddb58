"""Verbs of the gate by hand: whoever uses them has the host's lease, as a run has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from reconciler.execution import leases
from reconciler.execution.leases import Ask, Grant, Seat
from reconciler.hosts import Host
from reconciler.model.gate_call import Permit, gate_call, permit_program
from reconciler.model.plan import Command, Completed

NEVER = 999_999_999  # an uptime that no host reaches: what is done by hand rests on no facts
OPEN = ("lease-", "pause", "resume")


@dataclass(slots=True)
class Hands:
    """The leases that ``run`` has, by host: boot, token and the step of the last command."""

    run: str = "by-hand"
    held: dict[str, tuple[str, int, int]] = field(default_factory=dict)

    async def do(self, host: Host, command: Command) -> Completed:
        """Runs a command on a host, with the lease that it needs."""
        return await host.run(await self.permitted(host, command))

    async def permitted(self, host: Host, command: Command) -> Command:
        """The command with what lets it begin; what needs no lease stays as it is."""
        call = gate_call(command.argv)
        if call is None or call.verb.startswith(OPEN) or call.permit is not None:
            return command
        if host.name not in self.held:
            self.held[host.name] = await self._taken(host)
        boot, token, step = self.held[host.name]
        self.held[host.name] = boot, token, step + 1
        permit = Permit(leases.MEMBER, self.run, token, step + 1, boot, NEVER, call.verb)
        return replace(command, argv=permit_program(command.argv, permit))

    async def _taken(self, host: Host) -> tuple[str, int, int]:
        seat = Seat(host, leases.MEMBER)
        grant = await leases.acquire(seat, Ask(self.run, "{}", (host.name,)))
        assert isinstance(grant, Grant), grant
        now = await leases.renew(seat, self.run, grant.token)
        return now.boot, grant.token, 0

    async def let_go(self, host: Host) -> None:
        """Gives the lease back."""
        if host.name in self.held:
            _boot, token, _step = self.held.pop(host.name)
            seat = Seat(host, leases.MEMBER)
            assert await leases.seal(seat, self.run, token)
            await leases.free(seat, self.run, token)
