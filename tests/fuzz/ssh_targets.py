"""ssh_config of a user: what is taken from it, and the hosts between."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.errors import HostUnreachable
from reconciler.hosts.ssh.config import known_hosts_files, may_wait, read_config
from reconciler.hosts.ssh.route import _jump_settings
from reconciler.hosts.ssh.settings import SshSettings
from tests.fuzz.changes import change_text
from tests.fuzz.document_targets import input_path
from tests.fuzz.target import Target

SETTINGS = SshSettings("node01.example.org", user="admin", port=22)
# What an input must never do: run a program, read another file.
ELSEWHERE = re.compile(rb"exec|include", re.IGNORECASE)


def parse_ssh_config(data: bytes) -> None:
    """What the file says of a host, or why it cannot be used."""
    if ELSEWHERE.search(data):
        return
    path = input_path(data)
    may_wait(path)
    config = read_config("node01", path, SETTINGS)
    known_hosts_files(config, SETTINGS)
    jump = config.text("ProxyJump")
    while jump and jump.lower() != "none":
        jump = _jump_settings("node01", jump, SETTINGS).jump


def _seeds() -> Sequence[bytes]:
    first = """\
# mine
Host node* !node09
    User admin
    Port 2222
    ProxyJump me@bastion:2200,[fe80::1]:22
    IdentityFile ~/.ssh/%h_%r
    UserKnownHostsFile /etc/hosts_%h /dev/null
    StrictHostKeyChecking yes
Match host "node01.example.org" user admin
    HostName 10.0.0.1
    ConnectTimeout 10
    ServerAliveInterval=5
Match final
    Compression no
"""
    return (
        first.encode(),
        b"Host *\nCiphers aes256-gcm@openssh.com\nUserKnownHostsFile none\n",
    )


TARGETS = (
    Target("ssh-config", parse_ssh_config, _seeds, change_text,
           "reconciler.hosts.ssh.config:_load", answers=(HostUnreachable,),
           words=("Host ", "Match ", "final", "all", "user ", "ProxyJump ", "none", "%h", "%%", "~",
                  "Port ", "IdentityFile ", "UserKnownHostsFile ", "StrictHostKeyChecking no",
                  "CanonicalizeHostname yes", "SendEnv ", "=", '"', "AddressFamily ", "RekeyLimit ")),
)  # fmt: skip
