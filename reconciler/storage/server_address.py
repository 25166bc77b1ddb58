"""The address of a PostgreSQL server as it is used: its defaults, and what is weak in it."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from reconciler.errors import StoreFailed

DRIVER = "postgresql+psycopg"
NAMES = frozenset({"postgres", "postgresql", DRIVER})
# Where our tables are, unless the address says otherwise: apart from others', and from Procrastinate's.
SCHEMA = "reconcile"
SEARCHED = re.compile(r"search_path\s*=\s*\"?([A-Za-z_][A-Za-z0-9_$]{0,62})")
SETS_PATH = "search_path"
# Of libpq; what the address says comes first. Seconds until a server or a network that says nothing
# is taken for gone, but for the last one, which is in milliseconds.
DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}
# Of the server, for who writes: one that is stopped in the midst of a transaction holds up nobody for
# long, and nobody waits for a lock for ever. Seconds.
BOUNDS = {"idle_in_transaction_session_timeout": 5, "lock_timeout": 10}
SAFE = "verify-full"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """``url`` is the whole address, ``place`` what may be told of it. ``schema`` has our tables.

    ``weakness`` is what is to be warned about, empty if nothing is.
    """

    url: str = field(repr=False)
    place: str
    schema: str
    weakness: str = ""


def server_address(text: str) -> ServerAddress:
    """An address with our defaults. Raises StoreFailed for what is none."""
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        url = None
    # libpq quotes what it refuses of a password.
    if url is None or url.drivername not in NAMES or "\0" in str(url.password):
        # Not a word of it is told: it may be a password.
        words = "is no address: write postgresql://USER@HOST:PORT/DATABASE"
        raise StoreFailed("the database of the fleet", words, "database-address")
    url = url.set(drivername=DRIVER)
    query = DEFAULTS | dict(url.query)
    hosts = _hosts(url)
    weakness = ""
    if any(map(_is_away, hosts)):
        weakness = _weakness(str(query.setdefault("sslmode", SAFE)), hosts)
    query["options"], schema = _options(url)
    whole = url.set(query=query)
    return ServerAddress(_written(whole), _place(url), schema, weakness)


def for_writing(address: ServerAddress) -> ServerAddress:
    """The same for who writes: only a server that can be written, and nobody is held up for long."""
    url = make_url(address.url)
    options = str(url.query["options"])
    missing = (f"-c {name}={bound}s" for name, bound in BOUNDS.items() if name not in options)
    query = {"target_session_attrs": "read-write", **url.query}
    query["options"] = " ".join((options, *missing))
    whole = _written(url.set(query=query))
    return ServerAddress(whole, address.place, address.schema, address.weakness)


def for_reading(address: ServerAddress) -> ServerAddress:
    """The same for who only reads: the server refuses all else, and a standby will do."""
    url = make_url(address.url)
    options = f"{url.query['options']} -c default_transaction_read_only=on"
    whole = _written(url.update_query_dict({"options": options}))
    return ServerAddress(whole, address.place, address.schema, address.weakness)


def _written(url: URL) -> str:
    """As libpq reads it, too: a plus is no space there."""
    head, mark, query = url.render_as_string(hide_password=False).partition("?")
    return head.replace(" ", "%20") + mark + query.replace("+", "%20")


def _options(url: URL) -> tuple[str, str]:
    given = _text(url, "options")
    if SETS_PATH not in given:
        return f"{given} -c search_path={SCHEMA}".strip(), SCHEMA
    found = SEARCHED.search(given)
    if found is None:
        words = "sets a search_path whose first schema is no plain name"
        raise StoreFailed(_place(url), words, "database-address")
    return given, found[1]


def _hosts(url: URL) -> Sequence[str]:
    """Where it is, as libpq finds it; none is the socket of this machine."""
    named = [url.host or "", *_text(url, "host").split(","), *_text(url, "hostaddr").split(",")]
    found = [re.sub(r":[0-9]+$", "", one) if one.count(":") == 1 else one for one in named]
    return [one for one in found if one] or [os.environ.get("PGHOST", "")]


def _text(url: URL, name: str) -> str:
    found = url.query.get(name, "")
    return found if isinstance(found, str) else ",".join(found)


def _is_away(host: str) -> bool:
    """Whether others than this machine see what is sent: no socket, no loopback."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return True


def _weakness(mode: str, hosts: Sequence[str]) -> str:
    """What an sslmode lets others do (libpq, "SSL Mode Descriptions")."""
    if mode == SAFE:
        return ""
    is_open = mode in {"disable", "allow", "prefer"}
    does = "may read and change what is sent to" if is_open else "may pose as"
    words = f"sslmode={mode}: whoever is in between {does} {', '.join(hosts)}"
    return f"{words}; name sslmode={SAFE} and sslrootcert=FILE"


def _place(url: URL) -> str:
    """Without password and options, as people know it."""
    hosts = ",".join(_hosts(url))
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{hosts}{port}/{url.database or ''}"
