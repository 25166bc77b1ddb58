"""From the probe's answer to its sections: rows of fields, or why there are none.

The answer comes from a host that may be broken or hostile, so it is bounded and nothing in
it is skipped: what does not fit the frame makes a section unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from reconciler.model.observed import TextFile, Unknown

Section = tuple[tuple[str, ...], ...]
T = TypeVar("T")

VERSION = "1"
MAX_LINE = 4096  # characters; what the probe keeps to (hazard 30)
MAX_ANSWER = 1 << 20
MAX_REASON = 200
# Sections that are kept in case another host, or the same one a moment later, has the same: many
# short ones, few long ones. So what hostile hosts send takes some 130 MiB of a process at most.
SHORT = 16384  # characters; the lists of 255 nodes have some 10,000
SHORT_ONES, LONG_ONES = 4096, 64
ENDS_EARLY = "the probe's answer ends early"
NOT_TOLD = "the probe did not answer with it"
HEAD = f"@@reconcile-probe\t{VERSION}\n"
BEGIN = "\n@@begin\t"
WHOLE = ("\n@@done", "\n@@done\n")
FIELDS_OF_END = 2  # its name and its status, each after a tab
NAMES = (
    "identity", "kernel", "packages", "addresses", "cluster_conf", "o2cb_config", "live",
    "services", "ordering", "mounts", "disks", "wanted", "fstab", "processes", "space",
    "records", "leases", "pauses", "log", "automounts", "interconnect", "logical_volumes",
    "guests",
)  # fmt: skip


def split(text: str) -> Mapping[str, Section | Unknown]:
    """Every section of an answer by name; one that is missing or failed is ``Unknown``."""
    return _by_name(text, lambda _name, block: _rows(block))


def read_all(
    text: str, parsers: Mapping[str, Callable[[Section], object]]
) -> Mapping[str, object | Unknown]:
    """Every section of an answer as its parser reads it; of the same text the same object."""
    return _by_name(text, lambda name, block: _value(block, parsers.get(name)))


def _by_name(text: str, value: Callable[[str, str], T | None]) -> dict[str, T | Unknown]:
    """The ``value`` of each section's block, which is None for one that is not closed."""
    text = text[:MAX_ANSWER]
    if f"{text}\n".startswith(HEAD):
        reason = NOT_TOLD if text.endswith(WHOLE) else ENDS_EARLY
    else:
        return dict.fromkeys(NAMES, Unknown("not the answer of this probe"))
    found: dict[str, T | Unknown] = dict.fromkeys(NAMES, Unknown(reason))
    seen: set[str] = set()
    for block in _blocks(text):
        name = block.partition("\n")[0]
        if name in found and (told := value(name, block)) is not None:
            found[name] = Unknown(f"garbled: {name} twice") if name in seen else told
            seen.add(name)
    return found


def _blocks(text: str) -> Sequence[str]:
    """All that follows the beginning of each section, up to the next beginning."""
    _head, *blocks = text.split(BEGIN)
    whole: list[str] = []
    for block in blocks:  # a line with more than a name begins nothing
        if "\t" not in block.partition("\n")[0]:
            whole.append(block)
        elif whole:
            whole[-1] += f"{BEGIN}{block}"
    return whole


def _rows(block: str) -> Section | Unknown | None:
    """The rows of a block, or why it has none; None if its section does not end."""
    name, *lines = block.split("\n")
    ends = (at for at, line in enumerate(lines) if line.startswith("@@end\t"))
    end = next((at for at in ends if lines[at].count("\t") == FIELDS_OF_END), None)
    if end is None:
        return None
    _, closed, status = lines[end].split("\t")
    body = lines[:end]
    if closed != name:
        return Unknown(f"garbled: {name[:64]} ends as {closed[:64]}")
    failed = [line.partition("\t")[2] for line in body if line.startswith("@@fail\t")]
    if failed or status != "0":
        return Unknown(_reason(failed) or f"the probe's section ended with {status[:8]}")
    if any(line.startswith("@@") for line in body):
        return Unknown("garbled: a frame line inside")
    if any(len(line) > MAX_LINE for line in body):
        return Unknown(f"garbled: a line is longer than {MAX_LINE} characters")
    return tuple((line,) if line.startswith("|") else tuple(line.split("\t")) for line in body)


def _reason(failed: Sequence[str]) -> str:
    """What the probe says of why it failed, as far as a person reads; empty if no word of it."""
    return next((words[:MAX_REASON] for words in failed if words.strip()), "")


def _value(block: str, parse: Callable[[Section], T] | None) -> T | Unknown | None:
    """A block as its parser reads it, if there is one; None if its section does not end.

    The text is kept and not its rows: to hash a text again costs nothing, and rows are a walk.
    """
    return (_short if len(block) <= SHORT else _long)(block, parse)


def _read_block(block: str, parse: Callable[[Section], T] | None) -> T | Unknown | None:
    section = _rows(block)
    if section is None or isinstance(section, Unknown):
        return section
    return read(section, parse) if parse else Unknown("this version does not read it")


_short = lru_cache(maxsize=SHORT_ONES)(_read_block)
_long = lru_cache(maxsize=LONG_ONES)(_read_block)


def read(section: Section | Unknown, parse: Callable[[Section], T]) -> T | Unknown:
    """``parse`` applied to a section; garbled input is ``Unknown`` with the reason."""
    if isinstance(section, Unknown):
        return section
    try:
        return parse(section)
    except ValueError as error:
        return Unknown(f"garbled: {str(error)[:MAX_REASON]}")


def text_files(section: Section) -> tuple[TextFile, ...]:
    """The raw files of a section; raises ValueError where a checksum does not match."""
    blocks: list[list[tuple[str, ...]]] = []
    for row in section:
        if row[0] == "path":
            blocks.append([])
        elif not blocks:
            raise ValueError(f"a file without its path: {row[0][:64]!r}")
        blocks[-1].append(row)
    return tuple(_text_file(block) for block in blocks)


def text_file(section: Section) -> TextFile:
    """The only raw file of a section.

    Raises ValueError where there is none, or more than one.
    """
    (only,) = text_files(section) or (None,)
    if only is None:
        raise ValueError("no file in it")
    return only


def _text_file(block: Sequence[tuple[str, ...]]) -> TextFile:
    lines = [row[0][1:] for row in block if row[0].startswith("|")]
    head = pairs(tuple(row for row in block if row[0] != "nonl" and row[0][:1] != "|"))
    path, state = head.pop("path"), head.pop("state", "")
    if state == "absent" and not head and not lines:
        return TextFile(path, None)
    sha256, mode = head.pop("sha256", ""), head.pop("mode", "")
    written, owner = (_told_number(head.pop(key, "")) for key in ("written", "owner"))
    if state != "present" or head:
        raise ValueError(f"{path}: neither present nor absent")
    ends = "" if ("nonl",) in block or not lines else "\n"
    text = "\n".join(lines) + ends
    if "�" in text:
        raise ValueError(f"{path} is not UTF-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if sha256 not in ("", digest):
        raise ValueError(f"{path}: the checksum does not match")
    return TextFile(path, text, digest, mode, written, owner)


def _told_number(value: str) -> int | None:
    """None for a time before 1970, or none at all: nothing is refused for it."""
    return number(value) if value.isascii() and value.isdigit() and len(value) < 16 else None


def pairs(section: Section) -> dict[str, str]:
    """Key and value of every row; raises ValueError for another shape or a repeated key."""
    found: dict[str, str] = {}
    for row in section:
        if len(row) != 2:
            raise ValueError(f"not a key and a value: {row[0][:64]!r}")
        if row[0] in found:
            raise ValueError(f"{row[0]} twice")
        found[row[0]] = row[1]
    return found


def group_rows(section: Section, shapes: Mapping[str, int]) -> dict[str, list[tuple[str, ...]]]:
    """Rows by their first field, without it; ``shapes`` says how many fields follow.

    Raises ValueError for a row of an unknown kind or of another length.
    """
    found: dict[str, list[tuple[str, ...]]] = {kind: [] for kind in shapes}
    for kind, *fields in section:
        if shapes.get(kind) != len(fields):
            raise ValueError(f"unexpected line: {kind[:64]!r} with {len(fields)} fields")
        found[kind].append(tuple(fields))
    return found


def dash(value: str) -> str | None:
    """The value, or None for the probe's ``-``."""
    return None if value == "-" else value


def number(value: str) -> int:
    """A plain decimal number; raises ValueError for anything else, and above 2^63."""
    if not value.isascii() or not value.isdigit() or len(value) > 19:
        raise ValueError(f"not a number: {value[:64]!r}")
    return int(value)


def maybe_number(value: str) -> int | None:
    """A number, or None for ``-``."""
    return None if value == "-" else number(value)


def choice(value: str, table: Mapping[str, T]) -> T:
    """What the table has for ``value``; raises ValueError for a word that it lacks."""
    if value not in table:
        raise ValueError(f"unexpected word: {value[:64]!r}")
    return table[value]
