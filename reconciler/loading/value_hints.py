"""Guesses at the value that the operator meant, from what stands in its place."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from fractions import Fraction
from posixpath import normpath
from typing import TYPE_CHECKING

from reconciler.loading.characters import say_character
from reconciler.model.quantities import MOST_MEMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIME = re.compile(r"([1-9][0-9]{0,6})\s*(s|m|h)[a-z]*", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{|\{\{|\{%|\$\(|\$[A-Z_]|%[A-Z_]+%|<[A-Za-z_ ]+>")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
_WRITE_VALUE = "variables are not filled in here: write the value itself"
# Key -> what others call a value of it -> what it is called here.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "state": {
        **dict.fromkeys(("removed", "evicted", "deleted", "left", "gone", "leave"), "absent"),
        **dict.fromkeys(("drain", "draining", "maintenance", "standby"), "drained"),
        **dict.fromkeys(("down", "off", "stopped", "rebooting"), "offline"),
        **dict.fromkeys(("active", "online", "up", "joined", "running", "member"), "present"),
        **dict.fromkeys(("failed", "lost", "destroyed", "broken"), "dead"),
    },
    "format": {
        **dict.fromkeys(("always", "yes", "true", "on", "once", "force", "ocfs2"), "if-blank"),
        **dict.fromkeys(("no", "false", "off"), "never"),
    },
    "rollout": {
        **dict.fromkeys(("serial", "one-by-one", "sequential", "online"), "rolling"),
        **dict.fromkeys(("parallel", "all", "at-once", "offline"), "window"),
    },
    "by": dict.fromkeys(("agent", "service", "systemd", "manual"), "workload"),
    "heal": {"file": "files", "mount": "mounts", "service": "services", "nodes": "kernel"},
    "lun_access": {"unmapped": "revoked", "removed": "revoked", "visible": "mapped"},
    "kind": {**dict.fromkeys(("kvm", "qemu", "virsh", "vm"), "libvirt"), "script": "command"},
}

# Key of a mapping -> how one is written, for whoever has a single value in its place.
_SHAPES: Mapping[str, str] = {
    "ssh": "{user: root}",
    "attested": "{by: NAME, at: 2026-03-01T09:30:00Z, reason: TEXT}",
    "heartbeat": "{mode: local, dead_threshold: 31}",
    "network": "{idle_timeout_ms: 30000}",
    "packages": "{manage: false}",
    "policy": "{mode: report}",
    "windows": "{schedule: '0 22 * * 1-5', duration: 4h}",
    "notify": "{webhook: {url: env:WATCH_WEBHOOK}}",
    "webhook": "{url: env:WATCH_WEBHOOK}",
    "mail": "{to: [storage@example.com]}",
    "device": "{wwid: '3600140512345678'}",
    "features": "{type: vmstore}",
    "mount": "{path: /srv/images}",
    "backing": "{lvm: {host: san01, vg: san, lv: images}}",
    "lvm": "{host: san01, vg: san, lv: images}",
    "command": "{host: san01, argv: [/usr/local/bin/grow, '{wwid}', '{size_bytes}']}",
    "workloads": "{services: [images-agent]}",
    "guests": "{kind: libvirt}",
    "access": "{revoke: {host: san01, argv: [/usr/local/bin/unmap, '{host}']}}",
    "revoke": "{host: san01, argv: [/usr/local/bin/unmap, '{host}']}",
    "backup": "{host: node01, argv: [/usr/local/bin/backup-images]}",
}
# List -> how an item of it begins.
_ITEMS: Mapping[str, str] = {
    "clusters": "'- name: images', with 'members:' below it",
    "members": "'- name: node01', with 'interconnect: 10.0.0.11' below it",
    "volumes": "'- label: images', with 'device:', 'size:' and 'mount:' below it",
}


def mapping_hint(key: str, *, is_item: bool) -> str:
    """How a mapping at ``key`` is written, or an item of the list there."""
    if is_item:
        return f"write {_ITEMS[key]}" if key in _ITEMS else ""
    return f"like {key}: {_SHAPES[key]}" if key in _SHAPES else ""


def foreign_hint(text: str) -> str:
    """What to do about typographic quotes, and letters that only look like ours."""
    plain = text.strip(_QUOTES)
    if plain != text:
        return f"write it without typographic quotes: {plain}"
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)
    )
    if bare != text and bare.isascii() and "\N{HORIZONTAL ELLIPSIS}" not in text:
        return f"write it in plain letters: {bare}"
    strange = next((c for c in text if not c.isascii() and c.isprintable()), "")
    found = strange and strange not in "\N{REPLACEMENT CHARACTER}\N{HORIZONTAL ELLIPSIS}"
    return f"'{strange}' is {say_character(strange)}: type it anew" if found else ""


def variable_hint(text: str) -> str:
    """What to do about a variable of a shell or a template that was not filled in."""
    return _WRITE_VALUE if _VARIABLE.search(text) else ""


def word_hint(key: str, text: str) -> str:
    """The word of this format that other tools' ``text`` means at ``key``."""
    meant = _WORDS.get(key, {}).get(text.strip().casefold().replace("_", "-"), "")
    return f"did you mean '{meant}'?" if meant else ""


def number_hint(key: str, text: str) -> str:
    """The whole number that was probably meant by one with an exponent or a unit."""
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?[eE]\+?[0-9]{1,2}", text):
        number = Fraction(text)
        return f"write {number}" if number.denominator == 1 else ""
    if key == "partition" and (last := re.fullmatch(r"(?:.*\D)?([1-9][0-9]{0,2})", text)):
        return f"write {last[1]}, the number alone"
    if whole := re.fullmatch(r"([0-9]{1,9})(?:\.0+|/(?:tcp|udp))", text):
        return f"write {whole[1]}"
    if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+", text):
        return f"write {text.replace(',', '')}"
    return _timed_number(key, text)


def _timed_number(key: str, text: str) -> str:
    """The number of a key that has its unit in its name or meaning, from one with a unit."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})\s*(ms|s|m|h)[a-z]*", text, re.IGNORECASE)
    if not match:
        return ""
    thousandths = int(match[1]) * _MILLISECONDS[match[2].lower()]
    if key.endswith("_ms"):
        return f"write {thousandths}, in milliseconds"
    if key == "dead_threshold":  # o2cb: (threshold - 1) * 2 s
        return f"write {thousandths // 2000 + 1}: it counts heartbeats of 2 s"
    return ""


def share_hint(text: str) -> str:
    """The number of members, or the percentage of them, that was probably meant."""
    plain = text.strip().lower().replace(" percent", "%").replace("pct", "%")
    plain = re.sub(r"\s+(?=%)", "", plain)
    if re.fullmatch(r"0+%?", plain):
        return "write 1 for one member at a time: with none at a time nothing would change"
    if re.fullmatch(r"([1-9][0-9]?|100)%", plain):
        return f"write {plain}"
    if re.fullmatch(r"[0-9]{3,9}%", plain):
        return "write 100% at most; a turn still leaves one that serves each volume"
    if re.fullmatch(r"[1-9][0-9]{0,2}", plain) and int(plain) <= MOST_MEMBERS:
        return f"write {plain} without quotes for so many members, or '{plain}%'"
    return "write a number of members like 2, or a percentage of them like 25%"


def duration_hint(text: str) -> str:
    """The duration that was probably meant."""
    if re.fullmatch(r"[1-9][0-9]{0,6}", text):
        return f"write the unit: '{text}s', if seconds are meant"
    if days := re.fullmatch(r"([1-9][0-9]{0,3})\s*d(ays?)?", text.strip(), re.IGNORECASE):
        return f"did you mean '{int(days[1]) * 24}h'?"
    if parts := re.fullmatch(r"([1-9][0-9]{0,3})h([1-9][0-9]{0,3})m?", text.strip()):
        return f"write one number: {int(parts[1]) * 60 + int(parts[2])}m"
    if half := re.fullmatch(r"([0-9]{1,4}\.[0-9]{1,3})\s*([hm])", text.strip()):
        whole = Fraction(half[1]) * 60
        below = "m" if half[2] == "h" else "s"
        return f"write a whole number: {int(whole)}{below}"
    match = _TIME.fullmatch(text.strip().lstrip("-+"))
    if match:
        return f"did you mean '{match[1]}{match[2].lower()}'?"
    return "write a whole number and its unit, like 30s, 5m or 24h"


def moment_hint(text: str) -> str:
    """The point in time that was probably meant, or how one is written."""
    given = re.fullmatch(
        r"([0-3][0-9])\.([01][0-9])\.([0-9]{4})(?:[ T]([0-9:]{5}))?", text.strip()
    )
    if given:
        return f"did you mean {given[3]}-{given[2]}-{given[1]}T{given[4] or '00:00'}:00Z?"
    if slashes := re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text.strip()):
        first, second, year = slashes.groups()
        both = (
            f"{year}-{month:0>2}-{day:0>2}" for month, day in ((first, second), (second, first))
        )
        return f"write {' or '.join(dict.fromkeys(both))}: the year first, then month and day"
    if re.fullmatch(r"1[0-9]{9}", text.strip()):
        return f"write {datetime.fromtimestamp(int(text), UTC):%Y-%m-%dT%H:%M:%SZ}"
    return "write it like 2026-03-01T09:30:00Z; date -u +%FT%TZ prints the present one"


def path_hint(text: str) -> str:
    """The same path in its one spelling."""
    if not re.fullmatch(r"/*[A-Za-z0-9._+@:-]+(/+[A-Za-z0-9._+@:-]+)*/*", text):
        return ""
    meant = normpath("/" + text.strip("/"))
    return f"did you mean '{meant}'?" if meant != text else ""


_TRUTHS = {
    **dict.fromkeys(("yes", "on", "y", "1"), "true"),
    **dict.fromkeys(("no", "off", "n", "0"), "false"),
}


def truth_hint(text: str) -> str:
    """The truth value that a word of other formats means."""
    text = text.lower()
    if text in {"true", "false"}:
        return f"write {text}, without quotes"
    return f"write {_TRUTHS[text]}" if text in _TRUTHS else "write true, or false"
