"""What chats get: in the bounds that they set, with nothing of a host's words obeyed."""

import json
from dataclasses import replace

import jsonschema
import pytest

from reconciler.model.notification import Notification
from reconciler.model.policy import Form
from reconciler.model.revision import Revision
from reconciler.model.watched import Condition, Reading
from reconciler.notify.bodies import body, text
from reconciler.notify.documents import About, notification
from reconciler.notify.news import FAILING, Standing, find_news
from tests.unit.notify.news_worlds import ABOUT, EPOCH, make_notification

HOSTILE = "<!channel> @all [safe](https://evil.example) **x** ``` </script> \u202e \x1b[31m"


def parse_body(form: Form, document: Notification):
    kind, content = body(form, document)
    assert kind == "application/json"
    return json.loads(content)


def test_json_is_the_document_that_its_schema_describes():
    document = parse_body("json", make_notification(2))
    jsonschema.validate(document, Notification.model_json_schema(mode="serialization"))
    assert document["title"] == (
        "alpha: member/node0000 is Unreachable (host-unreachable), and 1 more"
    )
    assert [each["subject"] for each in document["conditions"]] == [
        "member/node0000",
        "member/node0001",
    ]
    assert document["plan"] == {
        "id": "sha256:0123",
        "text": "Plan of alpha\n  1. mount\n",
        "is_cut": False,
    }


def test_mail_has_a_line_a_condition_and_the_plan():
    assert text(make_notification()) == (
        "alpha: member/node0000 is Unreachable (host-unreachable)\n\n"
        "Cluster alpha of cluster.yaml\n\n"
        "member/node0000: Unreachable, host-unreachable (degrades)\n"
        "  node01 gives no answer\n"
        "  since 2026-01-01 00:00:00 UTC\n\n"
        "Plan sha256:0123\n\nPlan of alpha\n  1. mount\n\n"
    )


def test_a_file_of_a_repository_is_named_with_its_commit():
    commit = "8f14e45fceea167a5a36dedd4bea2543deadbeef"
    told = make_notification(about=replace(ABOUT, revision=Revision(commit, "main")))
    document = parse_body("json", told)
    assert (document["commit"], document["ref"]) == (commit, "main")
    assert "Cluster alpha of cluster.yaml at 8f14e45fceea (main)\n" in text(told)
    chat = parse_body("slack", told)
    assert "reconcile plan cluster.yaml, at 8f14e45fceea (main)" in json.dumps(chat)
    pinned = make_notification(about=replace(ABOUT, revision=Revision(commit, commit)))
    assert "Cluster alpha of cluster.yaml at 8f14e45fceea\n" in text(pinned)


def test_mail_says_of_rounds_that_fail_that_nobody_knows():
    last = EPOCH + FAILING
    words = (
        "cluster/alpha",
        "Converged",
        "Unknown",
        "RoundFailed",
        "it did not end within 900 s",
    )
    lasting = Condition(Reading(*words), EPOCH, EPOCH, EPOCH, last)  # type: ignore[arg-type]
    news = find_news([Standing(lasting, "loses")], {}, "loses", last)
    assert news is not None
    told = text(notification(About("alpha", "a.yaml"), news, message_id="msg_1", now=last))
    assert told == (
        "alpha: whether it is Converged is unknown (RoundFailed)\n\n"
        "Cluster alpha of a.yaml\n\n"
        "cluster/alpha: Converged is Unknown, RoundFailed (loses)\n"
        "  it did not end within 900 s\n"
        "  since 2026-01-01 00:00:00 UTC\n"
    )


LINK = "https://reconcile.example.org/?search=alpha"


@pytest.mark.parametrize("form", ["json", "slack", "mattermost", "teams"])
@pytest.mark.parametrize("count", [1, 300])
def test_each_form_has_the_link_to_the_page(form, count):
    about = About("alpha", "cluster.yaml", link=LINK)
    for document, is_there in (
        (make_notification(count, about=about), True),
        (make_notification(count), False),
    ):
        assert (LINK in json.dumps(parse_body(form, document))) is is_there
        assert (f"\n{LINK}\n" in text(document)) is is_there


def test_slack_gets_plain_text_in_its_bounds():
    document = parse_body("slack", make_notification(300, HOSTILE * 100))
    blocks = document["blocks"]
    assert len(blocks) <= 50
    texts = [each["text"] for each in blocks if "text" in each] + blocks[-1]["elements"]
    assert {each["type"] for each in texts} == {"plain_text"}
    assert all(len(each["text"]) <= 3000 for each in texts)
    assert len(blocks[0]["text"]["text"]) <= 150
    assert "252 more conditions changed." in blocks[-1]["elements"][0]["text"]


def test_slacks_own_text_commands_nothing():
    shout = make_notification(about=About("<!channel> & co", "c.yaml"))
    assert parse_body("slack", shout)["text"].startswith("&lt;!channel&gt; &amp; co: ")


def test_mattermost_gets_blocks_of_code_in_its_bounds():
    document = parse_body("mattermost", make_notification(300, HOSTILE))["text"]
    assert len(document) <= 16_383
    outside = "".join(document.split("```")[::2])
    assert outside.strip() == ""
    assert document.count("```") % 2 == 0


def test_teams_gets_text_runs_in_its_bounds():
    content = body("teams", make_notification(300, HOSTILE * 100))[1]
    assert len(content) <= 28_000
    card = json.loads(content)["attachments"][0]["content"]
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for run in runs} == {"TextRun"}
    assert "260 more conditions changed." in runs[-1]["text"]


@pytest.mark.parametrize("form", ["slack", "mattermost", "teams", "text"])
def test_no_form_holds_what_no_reader_sees(form):
    document = make_notification(1, HOSTILE)
    content = text(document) if form == "text" else body(form, document)[1].decode()
    assert "\u202e" not in content
    assert "\x1b" not in content
    assert "\\u001b" not in content


def test_a_long_plan_is_cut_and_says_so():
    long = make_notification(about=About("alpha", "c.yaml", ("sha256:1", "x" * 100_000)))
    assert long.plan is not None
    assert long.plan.is_cut
    assert "(the rest is cut)" in text(long)
    assert len(body("json", long)[1]) < 100_000
