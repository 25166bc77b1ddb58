"""`status --server` tells what a daemon knows, as `status` tells what hosts say; a real server on loopback."""

import asyncio
import json
import ssl
import subprocess
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from reconciler.cli import run
from reconciler.cli.server_status import DaemonLooks, daemon_address
from reconciler.model.observed import Observed, Unreachable
from reconciler.reports.status import status_document
from reconciler.web.app import Server
from reconciler.web.guards import Access
from reconciler.web.listening import bind, serving
from tests.builders import facts, spec
from tests.installed import require_program
from tests.unit.web.conftest import HOSTILE, NOW, quiet_round

# A token of this test and of nothing else.
KEY = "only of this test"
LOST = Unreachable("node03", "host-unreachable", "no route to host")


def status_of(name: str, *, lost: bool = False):
    """The status as a round keeps it."""
    hosts = {f"node0{place}": facts(f"node0{place}", place) for place in (1, 2, 3)}
    if lost:
        hosts["node03"] = LOST
    cluster = spec().model_copy(update={"name": name})
    return status_document([(cluster, Observed(hosts))], "x")["clusters"][0]


def watch(site, *names, **more):
    for name in names:
        number = site.record(name, quiet_round(), file=f"{name}.yaml")
        site.keep(number, "status", json.dumps(status_of(name, **more)))


@asynccontextmanager
async def serve(site):
    """The site on a real socket; its address."""
    clocks = (lambda: site.now), (lambda: site.uptime)
    with bind("127.0.0.1", 0) as listener:
        async with serving(Server(site.database, *clocks, site.access), listener):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@asynccontextmanager
async def answering(text, **more):
    """A server that gives this answer to everybody, and what it was asked."""
    asked = []

    async def answer(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(text.encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, **more)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


def response(status: str, body: str = "", *heads: str) -> str:
    lines = (f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *heads)
    return "\r\n".join(lines) + "\r\n\r\n" + body


async def ask(capsys, *words):
    code = await asyncio.to_thread(run, ["status", *words])
    out, err = capsys.readouterr()
    return code, out, err


async def test_it_is_the_document_of_status(site, capsys):
    watch(site, "beta", "alpha")
    async with serve(site) as url:
        code, out, err = await ask(capsys, "--server", url, "--format", "json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    at = "2026-03-01T12:00:00+00:00"
    assert document == {
        "format_version": "1",
        "observed_at": at,
        "clusters": [
            json.loads(json.dumps({**status_of(name), "observed_at": at}))
            for name in ("alpha", "beta")
        ],
    }


async def test_it_is_the_text_of_status_with_its_moment(site, capsys):
    watch(site, "alpha")
    async with serve(site) as url:
        code, out, _err = await ask(capsys, "--server", url + "/", "--no-color")
    assert code == 0
    assert out.startswith("cluster alpha  3/3 hosts read  NOT HEALTHY\n")
    assert "node02" in out
    assert out.endswith("as of 2026-03-01T12:00:00+00:00\n")


async def test_the_oldest_look_is_the_moment_of_all(site, capsys):
    watch(site, "alpha")
    number = site.record("beta", quiet_round(), NOW - timedelta(hours=3))
    site.keep(number, "status", json.dumps(status_of("beta")))
    async with serve(site) as url:
        _code, out, _err = await ask(capsys, "--server", url, "--format", "json")
    assert json.loads(out)["observed_at"] == "2026-03-01T09:00:00+00:00"


async def test_more_clusters_than_a_page_has_are_all_there(site, capsys):
    names = [f"c{number:03}" for number in range(201)]
    watch(site, *names)
    async with serve(site) as url:
        code, out, _err = await ask(capsys, "--server", url, "--format", "json")
    assert [one["name"] for one in json.loads(out)["clusters"]] == names
    assert code == 0


FILE = """\
version: 1
clusters:
  - name: beta
    members: [{name: node01, interconnect: 10.0.0.11}]
"""


async def test_of_a_file_only_its_clusters_are_told(site, capsys, tmp_path):
    path = tmp_path / "beta.yaml"
    path.write_text(FILE)
    watch(site, "alpha", "beta")
    async with serve(site) as url:
        code, out, _err = await ask(capsys, str(path), "--server", url)
        assert (code, "alpha" in out, "cluster beta" in out) == (0, False, True)
        path.write_text(FILE.replace("beta", "gamma"))
        code, out, err = await ask(capsys, str(path), "--server", url)
    assert (code, out) == (1, "")
    assert "it does not watch gamma" in err


@pytest.mark.parametrize(("lost", "code"), [(False, 0), (True, 4)])
async def test_the_exit_code_tells_whether_hosts_were_read(site, capsys, lost, code):
    watch(site, "alpha", lost=lost)
    async with serve(site) as url:
        assert (await ask(capsys, "--server", url))[0] == code


async def test_a_cluster_that_was_not_looked_at_yet_is_told_and_is_not_read(site, capsys):
    site.record("alpha", quiet_round())
    async with serve(site) as url:
        code, _out, err = await ask(capsys, "--server", url)
        assert (code, err) == (1, "note: alpha: the daemon has no status of it yet\n")
        watch(site, "beta")
        code, out, _err = await ask(capsys, "--server", url)
    assert (code, "cluster beta" in out) == (4, True)


async def test_a_daemon_that_watches_nothing_is_no_healthy_one(site, capsys):
    async with serve(site) as url:
        code, _out, err = await ask(capsys, "--server", url)
    assert (code, "it watches no cluster" in err) == (1, True)


async def test_the_token_opens_it_and_is_told_nowhere(site, capsys, monkeypatch):
    site.access = Access(KEY.encode())
    watch(site, "alpha")
    monkeypatch.setenv("KEY", KEY)
    monkeypatch.setenv("WRONG", KEY + "!")
    async with serve(site) as url:
        assert (await ask(capsys, "--server", url, "--token", "env:KEY"))[0] == 0
        without = await ask(capsys, "--server", url)
        wrong = await ask(capsys, "--server", url, "--token", "env:WRONG")
    for code, out, err in (without, wrong):
        assert (code, out) == (1, "")
        assert "it answers 401: a token is needed" in err
        assert KEY not in err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--server", "watch.example:8443"), "write a URL"),
        (("--server", "ftp://watch.example"), "write a URL"),
        (("--server", "http://127.0.0.1:99999"), "write a URL"),
        (("--server", "https://127.0.0.1/?a=b"), "write a URL"),
        (("--server", "https://me:secret@127.0.0.1"), "has no place in a command"),
        (("--server", "http://127.0.0.1", "--token", "secret"), "env:NAME or file:PATH"),
        (("--server", "http://watch.example", "--token", "env:HOME"), "name https"),
        (("--token", "env:HOME"), "is for --server"),
    ],
)
async def test_a_wrong_word_is_a_usage_error(capsys, words, why):
    code, out, err = await ask(capsys, *words)
    assert (code, out) == (64, "")
    assert why in err
    assert "secret" not in err


async def test_who_is_not_there_is_told(capsys):
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    code, out, err = await ask(capsys, "--server", f"http://127.0.0.1:{port}")
    assert (code, out) == (1, "")
    assert f"http://127.0.0.1:{port}/api/v1: is not reached: " in err


async def test_a_redirect_is_told_and_not_followed(capsys, monkeypatch):
    monkeypatch.setenv("KEY", KEY)
    async with answering(response("200 OK", "{}")) as (other, asked_there):
        there = f"location: http://127.0.0.1:{other}/\x1b[31m"
        async with answering(response("307 Temporary Redirect", "", there)) as (port, asked):
            words = ("--server", f"http://127.0.0.1:{port}", "--token", "env:KEY")
            code, _out, err = await ask(capsys, *words)
    assert code == 1
    assert f"authorization: Bearer {KEY}" in asked[0].replace("Authorization", "authorization")
    assert asked_there == []
    assert "\x1b" not in err


async def test_a_plain_redirect_names_where_it_leads(capsys):
    answer = response("301 Moved", "", "location: https://watch.example/")
    async with answering(answer) as (port, _asked):
        _code, _out, err = await ask(capsys, "--server", f"http://127.0.0.1:{port}")
    assert "it leads to https://watch.example/, and is not followed" in err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (response("200 OK", "hello"), "not as reconcile watch does"),
        (response("200 OK", "[" * 100_000), "not as reconcile watch does"),
        (response("200 OK", "[]"), "not as reconcile watch does"),
        (response("200 OK", '{"items": [1, {"id": "x"}]}'), "it watches no cluster"),
        (
            response("200 OK", '{"items": [{"id": 1, "name": "a"}]}'),
            "is no status of a cluster",
        ),
        (response("500 Oops\x1b[1m", '{"detail": "\\u001b[31mred"}'), "it answers 500"),
        (response("200 OK", "no gzip", "content-encoding: gzip"), "is not reached"),
        ("no http\r\n\r\n", "is not reached"),
        ("", "is not reached"),
    ],
)
async def test_what_is_no_daemon_is_told(capsys, text, why):
    async with answering(text) as (port, _asked):
        code, out, err = await ask(capsys, "--server", f"http://127.0.0.1:{port}")
    assert (code, out) == (1, "")
    assert why in err
    assert "\x1b" not in err


@pytest.mark.parametrize("key", ["members", "volumes", "state", "problems", "unreachable"])
async def test_a_status_of_another_shape_is_told(site, capsys, key):
    number = site.record("alpha", quiet_round())
    site.keep(number, "status", json.dumps({**status_of("alpha"), key: 7}))
    async with serve(site) as url:
        code, _out, err = await ask(capsys, "--server", url)
    assert (code, "this version can show" in err) == (1, True)


async def test_words_of_hosts_are_words(site, capsys):
    number = site.record("alpha", quiet_round())
    hostile = {**status_of("alpha"), "name": HOSTILE}
    site.keep(number, "status", json.dumps(hostile))
    async with serve(site) as url:
        _code, out, _err = await ask(capsys, "--server", url)
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """One that only who is told so trusts."""
    openssl, place = require_program("openssl", "openssl"), tmp_path_factory.mktemp("tls")
    words = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x")
    names = ("-addext", "subjectAltName=IP:127.0.0.1")
    key, found = str(place / "key.pem"), str(place / "certificate.pem")
    program = [openssl, *words, *names, "-keyout", key, "-out", found]
    subprocess.run(program, check=True, capture_output=True)
    return found, key


async def test_a_certificate_is_checked_by_what_this_machine_trusts(
    capsys, certificate, monkeypatch
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    monkeypatch.setenv("KEY", KEY)
    async with answering(response("200 OK", "{}"), ssl=context) as (port, asked):
        words = ("--server", f"https://127.0.0.1:{port}", "--token", "env:KEY")
        code, _out, err = await ask(capsys, *words)
        assert (code, "certificate verify failed" in err, asked) == (1, True, [])
        monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
        code, _out, err = await ask(capsys, *words)
        assert (code, "it watches no cluster" in err, len(asked)) == (1, True, 1)


async def test_no_proxy_of_the_environment_is_asked(site, capsys, monkeypatch):
    watch(site, "alpha")
    async with answering(response("200 OK", "{}")) as (port, asked), serve(site) as url:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        assert (await ask(capsys, "--server", url))[0] == 0
    assert asked == []


async def test_watching_goes_on_while_the_daemon_is_started_again(site):
    watch(site, "alpha")
    async with serve(site) as url:
        looks = DaemonLooks(daemon_address(url, None), None, 0.0).each()
        first = await anext(looks)
    waiting = asyncio.ensure_future(anext(looks))
    port = int(url.rpartition(":")[2])
    clocks = (lambda: site.now), (lambda: site.uptime)
    with bind("127.0.0.1", port) as listener:
        async with serving(Server(site.database, *clocks), listener):
            assert await waiting == first
            await looks.aclose()
