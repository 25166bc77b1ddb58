"""The words of a desired-state file: types that know their spelling and say what is right.

A refusal is a ``PydanticCustomError`` whose type is the stable problem code and whose message
is meant for an operator; ``loading`` passes both on unchanged.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Annotated, Any, Literal, LiteralString

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError, core_schema

from reconciler.frozen import frozen

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

_LONGEST_SHOWN = 60


def quote_value(value: object) -> str:
    """``value`` as a message quotes it: short, on one line, in YAML's words."""
    if isinstance(value, str):
        cut = value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…"
        return (
            "'"
            + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut)
            + "'"
        )
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, (tuple, list)) else str(value)[:_LONGEST_SHOWN]


def refusal(code: LiteralString, message: str) -> PydanticCustomError:
    """The exception that refuses one value; a ``ValueError`` too."""
    return PydanticCustomError(code, "{message}", {"message": message})


@frozen
class Spelled:
    """Marks a text type: the whole value matches ``pattern``, else it "is not ``wanted``"."""

    pattern: str
    wanted: str
    examples: tuple[str, ...] = ()
    code: LiteralString = "bad-value"
    unquoted: tuple[str, ...] = ()  # JSON types that other YAML readers may make of it
    secret: bool = False  # another value may be one that is not to be shown

    def check(self, value: str) -> str:
        """``value`` itself, or a refusal."""
        if re.fullmatch(self.pattern, value):
            return value
        shown = "what stands here" if self.secret else quote_value(value)
        raise refusal(self.code, f"{shown} is not {self.wanted}")

    def __get_pydantic_core_schema__(
        self, source: type[str], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        shape = {**handler(schema), "pattern": self.pattern}
        if self.unquoted:
            shape["type"] = ["string", *self.unquoted]
        return {**shape, "examples": list(self.examples)} if self.examples else shape


def parse_ipv4(value: object) -> IPv4Address:
    """The address written in ``value``; o2cb knows neither names nor IPv6.

    Raises PydanticCustomError for anything else.
    """
    if isinstance(value, IPv4Address):
        return value
    try:
        return IPv4Address(value if isinstance(value, str) else "")
    except ValueError as error:
        message = (
            f"{quote_value(value)} is not an IPv4 address; o2cb takes neither names nor IPv6"
        )
        raise refusal("bad-address", message) from error


def parse_moment(value: object) -> datetime:
    """The point in time written in ``value`` (ISO 8601); UTC where it names no offset.

    Raises PydanticCustomError for anything else.
    """
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)  # before the first and after the last year there is no time
    except (ValueError, OverflowError) as error:
        message = f"{quote_value(value)} is not a point in time like 2026-03-01T09:30:00Z"
        raise refusal("bad-time", message) from error
    return moment


def parse_version(value: object) -> Literal[1]:
    """1, the only version of the format.

    Raises PydanticCustomError for any other.
    """
    if type(value) is int and value == 1:
        return 1
    raise refusal(
        "bad-version", f"version {quote_value(value)} is not known here; it must be 1"
    )


Version = Annotated[Literal[1], BeforeValidator(parse_version)]
Address = Annotated[
    IPv4Address,
    PlainValidator(parse_ipv4),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "format": "ipv4", "examples": ["10.0.0.10"]}),
]
Moment = Annotated[
    datetime,
    PlainValidator(parse_moment),
    PlainSerializer(datetime.isoformat),
    WithJsonSchema({"type": "string", "examples": ["2026-03-01T09:30:00Z"]}),
]
# OCFS2_CLUSTER_NAME_LEN (ocfs2_fs.h); only letters and digits pass o2cb's own check.
ClusterName = Annotated[
    str,
    Spelled(r"^[A-Za-z0-9]{1,16}$", "a cluster name: 1 to 16 letters and digits", ("images",)),
]
# As the names of queues and labels of metrics: nothing in it is ever quoted.
ZoneName = Annotated[
    str,
    Spelled(
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "a zone: at most 63 small letters, digits and hyphens",
        ("north",),
    ),
]
# 63: the longest DNS label; o2nm accepts 64 (fs/ocfs2/cluster/ocfs2_nodemanager.h).
HostName = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
        "a short host name: at most 63 letters, digits and hyphens, without a domain",
        ("flexnode01",),
    ),
]
Remote = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$",
        "a host name or an address",
        ("192.0.2.10", "node1.example.com"),
    ),
]
Jump = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9][A-Za-z0-9._@:,-]*$",
        "a jump host like [user@]host[:port]",
        ("admin@bastion",),
    ),
]
User = Annotated[
    str, Spelled(r"^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$", "the name of a user", ("root",))
]
FilePath = Annotated[
    str,
    Spelled(r"^[^-\s$][^$\n]*$", "the path of a file", ("~/.ssh/id_ed25519",)),
]
# The superblock holds 64 bytes (OCFS2_MAX_VOL_LABEL_LEN), the last one a NUL.
Label = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        "a volume label: at most 63 letters, digits, dots, hyphens and underscores",
        ("images",),
    ),
]
# As multipath and /dev/disk/by-id/dm-uuid-mpath-* write it, blanks replaced by underscores.
Wwid = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9][A-Za-z0-9._:+-]{3,127}$",
        "a WWID as multipath shows it",
        ("3600140512345678",),
        unquoted=("number",),
    ),
]
DevicePath = Annotated[
    str,
    Spelled(
        r"^(?=.{6,255}$)/dev(/[A-Za-z0-9._:+@=-]+)+$",
        "the path of a device below /dev",
        ("/dev/disk/by-id/virtio-images",),
    ),
]
# Nothing that fstab would need escaped; one way to write each path, so that paths compare.
MountPath = Annotated[
    str,
    Spelled(
        r"^(?=.{2,255}$)(/[A-Za-z0-9._+@:-]+)+$",
        "a mount path: absolute, of letters, digits and . _ + @ : -, with single slashes "
        "and none at the end, at most 255 in all",
        ("/srv/images",),
        code="mount-path",
    ),
]
MountOption = Annotated[
    str, Spelled(r"^[A-Za-z0-9_.:=/-]+$", "one mount option, without commas", ("noatime",))
]
Package = Annotated[
    str, Spelled(r"^[A-Za-z0-9][A-Za-z0-9.+_-]*$", "the name of a package", ("ocfs2-tools",))
]
PackageVersion = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9][A-Za-z0-9.+:~_-]*$",
        "a package's version as the package manager prints it",
        ("1.8.7-1+b1", "1.8.6-15.el8"),
    ),
]
ModulePackage = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9][A-Za-z0-9.+_-]*(\{kernel\}[A-Za-z0-9.+_-]*)?$",
        "the name of a package; {kernel} stands for the running kernel's release",
        ("kmod-ocfs2", "ocfs2-modules-{kernel}"),
    ),
]
Unit = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9][A-Za-z0-9:_.@-]{0,254}$",
        "the name of a systemd unit",
        ("flexvdi-agent", "libvirtd.service"),
    ),
]
LvmName = Annotated[
    str, Spelled(r"^[A-Za-z0-9_+][A-Za-z0-9_.+-]{0,126}$", "an LVM name", ("san",))
]
Argument = Annotated[str, Spelled(r"^[\s\S]+$", "an argument: it is empty")]
# Handed to the gate and the probe a word a line.
PlainArgument = Annotated[
    str,
    Spelled(
        r"^[^\x00-\x1f\x7f]{1,1024}$",
        "an argument of 1 to 1024 characters without line feeds and other control characters",
    ),
]
Remark = Annotated[str, Spelled(r"^.*\S.*$", "an answer: it is empty")]
