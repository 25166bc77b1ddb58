"""What changed since a plan was saved is named, and nothing else is."""

from dataclasses import replace

import pytest

from reconciler.model.desired import Desired
from reconciler.model.observed import Observed, Unit, Unknown, Unreachable
from reconciler.planning.planner import make_plan
from reconciler.planning.review.plan_diff import KEPT, differences
from reconciler.reports.documents import plan_document
from reconciler.reports.stale import stale_lines
from tests.builders import bare, converged, file, spec, volume

CLUSTER = spec(volumes=[volume()])


def document(observed):
    plan = make_plan([(CLUSTER, observed)])
    return plan_document(plan, Desired(version=1, clusters=(CLUSTER,)), [], "0" * 64)


def with_host(observed, name, **more):
    return Observed({**observed.hosts, name: replace(observed.hosts[name], **more)})


def facts_only(before, after):
    found = differences(document(before), document(after))
    return [
        (one.subject, one.section, one.field, one.before, one.after)
        for one in found
        if one.subject != "plan"
    ]


SETTLED = converged(CLUSTER)
NODE = SETTLED.hosts["node02"]
UNITS = (Unit("o2cb.service", "loaded", "failed", "failed", True), *NODE.services[1:])
VIEW = NODE.wanted[0]
CHANGED = {
    "a unit": (
        {"services": UNITS},
        [
            ("services", "[o2cb.service].active", "active", "failed"),
            ("services", "[o2cb.service].sub", "exited", "failed"),
        ],
    ),
    "a line": (
        {"fstab": file("/etc/fstab", f"{NODE.fstab.text}/dev/x /y ext4 defaults 0 0\n")},
        [("fstab", "text", None, "/dev/x /y ext4 defaults 0 0")],
    ),
    "a size": (
        {"wanted": (replace(VIEW, size=2 << 30),)},
        [("wanted", f"[{VIEW.ref}].size", 1 << 30, 2 << 30)],
    ),
    "what could not be read": (
        {"addresses": Unknown("no ip")},
        [
            (
                "addresses",
                "",
                [{"interface": "eth0", "ip": "10.0.0.12", "prefix": 24}],
                {"unknown": "no ip"},
            )
        ],
    ),
    "what passes": ({"processes": (), "log": ("a line",), "leases": ()}, []),
}


@pytest.mark.parametrize(("more", "found"), CHANGED.values(), ids=CHANGED)
def test_each_fact_that_changed_is_named_with_its_host_section_and_field(more, found):
    after = with_host(SETTLED, "node02", **more)
    assert facts_only(SETTLED, after) == [("node02", *one) for one in found]
    is_same = document(SETTLED)["id"] == document(after)["id"]
    assert is_same == (found == [])


def test_a_host_that_does_not_answer_is_one_difference():
    lost = Unreachable("node02", "host-unreachable", "no route")
    after = Observed({**SETTLED.hosts, "node02": lost})
    assert facts_only(SETTLED, after) == [("node02", "host", "", "reached", "host-unreachable")]


def test_actions_that_are_due_no_more_are_named():
    found = differences(document(bare(CLUSTER)), document(SETTLED))
    gone = [one.before["summary"] for one in found if one.section == "actions"]
    assert "mount images on /srv/images" in gone
    text = [line for _style, line in stale_lines(found, "a", "b")]
    at = text.index("  What is not to be done any more:")
    assert text[at + 1] == "    node01,node02,node03  load the ocfs2 module"


def test_an_action_that_is_another_one_is_told_in_one_line():
    line = "/dev/x /y ext4 defaults 0 0"
    text = f"{bare(CLUSTER).hosts['node02'].fstab.text}{line}\n"
    after = with_host(bare(CLUSTER), "node02", fstab=file("/etc/fstab", text))
    found = differences(document(bare(CLUSTER)), document(after))
    assert [line for _style, line in stale_lines(found, "a", "b")] == [
        "Stale: the saved plan is a, what is due now is b; nothing was done.",
        "  What changed on the hosts since:",
        "    node02  /etc/fstab:",
        f"              + {line}",
        "  What is to be done otherwise:",
        "    node02  write-fstab images: its command, what it writes, what must hold before",
    ]


def test_the_same_facts_give_no_difference():
    assert differences(document(bare(CLUSTER)), document(bare(CLUSTER))) == ()


def test_of_a_large_section_only_its_hash_is_kept_and_its_change_still_named():
    large = with_host(SETTLED, "node02", fstab=file("/etc/fstab", "# x\n" * KEPT))
    larger = with_host(SETTLED, "node02", fstab=file("/etc/fstab", "# x\n" * (KEPT + 1)))
    kept = document(large)["facts"]["ocfs2"]["node02"]["fstab"]
    assert kept.keys() == {"sha256", "characters"}
    assert [one[:3] for one in facts_only(large, larger)] == [
        ("node02", "fstab", "sha256"),
        ("node02", "fstab", "characters"),
    ]


def test_a_password_in_fstab_is_not_in_the_plan():
    line = "//nas/a /a cifs username=a,password=s3cret,uid=0 0 0\n"
    text = str(document(with_host(SETTLED, "node02", fstab=file("/etc/fstab", line))))
    assert "username=a,password=***,uid=0" in text
    assert "s3cret" not in text


def test_a_list_whose_names_repeat_is_told_by_what_only_one_of_the_two_has():
    twice = replace(VIEW, ref="path=/dev/other")
    before = with_host(SETTLED, "node02", wanted=(VIEW, twice, twice))
    after = with_host(SETTLED, "node02", wanted=(VIEW, twice, replace(twice, node="sdz")))
    ((subject, section, _field, old, new),) = facts_only(before, after)
    assert (section, "node02" in subject) == ("wanted", True)
    assert old != new
