import pytest

from reconciler.planning.planner import make_plan
from reconciler.planning.review.approval import Consent, judge
from tests.builders import LUN, bare, spec, volume

SAFE = make_plan([(spec(), bare(spec()))])
FORMAT = make_plan([(spec(volumes=[volume()]), bare(spec()))])
NAMES = {LUN: frozenset({LUN, "/dev/ubdb"})}


@pytest.mark.parametrize(
    ("plan", "consent"),
    [
        (SAFE, Consent(auto=True)),
        (SAFE, Consent(plan_id=SAFE.id)),
        (FORMAT, Consent(plan_id=FORMAT.id, devices=frozenset({LUN}))),
        (FORMAT, Consent(plan_id=FORMAT.id, devices=frozenset({"/dev/ubdb"}))),
    ],
)
def test_a_plan_is_covered_by_what_it_needs(plan, consent):
    assert judge(plan, consent, "c.yaml", NAMES).missing == ()


@pytest.mark.parametrize(
    ("plan", "consent"),
    [
        (SAFE, Consent()),
        (SAFE, Consent(plan_id="deadbeef")),
        (SAFE, Consent(auto=True, plan_id="deadbeef")),
        (FORMAT, Consent(auto=True)),
        (FORMAT, Consent(auto=True, devices=frozenset({LUN}))),
        (FORMAT, Consent(plan_id=FORMAT.id)),
        (FORMAT, Consent(plan_id=FORMAT.id, devices=frozenset({"/dev/sdz"}))),
    ],
)
def test_less_than_it_needs_is_refused_with_the_exact_command(plan, consent):
    verdict = judge(plan, consent, "c.yaml", NAMES)
    assert verdict.missing
    approving = {
        SAFE.id: f"reconcile apply c.yaml --approve {SAFE.id}",
        FORMAT.id: f"reconcile apply c.yaml --approve {FORMAT.id} --accept-data {LUN}",
    }
    assert verdict.command == approving[plan.id]


def test_a_needless_device_is_noted_and_ignored():
    verdict = judge(SAFE, Consent(auto=True, devices=frozenset({"/dev/x"})), "c.yaml", {})
    assert verdict.missing == ()
    assert verdict.notes == ("--accept-data /dev/x is not needed: ignored",)
