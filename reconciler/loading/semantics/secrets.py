"""Rules about the operator's own commands: which words of theirs may stand for a secret."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.loading.semantics.commands import all_commands
from reconciler.loading.semantics.finding import Finding, Rule
from reconciler.model.desired import Desired
from reconciler.model.secrets import is_mistaken, references

_HINT = "env:NAME, or file:PATH with an absolute path, as a whole word"
_NO_COMMAND = "nothing is run on the controller: write the secret to a file, and use file:PATH"


def references_are_spelled(desired: Desired) -> Iterator[Finding]:
    """A misspelt one would go to the host as it stands."""
    for path, words in all_commands(desired):
        for i, word in enumerate(words):
            if is_mistaken(word):
                hint = _NO_COMMAND if word.startswith("cmd:") else _HINT
                message = f"'{word}' stands for no secret"
                yield Finding((*path, i), "bad-reference", message, hint)


def programs_are_no_secrets(desired: Desired) -> Iterator[Finding]:
    """What is run is shown before it is approved."""
    for path, words in all_commands(desired):
        if references(words[:1]):
            message = "the program itself cannot stand for a secret"
            yield Finding((*path, 0), "bad-reference", message, "name the program")


def lists_have_no_secrets(desired: Desired) -> Iterator[Finding]:
    """``list`` runs whenever hosts are looked at, and only what is approved is given secrets."""
    for path, words in all_commands(desired):
        for i, word in enumerate(words):
            if path[-1] == "list" and references((word,)):
                message = f"'{word}' in 'list': looking has no secrets"
                hint = "have the program read it on the host"
                yield Finding((*path, i), "bad-reference", message, hint)


RULES: tuple[Rule, ...] = (
    references_are_spelled,
    programs_are_no_secrets,
    lists_have_no_secrets,
)
