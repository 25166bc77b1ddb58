"""A history in words: where it is, what is wanted, what befalls, and which law breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulation.changes import CHANGES, Change, apply_change
from tests.simulation.history import History, Trouble
from tests.simulation.site import Site
from tests.simulation.wish import Wish

if TYPE_CHECKING:
    from tests.simulation.player import Played

WORDS = {
    "pause": "{at} s pass",
    "kill": "the controller is killed {name} its {at}th command",
    "rival": "after {at} s another controller begins with the {name}",
    "stop": "after {at} s the operator types Ctrl-C",
}
TRICKS = {
    "late": "the {at}th command arrives late",
    "twice": "the {at}th command arrives twice",
    "lost": "the {at}th command is lost",
    "stunned": "the controller stands still with its {at}th command on the way",
}


def tell_history(history: History) -> str:
    """What a history consists of, a line a fact."""
    return "\n".join(_lines(history))


def tell_played(played: Played) -> str:
    """How it went, and what was wrong."""
    wrongs = [f"  broken: {wrong}" for wrong in played.wrongs] or ["  no law was broken"]
    return "\n".join([*played.story, *wrongs, f"  trace {played.digest[:16]}"])


def _lines(history: History) -> Iterator[str]:
    site, wish = history.site, history.first
    bare = [site.name(host) for host in site.stripped]
    table = f", lun1 with a {site.scheme} table" if site.scheme else ""
    yield f"{site.hosts} hosts on {site.storage}{table}" + (f", bare: {bare}" if bare else "")
    for number, chapter in enumerate(history.chapters, 1):
        yield f"{number}. " + ("then all is mended" if chapter.mended else "nothing is mended")
        for change in chapter.changes:
            wish = apply_change(wish, change)
            yield f"   {tell_change(change, site)}"
        yield f"   wanted: {tell_wish(wish, site)}"
        yield from (f"   {tell_trouble(trouble, site)}" for trouble in chapter.troubles)
    if history.lasting:
        yield "the troubles of the last chapter stay"


def tell_wish(wish: Wish, site: Site) -> str:
    """The file in short: members with what is not usual of them, then volumes."""
    members = [
        " ".join(
            [
                site.name(one.host),
                *([one.state] if one.state != "present" else []),
                *([f"#{one.number}"] if one.number is not None else []),
                *([f":{one.port}"] if one.port != 7777 else []),
            ]
        )
        for one in wish.members
    ]
    volumes = [f"{v.label} on {v.lun} {v.gib or 'fill'} at {v.path}" for v in wish.volumes]
    return f"{', '.join(members)}; {', '.join(volumes) or 'no volume'}"


def tell_change(change: Change, site: Site) -> str:
    """One change in a sentence."""
    words: dict[str, Any] = {"at": change.at, "value": change.value}
    if isinstance(change.at, int):
        words["host"] = site.name(change.at)
        words["other"] = site.name(change.value) if isinstance(change.value, int) else ""
    return CHANGES[change.kind].words.format(**words)


def tell_trouble(trouble: Trouble, site: Site) -> str:
    """One trouble in a sentence."""
    words = {"at": trouble.at, "name": trouble.name}
    if trouble.kind == "trick":
        return TRICKS[trouble.name].format(**words)
    if trouble.kind in WORDS:
        return WORDS[trouble.kind].format(**words)
    command = f" {trouble.command}" if trouble.command else ""
    whose = "its" if trouble.by < 0 else f"{site.name(trouble.by)}'s"
    when = f" at {whose} {trouble.at}th command{command}" if trouble.at else ""
    return f"{site.name(trouble.host)}: {trouble.name}{when}"
