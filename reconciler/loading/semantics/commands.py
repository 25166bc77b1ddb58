"""Rules about the operator's own commands: no shell reads them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.loading.command_hints import command_hint, split_words
from reconciler.loading.nodes import Path
from reconciler.loading.semantics.finding import Finding, Rule, volumes
from reconciler.model.desired import Desired, Volume
from reconciler.model.volume_integrations import HostCommand

_GUESTS = ("list", "stop", "start", "migrate")
# What only a shell has a meaning for. A semicolon is left out: find -exec ends with one.
_OPERATORS = frozenset({"|", "||", "&&", ">", ">>", "2>", "2>&1", "&>", "1>&2"})
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh", "test", "[", "expr", "awk"})


def no_shell_reads_a_command(desired: Desired) -> Iterator[Finding]:
    """The program would be given the operator as a word, and the rest of the line with it."""
    for path, words in all_commands(desired):
        if not words or words[0].rpartition("/")[2] in _SHELLS:
            continue
        for i, word in enumerate(words):
            if word in _OPERATORS:
                message = f"'{word}' would be given to '{words[0]}': no shell reads a command"
                hint = (
                    command_hint(" ".join(words)) or "write a script on the host, and its path"
                )
                yield Finding((*path, i), "bad-value", message, hint)


def a_program_is_a_word_of_its_own(desired: Desired) -> Iterator[Finding]:
    """A whole command in the first word is looked for as a file of that name."""
    for path, words in all_commands(desired):
        if len(words) == 1 and " " in words[0].strip() and not words[0].startswith("/"):
            message = f"'{words[0]}' is one word: a program of that name is looked for"
            parts = ", ".join(split_words("argv", words[0]))
            hint = command_hint(words[0]) or f"write each word as an item: [{parts}]"
            yield Finding((*path, 0), "bad-value", message, hint)


def all_commands(desired: Desired) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Every command of the file with its path."""
    for path, _cluster, volume in volumes(desired):
        for key, command in _host_commands(volume):
            yield (*path, *key, "argv"), command.argv
        guests = volume.workloads.guests if volume.workloads else None
        for verb in _GUESTS if guests else ():
            if words := getattr(guests, verb):
                yield (*path, "workloads", "guests", verb), words


def _host_commands(volume: Volume) -> Iterator[tuple[tuple[str, ...], HostCommand]]:
    if volume.backing and volume.backing.command:
        yield ("backing", "command"), volume.backing.command
    if volume.access:
        yield ("access", "revoke"), volume.access.revoke
    if volume.backup:
        yield ("backup",), volume.backup


RULES: tuple[Rule, ...] = (no_shell_reads_a_command, a_program_is_a_word_of_its_own)
