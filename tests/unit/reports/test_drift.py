"""Drift shows what differs, whole, and the same of several hosts once, in every form."""

import pytest

from reconciler.model.outcome import Blocked, Finding
from reconciler.planning.review.drift import Drift, Item
from reconciler.reports.comparing import told_difference
from reconciler.reports.drift import drift_document, drift_junit, drift_lines, drift_markdown

START = "/dev/disk/by-id/dm-uuid-mpath-3600140512345678901234567890 /srv/images ocfs2 defaults"
LINE = f"{START},_netdev,x-systemd.after=o2cb.service 0 0"
OTHER = f"{START},_netdev,x-systemd.after=o2cb.service,noauto 0 0"
FORMS = {
    "text": lambda found: "\n".join(text for _style, text in drift_lines(found)),
    "markdown": drift_markdown,
    "junit": drift_junit,
}


def item(host, expected=LINE, actual=OTHER, **more):
    fields = {"truth": "boot", "kind": "changed-outside", "because": "its entry differs"}
    fields |= {"expected": expected, "actual": actual} | more
    return Item(f"volume/images/boot/{host}", host, **fields)


def drift(*items, unread=(), findings=()):
    return (Drift("ocfs2", items, tuple(unread), tuple(findings), ()),)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (LINE, OTHER),
        (LINE, None),
        (None, OTHER),
        (
            "".join(f"line {n}\n" for n in range(300)),
            "".join(f"line {n}!\n" for n in range(300)),
        ),
        ("".join(f"line {n}\n" for n in range(300)), None),
        (
            "; ".join(f"option {n}" for n in range(90)),
            "; ".join(f"option {n}!" for n in range(90)),
        ),
        (("a" * 200 + "1", "b"), ("a" * 200 + "2", "b")),
    ],
    ids=("long", "gone", "new", "many lines", "no lines", "many items", "long items"),
)
def test_nothing_of_a_difference_is_cut_away(form, expected, actual):
    text = FORMS[form](drift(item("node01", expected, actual)))
    for value in (expected, actual):
        parts = value.split("; ") if isinstance(value, str) else [value[0]] if value else []
        lines = [line for part in parts for line in part.splitlines()]
        assert [line for line in lines if line not in text] == []


def test_what_differs_of_a_long_line_stands_behind_it():
    assert list(told_difference(LINE, OTHER)) == [
        f"expected  {LINE}",
        f"actual    {OTHER}",
        "expected nothing, actual noauto",
    ]


def test_the_same_on_several_hosts_is_told_once():
    hosts = [f"node0{n}" for n in (1, 2, 3, 4)]
    found = drift(*map(item, hosts), item("node05", actual=None))
    text = FORMS["text"](found)
    assert text.count("its entry differs") == 2
    assert "    node[01-04]  volume/images/boot  (boot)  degrades\n" in text
    assert "    node05  volume/images/boot  (boot)  degrades\n" in text
    comment = FORMS["markdown"](found)
    assert "| node\\[01-04\\] | `volume/images/boot` | boot | changed-outside |" in comment
    assert comment.count(OTHER) == 1
    assert [i["host"] for i in drift_document(found, "1")["items"]] == [*hosts, "node05"]


def test_words_that_name_their_own_host_are_the_same_too():
    found = drift(*(item(h, because=f"{h} has another one") for h in ("node01", "node02")))
    assert "node01, node02 has another one" in FORMS["text"](found)


def test_words_that_name_another_host_stay():
    found = drift(*(item(h, because="node01 is number 0") for h in ("node01", "node02")))
    text = FORMS["text"](found)
    assert "    node01,node02  volume/images/boot" in text
    assert "      node01 is number 0\n" in text


def test_what_could_not_be_read_of_several_hosts_is_told_once():
    hosts = [f"node0{n}" for n in (1, 2, 3, 4)]
    unread = [
        Blocked("sudo-refused", f"member/{h}", "no", f"see sudo -l on {h}") for h in hosts
    ]
    ahead = [Finding("module-unproven", f"member/{h}", f"{h}: maybe", "look") for h in hosts]
    text = FORMS["text"](drift(unread=unread, findings=ahead))
    assert "NOT COMPARED sudo-refused  member/node[01-04]: no\n" in text
    assert "    remedy: see sudo -l on HOST (HOST: node[01-04])\n" in text
    assert "WARNING module-unproven  member/node[01-04]\n    node[01-04]: maybe\n" in text


def test_each_form_tells_what_a_difference_leads_to():
    (found,) = drift(item("node01", expected=None))
    (told,) = drift_document((found,), "1")["items"]
    words = "the host mounts it at its next boot, and shall not have it"
    assert (told["severity"], told["leads_to"]) == ("loses", words)
    for form in FORMS.values():
        text = form((found,))
        assert "loses" in text
        assert words in text


def test_a_refusal_that_is_drift_has_a_severity_too():
    lost = item("node01", None, "node 9 beats", code="foreign-heartbeat", because="find it")
    for form in FORMS.values():
        assert "leads to: somebody unknown has it mounted" in form(drift(lost))
