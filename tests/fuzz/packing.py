"""A corpus as one file of a target: an input a line, as JSON, so that a change can be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import sha1
from pathlib import Path

HERE = Path(__file__).parent
# Inputs that lead somewhere else than those before them, and those that once found a defect.
CORPUS, REGRESSIONS = HERE / "corpus", HERE / "regressions"


def read_inputs(file: Path) -> tuple[bytes, ...]:
    """The inputs of a file; none without one."""
    if not file.exists():
        return ()
    lines = file.read_text("ascii").splitlines()
    return tuple(json.loads(line).encode("utf-8", "surrogateescape") for line in lines)


def write_inputs(file: Path, inputs: Iterable[bytes]) -> None:
    """Make it the file of these inputs, the shortest first."""
    ordered = sorted(set(inputs), key=lambda data: (len(data), data))
    lines = [json.dumps(data.decode("utf-8", "surrogateescape")) for data in ordered]
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines), "ascii")


def corpus(name: str) -> tuple[bytes, ...]:
    """The committed inputs of a target, those that found a defect first."""
    return (
        *read_inputs(REGRESSIONS / f"{name}.jsonl"),
        *read_inputs(CORPUS / f"{name}.jsonl"),
    )


def unpack(inputs: Sequence[bytes], place: Path) -> None:
    """A file for each input, named as libFuzzer names them."""
    place.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (place / sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
