"""Guesses at names and paths that were meant by ones with a character too many."""

from __future__ import annotations

import re
from posixpath import normpath

from reconciler.loading.value_hints import path_hint

_CUT = "\N{HORIZONTAL ELLIPSIS}"  # a long value is told shortened
_LONGEST_LABEL = 63  # as model.field_types has it
_RUNNING = re.compile(r"\$\(uname -r\)|\$\{?(?:KERNEL|kernel|kver)\}?|`uname -r`|%r")
# Between a package and its version: apt's, pip's and SQL's habits.
_WITH_VERSION = re.compile(r"([A-Za-z0-9][A-Za-z0-9.+_-]*?)\s*(?:={1,2}|>=|~=)\s*(\S+)")
_OWN_DIRECTORY = "mount it on a directory of its own, like /srv/images"


def label_hint(text: str) -> str:
    """The label without what no label has; and where the disk has it so, how that is said."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:_LONGEST_LABEL].rstrip("-._")
    if not plain or plain == text or _CUT in text:
        return ""
    is_sayable = (
        len(text) <= _LONGEST_LABEL
        and text.isprintable()
        and "\N{REPLACEMENT CHARACTER}" not in text
    )
    there = f"; if the disk has it so, add labelled: '{text}'" if is_sayable else ""
    return f"write label: {plain}{there}"


def mount_path_hint(text: str) -> str:
    """The mount path that was meant, in its one spelling."""
    if text.strip() in {"/", "//", ""}:
        return _OWN_DIRECTORY
    if text.startswith("~"):
        return f"write the whole path, as it is on every member; {_OWN_DIRECTORY}"
    if re.match(r"[A-Za-z]:[\\/]|\\", text):
        return _OWN_DIRECTORY
    if _CUT in text:
        return ""
    if found := path_hint(text):
        return found
    plain = re.sub(r"[^A-Za-z0-9._+@:/-]+", "-", text.strip())
    meant = re.sub(r"-*/-*", "/", normpath("/" + plain.strip("/-"))).rstrip("-")
    return f"did you mean '{meant}'?" if meant not in {"/", text} else ""


def straight_path(text: str) -> str:
    """Where a path with ``.`` or ``..`` in it leads."""
    return normpath(text)


def kernel_hint(text: str) -> str:
    """The package of the running kernel, whose release a shell or a packager would fill in."""
    plain = _RUNNING.sub("{kernel}", text)
    return f"write '{plain}', in quotes" if plain != text else ""


def package_hint(key: str, text: str) -> str:
    """A package and its version, from both in one word."""
    if match := _WITH_VERSION.fullmatch(text.strip()):
        return f"write {key}: {match[1]}, and below it {key}_version: {match[2]}"
    words = text.replace(",", " ").split()
    return f"write one package alone: {words[0]}" if len(words) > 1 else ""


def lvm_hint(key: str, text: str) -> str:
    """The name of a group or volume, from the path of the volume's device."""
    parts = [part for part in text.removeprefix("/dev/").split("/") if part]
    if parts[:1] == ["mapper"]:
        parts = [part.replace("--", "-") for part in re.split(r"(?<!-)-(?!-)", parts[-1])]
    if not 1 <= len(parts) <= 2 or not all(re.fullmatch(r"[\w+][\w.+-]*", p) for p in parts):
        return ""
    if len(parts) == 2:
        return f"write vg: {parts[0]}, and lv: {parts[1]}"
    return f"write {key}: {parts[0]}"
