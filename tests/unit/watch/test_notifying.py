"""Rounds that fail are told as other troubles are: when they last, once a day, and their end."""

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from reconciler.model.desired import Desired
from reconciler.model.problems import Problem
from reconciler.model.watched import (
    ROUND_FAILED,
    DriftIdentity,
    DriftReading,
    Reading,
    Round,
)
from reconciler.notify.news import FAILING
from reconciler.notify.teller import Teller
from reconciler.watch.notifying import Telling
from reconciler.watch.result import RoundResult
from reconciler.watch.stores import Store
from reconciler.watch.wish import Wish
from tests.builders import spec
from tests.unit.notify.web_hooks import OK, hook

START = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALERTS = Path(__file__).parents[3] / "examples/monitoring/alerts.yaml"
WORDS = "the working process ended (-9)"


def good_round(*readings):
    """A round that found the cluster so."""
    return RoundResult("ocfs2", START, 1.0, found=Round(0, "unknown", "", readings))


CONVERGED = Reading("cluster/ocfs2", "Converged", "True", "AsTheFileSays", "nothing differs")
NOT_READ = Reading("cluster/ocfs2", "Converged", "Unknown", "NotRead", "fstab of node02")
AWAY = Reading("member/node02", "Unreachable", "True", "HostUnreachable", "no route to host")
FINE, PARTLY, LOST = good_round(CONVERGED), good_round(NOT_READ), good_round(CONVERGED, AWAY)
FAILED = RoundResult("ocfs2", START, 1.0, failure=WORDS)


@dataclass
class Story:
    """Rounds of one cluster, and what its receiver was told after each; ``store`` may be another."""

    store: Store
    wish: Wish
    served: object
    carrier: object
    at: datetime = START
    pages: str = ""

    async def pass_on(self, minutes, *results):
        """Each round so long after the one before; what each message told, in words."""
        before = len(self.served.bodies)
        for result in results:
            self.at += minutes * MINUTE
            teller = Teller(self.carrier, self, lambda _name, _why: None)
            telling = Telling(teller, self.pages)
            recorded = self.store.record("cluster.yaml", replace(result, moment=self.at))
            known = self.store.memory.clusters["ocfs2"]
            telling.hear(self.wish, result, recorded, known)
            await telling.teller.drain()
        return [json.loads(body) for body in self.served.bodies[before:]]

    async def load_told(self, cluster, receiver):
        return self.store.load_told(cluster, receiver)

    async def keep_told(self, cluster, receiver, told):
        self.store.keep_told(cluster, receiver, told, self.at)


@asynccontextmanager
async def story(monkeypatch, **policy):
    async with hook(OK) as (served, carrier, _waits):
        monkeypatch.setenv("HOOK", f"http://127.0.0.1:{served.port}/")
        receiver = {"webhook": {"url": "env:HOOK"}, **policy}
        cluster = spec(policy={"notify": [receiver]})
        wish = Wish("cluster.yaml", Desired.model_construct(version=1, clusters=(cluster,)))
        found = Story(Store(), wish, served, carrier)
        found.carrier = replace(carrier, clock=lambda: found.at)
        yield found


def in_words(messages):
    """What messages say, as (happening, subject, condition, reason)."""
    keys = ("happening", "subject", "condition", "reason")
    return [tuple(one[k] for k in keys) for m in messages for one in m["conditions"]]


def failing(happening):
    return (happening, "cluster/ocfs2", "Converged", ROUND_FAILED)


async def test_rounds_that_fail_are_told_once_they_last_then_daily_then_their_end(monkeypatch):
    async with story(monkeypatch, severity="loses") as at:
        assert await at.pass_on(5, FINE, *[FAILED] * 6) == []
        (first,) = await at.pass_on(5, *[FAILED] * 20)
        assert in_words([first]) == [failing("began")]
        assert first["title"] == "ocfs2: whether it is Converged is unknown (RoundFailed)"
        assert (first["conditions"][0]["message"], first["plan"]) == (WORDS, None)
        (lasts,) = await at.pass_on(60, *[FAILED] * 24)
        assert in_words([lasts]) == [failing("lasts")]
        (ended,) = await at.pass_on(5, FINE, FINE)
        assert in_words([ended]) == [("ended", "cluster/ocfs2", "Converged", "AsTheFileSays")]
        assert ended["title"].endswith("is Converged is known again")


async def test_a_round_that_fails_alone_is_not_told_however_long_the_interval_is(monkeypatch):
    async with story(monkeypatch) as at:
        assert await at.pass_on(24 * 60, FAILED, FINE, FAILED, FINE) == []
        assert in_words(await at.pass_on(24 * 60, FAILED, FAILED)) == [failing("began")]


async def test_a_part_that_cannot_be_read_is_the_end_of_rounds_that_fail(monkeypatch):
    async with story(monkeypatch) as at:
        assert in_words(await at.pass_on(30, FAILED, FAILED)) == [failing("began")]
        assert in_words(await at.pass_on(30, PARTLY, PARTLY)) == [
            ("ended", "cluster/ocfs2", "Converged", "NotRead")
        ]


async def test_while_rounds_fail_nothing_else_has_ended_or_is_told_again(monkeypatch):
    lost = ("member/node02", "Unreachable", "HostUnreachable")
    async with story(monkeypatch) as at:
        assert in_words(await at.pass_on(5, LOST)) == [("began", *lost)]
        at.store.memory.clusters.clear()  # as of a daemon whose database was begun anew
        assert in_words(await at.pass_on(60, *[FAILED] * 30)) == [
            failing("began"),
            failing("lasts"),
        ]
        ended = ("ended", "cluster/ocfs2", "Converged", "AsTheFileSays")
        assert in_words(await at.pass_on(5, LOST)) == [("lasts", *lost), ended]


FILE = str(Path("cluster.yaml").absolute())
WRONG = (Problem("cluster.yaml", 7, 3, "unknown-key", "there is no key clutsers"),)


async def test_a_broken_file_is_told_once_to_whom_it_named_when_it_was_good_and_its_mending(
    monkeypatch,
):
    async with story(monkeypatch) as at:
        good = at.wish
        assert await at.pass_on(5, FINE) == []
        at.wish = replace(good, wrong=WRONG)
        (began,) = await at.pass_on(5, FINE, FINE, FAILED, FINE)
        (told,) = began["conditions"]
        assert told["subject"] == f"file {FILE}"
        assert (told["condition"], told["reason"]) == ("Blocked", "FileWrong")
        assert told["message"].startswith(
            "cluster.yaml:7: there is no key clutsers; watched is"
        )
        assert "nothing is healed" in told["then"]
        at.wish = good
        (ended,) = await at.pass_on(5, FINE, FINE)
        assert [one["happening"] for one in ended["conditions"]] == ["ended"]
        assert (ended["conditions"][0]["reason"], ended["conditions"][0]["then"]) == (
            *("FileGood",),
            "",
        )


async def test_messages_name_the_file_as_metrics_and_pages_do(monkeypatch):
    async with story(monkeypatch) as at:
        (message,) = await at.pass_on(5, LOST)
        assert message["file"] == FILE


HEALS = Reading("cluster/ocfs2", "Healing", "True", "AtWork", "mount images on node02")
LATER = Reading("cluster/ocfs2", "Healing", "False", "WindowClosed", "no window is open")
OFF = Reading("cluster/ocfs2", "Degraded", "True", "NotMounted", "node02: images")
NOBODY = Reading("cluster/ocfs2", "Healing", "False", "ClassNotNamed", "the policy does not")


@pytest.mark.parametrize(
    ("healing", "words"),
    [
        (HEALS, "The daemon heals by itself: mount images on node02."),
        (LATER, "The daemon heals what it may once that is over: no window is open."),
        (NOBODY, "Somebody has to act."),
    ],
)
async def test_a_message_says_whether_the_daemon_heals_it_or_somebody_has_to(
    monkeypatch, healing, words
):
    async with story(monkeypatch) as at:
        (message,) = await at.pass_on(5, good_round(CONVERGED, OFF, healing))
        (degraded,) = (c for c in message["conditions"] if c["condition"] == "Degraded")
        assert degraded["then"] == words


async def test_a_difference_says_what_becomes_of_it(monkeypatch):
    async with story(monkeypatch) as at:
        places = [("node02", "volume/images/mount/node02"), ("", "cluster/ocfs2/x")]
        drift = tuple(
            DriftReading(
                DriftIdentity(host, address, "running", "changed-outside"),
                *("degrades", "it is not mounted", '"a"', '"b"'),
            )
            for host, address in places
        )
        found = Round(0, "drifted", "", (CONVERGED,), drift)
        prospects = {places[0]: "The daemon heals it by itself."}
        result = RoundResult("ocfs2", START, 1.0, found=found, prospects=prospects)
        (message,) = await at.pass_on(5, result)
        assert {c["subject"]: c["then"] for c in message["conditions"]} == {
            "volume/images/mount/node02 (running)": "The daemon heals it by itself.",
            "cluster/ocfs2/x (running)": "Somebody has to act.",
        }


async def test_rounds_that_have_failed_again_are_no_end_of_those_before(monkeypatch):
    async with story(monkeypatch) as at:
        assert in_words(await at.pass_on(30, FAILED, FAILED)) == [failing("began")]
        at.store.record("cluster.yaml", replace(FINE, moment=at.at))  # of which nobody heard
        assert in_words(await at.pass_on(5, FAILED, FAILED)) == []


async def test_messages_lead_to_the_page_where_that_is_known(monkeypatch):
    async with story(monkeypatch) as at:
        assert [one["link"] for one in await at.pass_on(30, FAILED, FAILED)] == [None]
        at.pages = "https://reconcile.example.org"
        (ended,) = await at.pass_on(30, FINE)
        assert ended["link"] == "https://reconcile.example.org/?search=ocfs2"


def test_the_alert_waits_as_long_as_the_message():
    rules = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    (unknown,) = (rule for rule in rules if rule.get("alert") == "ReconcileUnknown")
    assert unknown["for"] == f"{FAILING // MINUTE}m"
