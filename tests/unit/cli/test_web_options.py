"""Where pages are served, and who may look: refused by name where it would let everybody in."""

import pytest

from reconciler.cli.web_options import WebOptions, listening_address, web_access
from reconciler.errors import SecretUnread, UsageError


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        (None, None),
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
    ],
)
def test_an_address_on_loopback_needs_no_token(listen, address):
    assert listening_address(WebOptions(listen)) == address


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (WebOptions("0.0.0.0:80"), "not on loopback: name a --token"),
        (WebOptions("[::]:80"), "not on loopback: name a --token"),
        (WebOptions("192.0.2.1:80"), "not on loopback: name a --token"),
        (WebOptions("localhost:80"), "as in 127.0.0.1:80"),
        (WebOptions("8080"), "ADDRESS:PORT"),
        (WebOptions("127.0.0.1:99999"), "ADDRESS:PORT"),
        (WebOptions("127.0.0.1:"), "ADDRESS:PORT"),
        (WebOptions(None, "env:KEY"), "needs --listen"),
        (WebOptions(names=("storage.example",)), "needs --listen"),
    ],
)
def test_what_would_let_everybody_in_or_nobody_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        listening_address(options)


def test_a_token_in_a_command_is_refused_and_not_shown():
    with pytest.raises(UsageError) as told:
        web_access(WebOptions("127.0.0.1:1", "hunter2"), "127.0.0.1")
    assert "hunter2" not in str(told.value)
    with pytest.raises(SecretUnread, match="env:NOBODY_SET_THIS is not set"):
        web_access(WebOptions("127.0.0.1:1", "env:NOBODY_SET_THIS"), "127.0.0.1")


@pytest.mark.parametrize(
    "options",
    [
        WebOptions("127.0.0.1:1", proxies=("10.0.0.0/8",)),
        WebOptions("127.0.0.1:1", user_header="X-User"),
        WebOptions("127.0.0.1:1", proxies=("10.0.0.1/8",), user_header="X-User"),
    ],
)
def test_half_of_a_proxy_is_refused(options):
    with pytest.raises(UsageError):
        web_access(options, "127.0.0.1")


def test_names_and_the_token_are_taken(monkeypatch):
    monkeypatch.setenv("KEY", "a token")
    found = web_access(WebOptions("192.0.2.1:1", "env:KEY", ("Storage.Example",)), "192.0.2.1")
    assert found.knows(b"a token")
    assert not found.knows(b"a toke")
    assert found.hosts >= {"storage.example", "192.0.2.1", "localhost"}
    assert "a token" not in repr(found)
