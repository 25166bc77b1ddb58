"""The options by which `watch` serves its pages, and what they come to."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from reconciler.cli.options import combine_decorators
from reconciler.errors import UsageError
from reconciler.frozen import frozen
from reconciler.model.digits import is_port

if TYPE_CHECKING:
    from reconciler.web.guards import Access


@frozen
class WebOptions:
    """As they were typed."""

    listen: str | None = None
    token: str | None = None
    names: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    user_header: str | None = None
    public_url: str | None = None


def web_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options of a command that serves pages; it gets them as one, ``web``."""

    @wraps(command)
    def gather(**given: Any) -> int:  # click's signature
        web = WebOptions(*(given.pop(name) for name in _NAMES))
        return command(web=web, **given)

    return combine_decorators(*_OPTIONS)(gather)


# As click names them, in the order of ``WebOptions``.
_NAMES = ("listen", "token", "server_names", "proxies", "user_header", "public_url")
_OPTIONS = (
    click.option(
        "--listen",
        metavar="ADDRESS:PORT",
        help="Serve pages, API and metrics there, read-only. Not on loopback: with --token.",
    ),
    click.option(
        "--token",
        metavar="env:NAME|file:PATH",
        help="Who looks has to know it; what it is stands in a variable or a file.",
    ),
    click.option(
        "--server-name",
        "server_names",
        metavar="NAME",
        multiple=True,
        help="A name by which browsers ask for the pages, beside localhost.",
    ),
    click.option(
        "--trusted-proxy",
        "proxies",
        metavar="NETWORK",
        multiple=True,
        help="Where a proxy is whose --user-header is believed.",
    ),
    click.option(
        "--user-header",
        metavar="HEADER",
        help="Who was let in, as a trusted proxy says it.",
    ),
    click.option(
        "--public-url",
        metavar="URL",
        help="Where browsers find the pages: messages lead there. Its name is served as well.",
    ),
)


def listening_address(options: WebOptions) -> tuple[str, int] | None:
    """Address and port; None where nothing is served. Raises UsageError."""
    if options.listen is None:
        if options != WebOptions():
            raise UsageError("--token and what is about pages needs --listen ADDRESS:PORT")
        return None
    host, colon, port = options.listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not (port == "0" or is_port(port)):
        raise UsageError(f"--listen {options.listen}: write ADDRESS:PORT, as in 127.0.0.1:8080")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise UsageError(
            f"--listen {options.listen}: write an IP address, as in 127.0.0.1:{port}"
        ) from None
    if not address.is_loopback and not options.token:
        raise UsageError(f"--listen {options.listen} is not on loopback: name a --token")
    return host, int(port)


def public_url(options: WebOptions) -> str:
    """Where browsers find the pages, without a slash at its end; empty where nothing says it.

    Raises UsageError for what is no address of pages.
    """
    if options.public_url is None:
        return ""
    try:
        found = urlsplit(options.public_url)
        is_plain = not (found.query or found.fragment or found.username or found.password)
        is_good = found.scheme in {"http", "https"} and found.hostname and is_plain
        is_good = is_good and found.port != 0 and found.path in {"", "/"}
    except ValueError:
        is_good = False
    if not is_good or not options.public_url.isprintable() or " " in options.public_url:
        raise UsageError(
            f"--public-url {options.public_url}: write where the pages begin, as in "
            "https://reconcile.example.org"
        )
    return options.public_url.removesuffix("/")


def web_access(options: WebOptions, address: str) -> Access:
    """Who may look. Raises UsageError, SecretUnread for the token."""
    from reconciler.execution.secrets import read_reference  # noqa: PLC0415  # only who serves
    from reconciler.model.secrets import REFERENCE  # noqa: PLC0415
    from reconciler.web.guards import Access  # noqa: PLC0415  # slow to import

    if options.token and not REFERENCE.fullmatch(options.token):
        raise UsageError("--token is env:NAME or file:PATH: a token has no place in a command")
    if bool(options.proxies) != bool(options.user_header):
        raise UsageError("--trusted-proxy and --user-header go together")
    try:
        proxies = tuple(map(ipaddress.ip_network, options.proxies))
    except ValueError as error:
        raise UsageError(f"--trusted-proxy: {error}") from None
    token = read_reference(options.token).encode() if options.token else None
    public = urlsplit(public_url(options)).hostname
    names = {"localhost", "127.0.0.1", "::1", address, *options.names, *filter(None, (public,))}
    return Access(token, options.user_header, proxies, frozenset(n.lower() for n in names))
