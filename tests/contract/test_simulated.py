"""The history on simulated hosts, in this process and behind SSH, and what it must show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.hosts.loopback import serve_hosts
from reconciler.hosts.simulator.presets import bare_cluster
from tests.clock import drive
from tests.contract.differences import differences
from tests.contract.history import played
from tests.contract.kinds import Looped, Simulated
from tests.contract.normal import numbered

UUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
REFUSED = {
    "a register before there is a cluster": (1, ""),
    "a file that shall be absent but is not": (75, "changed-since"),
    "a file that has changed since": (75, "changed-since"),
    "a file whose content was damaged": (75, "content-damaged"),
    "a file where a directory is": (75, "not-a-file"),
    "archive what has changed since": (75, "changed-since"),
    "archive a directory": (75, "not-a-file"),
    "format a mounted device": (75, "device-in-use"),
    "format a device of another size": (75, "device-size"),
    "format a device that is not there": (75, "device-missing"),
    "mount another UUID": (75, "wrong-uuid"),
    "mount a device that is not there": (75, "device-missing"),
    "stop o2cb while mounted": (75, "cluster-in-use"),
    "mount beside a heartbeat that nobody explains": (75, "foreign-heartbeat"),
    "mount a disk of another WWID": (75, "wrong-device"),
    "mount a device without OCFS2": (75, "wrong-uuid"),
    "a lease that another run holds": (75, "lease-held"),
    "renew another run's lease": (75, "lease-lost"),
    "seal another run's lease": (75, "lease-lost"),
    "free what is not sealed": (75, "lease-open"),
    "unlock another run": (75, "lease-lost"),
    "renew a lease that was displaced": (75, "lease-lost"),
    "a command of a run that was displaced": (75, "lease-lost"),
    "the same command again": (75, "action-repeated"),
    "a command before it": (75, "action-repeated"),
    "a command from another boot": (75, "rebooted"),
    "a command on old facts": (75, "facts-stale"),
    "a command in a pause": (75, "paused"),
    "a lease in a pause": (75, "paused"),
    "a command of a run that has ended": (75, "lease-lost"),
    "free it again": (75, "lease-lost"),
    "stop a service that is not there": (5, ""),
    "disable a service that is not there": (1, ""),
    "unmount while it runs": (70, "unmount-failed"),
    "start what is masked": (1, ""),
    "enable what is masked": (1, ""),
    "set what is offline": (70, "live-refused"),
    "set a delay of nothing": (70, "live-refused"),
    "register without a node just dead": (1, ""),
    "format a device with data": (75, "device-not-blank"),
    "mount where nobody knows it": (70, "mount-failed"),
    "mount with a shorter list": (70, "mount-failed"),
    "a blank line in a stanza: register": (1, ""),
    "an indented comment: register": (1, ""),
    "line ends of another system: register": (1, ""),
    "no node_count: register": (1, ""),
    "a host name for an address: register": (1, ""),
    "two nodes of one name: register": (1, ""),
    "two nodes of one number: register": (1, ""),
    "two nodes of one address: register": (1, ""),
    "an address that is not its own: register": (1, ""),
    "an empty file: register": (1, ""),
    "register another cluster": (1, ""),
}
RESULTS = {
    "create": "converged",
    "the same again": "no-change",
    "after a crash": "no-change",
    "repair": "converged",
}


@pytest.fixture(name="record")
def _record() -> list[Any]:
    world = bare_cluster(2)
    record = drive(world, played(Simulated(world)))
    assert world.violations() == ()
    return record


async def test_simulated_hosts_are_the_same_behind_ssh(
    record: list[Any], tmp_path: Path
) -> None:
    world = bare_cluster(2)
    async with serve_hosts(world, tmp_path) as doors:
        behind_ssh = await played(Looped(world, doors))
    assert differences(timeless(record), timeless(behind_ssh)) == []
    assert world.violations() == ()


def test_hosts_refuse_what_they_must_and_nothing_else(record: list[Any]) -> None:
    ended = {step["step"]: step["answer"] for step in record if "answer" in step}
    refused = {
        name: (answer["status"], answer["code"])
        for name, answer in ended.items()
        if answer["status"]
    }
    assert refused == REFUSED
    assert [name for name, answer in ended.items() if answer["slow"]] == [
        "mount where nobody knows it"
    ]


def test_runs_end_as_they_should(record: list[Any]) -> None:
    assert {s["step"]: s["result"] for s in record if "result" in s} == RESULTS
    assert {s["step"]: s["blocked"] for s in record if s.get("blocked")} == {}
    bad = [end for s in record if "result" in s for end in s["actions"] if end[1] != "done"]
    assert bad == []


def test_the_history_shows_what_it_is_played_for(record: list[Any]) -> None:
    """What equal hosts could all get wrong: the readings themselves."""
    seen = {step["step"]: step["hosts"] for step in record if "hosts" in step}
    assert (live(seen["create: the plan"]["node01"]), nodes(seen["lists agree"]["node02"])) == (
        [],
        ["node01 4 10.88.1.11", "node02 2 10.88.1.12"],
    )
    assert [len(nodes(seen["lists differ"][host])) for host in ("node01", "node02")] == [3, 2]
    for step, idle in (("after the restart", 20000), ("re-read", 25000)):
        assert live(seen[step]["node02"])[0]["idle_timeout_ms"] == idle
        assert "IDLE_TIMEOUT_MS=25000" in seen[step]["node02"]["o2cb_config"]["text"]
    assert live(seen["disabled"]["node02"]) == []
    assert seen["while a lease is held"]["node01"]["leases"][0]["run"] == "run-1"
    assert seen["a host is off"]["node02"] == {"unreachable": "host-unreachable"}
    assert [beating(seen[step]["node01"]) for step in ("a host is off", "evicted")] == [
        ([(0, 4), (1, 2)], ["not 0", "not 0"]),
        ([(0, 4)], ["not 0", "not 0"]),
    ]
    records = [item["path"] for item in seen["two records"]["node01"]["records"]]
    names = [f"/var/lib/reconcile/ocfs2/{name}.json" for name in ("applied", "left")]
    assert set(names) <= set(records)
    assert beating(seen["refused as unknown"]["node01"]) == ([(0, 4)], ["0", "not 0"])
    paths = [mount["path"] for mount in seen["mounted twice"]["node02"]["mounts"]]
    assert paths == ["/srv/images", "/srv/second"]


def test_the_history_shows_a_volume_taken_away(record: list[Any]) -> None:
    seen = {step["step"]: step["hosts"]["node02"] for step in record if "hosts" in step}
    ended = {step["step"]: step["answer"] for step in record if "answer" in step}
    assert ended["unmount while it runs"]["held"] == ["sleep /srv/images/agent.log"]
    assert [item["unit"] for item in seen["a service uses the volume"]["processes"]] == [
        "agent.service"
    ]
    states = [
        (name, unit(seen[name], "agent.service"))
        for name in ("it runs though masked", "masked", "enabled as before")
    ]
    assert states == [
        ("it runs though masked", ("masked", "active", False)),
        ("masked", ("masked", "inactive", False)),
        ("enabled as before", ("loaded", "inactive", True)),
    ]
    failed, stopped = seen["o2cb's stop has failed"], seen["o2cb is stopped"]
    assert (unit(failed, "o2cb.service")[1], len(live(failed))) == ("failed", 1)
    assert (unit(stopped, "o2cb.service")[1], len(live(stopped))) == ("inactive", 0)
    assert (seen["unmounted"]["mounts"], live(seen["disabled at boot"])) == ([], [])
    tried = [
        [item["state"] for item in seen[name]["interconnect"]]
        for name in ("o2cb listens", "o2cb does not listen")
    ]
    assert tried == [["open", "refused", "no answer"], ["refused", "refused", "no answer"]]
    assert live(seen["another delay"])[0]["reconnect_delay_ms"] == 3000


def unit(host: dict[str, Any], name: str) -> tuple[str, str, bool]:
    (found,) = [item for item in host["services"] if item["name"] == name]
    return found["load"], found["active"], found["enabled"]


def timeless(record: list[Any]) -> list[Any]:
    """Without durations: simulated time passes at once, and SSH sees only the real one."""
    for step in record:
        step.get("answer", {}).pop("slow", None)
    return record


def live(host: dict[str, Any]) -> list[dict[str, Any]]:
    clusters: list[dict[str, Any]] = host["live"]["clusters"]
    return clusters


def nodes(host: dict[str, Any]) -> list[str]:
    return [f"{n['name']} {n['number']} {n['ip']}" for n in live(host)[0]["nodes"]]


def beating(host: dict[str, Any]) -> tuple[list[tuple[int, int]], list[str]]:
    """Slots with their nodes, and the generations of all nodes that ever beat."""
    (device,) = host["wanted"]
    slots = [(slot["slot"], slot["node"]) for slot in device["slot_map"]]
    return slots, [beat["generation"] for beat in device["beats"]]


def test_a_difference_is_told_by_step_host_and_section() -> None:
    def look(uid: int, pids: list[int]) -> list[Any]:
        host = {"identity": {"uid": uid}, "mounts": [{"pid": pid} for pid in pids]}
        return [{"step": "bare", "hosts": {"node01": host}}]

    assert differences(look(0, [1]), look(0, [1])) == []
    assert differences(look(0, [1]), look(7, [2])) == [
        "1 bare: hosts node01 identity uid: expected 0, got 7",
        "1 bare: hosts node01 mounts[0] pid: expected 1, got 2",
    ]
    (line,) = differences(look(0, [1]), look(0, []))
    assert line == "1 bare: hosts node01 mounts: expected [{'pid': 1}], got []"
    (line,) = differences(look(0, []), [])
    assert line.startswith("1 bare: : expected {'step': 'bare'")


def test_identifiers_are_numbered_and_keep_their_form() -> None:
    plain = UUID.replace("-", "")
    record = [{"step": f"see {UUID}\t{plain.upper()}", "boots": [plain[::-1], 3, None]}]
    assert numbered(record) == [{"step": "see uuid-1\tUUID1", "boots": ["uuid2", 3, None]}]
