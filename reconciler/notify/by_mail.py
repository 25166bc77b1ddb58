"""Mail: plain text, handed to the mail server that the file names."""

from __future__ import annotations

import asyncio
import getpass
import smtplib
import socket
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid

from reconciler.model.notification import Notification
from reconciler.model.policy import Mail
from reconciler.notify.bodies import text
from reconciler.notify.delivery import NotDelivered
from reconciler.reports.visible import visible
from reconciler.system_errors import say_error

# Seconds: for each exchange with the server, and for all of them.
_EXCHANGE, LONGEST = 15.0, 45.0


async def deliver_by_mail(name: str, mail: Mail, told: Notification) -> None:
    """Hand a message over. Raises NotDelivered, also where only some were refused."""
    try:
        async with asyncio.timeout(LONGEST):
            refused = await asyncio.to_thread(_send, mail, _message(mail, told))
    except TimeoutError:
        raise NotDelivered(f"{name}: {mail.server} gave no answer in time") from None
    except (smtplib.SMTPException, OSError) as error:
        why = visible(say_error(error))[:300]
        raise NotDelivered(f"{name}: {mail.server} did not take it: {why}") from None
    if refused:
        raise NotDelivered(f"{name}: {mail.server} refused {', '.join(sorted(refused))}")


def _message(mail: Mail, told: Notification) -> EmailMessage:
    """One line is the subject: no word of a host begins another header."""
    made = EmailMessage()
    made["Subject"] = " ".join(f"reconcile: {visible(told.title)}".split())[:200]
    made["From"] = mail.sender or Address("reconcile", getpass.getuser(), socket.getfqdn())
    made["To"] = ", ".join(mail.to)
    made["Date"] = told.sent
    made["Message-ID"] = make_msgid(told.id, "reconcile.invalid")
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text(told))
    return made


def _send(mail: Mail, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP(mail.server, mail.port, timeout=_EXCHANGE) as server:
        # A server of this machine often offers no TLS.
        with suppress(smtplib.SMTPNotSupportedError):
            server.starttls(context=_context(mail.server))
        return server.send_message(message)


def _context(server: str) -> ssl.SSLContext:
    """What is offered is taken: from elsewhere with a certificate that is checked."""
    context = ssl.create_default_context()
    if server in {"localhost", "127.0.0.1", "::1"}:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
