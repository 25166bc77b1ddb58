"""What may be done about a cluster by itself, when, and who is told: for `reconcile watch`.

A part of the desired state (``model.desired``). Nothing of it concerns a host: it is in no plan,
in no digest and in no record there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from reconciler.model.field_types import Remote, Spelled
from reconciler.model.quantities import Duration
from reconciler.model.schedules import Schedule, TimeZone
from reconciler.model.strict import Lists, Strict

Mode = Literal["report", "heal"]
HealClass = Literal["files", "boot", "services", "kernel", "mounts"]
# What a difference leads to, the least first (``planning.review.severity``).
Severity = Literal["cosmetic", "degrades", "loses"]
SEVERITIES: tuple[Severity, ...] = ("cosmetic", "degrades", "loses")
Form = Literal["json", "slack", "mattermost", "teams"]

# As ``model.secrets.REFERENCE``: whoever knows the address of a webhook may post there. The value
# itself is not shown, since it is one that was not meant to stand in the file.
Reference = Annotated[
    str,
    Spelled(
        r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:~?/(?!/)[^\x00-\x1f\x7f{}]*)$",
        "a reference: env:NAME, or file:PATH with an absolute path",
        ("env:WATCH_WEBHOOK", "file:/etc/reconcile/webhook"),
        code="bad-reference",
        secret=True,
    ),
]
MailAddress = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
        "a mail address",
        ("storage@example.com",),
    ),
]


class Window(Strict):
    """A time in which healing is allowed, or denied."""

    kind: Literal["allow", "deny"] = Field(
        default="allow",
        description="allow: nothing is healed outside of all that allow; deny: nothing inside, "
        "whatever else allows it.",
    )
    schedule: Schedule = Field(
        description="When it begins: minute, hour, day of the month, month and day of the week, "
        "as in crontab(5). '0 22 * * 1-5' is 22:00, Monday to Friday."
    )
    duration: Duration = Field(description="How long it is open, in hours that really pass.")
    time_zone: TimeZone = Field(
        default="UTC",
        description="Where the clock of the schedule hangs, as the tz database calls it.",
    )


class Webhook(Strict):
    """An address to which what is news is posted."""

    url: Reference = Field(
        description="The variable or the file of the controller that has the address: env:NAME or "
        "file:PATH. The address itself is a secret, and never stands here."
    )
    form: Form = Field(default="json", description="Whose shape the body has.")
    secret: Reference | None = Field(
        default=None,
        description="The variable or the file that has the key by which the body is signed "
        "(HMAC-SHA256). Unset: it is not signed.",
    )


class Mail(Strict):
    """Whom a mail reaches, in plain text."""

    to: Annotated[tuple[MailAddress, ...], Lists, Field(min_length=1, max_length=50)] = Field(
        description="Who gets it."
    )
    sender: MailAddress | None = Field(
        default=None,
        description="From whom it comes. Unset: the user of reconcile on its host.",
    )
    server: Remote = Field(default="localhost", description="The mail server that takes it.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=25, description="The TCP port of that server."
    )


class Notify(Strict):
    """Who is told what is news: a webhook or a mail, exactly one of the two."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["webhook"]}, {"required": ["mail"]}]}
    )

    webhook: Webhook | None = Field(default=None, description="By posting it.")
    mail: Mail | None = Field(default=None, description="By mail.")
    severity: Severity = Field(
        default="degrades",
        description="From which severity on it is told: cosmetic, degrades, or loses (data or a "
        "host, at the next event).",
    )


class Policy(Strict):
    """What `reconcile watch` does about a difference."""

    mode: Mode = Field(
        default="report",
        description="report: it is told, and nothing is done; heal: what 'heal' names goes back "
        "to what was last applied.",
    )
    heal: Annotated[tuple[HealClass, ...], Lists] = Field(
        default=(),
        description="What may be healed: files, boot (what the next boot does), services (the "
        "module and o2cb), kernel (lists and timeouts of running kernels), mounts.",
    )
    windows: Annotated[tuple[Window, ...], Lists, Field(max_length=50)] = Field(
        default=(), description="When it may be healed. Without one that allows: always."
    )
    notify: Annotated[tuple[Notify, ...], Lists, Field(max_length=50)] = Field(
        default=(), description="Who is told what is news."
    )
