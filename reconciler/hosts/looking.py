"""A host that is only looked at: by the probe that stands on it, which alone its user may run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import HostUnreachable
from reconciler.frozen import frozen
from reconciler.model.plan import Command, Completed
from reconciler.probe.installed import PROGRAM, digest, installed_answer

if TYPE_CHECKING:
    from reconciler.hosts import Host

MARKER = "@@reconcile-probe"
INSTALL = "install what `reconcile sudoers --read-only` prints"


@frozen
class LookedAtHost:
    """``host``, logged in to as the user who may run the installed probe and nothing else."""

    host: Host

    @property
    def name(self) -> str:
        """The member's name."""
        return self.host.name

    async def run(self, command: Command) -> Completed:
        """Run the installed probe in place of ``command``, a probe; what it asks is its own.

        Raises HostUnreachable, ``probe-differs`` for another text than this version's, and
        TypeError for a command that is no probe: nothing else is ever sent this way.
        """
        if command.argv[:2] != ("sh", "-c") or command.argv[3:4] != ("probe",):
            raise TypeError(f"a host that is only looked at was to run {command.argv[3:5]}")
        try:
            ended = await self.host.run(Command((PROGRAM,), timeout=command.timeout))
        except HostUnreachable as error:
            if error.code != "sudo-refused":
                raise
            message = f"{error.message}; for this user {INSTALL}"
            raise HostUnreachable(self.name, error.code, message) from error
        told = installed_answer(ended.stdout)
        answered = ended.status == 0 or MARKER in ended.stdout
        if told is None and not answered:
            return ended  # it did not run; its own words say why
        if told is None or told[0] != digest():
            what = "is no installed probe" if told is None else "is of another version"
            message = f"{PROGRAM} {what}: {INSTALL}"
            raise HostUnreachable(self.name, "probe-differs", message)
        return ended

    async def close(self) -> None:
        """End the connection; never raises."""
        await self.host.close()
