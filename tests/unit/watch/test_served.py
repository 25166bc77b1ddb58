"""What the daemon serves and tells: pages, metrics and messages, behind simulated hosts and real SSH."""

import asyncio
import json
import re
from contextlib import asynccontextmanager

import httpx

from reconciler.hosts.simulator.mishaps import MISHAPS
from tests.unit.notify.web_hooks import OK, Hook
from tests.unit.watch.daemons import applied, converged, watching

KEY = "only of this test"


@asynccontextmanager
async def receiver():
    """A web hook that takes all."""
    hook = Hook([OK])
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0)
    hook.port = server.sockets[0].getsockname()[1]
    async with server:
        yield hook
    await asyncio.gather(*hook.handlers)


def with_policy(at, policy):
    """The cluster's file has this policy from now on."""
    at.document["clusters"][0]["policy"] = policy


async def hear_messages(hook, count):
    """The first ``count`` messages, once they are there."""
    return [json.loads(body) for body in await hook.hear(count)]


async def test_a_receiver_hears_of_a_difference_and_of_its_end_once(tmp_path):
    async with converged(tmp_path) as at, receiver() as hook:
        with_policy(at, {"notify": [{"webhook": {"url": "env:HOOK", "secret": "env:KEY"}}]})
        hidden = {"HOOK": f"http://127.0.0.1:{hook.port}/secret-path", "KEY": KEY}
        async with watching(at, **hidden) as daemon:
            await daemon.until("observed")
            MISHAPS["umount"].happens(at.world.machines["node02"])
            await daemon.look()
            await daemon.until("drift-found")
            (first,) = await hear_messages(hook, 1)
            begun = {(one["happening"], one["condition"]) for one in first["conditions"]}
            assert begun == {("began", "Drifted"), ("began", "Degraded")}
            assert first["cluster"] == "ocfs2"
            assert first["plan"]["text"].startswith("1. node02: mount")
            await daemon.look()
            code, out, _ = await at.run("apply", at.file, "--auto-approve")
            assert code == 0, out
            await daemon.look()
            await daemon.until("drift-gone")
            second = (await hear_messages(hook, 2))[1]
            ended = {(one["happening"], one["condition"]) for one in second["conditions"]}
            assert ended == {("ended", "Drifted"), ("ended", "Degraded")}
            assert "webhook-signature: v1," in hook.heads[0]
            assert await daemon.end() == 0
        assert len(hook.bodies) == 2
        assert "secret-path" not in json.dumps(daemon.events)


async def test_what_was_told_is_not_told_again_after_a_restart(tmp_path):
    async with converged(tmp_path) as at, receiver() as hook:
        with_policy(at, {"notify": [{"webhook": {"url": "env:HOOK"}}]})
        MISHAPS["fstab"].happens(at.world.machines["node02"])
        hidden = {"HOOK": f"http://127.0.0.1:{hook.port}/"}
        async with watching(at, **hidden) as daemon:
            await daemon.until("observed")
            await hear_messages(hook, 1)
            await daemon.look()
            await daemon.end()
        async with watching(at, **hidden) as daemon:
            await daemon.until("watching")  # it hears signals from then on
            await daemon.look()
            await daemon.look()
            await daemon.end()
        assert len(hook.bodies) == 1


async def test_an_address_that_cannot_be_read_is_told_once(tmp_path):
    async with converged(tmp_path) as at:
        with_policy(at, {"notify": [{"webhook": {"url": "env:NOBODY_SET_THIS"}}]})
        async with watching(at) as daemon:
            found = await daemon.until("receiver-not-told")
            assert "env:NOBODY_SET_THIS is not set" in found["message"]
            await daemon.look()
            await daemon.end()
        assert len(daemon.told("receiver-not-told")) == 1


async def test_pages_api_and_metrics_show_what_was_found(tmp_path):
    async with converged(tmp_path) as at:
        MISHAPS["umount"].happens(at.world.machines["node02"])
        words = (at.file, "--listen", "127.0.0.1:0", "--token", "env:KEY")
        async with watching(at, *words, KEY=KEY) as daemon, httpx.AsyncClient() as browser:
            serving = await daemon.until("serving")
            await daemon.until("round-ended")
            await daemon.until("drift-found")
            base = f"http://127.0.0.1:{serving['port']}"
            refused = await browser.get(f"{base}/api/v1/clusters")
            assert refused.status_code == 401
            browser.headers["authorization"] = f"Bearer {KEY}"
            (cluster,) = (await browser.get(f"{base}/api/v1/clusters")).json()["items"]
            assert (cluster["name"], cluster["state"]) == ("ocfs2", "degraded")
            page = (await browser.get(f"{base}/clusters/{cluster['id']}")).text
            assert "mount images on" in page
            assert re.search('<svg class="topology".*images on node02: will be mounted', page)
            metrics = (await browser.get(f"{base}/metrics")).text
            assert 'reconcile_rounds_total{result="drifted"} 1.0' in metrics
            assert 'severity="degrades",truth="mount"' in metrics
            assert "reconcile_state_readable 1.0" in metrics
            await has_the_status_of_hosts(at, base)
            assert await daemon.end() == 0


async def has_the_status_of_hosts(at, base):
    """`status --server` tells what `status` does."""
    words = ("--server", base, "--token", "env:KEY", "--format", "json")
    code, out, _ = await at.run("status", *words)
    (of_server,) = json.loads(out)["clusters"]
    _code, out, _ = await at.run("status", at.file, "--format", "json")
    (of_hosts,) = json.loads(out)["clusters"]
    assert (code, of_server["name"]) == (0, "ocfs2")
    assert of_server.keys() == {*of_hosts, "observed_at"}
    assert of_server["volumes"] == of_hosts["volumes"]


async def test_a_stream_of_events_does_not_hold_up_the_end(tmp_path):
    async with (
        converged(tmp_path) as at,
        watching(at, at.file, "--listen", "127.0.0.1:0") as daemon,
        httpx.AsyncClient(timeout=60) as browser,
    ):
        serving = await daemon.until("serving")
        await daemon.until("round-ended")
        address = f"http://127.0.0.1:{serving['port']}/api/v1/events"
        async with browser.stream("GET", address) as stream:
            lines = stream.aiter_lines()
            assert (await anext(lines)).startswith("retry:")
            await daemon.look()
            data = [line async for line in _until_data(lines)]
            assert json.loads(data[-1][5:])["kind"] == "round"
            assert await daemon.end() == 0


async def test_a_run_of_this_machine_is_told_while_it_happens(tmp_path):
    async with (
        applied(tmp_path) as at,
        watching(at, at.file, "--listen", "127.0.0.1:0") as daemon,
        httpx.AsyncClient(timeout=120) as browser,
    ):
        serving = await daemon.until("serving")
        await daemon.until("round-ended")
        base = f"http://127.0.0.1:{serving['port']}/api/v1"
        MISHAPS["umount"].happens(at.world.machines["node02"])
        async with browser.stream("GET", f"{base}/events") as stream:
            before = {path.stem for path in at.home.rglob("runs/*.jsonl")}
            told = _runs_told(stream.aiter_lines(), before)
            code, out, _ = await at.run("apply", at.file, "--auto-approve")
            assert code == 0, out
            while (event := await anext(told))["result"] != "converged":
                assert event["result"] == "at work"
        items = (await browser.get(f"{base}/clusters/1/runs")).json()["items"]
        # Both may have begun within a second: which of them sorts first is chance then.
        runs = {one["run"]: one for one in items}
        first = runs.pop(event["run"])
        (second,) = runs.values()
        assert event == {
            "kind": "run",
            "run": first["run"],
            "clusters": ["ocfs2"],
            "result": "converged",
        }
        assert (second["run"] in before, second["result"]) == (True, "converged")
        whole = (await browser.get(f"{base}/runs/{first['run']}")).json()
        assert {one["state"] for one in whole["actions"]} == {"done"}
        assert sum(one["planned"] for one in whole["hosts"]) == whole["planned"]
        assert await daemon.end() == 0


async def _runs_told(lines, before):
    """The runs that are told, but for those of before."""
    async for line in lines:
        found = json.loads(line[5:]) if line.startswith("data:") else {}
        if found.get("run", "") not in {"", *before}:
            yield found


async def _until_data(lines):
    async for line in lines:
        yield line
        if line.startswith("data:"):
            return
