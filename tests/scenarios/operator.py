"""An operator in front of a lab: writes files, runs the installed command, reads hosts."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.lab.lab import Lab

RECONCILE = str(Path(sys.executable).with_name("reconcile"))
LUN = "/dev/disk/by-id/lab-lun1"


def member(name: str, **more: Any) -> dict[str, Any]:
    """A member at the lab's interconnect address."""
    return {"name": name, "interconnect": f"10.88.1.{10 + int(name[-2:])}", **more}


def volume(label: str = "images", **more: Any) -> dict[str, Any]:
    """The lab's first LUN as a volume to be formatted."""
    return {
        "label": label,
        "device": {"path": LUN},
        "size": "1GiB",
        "slots": 6,
        "format": "if-blank",
        "mount": {"path": f"/srv/{label}", "options": ["noatime"]},
        **more,
    }


def cluster(*names: str, **more: Any) -> dict[str, Any]:
    """A cluster of these members with one volume."""
    return {
        "name": "ocfs2",
        "members": [member(name) for name in names],
        "volumes": [volume()],
        **more,
    }


@dataclass(frozen=True)
class Operator:
    """One operator with files and records of their own."""

    lab: Lab
    home: Path

    def write(self, *clusters: dict[str, Any], **more: Any) -> str:
        """A desired-state file; its path."""
        path = self.home / "cluster.yaml"
        document = {"version": 1, "ssh": {"user": "root"}, "clusters": list(clusters), **more}
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return str(path)

    def run(self, *words: str, timeout: float = 600) -> subprocess.CompletedProcess:
        """``reconcile WORDS`` inside the lab's network."""
        return self.lab.exec(
            [RECONCILE, *words],
            timeout=timeout,
            RECONCILE_SSH_CONFIG=self.lab.environment()["LAB_SSH_CONFIG"],
            RECONCILE_STATE=str(self.home / "state"),
        )

    def plan(self, file: str, *words: str) -> dict[str, Any]:
        """The plan as a document."""
        done = self.run("plan", file, "--format", "json", *words)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def refusals(self, file: str) -> set[tuple[str, str]]:
        """Code and subject of everything that blocks the plan, which must exit with 3."""
        done = self.run("plan", file, "--format", "json")
        assert done.returncode == 3, done.stderr
        clusters = json.loads(done.stdout)["clusters"]
        return {(b["code"], b["subject"]) for c in clusters for b in c["blocked"]}

    def apply(self, file: str) -> tuple[int, list[dict[str, Any]]]:
        """Approve exactly the plan that is due; the exit code and the run's events."""
        plan = self.plan(file)
        words = ["--approve", plan["id"]]
        for one in plan["clusters"]:
            for action in one["actions"]:
                if action["risk"] == "data":
                    words += ["--accept-data", action["device"]]
        done = self.run("apply", file, "--format", "json", *words)
        print(done.stderr)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def commands(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Host and kind of every action that was started, in order."""
    return [(e["host"], e["kind"]) for e in events if e["event"] == "action-started"]
