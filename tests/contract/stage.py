"""Where a history is played: hosts of some kind, what is done to them, what is noted."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from reconciler.execution import author
from reconciler.execution.locks import Claim
from reconciler.gate import gate_command
from reconciler.hosts import Host
from reconciler.hosts.observer import observe
from reconciler.model.desired import Desired
from reconciler.model.devices import ref
from reconciler.model.gate_call import Target
from reconciler.model.observed import HostFacts, Observed, TextFile, require
from reconciler.model.plan import Command
from reconciler.pipeline import Options, Run, plan, probe_for
from reconciler.probe import probe_command
from reconciler.resources import SECTIONS
from tests.contract.normal import answer, numbered, observation
from tests.hands import Hands

CLUSTER = "ocfs2"
LONG = 240.0  # seconds; a refused mount takes 70
PATIENCE, PAUSE = 240.0, 2.0
HOLDER = '{"user": "tester"}'


class Kind(Protocol):
    """Hosts of one kind, and the hand at their power switch."""

    desired: Desired

    def connected(self) -> AbstractAsyncContextManager[Mapping[str, Host]]:
        """Connections to all hosts."""
        ...

    async def cut_power(self, host: str) -> None:
        """Without any warning."""
        ...

    async def power_on(self, host: str) -> None:
        """Returns when the host has booted."""
        ...

    async def install(self, host: str, unit: str, file: str) -> None:
        """A systemd unit whose process, a ``sleep``, keeps the file open."""
        ...

    async def wait(self, seconds: float) -> None:
        """Time passes for the hosts."""
        ...


@dataclass(slots=True)
class Stage:
    """Does things, observes all hosts and notes what it sees.

    ``seen`` is the last sight, ``files`` what was written since.
    """

    kind: Kind
    record: list[dict[str, Any]] = field(default_factory=list)
    hosts: Mapping[str, Host] = field(default_factory=dict)
    seen: Observed = field(default_factory=lambda: Observed({}))
    connections: AsyncExitStack = field(default_factory=AsyncExitStack)
    files: dict[tuple[str, str], TextFile] = field(default_factory=dict)
    hands: Hands = field(default_factory=Hands)
    tell: Callable[[str], None] = lambda _: None
    began: float = field(default_factory=time.monotonic)

    async def look(self, step: str, only: Sequence[str] = ()) -> None:
        """Observes all hosts as a run would; ``only`` notes no more than these sections."""
        if not only:
            seen = observation(await self._observe())
        else:
            probe = probe_for(self.kind.desired.clusters[0], (), only)
            seen = observation(await observe(self.hosts, probe, SECTIONS), only)
        self._note(step, hosts=seen)

    async def ask(
        self,
        step: str,
        only: Sequence[str],
        units: Sequence[str] = (),
        connect: Sequence[str] = (),
    ) -> None:
        """Notes a few sections, with units and connections that a run need not ask for."""
        probe = probe_command(only=only, units=units, connect=connect)
        seen = await observe(self.hosts, probe, SECTIONS)
        self._note(step, hosts=observation(seen, only))

    async def until(self, step: str, true: Callable[[Mapping[str, HostFacts]], bool]) -> None:
        """Observes again and again until it is true; it is noted only if it came true."""
        waited = 0.0
        while not true((await self._observe()).answering_hosts()):
            if waited > PATIENCE:
                raise TimeoutError(f"{step}: not in {PATIENCE:g} s")
            await self.kind.wait(PAUSE)
            waited += PAUSE
        self._note(step, hosts=observation(self.seen))

    async def run(self, step: str, host: str, *argv: str) -> None:
        """A command that an operator could type, and how it ended."""
        await self._run(step, host, Command(argv, timeout=LONG))

    async def gate(
        self, step: str, host: str, *words: str, on: Target | None = None, stdin: str = ""
    ) -> None:
        """A verb of the gate, and how it ended."""
        command = gate_command(*words, target=on, stdin=stdin, timeout=LONG)
        if words[0].startswith("lease-") or words[0] == "as":
            await self.hands.let_go(self.hosts[host])
        await self._run(step, host, await self.hands.permitted(self.hosts[host], command))

    async def token(self, step: str, host: str, run: str, holder: str, displaces: str) -> int:
        """Takes a host's lease; the token that it gives."""
        await self.hands.let_go(self.hosts[host])
        words = ("lease-acquire", "-", run, holder, host, displaces)
        ended = await self.hosts[host].run(gate_command(*words, timeout=LONG))
        self._note(step, host=host, answer=answer(ended))
        return int(ended.stdout.splitlines()[0].rsplit(" ", 1)[1])

    async def write(self, step: str, host: str, section: str, text: str) -> None:
        """Replaces a file, through the gate, that was seen or written before."""
        file = self.file(host, section)
        words = ("write-file", file.path, "644", file.sha256, digest(text))
        await self.gate(step, host, *words, stdin=text)
        self.files[host, section] = replace(file, text=text, sha256=digest(text))

    async def apply(self, step: str) -> None:
        """A whole run: what it saw, what it planned, and how that ended."""
        for host in self.hosts.values():
            await self.hands.let_go(host)
        fleet = lambda _cluster, member: self.hosts[member.name]  # noqa: E731  # a door
        made, pairs = await plan(self.kind.desired, fleet, Options())
        self._saw(pairs[0][1])
        actions = [(action.id, action.kind) for action in made.clusters[0].actions]
        self._note(f"{step}: the plan", actions=actions, hosts=observation(self.seen))
        run = Run(fleet, Options(), _quiet, asyncio.Event(), _claim, self.kind.desired)
        (outcome,) = await run.execute(made, pairs)
        ended = sorted((end.action, end.status, end.message) for end in outcome.actions)
        refused = [asdict(blocked) for blocked in outcome.blocked]
        self._note(step, result=outcome.result, actions=ended, blocked=refused)

    async def crash(self, host: str) -> None:
        """The power of a host goes."""
        await self.hands.let_go(self.hosts[host])
        await self.kind.cut_power(host)
        await self._reconnect()

    async def boot(self, host: str) -> None:
        """The power of a host is back, and it has booted."""
        await self.kind.power_on(host)
        await self._reconnect()

    def facts(self, host: str) -> HostFacts:
        """What was last seen of a host."""
        return self.seen.answering_hosts()[host]

    def file(self, host: str, section: str) -> TextFile:
        """A file as it was last seen or written."""
        written = self.files.get((host, section))
        return written or require(getattr(self.facts(host), section))

    async def _observe(self) -> Observed:
        """All that a run looks at, but of these hosts only, and once."""
        (cluster,) = self.kind.desired.clusters
        probe = probe_for(cluster, [ref(v) for v in cluster.volumes])
        return self._saw(await observe(self.hosts, probe, SECTIONS))

    def _saw(self, observed: Observed) -> Observed:
        self.seen = observed
        self.files.clear()
        return observed

    async def _run(self, step: str, host: str, command: Command) -> None:
        self._note(step, host=host, answer=answer(await self.hosts[host].run(command)))

    async def _reconnect(self) -> None:
        await self.connections.aclose()
        self.hosts = await self.connections.enter_async_context(self.kind.connected())

    def _note(self, step: str, **noted: Any) -> None:
        self.record.append({"step": step, **noted})
        self.tell(f"{time.monotonic() - self.began:6.1f} {step}")


@asynccontextmanager
async def staged(
    kind: Kind, tell: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Stage]:
    """A stage with open connections."""
    stage = Stage(kind, tell=tell)
    async with stage.connections:
        stage.hosts = await stage.connections.enter_async_context(kind.connected())
        yield stage


def comparable(stage: Stage) -> list[Any]:
    """What was noted, for comparing with what other hosts did."""
    return numbered(stage.record)


def digest(text: str) -> str:
    """As the gate wants it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _claim(cluster: str) -> Claim:
    return author.claim(cluster, "run-apply", 20.0)


def _quiet(_event: str, _details: Mapping[str, object]) -> None:
    """No journal."""
