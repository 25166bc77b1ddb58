"""A systemd unit of a simulated host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Unit:
    """A systemd unit; ``enabled`` are its start links, which survive a reboot, as of ``linked``.

    ``uses``: the command and the file of each process that it has while it is active. It starts
    only where something is mounted at the path that it ``needs``, if there is one. One that was
    set up without a boot is taken for one that ran ``since_boot``.
    """

    active: str = "inactive"
    sub: str = "dead"
    enabled: bool = False
    linked: int = 0
    uses: tuple[tuple[str, str], ...] = ()
    needs: str = ""
    since_boot: str = "ran"

    def set(self, active: str, sub: str) -> None:
        """Its state now; what was not inactive once has run since the boot."""
        self.active, self.sub = active, sub
        if active != "inactive":
            self.since_boot = "ran"

    def forget(self) -> None:
        """What neither runs nor is wanted by anything systemd knows nothing of (systemd.unit(5))."""
        if self.active == "inactive" and not self.enabled:
            self.since_boot = "missed"

    def boot(self) -> None:
        """As a boot finds it."""
        self.active, self.sub, self.since_boot = "inactive", "dead", "missed"
