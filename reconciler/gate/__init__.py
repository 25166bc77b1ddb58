"""The host-side program for what must be checked and done in one breath."""

from __future__ import annotations

from functools import cache
from importlib import resources

from reconciler.model.gate_call import Target
from reconciler.model.plan import MINUTE, Command
from reconciler.model.scripts import travelling


@cache
def gate_text() -> str:
    """The script as it travels; read once."""
    return travelling(_whole())


def _whole() -> str:
    return resources.files(__name__).joinpath("gate.sh").read_text(encoding="utf-8")


def __getattr__(name: str) -> str:
    """``GATE`` is the script's whole text, read when it is first asked for."""
    if name == "GATE":
        return _whole()
    raise AttributeError(name)


def gate_command(
    verb: str,
    *arguments: str,
    target: Target | None = None,
    stdin: str = "",
    timeout: float = MINUTE,
    references: tuple[str, ...] = (),
) -> Command:
    """The command for one of the gate's verbs, as the head of ``gate.sh`` lists them.

    ``target`` is the device of a verb that mounts or writes one.
    """
    words = (*(target.words() if target else ()), verb, *arguments)
    return Command(("sh", "-c", gate_text(), "gate", *words), stdin, timeout, references)
