"""Policy in a file: what is refused, at which place, and with which remedy."""

import pytest

from reconciler.loading import load
from reconciler.loading.semantics import findings
from reconciler.loading.semantics.policies import RULES
from reconciler.model.policy import Policy
from tests.unit.loading.samples import MINIMAL, headlines, refused, rendered
from tests.unit.loading.wishes import desired

HOME = ("clusters", 0, "policy")
NIGHT = {"schedule": "0 22 * * *", "duration": "4h"}
HOOK = {"webhook": {"url": "env:HOOK"}}
MAIL = {"mail": {"to": ["a@example.com"]}}


def policy(**fields):
    return desired({"policy": fields})


# Rule -> what breaks it: a desired state, and where the problem is.
BROKEN = {
    "healing_names_what": [(policy(mode="heal"), [(*HOME, "mode")])],
    "a_class_is_named_once": [
        (policy(heal=["files", "boot", "files"]), [(*HOME, "heal", 2)]),
    ],
    "a_window_stands_once": [
        (policy(windows=[NIGHT, {**NIGHT, "kind": "deny"}]), [(*HOME, "windows", 1)]),
    ],
    "a_notice_goes_one_way": [
        (policy(notify=[HOOK, {}, {**HOOK, **MAIL}]), [(*HOME, "notify", n) for n in (1, 2)]),
    ],
}


@pytest.mark.parametrize(
    ("wish", "places"), [case for cases in BROKEN.values() for case in cases]
)
def test_finds(wish, places):
    assert [(f.path, f.code) for f in findings(wish)] == [(p, "bad-value") for p in places]


def test_every_rule_is_tested_here():
    assert [rule.__name__ for rule in RULES] == list(BROKEN)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"mode": "heal", "heal": ["files", "boot", "services", "kernel", "mounts"]},
        {"heal": ["mounts"]},  # with report it waits, as long as somebody wants it to
        {"windows": [NIGHT, {**NIGHT, "time_zone": "Asia/Tokyo"}]},
        {"notify": [HOOK, MAIL, HOOK]},
    ],
)
def test_accepts(fields):
    assert list(findings(policy(**fields))) == []


def in_file(line: str) -> str:
    return MINIMAL.replace("  - name: images\n", f"  - name: images\n    policy: {line}\n")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{mode: repair}", "'mode' takes report or heal, not the text 'repair'"),
        (
            "{heal: [packages]}",
            "an item of 'heal' takes files, boot, services, kernel or mounts, not the text 'packages'",
        ),
        (
            "{windows: [{schedule: '0 25 * * *', duration: 4h}]}",
            "'0 25 * * *': bad hour",
        ),
        ("{windows: [{schedule: '0 5 * * *'}]}", "this item of 'windows' has no 'duration'"),
        (
            "{windows: [{schedule: '0 5 * * *', duration: 4h, time_zone: CEST}]}",
            "'CEST' is no time zone that this machine knows, like Europe/Berlin",
        ),
        (
            "{notify: [{mail: {to: [storage]}}]}",
            "'storage' is not a mail address",
        ),
        ("{notify: [{mail: {to: []}}]}", "'to' is empty; it needs at least one item"),
        (
            "{notify: [{webhook: env:HOOK}]}",
            "'webhook' takes a mapping of keys, not the text 'env:HOOK'",
        ),
        ("{window: []}", "'window' is not a key of 'policy'"),
    ],
)
def test_a_bad_value_is_told_at_its_place(line, told):
    (problem,) = refused(in_file(line)).problems
    assert (problem.line, problem.message) == (4, told)
    assert problem.hint


@pytest.mark.parametrize("key", ["url", "secret"])
@pytest.mark.parametrize(
    "value", ["https://hooks.example.com/services/T0/B0/hunter2", "hunter2", "cmd:hunter2"]
)
def test_the_address_of_a_webhook_stands_nowhere(key, value):
    webhook = {"url": "env:HOOK", key: value}
    text = in_file(f"{{notify: [{{webhook: {webhook}}}]}}")
    (problem,) = refused(text).problems
    assert problem.code == "bad-reference"
    assert "env:NAME" in problem.message + problem.hint
    shown = rendered(text)
    assert "hunter2" not in problem.message + problem.hint
    if value.startswith("https") or key == "secret":
        assert "hunter2" not in shown


def test_what_is_above_and_below_a_bad_policy_is_checked_too():
    text = in_file("{mode: heal}").replace("/srv/images", "/etc")
    assert [line.partition(":")[0] for line in headlines(text)] == ["4", "12"]


def test_a_file_without_a_policy_reports():
    (cluster,) = load("f.yaml", MINIMAL).clusters
    assert cluster.policy == Policy()
    assert (cluster.policy.mode, cluster.policy.heal) == ("report", ())
