"""What changed since a plan was saved, for people: facts first, then what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model.addresses import ALL, parse_action_id, parse_address, without_host
from reconciler.planning.review.plan_diff import Difference
from reconciler.reports.comparing import value_words
from reconciler.reports.grouping import fold_names, group_alike, hide_host, show_hosts

Line = tuple[str, str]
Told = tuple[str, str]  # a host, empty for all, and what is said of it
# Of each section of facts that plans rest on what it is, without the name of one thing in it.
FACTS: Mapping[str, str] = {
    "kernel": "the kernel",
    "packages": "packages",
    "addresses": "address",
    "cluster_conf": "/etc/ocfs2/cluster.conf",
    "o2cb_config": "the o2cb settings",
    "live": "the running cluster",
    "services": "unit",
    "mounts": "mount",
    "wanted": "device",
    "fstab": "/etc/fstab",
}
# Of an action what may be another one.
ASPECTS: Mapping[str, str] = {
    "command": "its command",
    "input": "what it writes",
    "requires": "what must hold before",
    "unless": "when it is left out",
    "expects": "what proves it",
    "summary": "what it does",
    "because": "its reason",
}
NOW, ONCE, OTHERWISE = "is due now", "is not due any more", "is done otherwise"
HEADINGS: Mapping[tuple[str, str], str] = {
    ("facts", ""): "What changed on the hosts since:",
    ("blocked", NOW): "What is refused now:",
    ("blocked", ONCE): "What is not refused any more:",
    ("blocked", OTHERWISE): "What is refused otherwise:",
    ("actions", NOW): "What is to be done besides:",
    ("actions", ONCE): "What is not to be done any more:",
    ("actions", OTHERWISE): "What is to be done otherwise:",
    ("outages", NOW): "Outages besides:",
    ("outages", ONCE): "No outage any more:",
    ("outages", OTHERWISE): "Outages that are others:",
    ("changes", NOW): "What differs from the file besides:",
    ("changes", ONCE): "What differs from the file no more:",
    ("changes", OTHERWISE): "What differs from the file otherwise:",
}


def stale_lines(found: Sequence[Difference], saved: str, now: str) -> Iterator[Line]:
    """Every fact, change and action that is not as in the saved plan, once for all hosts.

    ``saved`` and ``now`` are ids of plans; ``now`` is empty where nothing is due any more.
    """
    due = f"what is due now is {now}" if now else "of which nothing is due any more"
    yield "bad", f"Stale: the saved plan is {saved}, {due}; nothing was done."
    if not found:
        yield "", "  no fact and no action differs: another version of reconcile made the plan"
    known = [one for listed in found for one in _each(listed)]
    telling = [one for one in known if not one.field.endswith("].needs")] or known
    clusters = tuple(dict.fromkeys(one.cluster for one in telling))
    for cluster in clusters:
        yield from [("title", f"  cluster {cluster}")] if len(clusters) > 1 else []
        mine = [one for one in telling if one.cluster == cluster]
        for place, heading in HEADINGS.items():
            told = [item for one in mine if _place(one) == place for item in _told(one, mine)]
            yield from [("title", f"  {heading}")] if told else []
            yield from (("change", f"    {line}") for line in _folded(told))


def _each(one: Difference) -> Iterator[Difference]:
    """Of a list of a plan whose items have no names of their own, each item."""
    if one.subject != "plan" or not isinstance(one.before or one.after, list):
        yield one
        return
    yield from (replace(one, before=item, after=None) for item in one.before or ())
    yield from (replace(one, before=None, after=item) for item in one.after or ())


def _place(one: Difference) -> tuple[str, str]:
    """Under which heading it is told."""
    if one.subject != "plan":
        return "facts", ""
    if "]." in one.field and not one.field.endswith("]"):
        return one.section, OTHERWISE
    return one.section, NOW if one.before is None else ONCE


def _folded(told: Sequence[Told]) -> Iterator[str]:
    """What is the same on several hosts once, behind their names."""
    groups = group_alike(list(dict.fromkeys(told)), lambda one: one[1], _of_any)
    places = [fold_names([host for host, _words in group if host]) or "all" for group in groups]
    width = min(30, max(map(len, places), default=0))
    for place, group in zip(places, groups, strict=True):
        words = group[0][1]
        if any(other != words for _host, other in group):
            words = show_hosts(_of_any(group[0]), [host for host, _words in group])
        first, *rest = words.split("\n")
        yield f"{place:<{width}}  {first}"
        yield from (f"{'':<{width}}    {line}".rstrip() for line in rest)


def _of_any(one: Told) -> str:
    return hide_host(one[1], one[0])


def _told(one: Difference, others: Sequence[Difference]) -> Iterator[Told]:
    if one.subject != "plan":
        yield from _fact(one, others)
    elif _place(one)[1] == OTHERWISE:
        yield from _otherwise(one, others)
    else:
        item = one.before if one.after is None else one.after
        yield _ITEMS[one.section](item)


def _fact(one: Difference, others: Sequence[Difference]) -> Iterator[Told]:
    """A fact of a host: of a file its lines, of anything else what it was and is."""
    if one.section == "host":
        yield one.subject, f"was {value_words(one.before)}, is {value_words(one.after)}"
        return
    beside, dot, aspect = one.field.rpartition(".")
    if aspect in {"sha256", "mode"} and any(
        (o.subject, o.section, o.field) == (one.subject, one.section, f"{beside}{dot}text")
        for o in others
    ):
        return  # the lines say it
    what = _thing(one.section, one.field)
    if aspect == "text":
        lines = [f"- {line}" for line in str(one.before or "").splitlines()]
        lines += [f"+ {line}" for line in str(one.after or "").splitlines()]
        yield one.subject, "\n".join([f"{what}:", *lines])
    else:
        yield one.subject, f"{what}: {_was_and_is(one.before, one.after)}"


def _thing(section: str, field: str) -> str:
    """``[o2cb.service].active`` of the services as ``unit o2cb.service, active``."""
    name, _, rest = (
        field.removeprefix("[").rpartition("]") if field[:1] == "[" else ("", "", field)
    )
    words = (
        rest.strip(".").replace("_", " ").replace(".", " ").replace("[", " ").replace("]", " ")
    )
    aspect = "" if words in {"text", ""} else f", {' '.join(words.split())}"
    return f"{FACTS.get(section, section)}{f' {name}' if name else ''}{aspect}"


# What is empty was read; what has no value may as well not have been read.
_WAS = {"None": "had no value", "[]": "was empty", "()": "was empty", "''": "was empty"}
_IS = {"None": "has no value now", "[]": "is empty", "()": "is empty", "''": "is empty"}


def _was_and_is(before: Any, after: Any) -> str:
    if isinstance(after, dict) and after.keys() == {"unknown"}:
        return f"cannot be read any more: {after['unknown']}"
    if isinstance(before, dict) and before.keys() == {"unknown"}:
        return f"can be read now: {value_words(after)}"
    if before is None and isinstance(after, dict):
        return f"is there now ({value_words(after)})"
    if after is None and isinstance(before, dict):
        return f"is gone ({value_words(before)})"
    was = _WAS.get(repr(before)) or f"was {value_words(before)}"
    return f"{was}, {_IS.get(repr(after)) or f'is {value_words(after)}'}"


def _otherwise(one: Difference, others: Sequence[Difference]) -> Iterator[Told]:
    """What of an action or a change is another one; told at the first of its fields."""
    name = one.field.rpartition("].")[0]
    fields = [o.field for o in others if o.section == one.section and o.subject == "plan"]
    mine = [field for field in fields if field.rpartition("].")[0] == name]
    if one.field != mine[0]:
        return
    aspects = dict.fromkeys(field.rpartition("].")[2] for field in mine)
    words = ", ".join(ASPECTS.get(word, word) for word in aspects if word != "needs")
    host, what = _named(one.section, name.lstrip("["))
    yield host, f"{what}: {words or 'its order'}"


def _named(section: str, name: str) -> Told:
    """Host and thing of the name by which an item of a plan is told apart."""
    if section == "actions":
        _cluster, host, what = parse_action_id(name)
        return "" if host == ALL else host, what.replace("/", " ")
    if section == "changes":
        address, host, truth = name.rsplit(" ", 2)
        return host, f"{without_host(address, host)} ({truth})"
    return "", name


def _action(item: Mapping[str, Any]) -> Told:
    return str(item["host"]), str(item["summary"])


def _change(item: Mapping[str, Any]) -> Told:
    host = str(item["host"])
    return host, f"{without_host(item['address'], host)} ({item['truth']}): {item['because']}"


def _outage(item: Mapping[str, Any]) -> Told:
    return fold_names(item["hosts"]), str(item["because"])


def _refusal(item: Mapping[str, Any]) -> Told:
    place = parse_address(item["subject"])
    return place.name if place.sort == "member" else "", f"{item['code']}  {item['subject']}"


_ITEMS = {"actions": _action, "changes": _change, "outages": _outage, "blocked": _refusal}
