"""The pages as a browser without scripts has them."""

import json
import re
from dataclasses import asdict
from datetime import timedelta

import pytest

from reconciler.model.views import Seat, Shelf, Topology
from reconciler.model.watched import Reading, Round
from reconciler.web.cluster_facts import mount_words
from reconciler.web.state_reader import StateReader
from tests.unit.web.conftest import HOSTILE, NOW, drift_round, plan_text, quiet_round

MOUNT = {
    "wanted": True,
    "mounted": True,
    "read_only": True,
    "hidden": False,
    "slot": 3,
    "heartbeat": "silent",
    "unread": None,
    "path": "/srv/images",
}
MEMBER = {"name": "node01", "number": 0, "state": "present", "o2cb": "online"}
VOLUME = {"label": "images", "size": 2**40, "used": 2**39, "slots": 8, "slots_taken": 1}
STATUS = json.dumps(
    {
        "members": [{**MEMBER, "volumes": {"images": MOUNT}}],
        "volumes": [{**VOLUME, "mounted_by": ["node01"]}],
    }
)


def topology_text(words):
    """A topology as a round keeps it."""
    seat = Seat(words, "0", "10.0.0.1:7777", "member", ("mounted",))
    shelf = Shelf(words, "1TiB", "/srv/images", words, is_withdrawn=False)
    return json.dumps(asdict(Topology((seat,), (shelf,))))


async def test_a_fleet_of_none_says_so(site):
    answer = await site.get("/")
    assert answer.status_code == 200
    assert "No cluster is watched." in answer.text


async def test_the_worst_cluster_comes_first_with_what_stands(site):
    site.record("alpha", quiet_round())
    site.record("beta", drift_round())
    text = (await site.get("/")).text
    assert text.index(">beta<") < text.index(">alpha<")
    assert "Drifted: changed-outside" in text
    assert "Degraded: mount-missing" in text
    assert re.search(r"Drifted <b>1</b>", text)
    assert "the last 48 half hours: 47 without a round, 1 drifted" in text


async def test_a_page_has_fifty_and_leads_to_the_rest(site):
    for number in range(60):
        site.record(f"c{number:02}", quiet_round())
    first = (await site.get("/")).text
    assert len(re.findall(r'href="/clusters/\d+"', first)) == 50
    assert "60 clusters" in first
    target = re.search(r'rel="next" href="([^"]+)"', first)
    assert target
    second = (await site.get(target[1].replace("&amp;", "&"))).text
    found = re.findall(r"<b>(c\d\d)</b>", first + second)
    assert found == [f"c{number:02}" for number in range(60)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?search=ALP", ["alpha"]),
        ("?condition=Drifted", ["beta"]),
        ("?condition=Drifted&search=alpha", []),
        ("?search=%25", []),
    ],
)
async def test_clusters_are_found_by_words_and_condition(site, query, names):
    site.record("alpha", quiet_round())
    site.record("beta", drift_round())
    text = (await site.get("/" + query)).text
    assert re.findall(r"<b>([a-z]+)</b></a><p", text.replace("\n", "")) == names


async def test_a_cluster_page_has_conditions_drift_plan_and_past(site):
    site.record("beta", drift_round(), NOW - timedelta(hours=3))
    site.record("beta", quiet_round(), NOW - timedelta(hours=2))
    number = site.record("beta", drift_round(), NOW - timedelta(hours=1))
    site.keep(number, "plan", plan_text("mount images on node01"))
    text = (await site.get(f"/clusters/{number}")).text
    assert "volume/images" in text
    assert "it came 2 times" in text
    assert "<b>node01</b> mount images on node01" in text
    assert 'title="2026-03-01 11:00:00 UTC">1 h ago' in text
    assert "was Drifted (changed-outside) from 2026-03-01 09:00:00 UTC" in text
    assert '<a href="/codes/mount-missing">' in text or "mount-missing" in text


async def test_what_was_planned_for_a_commit_says_so(site):
    number = site.record("beta", drift_round())
    plan = json.loads(plan_text("mount images on node01"))
    at = {"commit": "8f14e45fceea167a5a36dedd4bea2543deadbeef", "ref": "main"}
    site.keep(number, "plan", json.dumps(plan | at))
    text = (await site.get(f"/clusters/{number}")).text
    assert " at commit <code>8f14e45fceea (main)</code> · last round" in text
    assert ", of commit <code>8f14e45fceea (main)</code>. Risk" in text


async def test_a_cluster_page_draws_its_topology_as_reports_do(site):
    number = site.record("beta", drift_round())
    text = (await site.get(f"/clusters/{number}")).text
    assert 'class="topology"' not in text  # of a cluster that was never looked at as a whole
    site.keep(number, "status", STATUS)
    site.keep(number, "topology", topology_text(HOSTILE))
    text = (await site.get(f"/clusters/{number}")).text
    assert re.search(r'<svg class="topology" [^>]*role="img">.*<title>cluster beta:', text)
    assert "mounted, and stays so" in text
    assert "style=" not in text
    assert "<script>alert" not in text
    style = await site.get("/static/picture.css")
    assert (style.status_code, style.headers["content-type"]) == (
        200,
        "text/css; charset=utf-8",
    )
    assert ".mark.mounted" in style.text


async def test_members_are_told_in_words(site):
    number = site.record("beta", drift_round())
    site.keep(number, "status", STATUS)
    text = (await site.get(f"/clusters/{number}")).text
    assert "<td>mounted, read-only, slot 3, heartbeat silent</td>" in text
    assert "0.5 TiB of 1 TiB" in text
    assert "wanted" not in text


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ("day", "the last 48 half hours: 47 without a round, 1 converged"),
        (
            "week",
            "the last 56 times of three hours: 54 without a round, 1 drifted, 1 converged",
        ),
        ("month", "the last 60 half days: 58 without a round, 1 drifted, 1 converged"),
    ],
)
async def test_strips_show_a_day_a_week_or_a_month_by_link(site, over, told):
    site.record("beta", drift_round(), NOW - timedelta(days=3))
    number = site.record("beta", quiet_round())
    for path in ("/", f"/clusters/{number}"):
        text = (await site.get(f"{path}?over={over}")).text
        assert told in text
        assert re.search(r'href="[^"]*over=week"[^>]*>week</a>', text)
    assert (await site.get("/?over=year")).status_code == 422


async def test_links_of_the_fleet_keep_what_was_asked_for(site):
    site.record("beta", drift_round())
    text = (await site.get("/?search=be&condition=Drifted&over=month")).text
    assert 'href="/?search=be&amp;condition=Drifted&amp;over=week"' in text
    assert 'href="/?condition=Paused&amp;over=month"' in text
    assert '<input type="hidden" name="over" value="month">' in text


async def test_a_part_of_time_has_the_worst_that_was_found_in_it(site):
    for minutes, found in ((12, quiet_round()), (8, drift_round()), (4, quiet_round())):
        site.record("beta", found, NOW - timedelta(minutes=minutes))
    assert "47 without a round, 1 drifted" in (await site.get("/")).text


async def test_what_is_well_is_folded_away_and_a_reason_leads_to_its_code(site):
    told = Reading("cluster/beta", "Blocked", "True", "DeviceMissing", "no device")
    # A reason of another condition may read like a code, and is none.
    away = Reading("member/node02", "Degraded", "True", "NotMounted", "images is not mounted")
    well = Reading("member/node01", "Converged", "True", "AsTheFileSays", "nothing differs")
    number = site.record("beta", Round(5, "blocked", "1", (told, away, well)))
    text = (await site.get(f"/clusters/{number}")).text
    shown, _, folded = text.partition("<details>")
    assert '<a href="/codes/device-missing">DeviceMissing</a>' in shown
    assert "<td>NotMounted<p" in shown
    assert "member/node01" not in shown
    assert "1 more, of which none is of trouble" in folded
    assert "member/node01" in folded


async def test_a_volume_page_tells_how_fast_it_fills_and_what_stands_of_it(site):
    size = 2**40
    for hours in range(48, -1, -6):
        sizes = (("images", size, size // 2 - hours * 2**30),)
        reading = Reading("volume/images", "Degraded", "True", "FillsSoon", "soon full")
        found = Round(4, "degraded", "1", (reading,), sizes=sizes)
        number = site.record("beta", found, NOW - timedelta(hours=hours))
    text = (await site.get(f"/clusters/{number}/volumes/images")).text
    assert "It gets fuller by 24 GiB a day, and is full in 21 days" in text
    assert "soon full" in text
    assert "No round has ended yet" not in text


async def test_a_volume_page_has_its_fill(site):
    site.record("beta", quiet_round(), NOW - timedelta(hours=9))
    number = site.record("beta", drift_round(), NOW)
    text = (await site.get(f"/clusters/{number}/volumes/images")).text
    assert "0.2 TiB of 1 TiB used, 25.0 %" in text
    assert text.count("<polyline") == 2
    assert (await site.get(f"/clusters/{number}/volumes/other")).status_code == 404


async def test_each_code_has_a_page_and_the_list_leads_to_it(site):
    text = (await site.get("/codes")).text
    assert '<a href="/codes/device-missing">' in text
    page = await site.get("/codes/device-missing")
    assert "a member does not see the device" in page.text
    assert "What to do" in page.text
    missing = await site.get("/codes/no-such-code")
    assert missing.status_code == 404
    assert "no code is called no-such-code" in missing.text


@pytest.mark.parametrize("path", ["/", "/clusters/{}", "/clusters/{}/volumes/images"])
async def test_words_of_hosts_are_words(site, path):
    number = site.record("beta", drift_round(HOSTILE), file=HOSTILE)
    site.keep(number, "plan", plan_text(HOSTILE))
    text = (await site.get(path.format(number))).text
    assert "<script>alert" not in text
    assert "49" not in re.sub(r"[^{}]", "", text)
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "\ufffd" in text


async def test_the_pages_of_a_cluster_are_found_by_its_name(site):
    number = site.record("beta", drift_round())
    for rest in ("", "?over=week", "/volumes/images", "/runs"):
        answer = await site.get(f"/clusters/beta{rest}")
        assert answer.headers["location"] == f"/clusters/{number}{rest}"
        assert (await site.get(answer.headers["location"])).status_code == 200
    for name in ("gamma", "beta%0d%0ax", "%2f%2felsewhere", "-1", "0x1"):
        assert (await site.get(f"/clusters/{name}")).status_code == 404
    site.record("beta", quiet_round(), file="another.yaml")
    assert (await site.get("/clusters/beta")).headers["location"] == "/?search=beta"


@pytest.mark.parametrize("path", ["/nothing", "/clusters/99", "/clusters/0", "/?after=%00"])
async def test_what_is_not_there_is_told_on_a_page(site, path):
    answer = await site.get(path)
    assert answer.status_code in {400, 404, 422}
    assert answer.headers["content-type"].startswith("text/html")
    assert 'role="alert"' in answer.text


async def test_a_state_that_cannot_be_read_is_told_on_a_page_and_in_a_document(site, tmp_path):
    site.database = StateReader(tmp_path)
    page, document = await site.get("/"), await site.get("/api/v1/clusters")
    assert (page.status_code, document.status_code) == (503, 503)
    assert "is not there yet" in page.text
    assert "is not there yet" in document.json()["detail"]
    assert "reconcile_state_readable 0.0" in (await site.get("/metrics")).text


async def test_styles_and_scripts_are_served_here(site):
    for name, kind in (("dashboard.css", "text/css"), ("live.js", "javascript")):
        answer = await site.get(f"/static/{name}")
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"mounted": None}, "unknown"),
        ({"mounted": None, "unread": "no answer"}, "unknown: no answer"),
        ({"mounted": False}, "not mounted"),
        ({"mounted": False, "wanted": False}, "not mounted, as wished"),
        ({"read_only": False, "heartbeat": "beats"}, "mounted, slot 3"),
        (
            {"wanted": False, "read_only": False, "hidden": True, "heartbeat": "beats"},
            "mounted, against the wish, in a namespace only, slot 3",
        ),
    ],
)
def test_what_a_member_has_of_a_volume_is_said_in_words(found, words):
    assert mount_words({**MOUNT, **found}) == words
