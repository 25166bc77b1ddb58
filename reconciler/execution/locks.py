"""The lease: no two runs act on one cluster.

A simple lease on every member, taken in sorted order and renewed while the run lasts.
It makes runs polite; what keeps a resumed run from doing harm is that every action
checks its facts on the host just before it acts. The fenced gate replaces this module.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reconciler.errors import HostUnreachable, LockHeld
from reconciler.gate import gate_command
from reconciler.hosts import Host

# Seconds (DESIGN, Lease).
RENEWAL = 15.0
EXPIRY = 120.0
RETRY = 1.0
ANSWER = 30.0
HELD = "gate: lease-held: "
LOST = "gate: lease-lost:"
BUSY = "gate: lease-busy:"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who takes the lease; the rest tells whether that process still lives.

    ``space`` is the kernel boot and pid namespace in which ``pid`` counts.
    """

    user: str
    controller: str
    machine: str
    space: str
    pid: int
    started: int

    def text(self) -> str:
        """One line of JSON, as it is stored on the hosts."""
        return json.dumps(
            {
                "user": self.user,
                "controller": self.controller,
                "machine": self.machine,
                "space": self.space,
                "pid": self.pid,
                "started": self.started,
            }
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be leased, by whom, and how long to wait for it.

    ``is_dead`` says of a holder's text whether it surely is a process of this machine
    that has ended: then its lease is displaced at once.
    """

    cluster: str
    run: str
    holder: Holder
    patience: float
    is_dead: Callable[[str], bool]


@asynccontextmanager
async def leased(
    hosts: Mapping[str, Host], claim: Claim, losses: list[str]
) -> AsyncIterator[None]:
    """Hold the lease on all ``hosts``; what ends it early is appended to ``losses``.

    Whoever is cancelled detaches: commands may still run, so the lease stays until it
    expires or is displaced. Raises LockHeld when another run keeps it longer than ``claim.patience`` seconds,
    HostUnreachable when a host does not answer.
    """
    await _acquire(hosts, claim)
    renewal = asyncio.create_task(_renew(hosts, claim, losses))
    detached = False
    try:
        yield
    except asyncio.CancelledError:
        detached = True
        raise
    finally:
        renewal.cancel()
        if not detached:
            with contextlib.suppress(asyncio.CancelledError):
                await renewal
            await _release(hosts, claim)


async def confirm(host: Host, claim: Claim) -> None:
    """Renew the lease on one host, just before something is done there.

    Raises LockHeld when another run has it by now, HostUnreachable without an answer. A run
    that stood still for long finds out here, before it does any harm.
    """
    command = gate_command("lease-renew", claim.cluster, claim.run, timeout=ANSWER)
    done = await host.run(command)
    if done.status != 0:
        raise LockHeld(host.name, f"not this run any more ({done.stderr.strip()})", EXPIRY)


async def _acquire(hosts: Mapping[str, Host], claim: Claim) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + claim.patience
    while True:
        try:
            await _acquire_all(hosts, claim)
        except LockHeld:
            await _release(hosts, claim)
            if loop.time() >= deadline:
                raise
            await asyncio.sleep(RETRY)
        except BaseException:
            await _release(hosts, claim)
            raise
        else:
            return


async def _acquire_all(hosts: Mapping[str, Host], claim: Claim) -> None:
    for name in sorted(hosts):
        held = await _ask(hosts[name], claim, "-")
        if held and claim.is_dead(held[1]):
            held = await _ask(hosts[name], claim, held[0])
        if held:
            run, holder, age = held
            raise LockHeld(name, f"run {run} of {_named(holder)}", max(0.0, EXPIRY - age))


async def _ask(host: Host, claim: Claim, steal: str) -> tuple[str, str, float] | None:
    """Ask one host for the lease; None when granted, else run, holder and age."""
    command = gate_command(
        "lease-acquire", claim.cluster, claim.run, claim.holder.text(), steal, timeout=ANSWER
    )
    done = await host.run(command)
    if done.status == 0:
        return None
    for line in done.stderr.splitlines():
        fields = line.removeprefix(HELD).split("\t")
        if line.startswith(HELD) and len(fields) == 3 and fields[2].isdecimal():
            return fields[0], fields[1], float(fields[2])
        if line.startswith(BUSY):
            raise LockHeld(host.name, line.removeprefix(BUSY).strip(), EXPIRY)
    raise HostUnreachable(host.name, "lease-failed", f"no lease: {done.stderr.strip()[-300:]}")


def _named(holder: str) -> str:
    try:
        who = json.loads(holder)
        return f"{who['user']}@{who['controller']} pid {who['pid']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return holder


async def _renew(hosts: Mapping[str, Host], claim: Claim, losses: list[str]) -> None:
    loop = asyncio.get_running_loop()
    renewed = dict.fromkeys(hosts, loop.time())
    command = gate_command("lease-renew", claim.cluster, claim.run, timeout=ANSWER)
    while True:
        await asyncio.sleep(RENEWAL)
        for name in sorted(hosts):
            with contextlib.suppress(HostUnreachable):
                done = await hosts[name].run(command)
                if done.status == 0:
                    renewed[name] = loop.time()
                elif LOST in done.stderr:
                    losses.append(f"{name}: {done.stderr.strip()}")
            if loop.time() - renewed[name] > EXPIRY - ANSWER:
                losses.append(f"{name} has not renewed it for {EXPIRY - ANSWER:.0f} s")


async def _release(hosts: Mapping[str, Host], claim: Claim) -> None:
    for name in sorted(hosts):
        command = gate_command("lease-release", claim.cluster, claim.run, timeout=ANSWER)
        with contextlib.suppress(HostUnreachable):
            await hosts[name].run(command)
