"""Two workers of a fleet and one real cluster: the one that removes a host is killed, the other ends it."""

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager

import pytest
import yaml

from tests.lab.fixtures import lab_module
from tests.lab.network import inside
from tests.postgresql import postgresql
from tests.scenarios.operator import (
    RECONCILE,
    cluster,
    conf,
    conf_file,
    configfs,
    has_mounted,
    pauses,
    start_writers,
    volume,
)

lab = lab_module("fleet", hosts=3)

ALL = ("node01", "node02", "node03")
STAYING = ("node01", "node03")
GUARD = 300.0  # seconds; only who waits for what never comes gets there
OPEN = {"going", "stopping", "cancelling"}


class Fleet:
    """The settings of a fleet whose source is the operator's file, and its commands."""

    def __init__(self, operator, url):
        self.operator, self.place = operator, operator.home / "fleet"
        (self.place / "files").mkdir(parents=True)
        self.environment = {**operator._environment(), "FLEET_DATABASE": url}
        settings = {
            "version": 1,
            "database": "env:FLEET_DATABASE",
            "source": {"directory": str(self.place / "files"), "every": "1s"},
            "interval": "1h",
        }
        self.settings = str(self.place / "fleet.yaml")
        (self.place / "fleet.yaml").write_text(yaml.safe_dump(settings))

    def want(self, *names):
        whole = volume(workloads={"services": ["writer"]})
        wish = {
            "version": 1,
            "ssh": {"user": "root"},
            "clusters": [cluster(*names, volumes=[whole])],
        }
        temporary = self.place / "new"
        temporary.write_text(yaml.safe_dump(wish, sort_keys=False))
        temporary.rename(self.place / "files/cluster.yaml")
        return str(self.place / "files/cluster.yaml")

    def run(self, *words):
        argv = [RECONCILE, "fleet", words[0], "--fleet", self.settings, *words[1:]]
        return self.operator.lab.exec(argv, timeout=GUARD, **self.environment)

    def document(self, *words):
        done = self.run(*words, "--format", "json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def worker(self, name):
        """In a process group of its own, which dies with the block."""
        argv = inside(
            self.operator.lab.netns,
            *(RECONCILE, "fleet", "worker", "--fleet", self.settings),
            *("--state-dir", str(self.place / name), "--log-level", "info"),
        )
        with (
            (self.place / f"{name}.log").open("wb") as log,
            subprocess.Popen(
                [str(word) for word in argv],
                stderr=log,
                env={**os.environ, **self.operator.lab.environment(), **self.environment},
                start_new_session=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def records(self, name):
        """All lines of records that a worker has left, by run."""
        paths = sorted((self.place / name / "runs").glob("*.jsonl"))
        found = {path.stem: path.read_text().splitlines() for path in paths}
        return {
            run: [json.loads(line) for line in lines if line] for run, lines in found.items()
        }


def until(call, what):
    """What a call answers once it answers something."""
    deadline = time.monotonic() + GUARD
    while time.monotonic() < deadline:
        if found := call():
            return found
        time.sleep(0.2)  # other processes and hosts are at work
    raise AssertionError(what)


@pytest.fixture
def fleet(operator):
    with postgresql() as url:
        found = Fleet(operator, url)
        done = found.run("init")
        assert done.returncode == 0, done.stderr
        yield found


def begun(lines, kind):
    """The hosts on which actions of a kind have begun."""
    return {
        line["host"]
        for line in lines
        if (line["event"], line.get("kind")) == ("action-started", kind)
    }


def approve(fleet):
    """Approve the one plan that looks have found, once they have; the id of the rollout."""
    words = ("apply", "--all", "--wave", "rest", "--soak", "0s")

    def draft():
        done = fleet.run(*words, "--format", "json")
        found = json.loads(done.stdout) if done.stdout else {}
        listed = [one for wave in found.get("waves", ()) for one in wave["clusters"]]
        return found if done.returncode == 3 and listed else None

    found = fleet.document(*words, "--approve", until(draft, "no plan was found")["id"])
    assert "rollout" in found, found
    return found["rollout"]


def kill_who_unmounts(fleet, processes, host):
    """Kill the worker that has begun to unmount a host, with all that it has started; the other's name."""

    def at_work():
        for name in processes:
            if any(host in begun(lines, "unmount") for lines in fleet.records(name).values()):
                return name
        return None

    victim = until(at_work, "nobody began to unmount")
    os.killpg(processes[victim].pid, signal.SIGKILL)
    return next(name for name in processes if name != victim)


def test_one_worker_is_killed_in_the_midst_of_a_removal_and_the_other_ends_it(
    lab, operator, fleet
):
    operator.converge(operator.write(cluster(*ALL)))
    start_writers(lab, *ALL)
    operator.converge(fleet.want(*ALL))
    fleet.want(*STAYING)
    pauses(lab, *STAYING)
    with fleet.worker("one") as one, fleet.worker("two") as two:
        processes = {"one": one, "two": two}
        rollout = approve(fleet)
        heir = kill_who_unmounts(fleet, processes, "node02")
        killed = time.monotonic()

        def ended():
            found = fleet.document("rollouts", rollout)
            return found if found["state"] not in OPEN else None

        end = until(ended, "the rollout has no end")
        print(f"ended {time.monotonic() - killed:.1f} s after the kill")
        assert end["state"] == "converged", end
        processes[heir].send_signal(signal.SIGTERM)
        assert processes[heir].wait(GUARD) == 0
    assert_it_left(lab, "node02")
    print("longest write pause", pauses(lab, *STAYING))
    assert operator.run("drift", str(fleet.place / "files/cluster.yaml")).returncode == 0


def assert_it_left(lab, host):
    left = [("node01", 0), ("node03", 2)]
    for other in STAYING:
        assert has_mounted(lab, other)
        assert conf_file(lab, other) == conf(*left)
        assert [line.split()[0] for line in configfs(lab, other)] == list(STAYING)
    assert not has_mounted(lab, host)
    assert configfs(lab, host) == []
