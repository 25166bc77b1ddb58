"""Web hooks that answer, refuse, hang and redirect: each a real server on loopback."""

import base64
import hashlib
import hmac
from dataclasses import replace

import pytest

from reconciler.notify import delivery
from reconciler.notify.delivery import Message, NotDelivered, Receiver, new_client
from tests.unit.notify.web_hooks import OK, answer, hook

KEY = "words"
MESSAGE = Message("msg_1", "application/json", b'{"a": 1}')


async def test_a_message_arrives_as_it_is():
    async with hook(OK) as (served, carrier, waits):
        await carrier.deliver(served.receiver, MESSAGE)
    assert served.bodies == [MESSAGE.body]
    assert "content-type: application/json" in served.heads[0].lower()
    assert "webhook-signature" not in served.heads[0].lower()
    assert waits == []


async def test_a_signed_message_can_be_checked():
    async with hook(OK) as (served, carrier, _):
        await carrier.deliver(replace(served.receiver, secret=KEY), MESSAGE)
    headers = dict(line.split(": ", 1) for line in served.heads[0].strip().split("\r\n")[1:])
    signed = b".".join(
        [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), *served.bodies]
    )
    digest = hmac.new(KEY.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


async def test_what_may_pass_is_tried_again():
    async with hook(answer("503 Busy"), answer("500 Oops"), OK) as (served, carrier, waits):
        await carrier.deliver(served.receiver, MESSAGE)
    assert served.bodies == [MESSAGE.body] * 3
    assert waits == list(delivery.PAUSES)


async def test_three_attempts_are_all():
    async with hook(answer("503 Busy")) as (served, carrier, waits):
        with pytest.raises(NotDelivered, match=r"^chat answered 503 Busy$"):
            await carrier.deliver(served.receiver, MESSAGE)
    assert len(served.heads) == 3
    assert waits == list(delivery.PAUSES)


async def test_what_will_not_pass_is_tried_once():
    refusal = answer("404 Not Found", said="no_team\x1b[31m " + "x" * 5000)
    async with hook(refusal) as (served, carrier, _):
        with pytest.raises(NotDelivered) as told:
            await carrier.deliver(served.receiver, MESSAGE)
    assert len(served.heads) == 1
    assert str(told.value).startswith("chat answered 404 Not Found: no_team\ufffd[31m xx")
    assert len(str(told.value)) < 400


@pytest.mark.parametrize(
    ("asked", "waited"),
    [("7", 7.0), ("1", 2.0), ("99999", 60.0), ("tomorrow", 2.0), ("-1", 2.0)],
)
async def test_a_server_names_its_own_pause_within_bounds(asked, waited):
    async with hook(answer("429 Slow", f"Retry-After: {asked}"), OK) as (
        served,
        carrier,
        waits,
    ):
        await carrier.deliver(served.receiver, MESSAGE)
    assert waits == [waited]


async def test_a_redirect_is_not_followed():
    async with hook(OK) as (other, _, _):
        leads = answer("302 Found", f"Location: {other.receiver.url}")
        async with hook(leads) as (served, carrier, _):
            with pytest.raises(NotDelivered, match="redirects are not followed"):
                await carrier.deliver(served.receiver, MESSAGE)
        assert other.heads == []


async def test_a_server_that_hangs_holds_nobody(monkeypatch):
    monkeypatch.setattr(delivery, "ATTEMPT", 0.05)
    async with hook(b"") as (served, carrier, waits):
        with pytest.raises(NotDelivered, match="gave no answer in"):
            await carrier.deliver(served.receiver, MESSAGE)
    assert waits == list(delivery.PAUSES)


async def test_no_error_says_the_address():
    async with hook(OK) as (served, carrier, _):
        port = served.port
    nobody = Receiver("chat", f"http://127.0.0.1:{port}/secret-path")
    for receiver in (
        nobody,
        replace(nobody, url="http://[secret-path"),
        replace(nobody, url="x"),
    ):
        async with new_client() as client:
            with pytest.raises(NotDelivered) as told:
                await replace(carrier, client=client).deliver(receiver, MESSAGE)
        assert "secret-path" not in str(told.value)
        assert str(told.value).startswith("chat ")
    assert "secret-path" not in repr(nobody)


async def test_a_refused_connection_is_told_in_words():
    async with hook(OK) as (served, carrier, _):
        receiver = served.receiver
    async with new_client() as client:
        with pytest.raises(NotDelivered, match="chat is not reached: connection refused"):
            await replace(carrier, client=client).deliver(receiver, MESSAGE)
