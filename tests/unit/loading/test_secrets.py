"""Where a word of a file may stand for a secret, and how it is spelled."""

import pytest

from reconciler.loading.semantics import findings
from reconciler.loading.semantics.secrets import RULES
from tests.unit.loading.test_semantics import GUEST, V, command, storage, work

# Rule -> what breaks it: a desired state, and where the problem is.
BROKEN = {
    "references_are_spelled": [
        (
            storage(command("a", "env:A", "file:/run/a", "file:///a", "--a=env:", "env:a-b")),
            [(*V, 0, "backing", "command", "argv", 5)],
        ),
        (
            storage({"access": {"revoke": {"host": "san", "argv": ["a", "cmd:pass a"]}}}),
            [(*V, 0, "access", "revoke", "argv", 1)],
        ),
        (
            storage({"backup": {"host": "h", "argv": ["a", "file:a"]}}),
            [(*V, 0, "backup", "argv", 1)],
        ),
        (
            storage(work(guests={"kind": "libvirt", "migrate": ["a", "env:{guest}"]})),
            [(*V, 0, "workloads", "guests", "migrate", 1)],
        ),
    ],
    "programs_are_no_secrets": [
        (
            storage(command("env:A", "b")),
            [(*V, 0, "backing", "command", "argv", 0)],
        ),
    ],
    "lists_have_no_secrets": [
        (
            storage(work(guests={"kind": "command", **GUEST, "list": ["a", "env:A"]})),
            [(*V, 0, "workloads", "guests", "list", 1)],
        ),
    ],
}


@pytest.mark.parametrize(
    ("wish", "places"), [case for cases in BROKEN.values() for case in cases]
)
def test_finds(wish, places):
    assert [(f.path, f.code) for f in findings(wish)] == [(p, "bad-reference") for p in places]


def test_every_rule_is_tested_here():
    assert [rule.__name__ for rule in RULES] == list(BROKEN)
