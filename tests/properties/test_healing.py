"""Whatever befell a cluster: only what is safe is healed, and only back to what was applied."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.hosts.simulator.kernel import power
from reconciler.hosts.simulator.mishaps import MISHAPS
from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.hosts.simulator.state.machine import Machine
from reconciler.model.policy import Policy
from reconciler.planning.checks.rehearsal import rehearse
from reconciler.planning.kinds import (
    ADMITS,
    BLANK,
    ENLARGES,
    GUEST,
    KINDS,
    LEAVES,
    RESUMES,
    TAKES,
    UNMOUNTED,
    WRITES,
)
from reconciler.planning.planner import draft_plan
from reconciler.planning.watching.healable import CLASS_OF, LOOKS
from reconciler.planning.watching.healing import Scene, choose_heals
from tests.clock import drive
from tests.runs import Controller
from tests.strategies import BEFALLS, FOUND, Drawn, bounded, build, clusters
from tests.watching import EVERYTHING, look

NEVER = TAKES | GUEST | RESUMES | ADMITS | LEAVES | WRITES | ENLARGES | UNMOUNTED | BLANK


def _delay(machine: Machine) -> None:
    if machine.running.live is not None:
        machine.running.live.reconnect_delay_ms = 3000


def _reboot(machine: Machine) -> None:
    for name, unit in machine.units.items():
        unit.enabled = unit.enabled and not name.startswith(("o2cb", "ocfs2"))
    power.shut_down(machine)
    power.switch_on(machine)


BY_HAND = {
    **FOUND,
    **BEFALLS,
    **{name: mishap.happens for name, mishap in MISHAPS.items()},
    "other delay": _delay,
    "reboot with o2cb disabled": _reboot,
}
HARM = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(sorted(BY_HAND))), min_size=1, max_size=4
)
CLASSES = st.sets(st.sampled_from(EVERYTHING), min_size=1)


def scene_after(drawn, harm, everyone):
    """What is known after a first apply and what was done by hand; with the file of all, too."""
    world, some, all_of_them = build(drawn)
    assert drive(world, Controller(world).apply(some)).word == "converged"
    machines = list(world.machines.values())
    for host, what in harm:
        try:
            BY_HAND[what](machines[host % len(machines)])
        except (ImpossibleWorld, KeyError):
            continue
    return look(world, all_of_them if everyone else some), look(world, some)


def healed(scene: Scene, classes):
    policy = Policy.model_validate({"mode": "heal", "heal": sorted(classes)})
    cluster = scene.cluster.model_copy(update={"policy": policy})
    return choose_heals(replace(scene, cluster=cluster))


@settings(bounded, max_examples=30)
@given(clusters(most=3), HARM, CLASSES, st.booleans())
def test_only_what_is_safe_goes_back_and_only_to_what_was_applied(
    drawn, harm, classes, everyone
):
    scene, before = scene_after(drawn, harm, everyone)
    found = healed(scene, classes)
    ids = {action.id for action in found.actions}
    back = {action.id: action for action in before.wanted.actions}
    for action in found.actions:
        assert (action.risk, action.irreversible, action.device) == ("safe", False, "")
        assert not KINDS[action.kind].has(NEVER)
        assert action.kind in LOOKS or CLASS_OF[action.kind] in classes
        assert replace(back[action.id], needs=action.needs) == action
        assert set(action.needs) <= ids
    assert not found.actions or not scene.wanted.blocked
    assert len(ids) + len(found.left) == len(scene.wanted.actions)


@settings(bounded, max_examples=15)
@given(clusters(most=3), HARM, CLASSES)
def test_what_is_healed_can_be_done_without_the_rest(drawn, harm, classes):
    scene, _ = scene_after(drawn, harm, everyone=False)
    ids = {action.id for action in healed(scene, classes).actions}
    draft = draft_plan(scene.cluster, scene.observed)
    parts = [(c, [a for a in actions if a.id in ids]) for c, actions in draft.parts]
    assert rehearse(draft.start, parts) == ()


def test_what_is_done_by_hand_has_something_of_each_class():
    """The properties speak of something."""
    drawn = Drawn(2, 2, "san", 1, False, True, (), (), 31, (), 0)
    kinds: set[str] = set()
    for name in BY_HAND:
        scene, _ = scene_after(drawn, [(1, name)], everyone=False)
        kinds.update(action.kind for action in healed(scene, EVERYTHING).actions)
    assert {CLASS_OF[kind] for kind in kinds if kind in CLASS_OF} == set(EVERYTHING)
