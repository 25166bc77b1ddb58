"""The daemon as a process, behind simulated hosts and real SSH: what it sees, tells and survives."""

import asyncio
import os
import shutil
import signal
import socket

import pytest
import yaml

from reconciler.hosts.simulator.mishaps import MISHAPS
from tests.cli_harness import desk
from tests.terminals import hang_up, new_terminal
from tests.unit.watch.daemons import converged, gone, watching, watching_anew


def befall(at, host, mishap):
    MISHAPS[mishap].happens(at.world.machines[host])


async def test_drift_is_seen_in_the_next_round_and_told_once_with_its_end(tmp_path):
    async with converged(tmp_path) as at, watching(at) as daemon:
        first = await daemon.until("observed")
        assert (first["cluster"], first["hosts"], first["drift"]) == ("ocfs2", 2, 0)
        befall(at, "node02", "umount")
        assert (await daemon.look())["drift"] == 1
        found = await daemon.until("drift-found")
        assert (found["host"], found["truth"], found["address"]) == (
            "node02",
            "mount",
            "volume/images/mount/node02",
        )
        assert found["run"].startswith("20")
        assert (await daemon.look())["drift"] == 1
        code, out, _err = await at.run("apply", at.file, "--auto-approve")
        assert code == 0, out
        assert (await daemon.look())["drift"] == 0
        await daemon.until("drift-gone", host="node02")
        assert len(daemon.told("drift-found")) == 1
        assert await daemon.end() == 0


async def test_a_host_that_is_off_is_told_once_and_what_drifted_there_is_not_gone(tmp_path):
    async with converged(tmp_path) as at, watching(at) as daemon:
        befall(at, "node02", "fstab")
        await daemon.until("drift-found", host="node02")
        befall(at, "node02", "power")
        for _ in range(2):
            assert (await daemon.look())["unreachable"] == 1
        MISHAPS["power"].ends(at.world.machines["node02"])
        assert (await daemon.look())["unreachable"] == 0
        lost = {"subject": "member/node02", "kind": "Unreachable"}
        await daemon.until("condition", **lost, status="False", was="True")
        assert len(daemon.told("condition", **lost)) == 2
        assert daemon.told("drift-gone", truth="boot") == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_a_signal_ends_it_and_its_processes(tmp_path, number, code):
    async with desk(tmp_path) as at, watching(at) as daemon:
        await daemon.until("observed")
        children = daemon.children
        assert children
        assert await daemon.end(number) == code
        assert daemon.told("stopping")[0]["signal"] == number.name
        await gone(*children)


async def test_hosts_that_hang_in_the_probe_do_not_hold_up_its_end(tmp_path):
    """The simulated probes never end: only who cuts them off gets to the end of this."""
    async with desk(tmp_path) as at:
        asked, never = asyncio.Event(), asyncio.Event()

        async def hang(_seconds):
            asked.set()
            await never.wait()

        at.world.pace = hang
        async with watching(at) as daemon:
            await asked.wait()
            assert await daemon.end() == 0
            assert daemon.told("observed") == []


async def test_who_is_killed_leaves_no_process_and_starts_again(tmp_path):
    async with converged(tmp_path) as at:
        async with watching(at) as daemon:
            await daemon.until("observed")
            children = daemon.children
            daemon.process.kill()
            await daemon.process.wait()
            await gone(*children)
        async with watching(at) as daemon:
            await daemon.until("watching")
            assert (await daemon.look())["drift"] == 0
            assert await daemon.end() == 0
            assert daemon.told("observed") == []


async def test_what_was_told_is_not_told_again_after_a_restart(tmp_path):
    async with converged(tmp_path) as at:
        befall(at, "node02", "umount")
        async with watching(at) as daemon:
            await daemon.until("drift-found", host="node02")
            assert await daemon.end(signal.SIGKILL) == -9
        async with watching(at) as daemon:
            await daemon.until("watching")
            assert (await daemon.look())["drift"] == 1
            assert await daemon.end() == 0
            assert (daemon.told("drift-found"), daemon.told("condition")) == ([], [])


async def test_a_second_daemon_of_a_state_directory_is_refused(tmp_path):
    async with desk(tmp_path) as at, watching(at) as daemon:
        await daemon.until("observed")
        code, _out, err = await at.run("watch", at.file)
        assert (code, f"(process {daemon.process.pid})" in err) == (5, True), err


async def test_a_damaged_database_is_kept_aside_and_told(tmp_path):
    async with desk(tmp_path) as at:
        state = tmp_path / ".local/state/reconcile"
        async with watching(at) as daemon:
            await daemon.until("observed")
            assert await daemon.end() == 0
        (state / "state.db").write_bytes(b"no database" * 999)
        async with watching(at) as daemon:
            told = await daemon.until("state-not-kept")
            assert "state.db.damaged-" in told["message"]
            await daemon.until("observed")
            assert await daemon.end() == 0
        assert len([*state.glob("state.db.damaged-*")]) == 1


async def test_a_working_process_that_dies_costs_one_round(tmp_path):
    async with desk(tmp_path) as at:
        asked, never = asyncio.Event(), asyncio.Event()

        async def hang(_seconds):
            asked.set()
            await never.wait()

        pace, at.world.pace = at.world.pace, hang
        async with watching(at) as daemon:
            await asked.wait()
            at.world.pace = pace
            os.kill(daemon.children[0], signal.SIGKILL)
            failed = await daemon.until("condition", reason="RoundFailed", status="Unknown")
            assert failed["message"] == "the working process ended (-9)"
            await daemon.look()
            await daemon.until("condition", kind="Converged", was="Unknown")
            assert await daemon.end() == 0


async def test_a_file_that_breaks_is_told_with_its_place_and_the_last_good_one_is_watched(
    tmp_path,
):
    async with desk(tmp_path) as at, watching(at) as daemon:
        before = await daemon.until("round-ended")
        path, good = tmp_path / "cluster.yaml", (tmp_path / "cluster.yaml").read_text()
        path.write_text(good.replace("interconnect: 10.88.1.12", "interconnect: no"))
        wrong = await daemon.until("file-wrong")
        line = 1 + good.splitlines().index("    interconnect: 10.88.1.12")
        assert wrong["place"].startswith(f"{path}:{line}:")
        assert wrong["still_watched"] == "ocfs2"
        assert (await daemon.look())["unreachable"] == 0
        path.unlink()
        path.mkdir()
        await daemon.until("file-wrong", message="it is a directory")
        shutil.rmtree(path)
        (tmp_path / "other").write_text(good.replace("1GiB", "2GiB"))
        path.symlink_to(tmp_path / "other")
        await daemon.until("file-good-again")
        assert (await daemon.until("round-ended"))["plan"] != before["plan"]
        assert len(daemon.told("file-wrong")) == 2
        assert await daemon.end() == 0


async def test_at_its_start_a_broken_file_is_told_and_the_good_ones_are_watched(tmp_path):
    async with desk(tmp_path) as at:
        (tmp_path / "broken.yaml").write_text("version: 2\n")
        async with watching(at, at.file, str(tmp_path / "broken.yaml")) as daemon:
            await daemon.until("file-wrong", place=f"{tmp_path}/broken.yaml:1:10")
            await daemon.until("observed", cluster="ocfs2")
            assert await daemon.end() == 0


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("broken.yaml", 1, "broken.yaml:1:10: error"),
        ("missing.yaml", 64, "missing.yaml: No such file"),
        (".", 64, "nothing to watch"),
        ("-", 64, "standard input"),
    ],
)
async def test_without_any_good_file_it_ends(tmp_path, name, code, words):
    (tmp_path / "home").mkdir()
    async with desk(tmp_path / "home") as at:
        (tmp_path / "home/broken.yaml").write_text("version: 2\n") if name != "." else None
        found, _out, err = await at.run("watch", name)
        assert (found, words in err, "Traceback" in err) == (code, True, False), err


def site(place, count, size):
    """So many files of a cluster each, of one host that refuses connections."""
    for number in range(count):
        name = f"c{number:03}"
        member = {
            "name": f"{name}n1",
            "interconnect": "10.0.0.1",
            "ssh": {"host": "127.0.0.1", "port": 1},
        }
        cluster = {"name": name, "members": [member], "numbering": size}
        text = yaml.safe_dump({"version": 1, "clusters": [cluster]})
        (place / f"{name}.yaml").write_text(text)


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.nightly)])
async def test_hundreds_of_files_change_at_once(tmp_path, count):
    place = tmp_path / "site"
    place.mkdir()
    site(place, count, "stable")
    async with desk(tmp_path) as at, watching(at, str(place)) as daemon:
        await daemon.until("watching", clusters=count)
        while len(daemon.told("observed")) < count:
            await daemon.until("observed")
        before = len(daemon.told("round-ended"))
        site(place, count, "compact")
        while len(daemon.told("round-ended")) < before + count:
            await daemon.until("round-ended")
        again = [event["cluster"] for event in daemon.told("round-ended")]
        assert {name: again.count(name) for name in again} == dict.fromkeys(again, 2)
        assert len(daemon.told("condition", kind="Unreachable")) == count
        assert await daemon.end() == 0


async def test_systemd_is_told_that_it_is_ready_lives_and_stops(tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.setblocking(False)
        loop = asyncio.get_running_loop()
        told = []

        async def until(word):
            while word not in told:
                told.extend((await loop.sock_recv(systemd, 4096)).decode().splitlines())

        variables = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"}
        async with desk(tmp_path) as at, watching(at, **variables) as daemon:
            await until("READY=1")
            assert "STATUS=watching 1 cluster" in told
            for _ in range(2):
                told.clear()
                await until("WATCHDOG=1")
            daemon.process.send_signal(signal.SIGTERM)
            await until("STOPPING=1")
            assert await daemon.process.wait() == 0


async def test_sighup_reads_all_files_again(tmp_path):
    async with desk(tmp_path) as at, watching(at) as daemon:
        await daemon.until("observed")
        daemon.process.send_signal(signal.SIGHUP)
        await daemon.until("files-read-again")
        await daemon.look()
        assert len(daemon.told("connected")) == 4


async def test_with_a_terminal_sighup_reads_files_again_until_the_terminal_is_gone(tmp_path):
    ours, streams = new_terminal()
    async with desk(tmp_path) as at, watching_anew(at, **streams) as daemon:
        await daemon.until("observed")
        daemon.process.send_signal(signal.SIGHUP)
        await daemon.until("files-read-again")
        hang_up(ours, streams)
        await daemon.until("stopping", signal="SIGHUP")
        assert await daemon.process.wait() == 0
