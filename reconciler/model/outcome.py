"""How things ended: refusals, what was found out, and the result of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reconciler.frozen import frozen
from reconciler.model.addresses import member_address, volume_address
from reconciler.model.refusals import host_remedy, require_declared

if TYPE_CHECKING:  # what ends a run does not read a file
    from reconciler.model.desired import Volume


# What a record tells of a run without an end.
AT_WORK, CUT_OFF = "at work", "cut off"


@dataclass(frozen=True, slots=True, order=True)
class Blocked:
    """A refusal by name: ``code`` is a stable word with a page in ``explain``."""

    code: str
    subject: str
    message: str
    remedy: str

    def __post_init__(self) -> None:
        """Raise ValueError for a code that is not declared."""
        require_declared(self.code)


Severity = Literal["warning", "notice"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What will go wrong, or may, though nothing is refused for it: a word with a page.

    A ``warning`` tells what the next boot takes away, a ``notice`` what only is worth knowing.
    ``mended_by`` is the address of the change that ends it, empty if nothing does.
    """

    code: str
    subject: str
    message: str
    remedy: str
    severity: Severity = "warning"
    mended_by: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a code that is not declared."""
        require_declared(self.code)


def refuse_unreachable(host: str, code: str, message: str) -> Blocked:
    """A host that cannot be asked, by the code of the reason."""
    remedy = f"{host_remedy(host, code)}; then run it again"
    return Blocked(code, member_address(host), message, remedy)


def refuse_unread(host: str, section: str, reason: str) -> Blocked:
    """A section of a host's facts that something depends on could not be read."""
    return Blocked(
        "section-unread",
        member_address(host),
        f"{section} could not be read: {reason}",
        f"make it readable on {host}, then plan again; unknown is never taken for absent",
    )


def refuse_unsupported(subject: str, what: str, remedy: str) -> Blocked:
    """Something the file may say but this version does not act upon."""
    return Blocked("not-supported-yet", subject, what, remedy)


def refuse_unshared_lvm(item: Volume, host: str, what: str) -> Blocked:
    """A logical volume inside the members is neither formatted nor grown."""
    return Blocked(
        "lvm-not-shared",
        volume_address(item.label),
        f"{host}: {item.device.path or item.device.wwid} is a logical volume of the members "
        f"themselves, and is not {what}: that LVM activates it shared, and that all of them map "
        "it to the same extents, is not looked at; equal size is not equal mapping",
        "give the LUN itself as the device, without LVM inside the members",
    )


Status = Literal["done", "failed", "not-started"]


@frozen
class ActionOutcome:
    """How one action ended; ``message`` is empty when it is done."""

    action: str
    status: Status
    message: str = ""
    seconds: float = 0.0


ClusterResult = Literal[
    "no-change", "converged", "refused", "partial", "failed", "locked", "stale", "interrupted"
]


@frozen
class ClusterOutcome:
    """How one cluster ended."""

    name: str
    result: ClusterResult
    actions: tuple[ActionOutcome, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    message: str = ""
