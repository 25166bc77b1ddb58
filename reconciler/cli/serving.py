"""Serves the pages of a daemon, and lets them hear of its rounds."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from reconciler import telemetry
from reconciler.cli.web_options import WebOptions, listening_address, public_url, web_access
from reconciler.errors import UsageError
from reconciler.execution.author import now
from reconciler.execution.run_following import RunChange, RunFollower
from reconciler.frozen import frozen
from reconciler.storage.private import RUNS
from reconciler.system_errors import say_error
from reconciler.watch.following import follow_runs

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from reconciler.watch.connections import Connections
    from reconciler.watch.daemon import Job
    from reconciler.watch.keeping import Keeping
    from reconciler.watch.memory import Known
    from reconciler.watch.pulse import Pulse
    from reconciler.watch.result import Recorded, RoundResult
    from reconciler.watch.sql_disk import SqlDisk
    from reconciler.watch.wish import Wish
    from reconciler.web.events import EventHub
    from reconciler.web.metrics import Metrics


@frozen
class Showing:
    """A listener that counts rounds, and tells browsers to look again."""

    metrics: Metrics
    events: EventHub

    def hear(self, wish: Wish, result: RoundResult, recorded: Recorded, known: Known) -> None:
        """A round has ended."""
        del known
        outcome = "failed" if result.is_failed else "drifted" if result.drift else "converged"
        self.metrics.rounds.labels(outcome).inc()
        self.metrics.round_seconds.observe(result.seconds)
        changed = bool(
            recorded.changes.opened or recorded.changes.came or recorded.changes.went
        )
        about = {"cluster": wish.cluster.name, "result": outcome, "changed": changed}
        self.events.publish("round", about)

    def tell_run(self, change: RunChange) -> None:
        """A run began, ended, or has only grown."""
        about = {"run": change.run, "clusters": change.clusters, "result": change.result}
        self.events.publish("run-lines" if change.has_grown else "run", about)

    def count_healing(self, result: str) -> None:
        """A healing has ended."""
        self.metrics.healings.labels(result).inc()

    def count_message(self, receiver: str, why: str) -> None:
        """A message was told, or ``why`` it was not."""
        self.metrics.messages.labels(receiver, "failed" if why else "told").inc()
        if why:
            telemetry.warning("receiver-not-told", message=why)

    async def close(self) -> None:
        """The server ends its streams itself."""


@frozen
class Pages:
    """What serves, before the daemon runs."""

    showing: Showing
    address: tuple[str, int] | None
    options: WebOptions
    directory: Path
    public_url: str = ""

    def jobs(self, keeping: Keeping, disk: SqlDisk) -> Sequence[Job]:
        """What the daemon does for who looks: it follows runs."""
        if self.address is None:
            return ()
        follower = RunFollower(self.directory / RUNS, disk.open_database)
        return (lambda: follow_runs(keeping, follower.follow, self.showing.tell_run),)

    @asynccontextmanager
    async def serving(
        self, connections: Connections, pulse: Pulse
    ) -> AsyncIterator[tuple[str, int] | None]:
        """Serve while the daemon runs, where it is asked for: where. Raises UsageError, SecretUnread."""
        metrics = self.showing.metrics
        metrics.connections.set_function(lambda: len(connections))
        metrics.circuits.set_function(lambda: connections.open_circuits)
        metrics.loop_lag.set_function(lambda: pulse.recent)
        if self.address is None:
            yield None
            return
        from reconciler.web.app import Server  # noqa: PLC0415  # slow to import
        from reconciler.web.listening import serving  # noqa: PLC0415

        access = web_access(self.options, self.address[0])
        listener = open_listener(self.options, self.address)
        database = metrics.database
        records = str(self.directory.absolute() / RUNS)
        clocks = now, time.monotonic
        server = Server(database, *clocks, access, self.showing.events, metrics, records)
        with listener:
            host, port = listener.getsockname()[:2]
            async with serving(server, listener):
                telemetry.info("serving", address=host, port=port)
                yield host, port


def open_listener(options: WebOptions, address: tuple[str, int]) -> socket.socket:
    """A socket that listens where it is asked for. Raises UsageError."""
    from reconciler.web.listening import bind  # noqa: PLC0415  # slow to import

    try:
        return bind(*address)
    except OSError as error:
        raise UsageError(f"--listen {options.listen}: {say_error(error)}") from None


def new_pages(options: WebOptions, directory: Path) -> Pages:
    """The pages of a state directory. Raises UsageError for options that do not fit."""
    address = listening_address(options)
    from reconciler.web.events import EventHub  # noqa: PLC0415  # slow to import
    from reconciler.web.metrics import Metrics  # noqa: PLC0415
    from reconciler.web.state_reader import StateReader  # noqa: PLC0415

    showing = Showing(Metrics(StateReader(directory)), EventHub())
    return Pages(showing, address, options, directory, public_url(options))
