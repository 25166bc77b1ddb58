"""Runs on pages and in the API: the same facts, while a run goes on and after it has ended."""

import json
import re

import pytest

from reconciler.reports.lease_notes import lease_notes
from reconciler.storage.runs import drop_run, run_lines
from reconciler.storage.sql_tables import RUN_LINES
from tests.unit.web.conftest import HOSTILE, drift_round, quiet_round

RUN = "20260301T120000Z-aaaaaa"
LEASE = {
    "run": RUN,
    "holder": {"user": "root", "controller": "alpha", "pid": 7},
    "hosts": ["node01", "node02"],
    "age": 3.2,
    "expired": False,
    "ended": False,
    "began": {},
    "running": {},
}


async def get_json(site, path: str):
    answer = await site.get("/api/v1" + path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def half_done(site):
    """A run at work: one action done, one failed by name, one running."""
    run = site.begin_run(RUN).start(node01=2, node02=1)
    run.begin("node01")
    run.end("action-finished", "node01", proved=["a = b"])
    run.begin("node02")
    message = "exit status 75: gate: changed-since: it is another disk"
    run.end("action-failed", "node02", message=message)
    run.begin("node01", "fstab", "write a line")
    return run


async def test_a_run_at_work_tells_each_action_and_host(site):
    half_done(site)
    found = await get_json(site, f"/runs/{RUN}")
    assert (found["result"], found["planned"], found["ended"]) == ("at work", 3, None)
    assert (found["who"], found["plan"], found["clusters"]) == (
        *("ops@desk", "9c1f"),
        {"beta": "at work"},
    )
    assert [
        (one["host"], one["kind"], one["state"], one["seconds"], one["code"])
        for one in found["actions"]
    ] == [
        ("node01", "mount", "done", 1.5, ""),
        ("node02", "mount", "failed", 1.5, "changed-since"),
        ("node01", "fstab", "running", None, ""),
    ]
    assert [
        (one["host"], one["planned"], one["done"], one["failed"]) for one in found["hosts"]
    ] == [
        ("node01", 2, 1, 0),
        ("node02", 1, 0, 1),
    ]
    assert found["hosts"][0]["running"] == ["beta/node01/fstab/images"]


async def test_an_action_has_its_command_and_its_proof_as_show_tells_them(site):
    run = site.begin_run(RUN).start(node01=2, node02=1)
    run.begin("node01", command=f"gate mount {'a' * 64} <images>")
    run.end("action-finished", "node01", status=0, proved=["it is mounted", "a <b>"])
    run.begin("node02")
    first, second = (await get_json(site, f"/runs/{RUN}"))["actions"]
    assert (first["command"], first["status"]) == (f"gate mount {'a' * 64} <images>", 0)
    assert first["proved"] == ["it is mounted", "a <b>"]
    assert (second["command"], second["status"], second["proved"]) == ("", None, [])
    text = (await site.get(f"/runs/{RUN}")).text
    assert f"<pre>$ gate mount {'a' * 12}… &lt;images&gt;   (status 0)</pre>" in text
    assert "<li>proved a &lt;b&gt;</li>" in text
    assert text.count("<details>") == 1


async def test_its_page_has_bars_and_who_has_no_scripts_may_reload(site):
    half_done(site)
    text = (await site.get(f"/runs/{RUN}")).text
    assert f'data-run="{RUN}"' in text
    assert 'max="3" value="2" aria-label="All actions: 2 of 3"' in text
    assert 'max="2" value="1" aria-label="node01: 1 of 2 actions"' in text
    assert 'write a line <span class="dim">since 2026-03-01 12:00:06 UTC' in text
    assert '<a href="/codes/changed-since">' in text
    assert f'<noscript><p>Without scripts: <a href="/runs/{RUN}">' in text
    assert "1 done, 1 failed, 1 running" in text
    assert 'http-equiv="refresh"' not in text
    reloaded = (await site.get(f"/runs/{RUN}?reload=5")).text
    assert '<meta http-equiv="refresh" content="5">' in reloaded
    assert (await site.get(f"/runs/{RUN}?reload=0")).status_code == 422


async def test_a_run_that_ended_is_not_reloaded_and_tells_its_refusals(site):
    run = half_done(site)
    run.refuse("node02 does not see it")
    run.finish("partial", done=1, failed=1)
    text = (await site.get(f"/runs/{RUN}?reload=5")).text
    assert 'http-equiv="refresh"' not in text
    assert "noscript" not in text
    assert ">partial<" in text
    assert "node02 does not see it" in text
    found = await get_json(site, f"/runs/{RUN}")
    assert found["counts"] == {"done": 1, "failed": 1}
    assert [one["state"] for one in found["actions"]] == ["done", "failed", "unknown"]
    (refusal,) = found["words"]
    assert (refusal["event"], refusal["code"]) == ("refused", "device-missing")


async def test_what_the_daemon_heals_is_a_run_that_says_so(site):
    run = site.begin_run(RUN)
    who = {"user": "reconcile", "controller": "desk", "file": "c.yaml", "healing": True}
    at = {"commit": "8f14e45fceea167a5a36dedd4bea2543deadbeef", "ref": "main"}
    run.journal.emit("run-started", {"cluster": None, **who, **at})
    run.finish("no-change")
    found = await get_json(site, f"/runs/{RUN}")
    assert (found["healing"], found["commit"]) == (True, at["commit"])
    text = (await site.get(f"/runs/{RUN}")).text
    assert "which heals as the policy allows" in text
    assert "c.yaml at commit <code>8f14e45fceea (main)</code>" in text


async def test_a_run_that_was_cut_off_says_that_nobody_knows(site):
    half_done(site).close()
    text = (await site.get(f"/runs/{RUN}")).text
    assert "the run was cut off" in text
    assert ">unknown<" in text


async def test_runs_are_paged_the_latest_first_overall_and_of_a_cluster(site):
    number = site.record("beta", quiet_round())
    for place in range(7):
        site.begin_run(f"20260301T12000{place}Z-aaaaaa").start().finish()
    for base in ("/runs", f"/clusters/{number}/runs", "/runs?cluster=beta"):
        names, after, mark = [], "", "&" if "?" in base else "?"
        while after is not None:
            page = await get_json(site, f"{base}{mark}limit=3&after={after}")
            names += [one["run"][14] for one in page["items"]]
            after = page["next"]
        assert "".join(names) == "6543210"
    assert (await get_json(site, "/runs?cluster=alpha"))["items"] == []


async def test_pages_of_runs_lead_to_the_next_and_to_clusters(site):
    number = site.record("beta", quiet_round())
    for place in range(52):
        site.begin_run(f"20260301T1200{place:02}Z-aaaaaa").start().finish(done=2)
    for base in ("/runs", f"/clusters/{number}/runs"):
        first = (await site.get(base)).text
        assert len(re.findall(r'href="/runs/[^"]+"', first)) == 50
        assert f'<a href="/clusters/{number}">beta</a>' in first
        assert "2 done" in first
        assert "in <code>/var/lib/reconcile/runs</code>" in first
        target = re.search(r'rel="next" href="([^"]+)"', first)
        assert target
        second = (await site.get(target[1].replace("&amp;", "&"))).text
        assert len(re.findall(r'href="/runs/[^"]+"', second)) == 2
        assert f'<a href="{base}">First page</a>' in second


async def test_a_cluster_page_has_its_runs_and_who_holds_the_lease(site):
    number = site.record("beta", drift_round())
    site.keep(number, "status", json.dumps({**STATUS, "leases": [LEASE]}))
    text = (await site.get(f"/clusters/{number}")).text
    assert (
        "A run by root@alpha pid 7 holds the lease on node01, node02 since 2026-03-01 12:00:00 "
        "UTC, renewed 3 s before the look."
    ) in text
    assert "Look at it" not in text
    assert "No run of this cluster is on record on this machine." in text
    half_done(site)
    text = (await site.get(f"/clusters/{number}")).text
    assert f'<a href="/runs/{RUN}">Look at it</a>' in text
    assert ">at work<" in text
    assert f'href="/clusters/{number}/runs"' in text


STATUS = {"members": [], "volumes": []}


@pytest.mark.parametrize(
    ("more", "is_held", "words"),
    [
        ({"expired": True, "age": 140.0}, False, f"reconcile unlock {RUN} frees it."),
        ({"ended": True}, False, "has ended; its lease is still on node01, node02"),
        ({"running": {"node02": "mkfs"}}, True, "node02 still runs mkfs."),
        (
            {"run": None, "holder": None, "running": {"node01": "yes"}},
            *(False, "node01 still runs something."),
        ),
        ({"run": "99999999T999999Z-x"}, True, "on node01, node02, renewed 3 s before"),
    ],
)
def test_a_lease_is_told_as_far_as_it_is_known(more, is_held, words):
    (note,) = lease_notes({"leases": [{**LEASE, **more}]})
    assert note.is_held == is_held
    assert words in note.words


async def test_lines_that_are_gone_are_told_and_not_taken_for_none(site):
    half_done(site).finish("partial", done=1, failed=1)
    with site.database.writing() as connection:
        connection.execute(RUN_LINES.delete())
    found = await get_json(site, f"/runs/{RUN}")
    assert (found["has_lines"], found["counts"]) == (False, {"done": 1, "failed": 1})
    assert (
        f"<code>reconcile show {RUN}</code> reads its record"
        in (await site.get(f"/runs/{RUN}")).text
    )


async def test_a_damaged_record_is_told(site):
    run = half_done(site).finish()
    path = run.journal.path
    path.write_bytes(path.read_bytes().replace(b"mount images", b"mount others", 1))
    run.index()
    assert (await get_json(site, f"/runs/{RUN}"))["broken_line"] == 3
    assert "Line 3 of its record is damaged" in (await site.get(f"/runs/{RUN}")).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/runs/nothing", 404),
        ("/runs/%00", 404),
        ("/runs/" + "x" * 256, 422),
        ("/runs?after=" + "x" * 256, 422),
        ("/clusters/9/runs", 404),
    ],
)
async def test_a_run_that_is_not_there_is_told(site, path, status):
    document, page = await site.get("/api/v1" + path), await site.get(path)
    assert (document.status_code, page.status_code) == (status, status)
    assert document.headers["content-type"] == "application/problem+json"
    assert 'role="alert"' in page.text


async def test_a_run_that_has_not_changed_is_not_sent_again(site):
    run = half_done(site)
    tag = (await site.get(f"/api/v1/runs/{RUN}")).headers["etag"]
    again = await site.get(f"/api/v1/runs/{RUN}", **{"if-none-match": tag})
    assert again.status_code == 304
    run.end("action-finished", "node01", "fstab")
    later = await site.get(f"/api/v1/runs/{RUN}", **{"if-none-match": tag})
    assert later.status_code == 200


def hostile_run(site):
    run = site.begin_run(RUN).start(HOSTILE, **{HOSTILE: 3})
    run.begin(HOSTILE, HOSTILE, HOSTILE)
    run.end("action-failed", HOSTILE, HOSTILE, words=HOSTILE, message=HOSTILE)
    run.begin(HOSTILE, words=HOSTILE)
    run.refuse(HOSTILE, HOSTILE)
    return run


@pytest.mark.parametrize("path", ["/runs", f"/runs/{RUN}", "/clusters/{}", "/clusters/{}/runs"])
async def test_words_of_hosts_are_words(site, path):
    number = site.record("beta", drift_round(HOSTILE))
    holder = {"user": HOSTILE, "controller": HOSTILE, "pid": 7}
    lease = {**LEASE, "holder": holder, "hosts": [HOSTILE], "running": {HOSTILE: HOSTILE}}
    site.keep(number, "status", json.dumps({**STATUS, "leases": [lease]}))
    hostile_run(site)
    text = (await site.get(path.format(number))).text
    assert "<script>alert" not in text
    assert "49" not in re.sub(r"[^{}]", "", text)
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "\ufffd" in text


async def test_a_long_run_shows_its_latest_actions(site):
    run = site.begin_run(RUN).start(node01=310)
    for number in range(310):
        run.journal.emit("barrier", {**run._action(f"n{number:03}", "x"), "summary": "s"})
    run.index()
    text = (await site.get(f"/runs/{RUN}")).text
    assert "The latest 300 of 310" in text
    assert len((await get_json(site, f"/runs/{RUN}"))["actions"]) == 310


async def test_a_run_that_is_forgotten_is_not_found(site):
    half_done(site)
    with site.database.writing() as connection:
        drop_run(connection, RUN)
        assert run_lines(connection, RUN) == []
    assert (await site.get(f"/runs/{RUN}")).status_code == 404
