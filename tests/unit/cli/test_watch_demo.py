"""``reconcile watch --demo``: its story, which a seed decides, and the whole as a process."""

import asyncio
import os
import re
import signal
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reconciler.cli import run
from reconciler.cli.watch_demo import acts
from reconciler.cli.watch_demo.past import past
from reconciler.cli.watch_demo.sites import BY_NAME, SITES
from reconciler.cli.watch_demo.stage import STATE, converge, set_stage
from reconciler.cli.watch_demo.story import REST, SCENES, moments
from reconciler.loading import read
from reconciler.pipeline import Options, plan
from tests.terminals import hang_up, new_terminal

RECONCILE = "import sys; from reconciler.cli import main; main(sys.argv[1:])"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEEDS = range(5)


@pytest.mark.parametrize("cycle", [0, 1, 7])
def test_a_seed_tells_the_same_story_again(cycle):
    assert moments(1, cycle) == moments(1, cycle)
    assert moments(1, cycle) != moments(2, cycle)
    assert moments(1, cycle) != moments(1, cycle + 1)


def test_the_first_time_the_table_is_told_in_its_order():
    told = {moment.told for moment in moments(1, 0) if moment.at == 0.0}
    assert len(told) == len([scene for scene in SCENES if scene.opens])
    begun = [(m.site, m.act) for m in moments(1, 0) if m.at]
    table = [(s.site, s.begins) for s in SCENES if not s.opens]
    places = [begun.index(one) for one in table]
    assert places == sorted(places)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cycle", [0, 1, 2])
def test_nothing_befalls_a_cluster_before_the_last_is_mended(seed, cycle):
    told = moments(seed, cycle)
    assert [m.at for m in told] == sorted(m.at for m in told)
    for site in BY_NAME:
        times = [m.at for m in told if m.site == site]
        ends, begins = times[1::2], times[2::2]
        assert all(later - end >= REST - 0.1 for end, later in zip(ends, begins, strict=False))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_host_leaves_only_after_it_has_joined_and_what_is_told_once_is(seed):
    for cycle in range(3):
        told = moments(seed, cycle)
        at = {m.act: m.at for m in told}
        assert at["add-host"] < at["drop-host"]
        assert ("open-site" in at) == (cycle == 0)
        assert not [m for m in told if "HOST" in m.told]


def test_every_act_of_the_table_can_be_done(tmp_path):
    named = {act for scene in SCENES for act in (scene.begins, scene.ends)} - {"heal"}
    known = {*acts.ON_HOSTS, *acts.CHANGES, *acts.deeds(acts.Operator(tmp_path))}
    assert named <= known


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_the_past_is_decided_too_and_ends_before_now(site):
    told = past(site, 1, NOW)
    assert told == past(site, 1, NOW)
    assert told != past(site, 2, NOW)
    assert [at for at, _ in told] == sorted(at for at, _ in told)
    assert told[0][0] < NOW - timedelta(days=29)
    assert told[-1][0] < NOW
    assert told[-1][1].state == "converged"
    assert all(0 <= used <= size for _, one in told for _, size, used in one.sizes)


async def look(place):
    """What a plan of a cluster has to say now."""
    found, _pairs = await plan(read(str(place.file)), place.connect, Options())
    (cluster,) = found.clusters
    return len(cluster.actions), [one.code for one in cluster.blocked]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The clusters of the demo before its story begins."""
    with asyncio.Runner() as runner:
        held = set_stage(tmp_path_factory.mktemp("demo"))
        yield runner, runner.run(held.__aenter__())
        runner.run(held.__aexit__(None, None, None))


# A volume that is full differs from no file; of the paths to a disk no file says anything.
UNPLANNED = {"fill", "lose-path"}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.site}-{scene.begins}")
def test_what_befalls_a_cluster_is_seen_and_can_be_mended(stage, scene):
    runner, found = stage
    place = found.places[scene.site]
    host = place.site.members()[-1 if "host" in scene.begins else 0]
    operator = acts.Operator(found.state)

    async def play(act):
        if act in acts.ON_HOSTS:
            acts.ON_HOSTS[act](place.host(host))
        elif act in acts.CHANGES:
            acts.CHANGES[act](place)
        elif act in {"pause", "resume"}:
            await acts.deeds(operator)[act](place)

    if place.site.is_there:
        assert runner.run(look(place)) == (0, [])
    runner.run(play(scene.begins))
    if scene.begins not in UNPLANNED:
        assert runner.run(look(place)) != (0, [])
    if scene.ends in {"apply", "heal", "review"}:
        runner.run(converge(place))
    else:
        runner.run(play(scene.ends))
    assert runner.run(look(place)) == (0, [])


@asynccontextmanager
async def showing(directory, **streams):
    """The demo in a process of its own, which has nowhere else to write."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RECONCILE, "watch", "--demo", "--interval", "1s"),
        env={**os.environ, "TMPDIR": str(directory)},
        **{"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE, **streams},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(process, words):
    """The lines up to one that fits, and what fits."""
    text = ""
    while line := (await process.stdout.readline()).decode():
        text += line
        if found := re.search(words, line):
            return text, found
    raise AssertionError(text + (await process.stderr.read()).decode())


async def until_all(process, wanted):
    """Reads lines until each of these was told, in whatever order."""
    while wanted:
        line = (await process.stdout.readline()).decode()
        assert line, (wanted, await process.stderr.read())
        wanted = {words for words in wanted if words not in line}


async def wait_for_end(process, directory, number=signal.SIGTERM):
    """What it still says after a signal; nothing of it is left."""
    process.send_signal(number)
    out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, ""), out
    assert list(directory.iterdir()) == []
    return out.decode()


async def was(browser, name, kind):
    """The reasons for which a condition of a cluster is, or was, true."""
    found = (await browser.get("/api/v1/clusters", params={"search": name})).json()["items"]
    reasons = set()
    for number in [one["id"] for one in found if one["name"] == name]:
        for path in ("conditions", "conditions/past"):
            told = (await browser.get(f"/api/v1/clusters/{number}/{path}")).json()
            wanted = (f"cluster/{name}", kind, "True")
            reasons |= {
                one["reason"]
                for one in told
                if (one["subject"], one["type"], one["status"]) == wanted
            }
    return reasons


async def follow(browser, name, kind, reason):
    """Returns when the pages have shown it, looked at again at each event."""
    async with browser.stream("GET", "/api/v1/events") as stream:
        async for line in stream.aiter_lines():
            is_news = line.startswith(("retry", "data"))
            if is_news and reason in await was(browser, name, kind):
                return
    raise AssertionError(await was(browser, name, kind))


async def test_clusters_in_all_states_are_on_its_pages_and_their_story_goes_on(tmp_path):
    async with showing(tmp_path) as process:
        text, found = await until(process, r"(http://127\.0\.0\.1:\d+)/ shows them")
        # A busy machine takes minutes: what it does is told at once, and where to look before all else.
        assert re.fullmatch(r"starting \d+ simulated hosts…\n.* shows them\..*\n", text)
        await until(process, "00:00 north: north")
        async with httpx.AsyncClient(base_url=found[1], timeout=600) as browser:
            for name, kind, reason in (
                ("north", "Unreachable", "HostUnreachable"),
                ("archive", "Paused", "PausedByOperator"),
                ("lab", "Blocked", "ShrinkRefused"),
                ("build", "Drifted", "ChangedOutside"),
                ("backup", "Degraded", "FillsSoon"),
                ("web", "Converged", "AsTheFileSays"),
                ("mail", "Degraded", "NotMounted"),
            ):
                await follow(browser, name, kind, reason)
            page = (await browser.get("/")).text
            there = {site.name for site in SITES if site.is_there}
            assert there <= {name for name in BY_NAME if f"<b>{name}</b>" in page}
            await until_all(
                process,
                {"mail: reconcile mounts it again", "build: reconcile apply: converged"},
            )
        (directory,) = tmp_path.iterdir()
        assert [p.name for p in sorted(directory.iterdir())] == ["clusters", "keys", "state"]
        await wait_for_end(process, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_before_it_is_up_leaves_nothing_too(tmp_path, number):
    async with showing(tmp_path) as process:
        await until(process, "starting")
        await wait_for_end(process, tmp_path, number)


async def test_a_signal_that_nohup_has_ignored_does_not_end_it(tmp_path):
    ignored = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    async with showing(tmp_path, **ignored) as process:
        await until(process, "starting")
        process.send_signal(signal.SIGHUP)
        await until(process, "shows them")
        process.send_signal(signal.SIGHUP)
        await until(process, "00:00 north: north")
        await wait_for_end(process, tmp_path)


@pytest.mark.parametrize("awaited", ["starting", "shows them"])
async def test_it_ends_with_its_terminal(tmp_path, awaited):
    ours, streams = new_terminal()
    async with showing(tmp_path, stdout=streams["stdin"], **streams) as process:
        shown = b""
        while awaited.encode() not in shown:
            shown += await asyncio.to_thread(os.read, ours, 4096)
        hang_up(ours, streams)
        _out, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("there", ["clusters/*.yaml", f"{STATE}/state.db"])
async def test_a_signal_while_its_scenes_are_set_ends_it_as_later(tmp_path, there, number):
    """Between the first cluster and the pages: while hosts begin, and while the past is told."""
    async with showing(tmp_path) as process:
        await until(process, "starting")
        while not [*tmp_path.glob(f"*/{there}")]:  # of another process
            assert process.returncode is None, await process.stderr.read()
            await asyncio.sleep(0.02)
        assert "shows them" not in await wait_for_end(process, tmp_path, number)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("a.yaml",), "--demo watches clusters of its own: name no FILE as a.yaml"),
        (("--state-dir", "x"), "--demo has a state of its own, which it removes"),
        (("--listen", "0.0.0.0:0"), "is not on loopback: name a --token"),
    ],
)
def test_what_does_not_go_with_it_is_refused_by_name(capsys, words, told):
    assert run(["watch", "--demo", *words]) == 64
    assert told in capsys.readouterr().err


def test_the_daemon_heals_what_its_policy_lets_it_or_an_operator_does():
    healing = {scene.site for scene in SCENES if scene.ends == "heal"}
    assert healing == {site.name for site in SITES if site.heals}
