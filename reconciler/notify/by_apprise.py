"""What is no web hook (mail, pagers, Matrix and a hundred more) is told by apprise, an extra."""

from __future__ import annotations

import asyncio

from reconciler.notify.delivery import NotDelivered, Receiver

# Seconds; apprise has no bound of its own for all services.
LONGEST = 60.0
REMEDY = "apprise is not installed: pip install 'reconcile-ocfs2[notify]'"


def is_web_hook(url: str) -> bool:
    """Whether the built-in delivery takes ``url``; apprise takes the others."""
    return url.lower().startswith(("http://", "https://"))


async def deliver_by_apprise(receiver: Receiver, title: str, text: str) -> None:
    """Hand a plain text over. Raises NotDelivered; its words name no address."""
    try:
        async with asyncio.timeout(LONGEST):
            delivered = await asyncio.to_thread(_notify, receiver.url, title, text)
    except ImportError:
        raise NotDelivered(f"{receiver.name} is not told: {REMEDY}") from None
    except TimeoutError:
        raise NotDelivered(f"{receiver.name} gave no answer in {LONGEST:.0f} s") from None
    if not delivered:
        raise NotDelivered(f"{receiver.name} was not told: apprise refused it or its address")


def _notify(url: str, title: str, text: str) -> bool:
    import apprise  # noqa: PLC0415  # an extra, which most do without

    service = apprise.Apprise()
    return bool(service.add(url) and service.notify(body=text, title=title, body_format="text"))
