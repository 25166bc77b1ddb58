"""The receivers that a file names, with what its references stand for."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import SecretUnread
from reconciler.execution.secrets import read_reference
from reconciler.model.policy import Notify, Policy, Webhook
from reconciler.notify.delivery import Receiver


def receivers(policy: Policy | None) -> Iterator[Receiver | SecretUnread]:
    """Who is told of a cluster; of one whose address cannot be had, why.

    References are read each time: who mends one waits for no restart.
    """
    for one in policy.notify if policy else ():
        try:
            yield _receiver(one)
        except SecretUnread as error:
            yield error


def _receiver(one: Notify) -> Receiver:
    if one.mail is not None:
        name = "mail to " + ", ".join(one.mail.to)
        return Receiver(name, "", minimum=one.severity, mail=one.mail)
    hook: Webhook = one.webhook  # type: ignore[assignment]  # the file has exactly one of the two
    secret = read_reference(hook.secret) if hook.secret else None
    return Receiver(
        f"webhook {hook.url}", read_reference(hook.url), hook.form, one.severity, secret
    )
