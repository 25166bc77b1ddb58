"""A stale plan is told to a person: what changed, on which hosts, and what follows from it."""

from dataclasses import asdict, replace

import pytest

from reconciler.model.observed import Observed, Unit, Unknown, Unreachable
from reconciler.model.plan import Action
from reconciler.planning.review.digest import RELEVANT
from reconciler.planning.review.plan_diff import Difference, differences
from reconciler.reports.stale import ASPECTS, FACTS, stale_lines
from tests.builders import bare, converged, file, spec, volume
from tests.unit.planning.review.test_plan_diff import document

CLUSTER = spec(volumes=[volume()])


def told(found):
    return [line for _style, line in stale_lines(tuple(found), "a", "b")]


def between(before, after):
    return told(differences(document(before), document(after)))


def with_hosts(observed, **hosts):
    found = {name: replace(observed.hosts[name], **more) for name, more in hosts.items()}
    return Observed({**observed.hosts, **found})


def test_each_fact_that_plans_rest_on_has_words():
    assert FACTS.keys() == set(RELEVANT)


def test_no_line_is_a_path_of_json():
    lost = Unreachable("node03", "host-unreachable", "no route")
    for before, after in (
        (bare(CLUSTER), converged(CLUSTER)),
        (converged(CLUSTER), bare(CLUSTER)),
        (bare(CLUSTER), Observed({**bare(CLUSTER).hosts, "node03": lost})),
    ):
        text = "\n".join(between(before, after))
        assert not any(sign in text for sign in ("[", "{", "].", "->", "plan  ")), text


def test_the_same_on_several_hosts_is_told_once_and_whole():
    line = f"/dev/x /y ext4 {','.join(f'option{n}' for n in range(40))} 0 0"
    settled = converged(CLUSTER)
    texts = {
        name: {"fstab": file("/etc/fstab", f"{facts.fstab.text}{line}\n")}
        for name, facts in settled.hosts.items()
    }
    assert between(settled, with_hosts(settled, **texts)) == [
        "Stale: the saved plan is a, what is due now is b; nothing was done.",
        "  What changed on the hosts since:",
        "    node01,node02,node03  /etc/fstab:",
        f"                            + {line}",
    ]


def test_what_was_empty_is_told_from_what_may_not_have_been_read():
    slots = [{"slot": 0, "node": 1}]
    for before, after, words in (
        ([], slots, "slot map: was empty, is slot 0, node 1"),
        (None, slots, "slot map: had no value, is slot 0, node 1"),
        (slots, None, "slot map: was slot 0, node 1, has no value now"),
    ):
        text = "\n".join(
            told([Difference("ocfs2", "node01", "wanted", "slot_map", before, after)])
        )
        assert words in text


def test_a_unit_and_what_cannot_be_read_any_more_are_told_in_words():
    settled = converged(CLUSTER)
    units = settled.hosts["node02"].services
    failed = (Unit("o2cb.service", "loaded", "failed", units[0].sub, True), *units[1:])
    after = with_hosts(
        settled, node01={"addresses": Unknown("no ip")}, node02={"services": failed}
    )
    text = between(settled, after)
    assert "    node01  address: cannot be read any more: no ip" in text
    assert "    node02  unit o2cb.service, active: was active, is failed" in text
    assert "    node01  section-unread  member/node01" in text


def action(name, **more):
    host = name.split("/")[1]
    fields = {"summary": "mount images", "because": "", "risk": "safe", "command": None}
    return asdict(Action(name, "mount", host, "volume/images", expects=(), **(fields | more)))


def test_items_of_a_plan_without_names_of_their_own_are_told_each():
    one, other = action("ocfs2/node01/mount"), action("ocfs2/node02/mount")
    found = Difference("ocfs2", "plan", "actions", "", [one], [other, one])
    assert told([found])[1:] == [
        "  What is to be done besides:",
        "    node02,node01  mount images",
        "  What is not to be done any more:",
        "    node01  mount images",
    ]


@pytest.mark.parametrize("aspect", ASPECTS)
def test_each_aspect_that_is_another_one_is_named(aspect):
    name = f"[ocfs2/node01/mount/images].{aspect}"
    found = Difference("ocfs2", "plan", "actions", name, "x", "y")
    assert told([found])[-1] == f"    node01  mount images: {ASPECTS[aspect]}"


def test_what_only_waits_for_others_is_told_where_nothing_else_differs():
    found = Difference("ocfs2", "plan", "actions", "[ocfs2/all/mount].needs", ["x"], [])
    assert told([found])[1:] == ["  What is to be done otherwise:", "    all  mount: its order"]


def test_each_of_several_clusters_has_its_part():
    found = [Difference(name, "n", "fstab", "text", "a", "b") for name in ("one", "two")]
    assert [line for line in told(found) if "cluster" in line] == [
        "  cluster one",
        "  cluster two",
    ]


def test_a_plan_of_another_version_is_told_so():
    assert "another version of reconcile" in told([])[1]


def test_of_a_plan_that_is_done_it_is_not_said_that_another_is_due():
    ((_style, line), *_rest) = stale_lines((), "a", "")
    assert line == (
        "Stale: the saved plan is a, of which nothing is due any more; nothing was done."
    )
