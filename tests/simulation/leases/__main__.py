"""Plays histories of the lease: ``python -m tests.simulation.leases``.

``--seeds A:B`` plays many, in as many processes as there are cores; each that is wrong is made as
short as it can be and told in words. ``--story SEED`` tells one as it was, with ``--weaker NAME`` by
a weaker table or run. ``--plans`` has the planner make the recorded plans anew. ``--prove N`` plays N,
finds all weakenings, and notes that in the record of the proof. It ends with 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.arguments import positive, seeds
from tests.proof.proof_page import load_record, save_record
from tests.simulation.leases.histories import play_seed
from tests.simulation.leases.proving import play_in_processes, prove
from tests.simulation.leases.recording import RECORDED, record_plans
from tests.simulation.leases.scenario import scenario_of
from tests.simulation.leases.story import shrink, tell
from tests.simulation.leases.weakenings import weakenings
from tests.simulation.leases.world import PRODUCT


def main() -> int:
    """What the words ask for; 1 when a history is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.leases",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=seeds, metavar="A:B", help="B excluded")
    parser.add_argument("--story", type=int, metavar="SEED", help="tell this history")
    parser.add_argument("--weaker", metavar="NAME", help="with --story: by this weaker one")
    parser.add_argument(
        "--prove", type=positive, metavar="N", help="play so many, and write the record"
    )
    parser.add_argument("--plans", action="store_true", help="make the plans anew")
    words = parser.parse_args()
    if words.weaker is not None and words.story is None:
        parser.error("--weaker goes with --story")
    if words.weaker is not None and words.weaker not in weakenings():
        parser.error(f"no weakening {words.weaker!r}; there are: {'; '.join(weakenings())}")
    if words.plans:
        RECORDED.write_text(record_plans())
    elif words.story is not None:
        return _tell(words.story, words.weaker)
    elif words.prove:
        found = prove(words.prove)
        before = load_record("lock") or {}
        save_record("lock", {**before, "date": found["date"], "histories": found})
        missed = [name for name, how in found["weakenings"].items() if not how]
        print(f"{found['histories']:,} histories; wrong: {found['wrong']}; not found: {missed}")
        return bool(found["wrong"] or missed)
    elif words.seeds:
        return _play(words.seeds.start, words.seeds.stop)
    else:
        parser.print_help()
    return 0


def _tell(seed: int, weaker: str | None) -> int:
    protocol = weakenings()[weaker] if weaker else PRODUCT
    history = play_seed(seed, protocol)
    print(tell(history), f"trace {history.digest}", repr(history.scenario), sep="\n\n")
    if history.wrong and weaker:
        print("", "The same, as short as it can be:", sep="\n")
        print(tell(shrink(history.scenario, protocol)))
    return bool(history.wrong)


def _play(first: int, after: int) -> int:
    started = time.monotonic()
    portions = play_in_processes(first, after, os.cpu_count() or 1)
    minutes = (time.monotonic() - started) / 60
    played = sum(portion.histories for portion in portions)
    seconds = sum(portion.seconds for portion in portions)
    print(
        f"{played:,} histories in {minutes * 60:.0f} s: {played / minutes:,.0f} a minute, "
        f"{played / seconds * 60:,.0f} a minute of one processor"
    )
    wrong = {seed: law for portion in portions for seed, law in portion.wrong.items()}
    for seed, law in sorted(wrong.items()):
        print("", f"seed {seed}: {law}", tell(shrink(scenario_of(seed))), sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
