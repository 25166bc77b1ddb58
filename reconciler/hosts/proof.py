"""Commands and the look that proves them, sent as one: a round trip for several steps of a run.

``sh -c SCRIPT steps MARK [COUNT BYTES WORD...]... 0 [WORD...]``: each COUNT words are a command with
so many bytes of the input, ``-`` for all the rest; the last words are the look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.model.digits import is_number
from reconciler.model.plan import Command, Completed

# A command begins where the one before has ended with 0, the look however they have ended; each is
# a process of its own. After a command stands a line with the mark, its status, and for how many
# seconds it ran by the host's own clock; on stderr one with the mark. The status is that of the
# last to begin. ``=`` stands for ``sh -c`` and the script of the one before.
SCRIPT = """\
# reconcile-steps 1
mark=$1 status=0
shift
while [ "$1" != 0 ]; do
    count=$1 bytes=$2
    shift 2
    if [ "$status" = 0 ]; then
        words='' at=0
        case $1 in
        =) words="sh -c \\"\\$text\\"" at=1 ;;
        *) text=${3-} ;;
        esac
        while [ "$at" -lt "$count" ]; do
            at=$((at + 1)) words="$words \\"\\${$at}\\""
        done
        read -r began _ </proc/uptime
        case $bytes in
        -) eval "(exec $words)" ;;
        *) dd bs=1 count="$bytes" 2>/dev/null | eval "(exec $words)" ;;
        esac
        status=$?
        read -r ended _ </proc/uptime
        printf '\\n%s %s %s\\n' "$mark" "$status" "$((${ended%%.*} - ${began%%.*}))"
        printf '\\n%s\\n' "$mark" >&2
    fi
    shift "$count"
done
shift
[ $# -eq 0 ] || "$@" </dev/null 2>/dev/null
exit "$status"
"""
NAME = "steps"
# Before the words of all: sh, -c, the script, its name, the mark.
HEAD = 5
SAME = "="
# Words of a command that brings its script along: sh, -c, the script.
SCRIPTED = 3
REST = "-"
LAST = "0"


@dataclass(frozen=True, slots=True)
class Joined:
    """Commands and a look, as a host finds them in one."""

    mark: str
    command: Command


def is_joined(command: Command) -> bool:
    """Whether more than the command itself is to be sent."""
    return bool(command.look or command.then)


def join_steps(command: Command, mark: str) -> Command:
    """All that travels with a command as one; ``mark`` is a word that none prints by chance."""
    steps = (command, *command.then)
    words: list[str] = []
    script: tuple[str, ...] = ()
    for number, step in enumerate(steps, 1):
        argv = step.argv
        if argv[:SCRIPTED] == script:
            argv = (SAME, *argv[SCRIPTED:])
        elif argv[:2] == ("sh", "-c"):
            script = argv[:SCRIPTED]
        else:
            script = ()
        size = REST if number == len(steps) else str(len(step.stdin.encode()))
        words += (str(len(argv)), size, *argv)
    return replace(
        command,
        argv=("sh", "-c", SCRIPT, NAME, mark, *words, LAST, *command.look),
        stdin="".join(step.stdin for step in steps),
        timeout=sum(step.timeout for step in steps),
        shown_as=command.shown_as or command.argv,
        then=(),
    )


def split_steps(argv: Sequence[str], stdin: str) -> Joined | None:
    """What `join_steps` has joined, None if that is not it."""
    if tuple(argv[:4]) != ("sh", "-c", SCRIPT, NAME) or len(argv) <= HEAD:
        return None
    rest, data = tuple(argv[HEAD:]), stdin.encode()
    steps: list[Command] = []
    script: tuple[str, ...] = ()
    while rest[0] != LAST:
        count, size = int(rest[0]), len(data) if rest[1] == REST else int(rest[1])
        words, rest = rest[2 : count + 2], rest[count + 2 :]
        words = (*script, *words[1:]) if words[0] == SAME else words
        script = words[:SCRIPTED]
        steps.append(Command(words, data[:size].decode()))
        data = data[size:]
    return Joined(argv[HEAD - 1], replace(steps[0], look=rest[1:], then=tuple(steps[1:])))


def join_answers(ended: Completed, mark: str) -> Completed:
    """As a host prints them."""
    ends = (ended, *ended.then)
    said = "".join(f"{one.stdout}\n{mark} {one.status} {int(one.seconds)}\n" for one in ends)
    errors = "".join(f"{one.stderr}\n{mark}\n" for one in ends)
    return Completed(ends[-1].status, f"{said}{ended.look}", errors)


def split_answers(ended: Completed, mark: str) -> Completed:
    """How each command ended, with what the look told; that is empty if it did not come to it.

    What has no end that could be read is all of it, with the status of all.
    """
    ends, look = _ends(ended, mark)
    if not ends:
        return ended
    # Whole seconds: a command may have ended up to one earlier than they say.
    ran = sum(max(0.0, one.seconds - 1) for one in ends)
    took = max(0.0, ended.seconds - ran)
    if len(ends) == 1:
        ends = (replace(ends[0], seconds=ended.seconds),)
    return replace(ends[0], look=look, look_seconds=took, then=ends[1:])


def _ends(ended: Completed, mark: str) -> tuple[tuple[Completed, ...], str]:
    """The ends of the commands, and what stands after the last."""
    first, *others = ended.stdout.split(f"\n{mark} ")
    errors = ended.stderr.split(f"\n{mark}\n")
    found, said = [], first
    for number, text in enumerate(others):
        head, _, rest = text.partition("\n")
        words = head.split(" ")
        if len(words) != 2 or not all(map(is_number, words)):
            return (), ""
        error = errors[number] if number < len(errors) else ""
        found.append(Completed(int(words[0]), said, error, float(words[1])))
        said = rest
    return tuple(_with_last_words(found, errors)), said


def _with_last_words(ends: Sequence[Completed], errors: Sequence[str]) -> Iterator[Completed]:
    """What stands after the last mark on stderr is of nobody: the shell's own, if anything."""
    yield from ends[:-1]
    if ends:
        more = "".join(errors[len(ends) :])
        yield replace(ends[-1], stderr=ends[-1].stderr + more)
