"""The refusals that several resources give, so that each is worded once."""

from __future__ import annotations

from reconciler.model.outcome import Blocked


def member(name: str) -> str:
    """The address of a member."""
    return f"member/{name}"


def volume(label: str) -> str:
    """The address of a volume."""
    return f"volume/{label}"


def unread(host: str, section: str, reason: str) -> Blocked:
    """A section of a host's facts that something depends on could not be read."""
    return Blocked(
        "section-unread",
        member(host),
        f"{section} could not be read: {reason}",
        f"make it readable on {host}, then plan again; unknown is never taken for absent",
    )


def not_supported(subject: str, what: str, remedy: str) -> Blocked:
    """Something the file may say but this version does not act upon."""
    return Blocked("not-supported-yet", subject, what, remedy)
