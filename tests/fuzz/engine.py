"""One target under libFuzzer, in a process of its own: ``python -m tests.fuzz.engine TARGET …``.

The product's modules are instrumented, so that an input which leads somewhere new is kept. What
follows the target's name are libFuzzer's own arguments.
"""

from __future__ import annotations

import os
import resource
import sys
from random import Random

import atheris

from tests.fuzz.engine_words import READY

GROWTH = 256  # MiB that inputs may make of it
# What reserves address space without using it: the engine itself, and threads' stacks.
ROOM = 4096


def main(name: str, arguments: list[str]) -> None:
    """Fuzz the target; libFuzzer ends the process."""
    with atheris.instrument_imports(include=["reconciler"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415  # this is what is instrumented
    from tests.fuzz.target import examine  # noqa: PLC0415  # as above, and not instrumented

    target = TARGETS[name]
    words = tuple(word.encode() for word in target.words)
    for seed in target.seeds():  # what is loaded lazily is no growth
        target_once(target, seed)
    loaded = resident()
    print(f"{READY} {loaded} MiB", file=sys.stderr, flush=True)
    limit = (loaded + GROWTH + ROOM) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def change(data: bytes, longest: int, seed: int) -> bytes:
        chance = Random(seed)  # noqa: S311  # no secret
        if chance.random() < 0.25:
            return bytes(atheris.Mutate(data, longest))
        return target.change(data, chance, words)[:longest]

    options = [f"-rss_limit_mb={loaded + GROWTH}", f"-max_len={target.longest}", "-timeout=60"]
    atheris.Setup(
        [sys.argv[0], *options, *arguments],
        lambda data: examine(target, data),
        custom_mutator=change,
    )
    atheris.Fuzz()


def target_once(target: object, seed: bytes) -> None:
    """A seed before anything counts; what it does is told by the unit tests."""
    from tests.fuzz.target import Target  # noqa: PLC0415  # as in main

    assert isinstance(target, Target)
    try:
        target.parse(seed)
    except target.answers:
        return


def resident() -> int:
    """MiB of memory that this process has."""
    with open("/proc/self/statm") as file:  # noqa: PTH123  # no path, a look
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
