"""What an error of a PostgreSQL server means, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError

from reconciler.errors import StoreBusy, StoreFailed, StoreFull, StoreOutdated
from reconciler.model.refusals import require_declared

# Of PostgreSQL's appendix A.
DISK_FULL = "53100"
BUSY = frozenset({"55P03", "40P01", "40001"})  # a lock not had in time, a deadlock, a conflict
NO_TABLES = frozenset({"42P01", "42703", "3F000"})  # no such table, column, schema
CODES: Mapping[str, str] = {
    "3D000": "database-missing",
    "42501": "database-rights",
    "25006": "database-read-only",
}
# Whole classes: connections, who is let in, a server that has no room for us or ends us.
CLASSES: Mapping[str, str] = {
    "08": "database-unreachable",
    "28": "database-login",
    "53": "database-unreachable",
    "57": "database-unreachable",
}
# libpq gives no code for what fails before there is a session: its words, and those of a server.
WORDS: Mapping[str, str] = {
    "authentication failed": "database-login",
    "no password supplied": "database-login",
    "no pg_hba.conf entry": "database-login",
    "role ": "database-login",
    "permission denied for database": "database-rights",
    "does not exist": "database-missing",
    "session is read-only": "database-read-only",
    "server is in hot standby mode": "database-read-only",
}
OF_TLS = ("root certificate file", "certificate", "SSL", "ssl")
REMEDIES: Mapping[str, str] = {
    "database-login": "does not let us in ({}): correct user and password, or its pg_hba.conf",
    "database-missing": "is not there ({}): make it with createdb, or correct the address",
    "database-read-only": "can only be read ({}): where the role is one that only reads, take the "
    "address of a worker's role; where the server is a standby, name the primary",
    "database-rights": "does not allow that to this role ({}): a reader may look only, so take the address "
    "of a worker's role; roles get their rights by examples/fleet/roles.sql",
    "database-unreachable": "cannot be reached ({}): start it, or correct the address",
    "database-untrusted": "is not trusted ({}): name the authority of its certificate with "
    "sslrootcert=FILE in the address",
}
NO_FLEET = "has no tables of a fleet ({}): run `reconcile fleet init`"


def name_server_error(place: str, error: DBAPIError) -> StoreFailed:
    """The error as ours, with the code of its reason where there is one."""
    return name_driver_error(place, error.orig, is_lost=error.connection_invalidated)


def name_driver_error(
    place: str, error: BaseException | None, *, is_lost: bool = False
) -> StoreFailed:
    """As ``name_server_error``, of what the driver raised; ``is_lost`` where it ended the connection."""
    state = getattr(error, "sqlstate", None) or ""
    words = _said(error)
    if state == DISK_FULL:
        return StoreFull(place, "could not be written: there is no room left on its disk")
    if state in BUSY:
        return StoreBusy(place, f"is held by somebody else ({words})")
    if state in NO_TABLES:
        return StoreOutdated(place, NO_FLEET.format(words), "database-tables")
    code = CODES.get(state) or CLASSES.get(state[:2])
    if code is None and (not state or is_lost):
        code = _by_words(words)
    if code is None:
        return StoreFailed(place, f"could not be used: {words}")
    return StoreFailed(place, REMEDIES[require_declared(code).code].format(words), code)


def _said(error: BaseException | None) -> str:
    """The last thing that was said, in one line: earlier ones are of addresses that were tried before."""
    lines = [line.strip() for line in str(error or "").splitlines() if line.strip()]
    return " ".join(lines) or "nothing was said"


def _by_words(words: str) -> str:
    if any(one in words for one in OF_TLS) and "no pg_hba.conf entry" not in words:
        return "database-untrusted"
    known = (code for said, code in WORDS.items() if said in words)
    return next(known, "database-unreachable")
