"""Mail over SMTP as a server on loopback hears it: headers, text, and who is refused."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default

import pytest

from reconciler.model.policy import Mail
from reconciler.notify.by_mail import deliver_by_mail
from reconciler.notify.delivery import NotDelivered
from tests.unit.notify.news_worlds import make_notification


@dataclass
class Post:
    """A mail server that takes all but what it ``refuses``."""

    refuses: str = "nobody"
    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    takers: list[str] = field(default_factory=list)
    ended: list[asyncio.Task[None]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.ended.append(task)
        writer.write(b"220 post\r\n")
        while line := (await reader.readline()).decode().strip():
            if line.lower() == "data":
                writer.write(b"354 go on\r\n")
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
            writer.write(self.answer(line))
            if line.lower() == "quit":
                break
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def answer(self, line: str) -> bytes:
        if line.lower().startswith("rcpt"):
            if self.refuses in line:
                return b"550 no such user\r\n"
            self.takers.append(line)
        return b"221 bye\r\n" if line.lower() == "quit" else b"250 ok\r\n"


@asynccontextmanager
async def serve_post(refuses: str = "nobody"):
    """The server, and a mail to two through it."""
    post = Post(refuses)
    server = await asyncio.start_server(post.serve, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    async with server:
        yield (
            post,
            Mail(to=("ada@example.com", "bo@example.com"), server="127.0.0.1", port=post.port),
        )
    await asyncio.gather(*post.ended)


async def test_a_mail_has_its_subject_and_the_text():
    async with serve_post() as (post, mail):
        await deliver_by_mail("ops", mail, make_notification())
    found = message_from_bytes(post.mails[0].removesuffix(b".\r\n"), policy=default)
    assert found["Subject"] == (
        "reconcile: alpha: member/node0000 is Unreachable (host-unreachable)"
    )
    assert found["To"] == "ada@example.com, bo@example.com"
    assert found["Auto-Submitted"] == "auto-generated"
    assert "member/node0000: Unreachable, host-unreachable (degrades)" in found.get_content()
    assert len(post.takers) == 2


async def test_words_of_hosts_begin_no_header():
    told = make_notification()
    hostile = told.model_copy(update={"title": "x\r\nBcc: eve@example.com\n\nbody"})
    async with serve_post() as (post, mail):
        await deliver_by_mail("ops", mail, hostile)
    found = message_from_bytes(post.mails[0], policy=default)
    assert found["Bcc"] is None
    assert found["Subject"] == "reconcile: x\ufffd Bcc: eve@example.com body"


async def test_whom_the_server_refuses_is_told():
    async with serve_post("bo@example.com") as (_, mail):
        with pytest.raises(NotDelivered, match=r"refused bo@example\.com"):
            await deliver_by_mail("ops", mail, make_notification())


async def test_a_server_that_is_not_there_is_told_in_words():
    async with serve_post() as (_, mail):
        pass
    with pytest.raises(NotDelivered, match="did not take it: connection refused"):
        await deliver_by_mail("ops", mail, make_notification())
