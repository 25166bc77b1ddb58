"""The one read-only script that observes a host, and the command that runs it.

It stands in ``parts``; a section ``live`` is the function ``probe_live`` of one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from reconciler.model.plan import MINUTE, Command
from reconciler.model.scripts import Part, join, read_parts, travelling

SECTION = "probe_"


@cache
def parts() -> Mapping[str, Part]:
    """All parts by name; read once."""
    return read_parts(resources.files(__name__).joinpath("parts"))


@cache
def section_parts() -> Mapping[str, str]:
    """The part of each section."""
    return {found: name for name, part in parts().items() for found in part.functions(SECTION)}


def probe_text(*only: str) -> str:
    """The text that travels to ask for these sections; for all without any.

    Raises KeyError for a section that is not there.
    """
    return _travelling(
        tuple(sorted({section_parts()[name] for name in only or section_parts()}))
    )


def probe_source(*only: str) -> str:
    """The text of these sections with its comments, for readers and their tools."""
    return join(parts(), sorted({section_parts()[name] for name in only or section_parts()}))


@cache
def _travelling(wanted: tuple[str, ...]) -> str:
    return travelling(join(parts(), wanted))


def probe_command(  # noqa: PLR0913, PLR0917  # one for each option of the probe
    want: Sequence[str] = (),
    blank: Sequence[str] = (),
    paths: Sequence[str] = (),
    only: Sequence[str] = (),
    units: Sequence[str] = (),
    connect: Sequence[str] = (),
    sizes: Sequence[str] = (),
    volumes: Sequence[str] = (),
    orders: Sequence[str] = (),
    guests: Sequence[str] = (),
    packages: Sequence[str] = (),
) -> Command:
    """The command that observes a host.

    ``want`` and ``blank`` are references as ``device_ref`` makes them; those in ``blank``
    are also read for non-zero data where no signature is found. ``paths`` are mount points
    of which any type of file system is told. ``only`` names the sections to answer; all
    without it. ``units`` are systemd units told besides the cluster's own, ``connect`` are
    addresses, IPv4:PORT, to which the host tries to connect. ``sizes`` are mount points whose
    OCFS2 is asked for its size, which waits while a host that died is recovered. ``volumes`` are
    logical volumes, VG/LV, of a storage host. ``orders`` are units whose order is told besides
    o2cb's. ``guests`` are mount points, each with the words of the command that lists the guests
    of the volume there, a word a line; without a command libvirt is asked. ``packages`` are
    told besides the usual ones.
    """
    arguments = [
        *(word for ref in want if ref not in blank for word in ("--want", ref)),
        *(word for ref in blank for word in ("--blank", ref)),
        *(word for path in paths for word in ("--path", path)),
        *(word for name in only for word in ("--only", name)),
        *(word for name in units for word in ("--unit", name)),
        *(word for target in connect for word in ("--connect", target)),
        *(word for path in sizes for word in ("--size", path)),
        *(word for name in volumes for word in ("--lv", name)),
        *(word for name in orders for word in ("--order", name)),
        *(word for listing in guests for word in ("--guests", listing)),
        *(word for name in packages for word in ("--package", name)),
    ]
    return Command(("sh", "-c", probe_text(*only), "probe", *arguments), timeout=MINUTE)
