"""How the hosts of a command line are logged in to, before there is a file that says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from reconciler.errors import UsageError
from reconciler.model.field_types import quote_value
from reconciler.model.ssh_access import NO_HOST_KEYS, Ssh


def login(
    user: str | None, identity: str | None, known_hosts: str | None, *, sudo: bool
) -> Ssh:
    """How to log in, as the options say; UsageError for what no file could say either."""
    values = {"user": user, "identity": identity, "known_hosts": known_hosts}
    if known_hosts and known_hosts.lower() in NO_HOST_KEYS:
        raise UsageError(
            f"--known-hosts {known_hosts} would switch off the check of host keys; name a file "
            "of known hosts, or leave it out"
        )
    given = {key: value for key, value in values.items() if value}
    return parse_login(given | ({"sudo": True} if sudo else {}))


def check_hosts(hosts: Sequence[str]) -> None:
    """Raises UsageError for what cannot be a host's name or address, with what to type."""
    for host in hosts:
        if hint := _host_hint(host):
            raise UsageError(
                f"HOST: {quote_value(host)} is not a host name or an address; {hint}"
            )
        parse_login({"host": host})


def _host_hint(host: str) -> str:
    """What to type for more than a host, or for something else; empty for a host."""
    if host.endswith((".yaml", ".yml", ".json")) or "/" in host:
        return "a file is not taken here: name the hosts, as ssh knows them"
    if "," in host:
        return f"type them with blanks between: {' '.join(filter(None, host.split(',')))}"
    if "[" in host or "{" in host:
        return "type each of them, with blanks between"
    user, at, rest = host.rpartition("@")
    name, colon, port = rest.partition(":")
    if at:
        return f"type {name or 'HOST'} --user {user or 'USER'}"
    if colon and ":" not in port:
        return f"type {name or 'HOST'}, and its port in ssh_config: Port {port or 22}"
    return ""


def parse_login(values: Mapping[str, object]) -> Ssh:
    """Where and how to log in; UsageError, with the option, for what no file could say either."""
    try:
        return Ssh.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        key = str(found["loc"][0])
        option = "HOST" if key == "host" else f"--{key.replace('_', '-')}"
        raise UsageError(f"{option}: {found['msg']}") from error
