"""A pooler that gives each transaction another session is refused by name; one that keeps it is not."""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.errors import StoreFailed
from reconciler.fleet.sessions import conninfo, open_session
from tests.fleet_processes import socket_of
from tests.installed import refuse

CONFIG = """
[databases]
* = host={server} user={user}
[pgbouncer]
listen_addr =
listen_port = 5432
unix_socket_dir = {place}
auth_type = any
pool_mode = {mode}
ignore_startup_parameters = options
logfile = {place}/log
"""


@contextmanager
def pooler(url, mode):
    """The address of the same database through PgBouncer."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        refuse("PgBouncer is not installed")
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    place = Path(tempfile.mkdtemp(prefix="rpb", dir="/tmp"))
    server = Path(socket_of(url)).parent
    (place / "ini").write_text(CONFIG.format(server=server, user=user, place=place, mode=mode))
    for one in (place, place / "ini"):
        shutil.chown(one, user)
    process = subprocess.Popen(
        [program, "-q", str(place / "ini")],
        user=user if os.geteuid() == 0 else None,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"host={place} dbname=postgres user={user}"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(place)


async def wait_for_session(info):
    """A session, once the pooler listens."""
    while True:
        try:
            return await open_session(info, "reconcile-x")
        except StoreFailed as error:
            if "cannot be reached" not in str(error):
                raise
            await asyncio.sleep(0.05)


async def test_one_that_pools_transactions_is_refused(fleets):
    with pooler(fleets.address, "transaction") as info:
        async with asyncio.timeout(60):
            with pytest.raises(StoreFailed, match="fleet-database-pooled"):
                await wait_for_session(info)


async def test_one_that_pools_sessions_and_none_are_not(fleets):
    with pooler(fleets.address, "session") as info:
        async with asyncio.timeout(60):
            await (await wait_for_session(info)).close()
    await (await wait_for_session(conninfo(fleets.address))).close()
