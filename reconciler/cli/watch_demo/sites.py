"""The simulated clusters that ``watch --demo`` shows, and the files that say what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GIB, TIB = 1 << 30, 1 << 40
# How the policy of a cluster that heals is written.
HEALS = "    policy: {mode: heal, heal: [files, boot, services, mounts]}\n"


@dataclass(frozen=True, slots=True)
class Site:
    """A cluster: so many hosts, NAME01 and on, with one shared volume of ``size`` bytes.

    ``used`` is how full it is, as a share. ``spare`` hosts at its end, and a whole ``site`` that is
    not ``there``, are taken on as the story goes. One that ``heals`` says so in its policy. In the
    past it got fuller by ``daily`` bytes a day.
    """

    name: str
    hosts: int
    volume: str
    size: int
    used: float
    daily: int = 0
    spare: int = 0
    heals: bool = False
    is_there: bool = True

    @property
    def path(self) -> str:
        """Where its volume is mounted."""
        return f"/srv/{self.volume}"

    def members(self) -> tuple[str, ...]:
        """All its hosts, also those that are still to join."""
        return tuple(f"{self.name}{number:02d}" for number in range(1, self.hosts + 1))

    def at_first(self) -> tuple[str, ...]:
        """Its hosts without those that are still to join."""
        return self.members()[: self.hosts - self.spare]


SITES: tuple[Site, ...] = (
    Site("mail", 3, "mailboxes", 2 * TIB, 0.58, 5 * GIB, heals=True),
    Site("web", 4, "htdocs", 400 * GIB, 0.31, GIB, heals=True),
    Site("vms", 5, "images", 8 * TIB, 0.66, 30 * GIB, heals=True),
    Site("backup", 2, "vault", 10 * TIB, 0.87, 200 * GIB),
    Site("archive", 3, "cold", 12 * TIB, 0.42, 2 * GIB),
    Site("build", 3, "cache", 1 * TIB, 0.74, -GIB),
    Site("lab", 2, "scratch", 200 * GIB, 0.12),
    Site("north", 2, "media", 3 * TIB, 0.51, 8 * GIB),
    Site("south", 2, "media", 3 * TIB, 0.49, 8 * GIB),
    Site("billing", 3, "ledger", 800 * GIB, 0.36, GIB),
    Site("render", 6, "frames", 6 * TIB, 0.79, 20 * GIB),
    Site("files", 4, "home", 4 * TIB, 0.63, 12 * GIB, spare=1),
    Site("museum", 2, "scans", 2 * TIB, 0.0, is_there=False),
)
BY_NAME: Mapping[str, Site] = {site.name: site for site in SITES}


@dataclass(frozen=True, slots=True)
class Doors:
    """How the hosts of a site are reached: address, port by host, key, known hosts, the disk."""

    address: str
    ports: Mapping[str, int]
    identity: str
    known_hosts: str
    wwid: str


def file_text(site: Site, doors: Doors, members: tuple[str, ...], size: int) -> str:
    """The desired-state file: these of its hosts, and a volume of ``size`` bytes."""
    listed = "".join(
        f"      - {{name: {name}, interconnect: 10.88.1.{10 + place}, "
        f"ssh: {{host: {doors.address}, port: {doors.ports[name]}}}}}\n"
        for place, name in enumerate(site.members(), 1)
        if name in members
    )
    return (
        "version: 1\n"
        f"ssh: {{user: root, identity: {doors.identity}, known_hosts: {doors.known_hosts}}}\n"
        "clusters:\n"
        f"  - name: {site.name}\n"
        f"{HEALS if site.heals else ''}"
        f"    members:\n{listed}"
        "    volumes:\n"
        f"      - label: {site.volume}\n"
        f"        device: {{wwid: '{doors.wwid}'}}\n"
        f"        size: {size >> 30}GiB\n"
        "        slots: 8\n"
        "        format: if-blank\n"
        f"        mount: {{path: {site.path}, options: [noatime]}}\n"
    )
