"""Which actions of a plan may be healed now, and of each other one why not.

Only what is safe and can be undone, of the classes that the policy names, back to what somebody
applied last. A rule gives its reason, or nothing; the first reason is the one that is told. What
lasts is asked before what passes, so that a person sees what a window would heal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal

from reconciler.frozen import frozen
from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, ClusterPlan
from reconciler.planning.watching import moment, windows
from reconciler.planning.watching.healable import CLASS_OF, LOOKS, NEVER
from reconciler.planning.watching.strikes import (
    History,
    difference_of,
    failed_twice,
    flapping,
    name_action,
)

Code = Literal[
    "policy-reports",
    "file-wrong",
    "never-healed",
    "class-not-named",
    "not-safe",
    "irreversible",
    "no-record",
    "not-last-applied",
    "failed-twice",
    "flapping",
    "member-unread",
    "paused",
    "lease-held",
    "run-unfinished",
    "plan-blocked",
    "window-closed",
    "needs-another",
    "only-looks",
]


@dataclass(frozen=True)  # without slots, as what is cached needs a place
class Scene:
    """What healing is judged by: the plans to the file and to what was last applied, and now.

    ``applied`` is None where no member remembers an apply; where the file is what was applied,
    it is ``wanted`` itself. ``unfinished`` are runs of this controller that have no end, in
    words; ``traces`` is by difference what its host tells of it. ``own_runs`` are those
    that heal and have healed: of leases those of others count. ``file_trouble`` says what is wrong
    with the file, of which only what it said before is known; empty for a good one.
    """

    cluster: Cluster
    observed: Observed
    wanted: ClusterPlan
    applied: ClusterPlan | None
    now: datetime
    history: History = field(default_factory=History)
    unfinished: tuple[str, ...] = ()
    traces: Mapping[str, str] = field(default_factory=dict)
    own_runs: frozenset[str] = frozenset()
    file_trouble: str = ""

    @cached_property
    def last_applied(self) -> Mapping[str, Action]:
        """What leads to what was last applied, by id."""
        return {action.id: action for action in self.applied.actions} if self.applied else {}


@frozen
class Left:
    """An action that is not healed, by which rule, and why in words."""

    action: Action
    code: Code
    message: str


@frozen
class Healing:
    """The actions that may be healed now, in their order; and all others."""

    actions: tuple[Action, ...]
    left: tuple[Left, ...]


def _mode(scene: Scene, _action: Action) -> str:
    return "" if scene.cluster.policy.mode == "heal" else "the policy is to report"


def _file(scene: Scene, _action: Action) -> str:
    return scene.file_trouble


def _kind(_scene: Scene, action: Action) -> str:
    known = action.kind in CLASS_OF or action.kind in LOOKS
    return "" if known else NEVER.get(action.kind, "nobody has said what it is to healing")


def _class(scene: Scene, action: Action) -> str:
    named = CLASS_OF.get(action.kind)
    if named is None or named in scene.cluster.policy.heal:
        return ""
    return f"the policy does not name {named}"


def _risk(_scene: Scene, action: Action) -> str:
    return "" if action.risk in {"none", "safe"} else f"its risk is {action.risk}"


def _reversible(_scene: Scene, action: Action) -> str:
    return "it cannot be undone" if action.irreversible or action.device else ""


def _same_file(scene: Scene, action: Action) -> str:
    """The very same action leads to what was last applied: the file wants nothing else of it."""
    if scene.applied is None:
        return "no member remembers what was last applied"
    same = scene.last_applied.get(action.id)
    if same and replace(same, needs=()) == replace(action, needs=()):
        return ""
    return "the file wants something else there than was last applied: somebody has to apply it"


def _failures(scene: Scene, action: Action) -> str:
    return failed_twice(scene.history.of(difference_of(action)), name_action(action))


def _flaps(scene: Scene, action: Action) -> str:
    what = difference_of(action)
    trace = scene.traces.get(what, "")
    return flapping(scene.history.of(what), name_action(action), trace)


def _unfinished(scene: Scene) -> str:
    owed = moment.unfinished_work(scene.cluster, scene.observed)
    return "; ".join((*scene.unfinished, *([owed] if owed else [])))


def _blocked(scene: Scene) -> str:
    return "; ".join(f"{b.code} {b.subject}: {b.message}" for b in scene.wanted.blocked)


def _window(scene: Scene) -> str:
    return windows.words(windows.look_at_windows(scene.cluster.policy.windows, scene.now))


ActionRule = tuple[Code, Callable[[Scene, Action], str]]
MomentRule = tuple[Code, Callable[[Scene], str]]
# Of one action, and of all of them at this moment.
ACTION_RULES: tuple[ActionRule, ...] = (
    ("policy-reports", _mode),
    ("file-wrong", _file),
    ("never-healed", _kind),
    ("class-not-named", _class),
    ("not-safe", _risk),
    ("irreversible", _reversible),
    ("not-last-applied", _same_file),
    ("failed-twice", _failures),
    ("flapping", _flaps),
)
MOMENT_RULES: tuple[MomentRule, ...] = (
    ("member-unread", lambda scene: moment.unread_words(scene.cluster, scene.observed)),
    ("no-record", lambda scene: moment.record_gaps(scene.cluster, scene.observed)),
    ("paused", lambda scene: moment.pause_words(scene.observed)),
    ("lease-held", lambda scene: moment.held_lease(scene.observed, scene.own_runs)),
    ("run-unfinished", _unfinished),
    ("plan-blocked", _blocked),
    ("window-closed", _window),
)


@frozen
class Rules:
    """All rules; a test leaves one out, to see that it is alive."""

    of_action: tuple[ActionRule, ...] = ACTION_RULES
    of_moment: tuple[MomentRule, ...] = MOMENT_RULES


def choose_heals(scene: Scene, rules: Rules = Rules()) -> Healing:  # noqa: B008  # frozen
    """What may be healed now: an action whose needs are healed too, and for which no rule speaks.

    A barrier goes with what needs it. The order is the plan's, whose needs come first.
    """
    now = next(((code, why) for code, rule in rules.of_moment if (why := rule(scene))), None)
    left: dict[str, Left] = {}
    for action in scene.wanted.actions:
        own = ((code, why) for code, rule in rules.of_action if (why := rule(scene, action)))
        if found := next(own, None) or now or _needs(action, left):
            left[action.id] = Left(action, *found)
    healed = [action for action in scene.wanted.actions if action.id not in left]
    idle = _idle(healed)
    left |= {a.id: Left(a, "only-looks", "nothing that needs it is healed") for a in idle}
    kept = tuple(action for action in healed if action.id not in left)
    return Healing(kept, tuple(left[a.id] for a in scene.wanted.actions if a.id in left))


def _needs(action: Action, left: Mapping[str, Left]) -> tuple[Code, str] | None:
    """Of what it waits for the first that is not healed for a reason of its own."""
    for need in action.needs:
        if need in left:
            first = left[need]
            if first.code == "needs-another":
                return "needs-another", first.message
            where = f" on {first.action.host}" if first.action.host else ""
            return (
                "needs-another",
                f"it waits for: {first.action.summary}{where} ({first.message})",
            )
    return None


def _idle(healed: Sequence[Action]) -> list[Action]:
    """Barriers of which no action that does something has need, be it through another barrier."""
    needed: set[str] = set()
    for action in reversed(healed):
        if action.kind not in LOOKS or action.id in needed:
            needed |= set(action.needs)
    return [a for a in healed if a.kind in LOOKS and a.id not in needed]
