"""A command and the look that proves it, sent as one: a round trip less for each step of a run.

``sh -c SCRIPT proof MARK COUNT WORD...``: the first COUNT words are the command, the others the
look. The look begins when the command has ended, however that was, and is a process of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.model.plan import Command, Completed

# The status is the command's. Between both outputs stands a line with the mark, the status, and
# for how many seconds the command ran by the host's own clock.
SCRIPT = """\
# reconcile-proof 1
mark=$1 count=$2
shift 2
words='' at=0
while [ "$at" -lt "$count" ]; do
    at=$((at + 1)) words="$words \\"\\${$at}\\""
done
read -r began _ </proc/uptime
eval "(exec $words)"
status=$?
read -r ended _ </proc/uptime
shift "$count"
printf '\\n%s %s %s\\n' "$mark" "$status" "$((${ended%%.*} - ${began%%.*}))"
"$@" </dev/null 2>/dev/null
exit "$status"
"""
NAME = "proof"
# Before the words of both: sh, -c, the script, its name, the mark, how many are the command's.
HEAD = 6


@dataclass(frozen=True, slots=True)
class Both:
    """A command and its look, as a host finds them in one."""

    mark: str
    argv: tuple[str, ...]
    look: tuple[str, ...]


def join_look(command: Command, mark: str) -> tuple[str, ...]:
    """Command and look as one argv; ``mark`` is a word that neither of them prints by chance."""
    words = (*command.argv, *command.look)
    return ("sh", "-c", SCRIPT, NAME, mark, str(len(command.argv)), *words)


def split_look(argv: Sequence[str]) -> Both | None:
    """What `join_look` has joined, None if that is not it."""
    if tuple(argv[:4]) != ("sh", "-c", SCRIPT, NAME) or len(argv) <= HEAD:
        return None
    end = HEAD + int(argv[HEAD - 1])
    return Both(argv[HEAD - 2], tuple(argv[HEAD:end]), tuple(argv[end:]))


def join_answers(ended: Completed, mark: str) -> Completed:
    """As a host prints both."""
    line = f"\n{mark} {ended.status} {int(ended.seconds)}\n"
    return replace(ended, stdout=f"{ended.stdout}{line}{ended.look}", look="")


def split_answers(ended: Completed, mark: str) -> Completed:
    """How the command ended, with what the look told; that is empty if it did not come to it."""
    said, found, rest = ended.stdout.partition(f"\n{mark} ")
    head, _, told = rest.partition("\n")
    words = head.split(" ")
    if not found or len(words) != 2 or not all(word.isdecimal() for word in words):
        return ended
    # Whole seconds: the command may have ended up to one earlier than they say.
    took = max(0.0, ended.seconds - max(0, int(words[1]) - 1))
    return replace(ended, stdout=said, look=told, look_seconds=took)
