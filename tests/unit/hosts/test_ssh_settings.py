"""Where each setting of a host comes from."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reconciler.hosts.ssh import SshSettings, resolve
from reconciler.model.desired import Member
from reconciler.model.ssh_access import Ssh


def member(**ssh: object) -> Member:
    return Member.model_validate({"name": "node01", "interconnect": "10.0.0.10", "ssh": ssh})


def test_what_nobody_sets_is_left_to_ssh_config() -> None:
    assert resolve(member(), Ssh()) == SshSettings("node01")


def test_the_file_s_defaults_hold() -> None:
    defaults = Ssh(user="op", sudo=True, port=2222, jump="guard@bastion", identity="/k")
    assert resolve(member(), defaults) == SshSettings(
        "node01", user="op", sudo=True, port=2222, identity="/k", jump="guard@bastion"
    )


def test_the_member_s_own_come_first() -> None:
    defaults = Ssh(user="op", sudo=True, port=2222, known_hosts="/kh")
    own = member(host="192.0.2.10", user="root", sudo=False, port=22)
    assert resolve(own, defaults) == SshSettings(
        "192.0.2.10", user="root", sudo=False, port=22, known_hosts="/kh"
    )


def test_a_default_host_would_make_all_members_one() -> None:
    assert resolve(member(), Ssh(host="192.0.2.10")).host == "node01"


def test_a_tilde_is_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/op")
    found = resolve(member(identity="~/.ssh/key"), Ssh(known_hosts="~/known"))
    assert (found.identity, found.known_hosts) == ("/home/op/.ssh/key", "/home/op/known")


def test_the_host_protocol_costs_no_asyncssh() -> None:
    code = "import sys, reconciler.hosts; sys.exit('asyncssh' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # our own words
