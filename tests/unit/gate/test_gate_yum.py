"""Each package manager alone on the PATH of a host; yum 3, by a stand-in for it."""

import shlex
from pathlib import Path

import pytest

from tests.unit.gate.calls import SHELLS, needs_root
from tests.unit.gate.yum import YumHost

pytestmark = needs_root
TWO = {"lab-tools": ["1-1", "2-1"]}


@pytest.fixture
def host(tmp_path: Path) -> YumHost:
    return YumHost(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("manager", ["zypper", "rpm-ostree", "microdnf", "tdnf"])
def test_what_no_plan_uses_is_refused_by_its_name(host, monkeypatch, shell, manager):
    host.prepare("rpm", manager)
    for words in (("install-packages", "rpm", "lab-tools"), ("install-packages", "yum", "a")):
        status, out, err = host.gate(monkeypatch, *words, shell=shell)
        why = f"{manager} installs packages here, and only apt, dnf and yum are used"
        assert (status, out, err) == (75, "", f"gate: package-manager-unsupported: {why}\n")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "case", [("rpm is not there",), ("dnf is not there", "rpm"), ("apt-get is not there",)]
)
def test_without_any_the_gate_says_which_is_missing(host, monkeypatch, shell, case):
    why, *there = case
    host.prepare(*there)
    asked = "dpkg" if "apt" in why else "rpm"
    done = host.gate(monkeypatch, "install-packages", asked, "lab-tools", shell=shell)
    assert done == (70, "", f"gate: no-tool: {why}\n")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("asked", ["rpm", "yum"])
def test_yum_alone_installs_what_is_missing(host, monkeypatch, shell, asked):
    host.prepare("rpm", "yum", offers={**TWO, "lab-base": ["1-1"]})
    words = ("install-packages", asked, "lab-tools", "?lab-base", "?lab-none")
    done = host.gate(monkeypatch, *words, shell=shell)
    assert done == (0, "ok installed lab-tools ?lab-base ?lab-none\n", "")
    assert host.installed() == {"lab-tools": "2-1", "lab-base": "1-1"}
    assert host.gate(monkeypatch, "install-packages", asked, "lab-tools", shell=shell)[0] == 0


def test_yum_is_told_only_options_that_it_has(host, monkeypatch):
    host.prepare("rpm", "yum", offers=TWO)
    host.gate(monkeypatch, "install-packages", "yum", "lab-tools=1-1")
    alike = "yum --setopt=exit_on_lock=1 --setopt=autosavets=0"
    assert [call for call in host.calls() if call.startswith("yum")] == [
        f"{alike} --assumeno install lab-tools-1-1",
        f"{alike} -y -q install lab-tools-1-1",
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_yum_brings_the_version_that_is_asked_for_newer_or_older(host, monkeypatch, shell):
    host.prepare("rpm", "yum", offers=TWO)
    for version in ("1-1", "2-1", "1-1"):
        word = f"lab-tools={version}"
        done = host.gate(monkeypatch, "install-packages", "yum", word, shell=shell)
        assert done == (0, f"ok installed {word}\n", "")
        assert host.installed() == {"lab-tools": version}


def test_yum_fetches_before_it_installs(host, monkeypatch):
    host.prepare("rpm", "yum", offers=TWO, installed={"lab-tools": "2-1"})
    words = ("fetch", "install-packages", "yum", "lab-tools=1-1")
    assert host.gate(monkeypatch, *words) == (0, "ok fetched lab-tools-1-1\n", "")
    assert host.installed() == {"lab-tools": "2-1"}
    assert host.calls()[-1].endswith(" -y -q --downloadonly downgrade lab-tools-1-1")
    status, _, err = host.gate(monkeypatch, *words[:3], "lab-tools=3-1")
    assert (status, err.split(":")[1]) == (75, " package-missing")


REFUSED = {
    "missing": ({}, "package-missing", "No package lab-tools available."),
    "part": ({"offers": {"lab-base": ["1-1"]}}, "package-missing", "No package lab-tools"),
    "excluded": ({"offers": TWO, "excluded": ["lab-tools"]}, "package-held", "lab-tools is"),
    "locked": ({"offers": TWO, "locked": True}, "package-lock-busy", "Another app is"),
    "down": ({"offers": TWO, "down": True}, "repository-failed", "failure: repodata/"),
    "replaces": (
        {"offers": TWO, "replaces": {"lab-tools": ["lab-old"]}},
        "package-conflict",
        "something would be removed for it: ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_yum_refuses_by_its_own_words_and_nothing_is_installed(host, monkeypatch, case):
    world, code, why = REFUSED[case]
    host.prepare("rpm", "yum", **world)
    words = ("lab-base", "lab-tools") if case == "part" else ("lab-tools",)
    status, out, err = host.gate(monkeypatch, "install-packages", "yum", *words)
    assert (status, out) == (75, "")
    assert err.startswith(f"gate: {code}: {why}"), err
    assert host.installed() == {}


# What dnf says of each, which has no package of its own here.
DNF_SAYS = {
    "filtered": ("All matches were filtered out by exclude filtering for argument: lab-tools\n"
                 "Error: Unable to find a match: lab-tools", "package-held"),
    "unread": ("Warning: Failed to download metadata for repo 'lab'\n"
               "Error: Unable to find a match: lab-tools", "repository-failed"),
    "full": ("Error: Transaction test error:\n"
             "  At least 9MB more space needed on the / filesystem.", "no-space"),
    "needs": ("Error: \n Problem: conflicting requests\n"
              "  - nothing provides lab-base needed by lab-tools-1-1.noarch", "package-conflict"),
}  # fmt: skip


@pytest.mark.parametrize("case", DNF_SAYS)
def test_dnf_refuses_by_its_own_words(host, monkeypatch, case):
    says, code = DNF_SAYS[case]
    host.prepare("rpm")
    dnf = host.here / "bin/dnf"
    dnf.write_text(
        f"#!/bin/sh\ncase $* in *install*) printf '%s\\n' {shlex.quote(says)}; exit 1 ;; esac\n"
    )
    dnf.chmod(0o755)
    status, out, err = host.gate(monkeypatch, "install-packages", "rpm", "lab-tools")
    assert (status, out, err.split(": ")[1]) == (75, "", code)


def test_a_database_that_rpm_cannot_read_is_repaired_by_hand_first(host, monkeypatch):
    host.prepare("rpm", "yum", offers=TWO)
    (host.here / "bin/rpm").write_text("#!/bin/sh\necho error: rpmdb: damaged >&2; exit 1\n")
    done = host.gate(monkeypatch, "install-packages", "yum", "lab-tools")
    assert done == (75, "", "gate: package-database-broken: error: rpmdb: damaged\n")
    assert host.installed() == {}


def test_a_module_that_the_host_excludes_is_not_said_to_be_missing(host, monkeypatch):
    host.prepare("rpm", "yum", offers={"kmod-ocfs2": ["1-1"]}, excluded=["kmod-ocfs2"])
    (host.here / "bin/repoquery").write_text("#!/bin/sh\n")
    (host.here / "bin/repoquery").chmod(0o755)
    done = host.gate(monkeypatch, "install-module", "yum", "kmod-ocfs2", "3.10.0-1")
    assert done == (75, "", "gate: package-held: kmod-ocfs2 is excluded or locked\n")


def test_the_builds_of_a_module_need_yum_s_own_queries(host, monkeypatch):
    host.prepare("rpm", "yum")
    status, _, err = host.gate(monkeypatch, "install-module", "yum", "kmod-ocfs2", "3.10.0-1")
    why = "gate: no-tool: repoquery is not there, it is part of yum-utils\n"
    assert (status, err) == (70, why)
