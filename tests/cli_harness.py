"""An operator's desk: the real command line, and simulated hosts behind real SSH."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from reconciler.hosts.loopback import serve_hosts
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.loading import load
from tests.fork_server import fork

# As the installed program does: without the interpreter's end, which takes a quarter of a command.
RECONCILE = "from reconciler.__main__ import main; main()"
PIPE, NOTHING = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
PIPES = {"stdin": NOTHING, "stdout": PIPE, "stderr": PIPE}
LUN = "/dev/disk/by-id/lab-lun1"


@dataclass
class Desk:
    """An operator's desk: a directory, a file, and hosts behind SSH."""

    world: object
    home: Path
    document: dict
    environment: dict = field(default_factory=dict)

    @property
    def file(self):
        path = self.home / "cluster.yaml"
        path.write_text(yaml.safe_dump(self.document, sort_keys=False))
        return str(path)

    @property
    def desired(self):
        return load(self.file, Path(self.file).read_text())

    def line(self, number):
        return Path(self.file).read_text().splitlines()[number - 1]

    async def start(self, *words, **streams):
        """A command at work, which was loaded before; see ``fork_server``."""
        return await fork(words, self.home, self._environment, **PIPES | streams)

    async def start_anew(self, *words, **more):
        """A command by an interpreter that starts now."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RECONCILE, *words),
            cwd=self.home,
            env=self._environment,
            **PIPES | more,
        )

    @property
    def _environment(self):
        usual = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "NO_COLOR": "1"}
        return usual | self.environment

    async def run(self, *words):
        return await _ended(await self.start(*words))

    async def run_anew(self, *words):
        return await _ended(await self.start_anew(*words))

    async def approved(self):
        """The words that approve the plan that is due."""
        _code, out, _err = await self.run("plan", self.file, "--format", "json")
        return ["--approve", json.loads(out)["id"], "--accept-data", LUN]


async def _ended(process):
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def desk(tmp_path, hosts=2):
    world = bare_cluster(hosts)
    async with serve_hosts(world, tmp_path) as doors:
        members = [
            {
                "name": name,
                "interconnect": f"10.88.1.{10 + place}",
                "ssh": {"host": doors.host, "port": port},
            }
            for place, (name, port) in enumerate(doors.ports.items(), 1)
        ]
        volume = {
            "label": "images",
            "device": {"path": LUN},
            "size": "1GiB",
            "format": "if-blank",
            "mount": {"path": "/srv/images"},
        }
        document = {
            "version": 1,
            "ssh": {
                "user": "root",
                "identity": str(doors.identity),
                "known_hosts": str(doors.known_hosts),
            },
            "clusters": [{"name": "ocfs2", "members": members, "volumes": [volume]}],
        }
        yield Desk(world, tmp_path, document)
