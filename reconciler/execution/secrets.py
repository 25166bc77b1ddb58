"""Secrets in the operator's own commands: read at the last moment, and never told.

Nothing but an approved action that runs reads them: no plan, no check of a file. What comes
back from the host is shown with ``***`` in their place.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from urllib.parse import quote

from reconciler.errors import ActionFailed, HostUnreachable, SecretUnread
from reconciler.hosts import Host
from reconciler.model.gate_call import HEAD, is_gate
from reconciler.model.plan import Action, Command, Completed

HIDDEN = "***"
LONGEST = 4096  # bytes; a command line is no place for more
# A single quote between single quotes, as shells have it.
QUOTE = ("'\\''", "'\"'\"'")
OTHERS = stat.S_IRWXO | stat.S_IWGRP


class _UnreadError(Exception):
    """Why a secret cannot be had, in words."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the references of one command stand for."""

    values: Mapping[str, str] = field(repr=False)

    async def run(self, host: Host, command: Command) -> Completed:
        """Run the command with its secrets; nothing that comes back holds one of them.

        Raises HostUnreachable.
        """
        if not self.values:
            return await host.run(command)
        try:
            ended = await host.run(self._filled(command))
        except HostUnreachable as error:
            message = self._hidden(error.message)
            raise HostUnreachable(error.host, error.code, message) from None
        stdout, stderr = self._hidden(ended.stdout), self._hidden(ended.stderr)
        return replace(ended, stdout=stdout, stderr=stderr)

    def _filled(self, command: Command) -> Command:
        """With the values, which whoever shows the command does not see."""
        head = HEAD if is_gate(command.argv) else 0
        words = (*command.argv[:head], *map(self._word, command.argv[head:]))
        return replace(command, argv=words, shown_as=command.argv)

    def _word(self, word: str) -> str:
        """The gate gets a command as one argument, a word a line."""
        return "\n".join(self.values.get(line, line) for line in word.split("\n"))

    def _hidden(self, text: str) -> str:
        """Without the values, also where a program quoted them."""
        for value in sorted(self.values.values(), key=len, reverse=True):
            text = re.sub("".join(map(_quoted, value)), HIDDEN, text)
        return text


def _quoted(char: str) -> str:
    """A pattern of a character as it is, or as a shell, JSON, a URL or HTML has it."""
    forms = (char, json.dumps(char)[1:-1], quote(char, safe=""), escape(char))
    words = [re.escape(form) for form in dict.fromkeys(forms)]
    words += [re.escape(form) for form in QUOTE if char == "'"]
    return rf"\\*(?:{'|'.join(words)})"


def read_secrets(action: Action) -> Secrets:
    """What the references of an action's command stand for.

    Raises ActionFailed, by the name ``secret-unread``: nothing has been sent then.
    """
    references = action.command.references if action.command else ()
    return Secrets({reference: _read(action.id, reference) for reference in references})


def _read(action: str, reference: str) -> str:
    try:
        return read_reference(reference)
    except SecretUnread as error:
        raise ActionFailed(action, f"not started: {error.code}: {error}") from None


def read_reference(reference: str) -> str:
    """What ``env:NAME`` or ``file:PATH`` stands for. Raises SecretUnread, which does not tell it."""
    kind, _, name = reference.partition(":")
    try:
        return _checked(_variable(name) if kind == "env" else _file(name))
    except (_UnreadError, OSError, UnicodeDecodeError) as error:
        raise SecretUnread("secret-unread", _unread(reference, error)) from None


def _unread(reference: str, error: Exception) -> str:
    """In words; an error of decoding would quote what it read."""
    if isinstance(error, UnicodeDecodeError):
        return f"{reference} is not UTF-8"
    words = error.strerror if isinstance(error, OSError) else str(error)
    return f"{reference} {words or 'cannot be read'}"


def _variable(name: str) -> str:
    if name not in os.environ:
        raise _UnreadError("is not set in the environment of reconcile")
    return os.environ[name]


def _file(name: str) -> str:
    """The whole file less its last line feed."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    path = Path(name).expanduser()
    if path.is_symlink():
        raise _UnreadError("is a symbolic link: name the file itself")
    file = os.open(path, flags)
    try:
        _check(os.fstat(file), name)
        return os.read(file, LONGEST + 2).decode().removesuffix("\n")
    finally:
        os.close(file)


def _check(found: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _UnreadError("is not a regular file")
    if found.st_uid not in {os.geteuid(), 0}:
        raise _UnreadError("belongs to somebody else")
    if found.st_mode & OTHERS:
        mend = f"chmod 600 {shlex.quote(name)}"
        raise _UnreadError(f"can be read or changed by others: {mend}")


def _checked(value: str) -> str:
    if not value:
        raise _UnreadError("is empty")
    if len(value.encode("utf-8", "surrogateescape")) > LONGEST:
        raise _UnreadError(f"is longer than {LONGEST} bytes")
    if not value.isprintable():
        raise _UnreadError("holds a line feed or another character that is not printable")
    return value
