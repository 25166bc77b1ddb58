"""``reconcile scripts``: the texts that run on hosts, for whoever wants to know before they do."""

from __future__ import annotations

from collections.abc import Iterator

import click

from reconciler.cli.options import NO_NOTES
from reconciler.errors import UsageError

PROBE, STEPS = "probe", "steps"


@click.command("scripts")
@click.argument("words", nargs=-1, metavar="[VERB|SECTION...]")
@click.option("--comments", is_flag=True, help="With the comments, which stay at home.")
@NO_NOTES
def command(words: tuple[str, ...], comments: bool) -> int:
    """Print what runs on a host, to the letter: of a VERB that acts, or for SECTIONs that are read.

    "fetch" is followed by the verb that it prepares; "probe" are all sections; "steps" begins what is
    sent together. Without an argument: all of them, with the bytes that travel.
    """
    click.echo(_text(words, comments) if words else "\n".join(_overview()), nl=not words)
    return 0


def _text(words: tuple[str, ...], comments: bool) -> str:
    from reconciler import gate, probe  # noqa: PLC0415  # --help needs neither
    from reconciler.hosts.proof import SCRIPT  # noqa: PLC0415  # as above

    if words == (STEPS,):
        return SCRIPT
    if set(words) <= {PROBE} | probe.section_parts().keys():
        only = () if PROBE in words else words
        return probe.probe_source(*only) if comments else probe.probe_text(*only)
    if words not in _calls():
        raise UsageError(f"neither a verb nor sections: {' '.join(words)!r}; {_meant(words)}")
    return gate.gate_source(*words) if comments else gate.gate_text(*words)


def _calls() -> list[tuple[str, ...]]:
    """The verbs by their names; one that prepares another, with that."""
    from reconciler import gate  # noqa: PLC0415  # as above

    alone = [(verb,) for verb in sorted(gate.verb_parts()) if verb not in gate.BEFORE]
    return [*alone, *((gate.FETCH, verb) for verb in gate.FETCHED)]


def _overview() -> Iterator[str]:
    from reconciler import gate, probe  # noqa: PLC0415  # as above
    from reconciler.hosts.proof import SCRIPT  # noqa: PLC0415  # as above

    yield "bytes  verbs of the gate: each does one thing, after checking that it is still right"
    for words in _calls():
        yield f"{len(gate.gate_text(*words).encode()):5}  {' '.join(words)}"
    yield "bytes  sections of the probe, which only reads"
    for name in sorted(probe.section_parts()):
        yield f"{len(probe.probe_text(name).encode()):5}  {name}"
    yield f"{len(probe.probe_text().encode()):5}  {PROBE}: all sections"
    yield "bytes  what begins commands that are sent together, and the look after them"
    yield f"{len(SCRIPT.encode()):5}  {STEPS}"


def _meant(words: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only when something is wrong

    from reconciler import probe  # noqa: PLC0415  # as above

    names = [*map(" ".join, _calls()), *probe.section_parts()]
    near = get_close_matches(" ".join(words), names, 1)
    return f"did you mean {near[0]}?" if near else "reconcile scripts lists them"
