"""Which cases meet which shells on every commit."""

from collections.abc import Mapping, Sequence

import pytest

from tests.unit.gate.calls import SHELLS


@pytest.hookimpl(tryfirst=True)  # before those of a marker are left out
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Each case of a test has a shell, and each shell a case, in turn; each night all have all.

    What a case proves hangs on the gate, not on the shell. That each text is the same to every shell
    is proven of all of them by `test_scripts`, and of what they do by every test in its turn.
    """
    shells = [shell.values[0] for shell in SHELLS]
    cases: dict[str, dict[str, int]] = {}
    found = [item for item in items if "shell" in _parameters(item)]
    for item in found:
        known = cases.setdefault(_test(item), {})
        known.setdefault(_case(item), len(known))
    for item in found:
        known = cases[_test(item)]
        case, shell = known[_case(item)], shells.index(_parameters(item)["shell"])
        least = min(len(known), len(shells))
        if case % least != shell % least:
            item.add_marker(pytest.mark.nightly)


def _parameters(item: pytest.Item) -> Mapping[str, object]:
    """None for a test of another directory."""
    spec = getattr(item, "callspec", None)
    return spec.params if spec and item.nodeid.startswith("tests/unit/gate/") else {}


def _test(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _case(item: pytest.Item) -> str:
    """What it is about, whatever the shell."""
    return repr({name: value for name, value in _parameters(item).items() if name != "shell"})
