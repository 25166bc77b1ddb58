"""Any sequence of wishes for the members, some runs killed: it ends well or says why not.

Hosts leave and return, swap numbers, are drained, change ports; timeouts and numbering
change between, with a controller that dies at any command and hosts that restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from reconciler.hosts.simulator import World, connect_all
from reconciler.model.desired import Desired
from tests.clock import drive
from tests.fault_transport import Kill, Line
from tests.properties.recovery import disturbed
from tests.runs import Controller, Ended, members, mounted, of, volume, witnessed
from tests.strategies import bounded

HOSTS = 4
GOOD = frozenset({"converged", "no-change"})


@dataclass(frozen=True, slots=True)
class Wish:
    """One file: by host its place among the members, or None, and what it says beyond that."""

    states: tuple[str | None, ...]
    pins: tuple[int | None, ...]
    ports: tuple[int, ...]
    numbering: str
    rollout: str
    idle: int
    kill: tuple[int, str] | None
    reboot: int | None

    def desired(self, world: World) -> Desired:
        """The file."""
        items: list[dict[str, Any]] = []
        for at, item in enumerate(members(world)):
            state = self.states[at]
            if state is None:
                continue
            pin = self.pins[at] if self.numbering == "stable" and state != "absent" else None
            more = {} if pin is None else {"number": pin}
            items.append({**item, "state": state, "port": self.ports[at], **more})
        return of(
            {
                "name": "ocfs2",
                "numbering": self.numbering,
                "rollout": self.rollout,
                "network": {"idle_timeout_ms": self.idle},
                "members": items,
                "volumes": [volume(world)],
            }
        )


def _sensible(wish: Wish) -> bool:
    """What the file's own rules demand: somebody present, no number twice."""
    listed = [n for n, s in enumerate(wish.states) if s in {"present", "drained"}]
    pins = [wish.pins[n] for n in listed if wish.pins[n] is not None]
    return "present" in wish.states and len(pins) == len(set(pins))


each = {"min_size": HOSTS, "max_size": HOSTS}
wishes = st.builds(
    Wish,
    st.lists(
        st.sampled_from(["present", "present", "present", "drained", "absent", None]), **each
    ).map(tuple),
    st.lists(st.sampled_from([None, None, None, 0, 1, 2, 3, 9]), **each).map(tuple),
    st.lists(st.sampled_from([7777, 7777, 7777, 7778]), **each).map(tuple),
    st.sampled_from(["stable", "stable", "compact"]),
    st.sampled_from(["rolling", "window"]),
    st.sampled_from([30000, 30000, 25000]),
    st.none() | st.tuples(st.integers(1, 120), st.sampled_from(["before", "during", "after"])),
    st.none() | st.none() | st.integers(0, HOSTS - 1),
).filter(_sensible)


def wrong(world: World, wish: Wish, ended: Ended) -> list[str]:
    """What an ended run says that the world does not bear out."""
    if ended.word == "refused":
        return [] if ended.codes else ["refused without a reason"]
    if ended.word not in GOOD:
        return [f"{ended.word}: {ended.codes} {ended.failures}"]
    have = {name for name, found in mounted(world).items() if found}
    want = {f"node{n + 1:02d}" for n, state in enumerate(wish.states) if state == "present"}
    lists = {
        tuple(sorted((n.number, n.name) for n in m.running.live.nodes.values()))
        for m in world.machines.values()
        if m.running.live
    }
    found = [] if have == want else [f"mounted on {sorted(have)}, not {sorted(want)}"]
    return found + ([] if len(lists) == 1 else [f"several lists: {lists}"])


async def lived(world: World, history: list[Wish]) -> list[str]:
    """Every wish, the troubled run first; then runs in peace until it holds."""
    wrongs: list[str] = []
    controller = Controller(world, "alpha")
    for wish in history:
        wanted = wish.desired(world)
        if wish.kill:
            at, phase = wish.kill
            _, broken = await disturbed(controller, wanted, Line(Kill(at, phase)))
            wrongs += broken
        if wish.reboot is not None:
            list(connect_all(world).values())[wish.reboot].reboot()
        world.advance(130)
        runs = [await controller.apply(wanted) for _ in range(2)]
        wrongs += wrong(world, wish, runs[-1])
        if wrongs:
            break
    return wrongs + world.wrongs()  # type: ignore[attr-defined]  # a witness


@settings(bounded, max_examples=30, phases=[Phase.explicit, Phase.generate])
@given(st.lists(wishes, min_size=1, max_size=4))
def test_any_sequence_of_wishes_is_met_or_refused_by_name(history):
    world = witnessed(HOSTS)
    assert drive(world, lived(world, history)) == []


@pytest.mark.nightly
@settings(bounded, max_examples=1000, phases=[Phase.explicit, Phase.generate])
@given(st.lists(wishes, min_size=1, max_size=4))
def test_any_of_many_sequences_of_wishes_is_met_or_refused_by_name(history):
    world = witnessed(HOSTS)
    assert drive(world, lived(world, history)) == []
