"""Who gets a message can tell that it is ours, and new: Standard Webhooks (standardwebhooks.com).

A receiver checks with any library of that standard: the secret is ``whsec_`` and base64, or words
as they are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

PREFIX = "whsec_"


def signed_headers(secret: str, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers of a message.

    ``message_id`` is the same for each attempt, so that a receiver can drop what it has already.
    Raises ValueError for a secret that says it is base64 and is none.
    """
    moment = str(int(now.timestamp()))
    signed = b".".join((message_id.encode(), moment.encode(), body))
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a secret that begins with {PREFIX} goes on in base64") from error
