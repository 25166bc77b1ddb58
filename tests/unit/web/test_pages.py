"""The pages as a browser without scripts has them."""

import re
from datetime import timedelta

import pytest

from reconciler.web.state_reader import StateReader
from tests.unit.web.conftest import HOSTILE, NOW, drift_round, plan_text, quiet_round


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
    assert "was Drifted True (changed-outside) from 2026-03-01 09:00:00 UTC" in text
    assert '<a href="/codes/mount-missing">' in text or "mount-missing" in text


async def test_a_volume_page_has_its_fill(site):
    site.record("beta", quiet_round(), NOW - timedelta(hours=9))
    number = site.record("beta", drift_round(), NOW)
    text = (await site.get(f"/clusters/{number}/volumes/images")).text
    assert "256GiB of 1TiB used, 25.0 %" in text
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
