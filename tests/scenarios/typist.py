"""Somebody who types a runbook: each command on its hosts, each check read as a person reads it."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.lab.lab import Lab

STEP = re.compile(
    r"^(?P<when>On|Only if, on|Leave this out if, on|Then look, on|Do not go on before, on) "
    r"(?P<hosts>[^\n]+):\n```\n(?P<typed>.*?)\n```$"
    r"(?:\nshows\n```\n(?P<shown>.*?)\n```$)?",
    re.MULTILINE | re.DOTALL,
)
TYPING = "On"
ASKS = re.compile(r"parted (?P<words>.*?) +# .*: (?P<answers>\w+(, \w+)*)$")
HERE = "and `here` behind the host's own name, only there"
SAME = "the same on each of these hosts"
LEAST = re.compile(r"(?P<least>\d+)(?: bytes)?, or more$", re.MULTILINE)


def _gone(out: str) -> bool:
    return all(line.endswith("No such file or directory") for line in out.splitlines())


def _is_blank(out: str) -> bool:
    """Nothing of wipefs and blkid; of lsblk its title and one device that is nowhere mounted."""
    first, last, *devices = out.splitlines()
    return (first, last, len(devices)) == ("0", "0", 2) and len(devices[1].split()) == 6


def _is_well(_shown: str, out: str) -> bool:
    """No mount is read-only that was not asked to be, and no disk failed."""
    mounts = [line.split() for line in out.splitlines() if line.startswith("/")]
    writable = all("ro" not in options.split(",") for _path, options in mounts)
    return writable and "I/O error" not in out


def _nobody_else_beats(shown: str, out: str) -> bool:
    """As debugfs.ocfs2 tells the blocks: NODE: NODE SEQUENCE GENERATION CHECKSUM."""
    told = re.search(r"apart from node ([\d, ]+), which", shown)
    apart = set(told[1].split(", ")) if told else set()
    rows = re.findall(
        r"^\d+: (\d+) [0-9a-f]{16} ([0-9a-f]{16}) [0-9a-f]{8}$", out, re.MULTILINE
    )
    going = {node for node, generation in rows if int(generation, 16)}
    return going <= apart


def _has_room(out: str) -> bool:
    device, *said = out.splitlines()
    bits = next(int(line.split()[-1]) for line in said if "Cluster Size Bits" in line)
    clusters = next(
        int(re.findall(r"Clusters: (\d+)", line)[0]) for line in said if "Clusters:" in line
    )
    return int(device) >= clusters << bits


# What a check says in words: whether what was shown is that.
WORDS: dict[str, Callable[[str], bool]] = {
    "nothing": lambda out: not out,
    "nothing: nobody has a file, a directory or a program there": lambda out: not out,
    "nothing, or No such file or directory": lambda out: not out or _gone(out),
    "nothing from grep: no process has it mounted\nNo such file or directory, twice": (
        lambda out: _gone(out) and len(out.splitlines()) == 2
    ),
    "no directory, in either": lambda out: not out or _gone(out),
    "nothing from wipefs and blkid\n0 and 0: zeros at its beginning and its end\n"
    "one device with nothing below it, nowhere mounted": _is_blank,
    "the first number is at least Clusters times 2 to the power of Cluster Size Bits": (
        _has_room
    ),
}


# The same of checks whose words differ from host to host: how they begin.
BEGINNINGS: dict[str, Callable[[str, str], bool]] = {
    "no ro that you did not ask for": _is_well,
    "no line with a generation other than 0": _nobody_else_beats,
}


@dataclass(frozen=True)
class Step:
    """What is typed on which hosts; ``shown`` is empty where nothing is to be seen."""

    when: str
    hosts: tuple[str, ...]
    typed: str
    shown: str


def steps(text: str) -> list[Step]:
    """A runbook's commands and checks in their order; none is passed over."""
    found = [
        Step(m["when"], tuple(m["hosts"].split(", ")), m["typed"], m["shown"] or "")
        for m in STEP.finditer(text)
    ]
    fences = len(re.findall(r"^```$", text, re.MULTILINE)) // 2
    assert sum(1 + bool(step.shown) for step in found) == fences
    return found


def work(lab: Lab, text: str) -> str:
    """Types it up to the first check that does not show what it must; that one, or nothing."""
    skip = False
    for step in steps(text):
        if step.when == TYPING and skip:
            skip = False
            continue
        out = {host: _typed(lab, host, step) for host in step.hosts}
        fine = not step.shown or _as_shown(step.shown, out)
        if step.when.startswith("Leave this out"):
            skip = fine
        elif not fine:
            return f"{step.when} {step.typed}\n  shows {out}\n  not   {step.shown}"
    return ""


def _typed(lab: Lab, host: str, step: Step) -> str:
    typed = "\n".join(map(_answered, step.typed.splitlines()))
    done = lab.run(host, typed, timeout=150)
    if step.when == TYPING:
        assert done.returncode == 0, (host, step.typed, done.stdout, done.stderr)
    return "\n".join(
        " ".join(line.split()) for line in (done.stdout + done.stderr).splitlines()
    )


def _answered(line: str) -> str:
    """parted asks, and what stands behind its ``#`` is what to answer; here is no keyboard."""
    if not (asks := ASKS.match(line)):
        return line
    answers = shlex.quote("".join(f"{word}\\n" for word in asks["answers"].split(", ")))
    return f"printf {answers} | parted ---pretend-input-tty {asks['words']}"


def _in_words(shown: str) -> Callable[[str], bool] | None:
    """What reads a check that says in words what must be shown; None where that is a text."""
    begun = [
        partial(holds, shown) for word, holds in BEGINNINGS.items() if shown.startswith(word)
    ]
    return WORDS.get(shown) or next(iter(begun), None)


def _as_shown(shown: str, out: dict[str, str]) -> bool:
    if holds := _in_words(shown):
        return all(map(holds, out.values()))
    if shown.endswith(HERE):
        own = all(
            [line.split()[1] for line in text.splitlines() if line.endswith(" here")] == [host]
            for host, text in out.items()
        )
        out = {host: text.replace(" here", "") for host, text in out.items()}
        return own and _as_shown(shown.removesuffix(HERE).rstrip("\n"), out)
    if shown == SAME:
        return len(set(out.values())) == 1 and "" not in out.values()
    if told := LEAST.search(shown):
        shows = [
            re.findall(r"\d+", line) for text in out.values() for line in text.splitlines()
        ]
        told_by_all = all(out.values())
        return told_by_all and all(max(map(int, n)) >= int(told["least"]) for n in shows)
    if "…" in shown:
        begin = re.split("[=…]", shown, maxsplit=1)[0]
        named = re.search(r" with (\S+)$", shown)
        return all(
            text.startswith(begin) and (not named or named[1] in text) for text in out.values()
        )
    lines = {" ".join(line.split()) for line in shown.splitlines()}
    return all(lines <= set(text.splitlines()) for text in out.values())
