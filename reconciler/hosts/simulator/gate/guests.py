"""The verbs for guests: stop, migrate, start, each proved by the operator's list command."""

from __future__ import annotations

from reconciler.hosts.simulator.gate.call import Call
from reconciler.hosts.simulator.kernel import hypervisor
from reconciler.hosts.simulator.state.reply import Failed, Reply, refusal, tool_failure

NAME = r"[A-Za-z0-9_][A-Za-z0-9_.:+@-]{0,127}"
WORDS = r"[^\x00-\x1f\x7f]+(\n[^\x00-\x1f\x7f]+)*"
SHUTDOWN, BOOT, MOVE = 20.0, 5.0, 30.0  # seconds


def stop_guest(call: Call) -> Reply:
    """Tells it to shut down, and waits."""
    name, limit, words, command = call.args
    if name not in _listed_by(call, words):
        return Reply(0, f"ok stopped {name}\n")
    _run_or_fail(call, command, "guest-still-runs")
    if name in _listed_by(call, words):
        said = f"{name} still runs after {limit} s"
        raise tool_failure("guest-still-runs", said, float(limit))
    return Reply(0, f"ok stopped {name}\n", "", SHUTDOWN)


def migrate_guest(call: Call) -> Reply:
    """Moves it, else as `stop_guest`."""
    name, limit, words, move, stop = call.args
    if name in _listed_by(call, words):
        try:
            hypervisor.run_command(call.machine, move)
        except Failed:
            call.machine.record("guest-stayed", name)
    if name in _listed_by(call, words):
        return stop_guest(Call(call.machine, (name, limit, words, stop), "", ""))
    return Reply(0, f"ok migrated {name}\n", "", MOVE)


def migrate_cut_short(call: Call) -> None:
    """The power goes when it has just arrived at the other host."""
    name, _limit, words, move, _stop = call.args
    if name in _listed_by(call, words):
        hypervisor.run_command(call.machine, move)


def start_guest(call: Call) -> Reply:
    """Starts it where its volume is mounted, and waits until it is listed."""
    path, name, limit, words, command = call.args
    if not any(m.path == path and m.pid == 1 for m in call.machine.running.mounts):
        raise refusal("not-mounted", f"{path} has nothing mounted")
    if name in _listed_by(call, words):
        return Reply(0, f"ok started {name}\n")
    _run_or_fail(call, command, "guest-not-started")
    if name not in _listed_by(call, words):
        said = f"{name} does not run after {limit} s"
        raise tool_failure("guest-not-started", said, float(limit))
    return Reply(0, f"ok started {name}\n", "", BOOT)


def _run_or_fail(call: Call, command: str, code: str) -> None:
    name = call.args[1] if code == "guest-not-started" else call.args[0]
    try:
        hypervisor.run_command(call.machine, command)
    except Failed as failed:
        said = f"the command ended with {failed.reply.status}: {failed}"
        raise tool_failure(code, f"{name}: {said}", 0.5) from failed


def _listed_by(call: Call, words: str) -> list[str]:
    """The gate's own look, by the list command whole."""
    argv = tuple(words.split("\n"))
    try:
        return hypervisor.ask(call.machine, argv)
    except Failed as failed:
        status = failed.reply.status
        raise tool_failure(
            "guests-unread", f"{argv[0]} ended with status {status}", 0.5
        ) from failed
