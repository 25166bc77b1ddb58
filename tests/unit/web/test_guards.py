"""Who is let in, and what a browser is told to refuse."""

import ipaddress
import re
from datetime import timedelta

import pytest

from reconciler.cli.commands.watch import command
from reconciler.web.guards import MINUTE, WRONG_OF_ALL, WRONG_OF_ONE, Access
from tests.unit.web.conftest import quiet_round

KEY = b"a token of the test"
BEARER = {"authorization": f"Bearer {KEY.decode()}"}


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/clusters", "/codes", "/nothing", "/static/live.js"]
)
async def test_every_answer_has_the_headers(site, path):
    headers = (await site.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/api/v1/clusters", "/login/", "/codes"])
async def test_nothing_but_reading_is_served(site, method, path):
    async with site.client() as client:
        answer = await client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/codes", 200),
        ("/runs", 200),
        ("/login", 200),
        ("/metrics", 200),
        ("/static/live.js", 200),
        ("/api/v1/clusters", 200),
        ("/api/v1/openapi.json", 200),
        ("/api/v1/events", 200),
        ("/nothing", 404),
    ],
)
async def test_head_has_the_headers_of_get_and_nothing_else(site, path, status):
    site.record("alpha", quiet_round())
    async with site.client() as client:
        head = await client.head(path)
        assert (head.status_code, head.content) == (status, b"")
        if path != "/api/v1/events":  # which has no end
            got = await client.get(path)
            moving = {"content-length", "etag"} if path == "/metrics" else set()
            assert {k: v for k, v in head.headers.items() if k not in moving} == {
                k: v for k, v in got.headers.items() if k not in moving
            }
            assert got.content


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("[::1]:8080", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:8080", 421),
        ("", 421),
    ],
)
async def test_a_name_that_is_not_ours_is_not_served(site, host, status):
    answer = await site.get("/", host=host)
    assert answer.status_code == status
    if status == 421:
        (option,) = re.findall(r"--[a-z-]+", answer.json()["detail"])
        assert option in {word for one in command.params for word in one.opts}


async def test_without_a_token_there_is_a_form_and_no_answer(site):
    site.access = Access(KEY)
    site.record("alpha", quiet_round())
    page = await site.get("/")
    assert (page.status_code, page.headers["location"]) == (303, "/login")
    for path in ("/api/v1/clusters", "/metrics"):
        refused = await site.get(path)
        assert (refused.status_code, refused.json()["status"]) == (401, 401)
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["www-authenticate"] == "Bearer"
        assert "alpha" not in page.text + refused.text
    assert (await site.get("/login")).status_code == 200
    assert (await site.get("/static/dashboard.css")).status_code == 200


async def test_the_token_lets_in_and_a_browser_gets_a_session_for_it(site):
    site.access = Access(KEY)
    assert (await site.get("/api/v1/clusters", **BEARER)).status_code == 200
    async with site.client() as client:
        answer = await client.post("/login", data={"token": KEY.decode()})
        cookie = answer.headers["set-cookie"]
        assert answer.status_code == 303
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert KEY.decode() not in cookie
        assert (await client.get("/")).status_code == 200
        site.now += timedelta(hours=13)
        assert (await client.get("/")).status_code == 303


@pytest.mark.parametrize(
    "word", ["", "1", "9999999999.", "9999999999.00", "x.y", "9999999999." + "0" * 64, "é.é"]
)
async def test_a_session_that_we_did_not_make_lets_nobody_in(site, word):
    site.access = Access(KEY)
    async with site.client() as client:
        answer = await client.get("/", headers={"cookie": f"reconcile_session={word}".encode()})
    assert answer.status_code == 303


async def test_a_session_of_another_token_lets_nobody_in(site):
    site.access = Access(KEY)
    other = Access(b"another").session(site.now.timestamp())
    assert (await site.get("/", cookie=f"reconcile_session={other}")).status_code == 303


async def test_wrong_tokens_are_heard_only_so_often(site):
    site.access = Access(KEY)
    async with site.client() as client:
        for _ in range(WRONG_OF_ONE):
            wrong = await client.post("/login", data={"token": "guess"})
            assert wrong.status_code == 401
        assert (await client.post("/login", data={"token": KEY.decode()})).status_code == 429
        refused = await client.get("/api/v1/clusters", headers=BEARER)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
        site.uptime += MINUTE + 1
        assert (await client.get("/api/v1/clusters", headers=BEARER)).status_code == 200


async def test_many_addresses_do_not_guess_more(site):
    site.access = Access(KEY)
    app = None
    statuses = []
    for number in range(WRONG_OF_ALL + 1):
        client = site.client(f"10.0.0.{number}")
        app = app or client._transport.app
        client._transport.app = app
        async with client:
            answer = await client.get("/api/v1/clusters", headers={"authorization": "Bearer x"})
        statuses.append(answer.status_code)
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_a_proxy_that_is_trusted_names_who_it_let_in(site):
    proxies = (ipaddress.ip_network("10.9.0.0/16"),)
    site.access = Access(KEY, "X-Forwarded-User", proxies)
    for peer, header, status in (
        ("10.9.1.1", "X-Forwarded-User", 200),
        ("10.9.1.1", "X-Other", 401),
        ("10.8.1.1", "X-Forwarded-User", 401),
    ):
        async with site.client(peer) as client:
            answer = await client.get("/api/v1/clusters", headers={header: "ada"})
        assert answer.status_code == status, (peer, header)


async def test_what_has_not_changed_is_not_sent_again(site):
    site.record("alpha", quiet_round())
    first = await site.get("/api/v1/clusters")
    tag = first.headers["etag"]
    again = await site.get("/api/v1/clusters", **{"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    site.record("beta", quiet_round())
    assert (await site.get("/api/v1/clusters", **{"if-none-match": tag})).status_code == 200


async def test_a_long_form_is_no_token(site):
    site.access = Access(KEY)
    async with site.client() as client:
        answer = await client.post("/login", content=b"token=" + b"x" * 100_000)
    assert answer.status_code == 401
