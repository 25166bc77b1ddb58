"""How planning grows with the members of a cluster: CPU seconds, memory and the exponent.

Run with ``python -m tests.bench.planning [CASE…] [MEMBERS…]``. Hosts are observed in the simulator
by the product's own probe; what an apply makes of them is foretold by the product's own effects, so
that 255 members need no run. Each measurement has a process of its own, where only planning counts.
"""

from __future__ import annotations

import gc
import json
import math
import resource
import subprocess
import sys
import time
from dataclasses import replace

from reconciler.execution.records import records
from reconciler.hosts.simulator.presets import Shape
from reconciler.model.desired import Desired
from reconciler.model.observed import Observed
from reconciler.model.records import DIRECTORY
from reconciler.planning.planner import draft_plan, make_plan
from reconciler.planning.prediction import predict
from reconciler.planning.resolve.numbering import with_numbers
from tests.builders import file
from tests.clock import drive
from tests.runs import Controller, members, of, volume, witnessed

SIZES = (32, 64, 128, 255)
CASES = ("create", "no-change", "join", "leave", "grow", "renumber", "compact")
# As many as OCFS2 has: who joins needs no offline window for more.
SLOTS = 255
TURN = "25%"  # of the members whose numbers close up, at once


def wish(world, names, *, states=None, size="512MiB", **more) -> Desired:
    """A file with one cluster of these hosts and one volume."""
    items = members(world, *names)
    for item in items:
        item.update((states or {}).get(item["name"], {}))
    return of(
        {
            "name": "ocfs2",
            "members": items,
            "volumes": [volume(world, size=size, slots=SLOTS)],
            **more,
        }
    )


def observe(world, desired: Desired):
    """What all hosts have."""
    return drive(world, Controller(world).look(desired))


def converge(desired: Desired, pairs):
    """The hosts as the whole plan leaves them, with the records of a run."""
    cluster, observed = pairs[0]
    draft = draft_plan(cluster, observed)
    if draft.plan.blocked:
        raise SystemExit(f"blocked: {draft.plan.blocked[:3]}")
    hosts = draft.start
    for point, actions in draft.parts:
        hosts = predict(point, hosts, actions)
    numbered = with_numbers(cluster, hosts)
    texts = records(desired, numbered, hosts)
    left = tuple(
        file(f"{DIRECTORY}/{cluster.name}/{name}", text) for name, text in texts.items()
    )
    seen = {name: replace(facts, records=left) for name, facts in hosts.hosts.items()}
    return Observed({name: without_slots(facts) for name, facts in seen.items()})


def without_slots(facts):
    """A host that could not read the slots: no prediction tells who has which."""
    return replace(facts, wanted=tuple(replace(v, slot_map=None) for v in facts.wanted))


def setting(case: str, count: int):
    """The file and the hosts of a case."""
    world = witnessed(count, Shape("scsi"))
    names = sorted(world.machines)
    names = [name for name in names if name.startswith("node")]
    if case == "compact":
        return compact(world, names[: SLOTS - 1])
    whole = wish(world, names)
    if case == "create":
        return whole.clusters[0], observe(world, whole)[0][1]
    before = wish(world, names[:-1]) if case == "join" else whole
    pairs = observe(world, before)
    hosts = dict(converge(before, pairs).hosts)
    if case == "join":
        seen = hosts[names[0]]
        late = observe(world, wish(world, names[-1:]))[0][1].hosts[names[-1]]
        hosts[names[-1]] = replace(late, disks=seen.disks, wanted=seen.wanted)
        after = whole
    elif case == "leave":
        after = wish(world, names, states={names[0]: {"state": "absent"}})
    elif case == "grow":
        after = wish(world, names, size="1GiB")
    elif case == "renumber":
        after = wish(world, names, states={names[0]: {"state": "absent"}}, numbering="compact")
    else:
        after = whole
    return after.clusters[0], Observed(hosts)


def compact(world, names):
    """All members have the number after theirs, of which there are 255, and close up by turns."""
    held = {name: {"number": place} for place, name in enumerate(names, 1)}
    pairs = observe(world, before := wish(world, names, states=held))
    after = wish(world, names, numbering="compact", max_unavailable=TURN)
    return after.clusters[0], converge(before, pairs)


def measure(case: str, count: int) -> dict[str, object]:
    """One plan in this process."""
    cluster, observed = setting(case, count)
    gc.collect()
    gc.freeze()
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    plan = make_plan([(cluster, observed)])
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": seconds,
        "peak_mb": peak / 1024,
        "above_mb": (peak - base) / 1024,
        "actions": len(plan.actions),
        "blocked": sorted({item.code for item in plan.blocked}),
    }


def main() -> None:
    """Print a line a case, and the exponent of its growth."""
    words = sys.argv[1:]
    if words[:1] == ["one"]:
        print(json.dumps(measure(words[1], int(words[2]))))
        return
    cases = [word for word in words if word in CASES] or CASES
    sizes = [int(word) for word in words if word.isdigit()] or SIZES
    for case in cases:
        times = {}
        for size in sizes:
            command = [sys.executable, "-m", "tests.bench.planning", "one", case, str(size)]
            ended = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(ended.stdout.splitlines()[-1])
            times[size] = found["seconds"]
            print(
                f"{case:10} {size:4} members {found['seconds']:8.2f} s CPU {found['peak_mb']:6.0f} MB "
                f"{found['actions']:6} actions {' '.join(found['blocked'])}",
                flush=True,
            )
        if len(times) > 1:
            few, many = min(times), max(times)
            power = math.log(times[many] / times[few]) / math.log(many / few)
            print(f"{case:10} exponent {power:.2f}", flush=True)


if __name__ == "__main__":
    main()
