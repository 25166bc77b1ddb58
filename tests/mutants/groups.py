"""Which mutants there are: a row each of the product's tables, a statement each that refuses."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.model.plan import Action, ActionKind
from reconciler.planning import order
from reconciler.planning.checks import invariants
from reconciler.planning.kinds import KINDS, Trait, having
from reconciler.resources import READINGS
from tests.mutants import encounters, gate_parts
from tests.mutants.encounters import PRODUCT
from tests.mutants.mutant import Mutant
from tests.mutants.statements import leave_out, statements

PLANS = ("tests/unit/planning", "tests/unit/resources", "tests/scenarios/test_simulated_")
DERIVES = ("having(", "in_phases(")
# Traits that are asked for at one place only, and who has been there.
ASKED: Mapping[Trait, Callable[[str], str]] = {
    Trait.OWN: encounters.refuses,
    Trait.WHOLE: encounters.aims,
    Trait.LISTS: encounters.aims,
}


@dataclass(frozen=True)
class Group:
    """Mutants of one kind; ``tests`` may kill them. They are known once all tests have met them."""

    name: str
    tests: tuple[str, ...]
    mutants: Callable[[frozenset[str]], Iterable[Mutant]]


def _invariants(_met: frozenset[str]) -> Iterator[Mutant]:
    for rule in invariants.INVARIANTS:
        rest = tuple(other for other in invariants.INVARIANTS if other is not rule)
        code = "invariant-" + rule.__name__.replace("_", "-")
        plant = partial(setattr, invariants, "INVARIANTS", rest)
        yield Mutant("invariants", rule.__name__, plant, frozenset([encounters.says(code)]))


def _refusals(group: str, *folders: str) -> Callable[[frozenset[str]], Iterator[Mutant]]:
    def mutants(_met: frozenset[str]) -> Iterator[Mutant]:
        for one in statements(*folders):
            yield Mutant(group, one.name, partial(leave_out, one), one.lines)

    return mutants


def _edges(_met: frozenset[str]) -> Iterator[Mutant]:
    for row in order.ORDER:
        rest = tuple(other for other in order.ORDER if other is not row)
        name = encounters.edge(*row)
        yield Mutant("edges", name, partial(_order_by, rest), frozenset([name]))


def _order_by(edges: tuple[order.Edge, ...]) -> None:
    order.ORDER = edges
    order.EDGES = order._by_kind(edges)


def _facts(met: frozenset[str]) -> Iterator[Mutant]:
    pairs = sorted(word.split(" asks ") for word in met if " asks " in word)
    for kind, reading in pairs:
        if reading not in READINGS:
            continue  # of a plan that was kept to be shown: it has words there
        lacks = frozenset([encounters.lacks(kind, reading)])
        meets = lacks | {encounters.asks(kind, reading)}
        plant = partial(_require_no, kind, reading)
        yield Mutant("facts", f"{kind} asks {reading}", plant, meets, lacks)


def _require_no(kind: str, reading: str) -> None:
    def require_less(action: Action) -> None:
        if action.kind == kind:
            kept = tuple(fact for fact in action.requires if fact.reading != reading)
            object.__setattr__(action, "requires", kept)

    encounters.with_each_action(require_less)


def _gate(_met: frozenset[str]) -> Iterator[Mutant]:
    refusals = [*gate_parts.refusals()]
    for one in refusals:
        plant = partial(gate_parts.leave_out, one)
        lacks = frozenset(other.name for other in refusals if other.function == one.calls)
        yield Mutant("gate", one.name, plant, frozenset([one.name]), lacks)


def _traits(_met: frozenset[str]) -> Iterator[Mutant]:
    for kind, row in KINDS.items():
        for trait in Trait:
            if row.has(trait):
                plant = partial(_take_trait, kind, trait)
                name = f"{kind} {str(trait.name).lower()}"
                meets = ASKED.get(trait, encounters.plans)
                yield Mutant("flags", name, plant, frozenset([meets(kind)]))


def _take_trait(kind: ActionKind, trait: Trait) -> None:
    rows: Any = KINDS
    rows[kind] = replace(KINDS[kind], traits=KINDS[kind].traits & ~trait)
    _derive_anew()


def _derive_anew() -> None:
    """The tables that rest on the rows, once more, wherever they were taken over by name."""
    having.cache_clear()
    ours = [m for name, m in sorted(sys.modules.items()) if name.startswith("reconciler.")]
    for module in ours:
        file = Path(module.__file__ or "")
        text = file.read_text("utf-8") if str(file).startswith(PRODUCT) else ""
        for node in ast.parse(text).body if any(word in text for word in DERIVES) else ():
            if isinstance(node, ast.Assign | ast.AnnAssign) and any(
                word in ast.unparse(node) for word in DERIVES
            ):
                _assign_anew(ours, module, node)
    _order_by(order.ORDER)


def _assign_anew(ours: Iterable[Any], module: Any, node: ast.Assign | ast.AnnAssign) -> None:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    name = ast.unparse(target)
    before = vars(module)[name]
    code = compile(ast.Module([node], []), str(module.__file__), "exec")
    exec(code, vars(module))  # noqa: S102  # a statement of the product
    for other in ours:
        for known, value in list(vars(other).items()):
            if value is before:
                setattr(other, known, vars(module)[name])


GROUPS: Mapping[str, Group] = {
    group.name: group
    for group in (
        Group("invariants", ("tests/unit/planning/checks",), _invariants),
        Group(
            "refusals",
            (*PLANS, "tests/unit/observation", "tests/golden"),
            _refusals("refusals", "planning", "resources", "execution", "pipeline"),
        ),
        Group("facts", (*PLANS, "tests/golden"), _facts),
        Group("edges", ("tests/unit/planning", "tests/golden"), _edges),
        Group("flags", (*PLANS, "tests/golden"), _traits),
        Group(
            "simulated-gate",
            (
                "tests/unit/hosts/simulator",
                "tests/scenarios/test_simulated_",
                "tests/contract/test_simulated",
            ),
            _refusals("simulated-gate", "hosts/simulator/gate"),
        ),
        Group("gate", ("tests/unit/gate",), _gate),
    )
}
