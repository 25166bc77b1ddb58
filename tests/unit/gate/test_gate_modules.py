"""install-packages and install-module by real dnf, with RPMs made here, over this machine."""

import os
import shutil
from pathlib import Path

import pytest

from tests.unit.gate.calls import gate, wait_for
from tests.unit.gate.debian import Debian, RedHat, needs_debian

RUNNING, OTHERS = "5.14.0-70.el9.x86_64", ("5.14.0-162.el9.x86_64", "5.14.0-284.el9.x86_64")
MODULE, VERSIONED = "kmod-ocfs2-test", "kmod-ocfs2-versioned"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> RedHat:
    """Several builds of a module, each for a kernel, and one package more."""
    host = RedHat(tmp_path_factory.mktemp("redhat"))
    if why := host.prepare():
        refuse = pytest.fail if os.environ.get("RECONCILE_REQUIRE_LAB") == "1" else pytest.skip
        refuse(f"dnf cannot be installed from Debian's repository: {why}")
    for kernel in (*OTHERS, RUNNING):
        release = kernel.replace("-", "_")
        host.offer_rpm(MODULE, release, f"/lib/modules/{kernel}/extra/ocfs2.ko")
        host.offer_rpm("kmod-by-need", release, "/opt/x", f"Requires: kernel = {kernel[:-7]}")
        host.offer_rpm(
            "kernel-stub", release, f"/boot/{kernel}", f"Provides: kernel = {kernel[:-7]}"
        )
    for version, kernel in (("1", RUNNING), ("2", RUNNING), ("3", OTHERS[0])):
        path = f"/lib/modules/{kernel}/extra/ocfs2.ko"
        host.offer_rpm(VERSIONED, kernel.replace("-", "_"), path, version=version)
    host.offer_rpm("lab-tools", "1", "/opt/lab-tools")
    return host


def installed(host: RedHat) -> list[str]:
    return sorted(host.run("rpm -qa").splitlines())


@needs_debian
def test_a_module_is_installed_in_the_build_of_the_running_kernel_and_no_other(host):
    done = host.gate("install-module", "rpm", MODULE, RUNNING)
    assert done == (0, f"ok installed {MODULE} for {RUNNING}\n", "")
    assert installed(host) == [f"{MODULE}-1-{RUNNING.replace('-', '_')}.noarch"]
    again = host.gate("install-module", "rpm", MODULE, RUNNING, before="rm -rf /rpms/repodata")
    assert again == done
    host.run("cd /rpms && createrepo_c -q . && rpm -e kmod-ocfs2-test 2>/dev/null")


@needs_debian
def test_another_version_takes_the_place_of_the_one_that_is_there(host):
    """Newer or older, with its release or without; and again it is there already."""
    builds = {v: f"{VERSIONED}-{v}-{RUNNING.replace('-', '_')}.noarch" for v in ("1", "2")}
    release = RUNNING.replace("-", "_")
    for wanted, version in (("2", "2"), (f"1-{release}", "1"), (f"2-{release}", "2")):
        word = f"{VERSIONED}={wanted}"
        done = host.gate("install-module", "rpm", word, RUNNING)
        assert done == (0, f"ok installed {word} for {RUNNING}\n", "")
        assert installed(host) == [builds[version]]
    offline = "mv /rpms/repodata /rpms/gone"
    assert host.gate("install-module", "rpm", f"{VERSIONED}=2", RUNNING, before=offline) == (
        0,
        f"ok installed {VERSIONED}=2 for {RUNNING}\n",
        "",
    )
    host.run("mv /rpms/gone /rpms/repodata")
    status, out, err = host.gate("install-module", "rpm", f"{VERSIONED}=3", RUNNING)
    assert (status, out) == (75, "")
    assert err.startswith(
        f"gate: module-not-built: {VERSIONED} 3 has no build for {RUNNING}; there is: "
    )
    assert installed(host) == [builds["2"]]
    host.run(f"rpm -e {VERSIONED} 2>/dev/null")


@needs_debian
def test_a_build_is_fetched_and_not_installed(host):
    build = f"{VERSIONED}-2-{RUNNING.replace('-', '_')}.noarch"
    words = ("install-module", "rpm", f"{VERSIONED}=2", RUNNING)
    assert host.gate("fetch", *words) == (0, f"ok fetched {build}\n", "")
    assert installed(host) == []
    status, _, err = host.gate("fetch", *words[:2], f"{VERSIONED}=3", RUNNING)
    assert (status, err.split(":")[1]) == (75, " module-not-built")


@needs_debian
def test_without_a_build_for_it_nothing_is_installed(host):
    status, out, err = host.gate("install-module", "rpm", MODULE, "5.14.0-503.el9.x86_64")
    assert (status, out) == (75, "")
    assert err.startswith(
        f"gate: module-not-built: {MODULE} has no build for 5.14.0-503.el9.x86_64; "
    )
    for kernel in (*OTHERS, RUNNING):
        assert f"{MODULE}-1-{kernel.replace('-', '_')}.noarch" in err
    assert installed(host) == []


LATER, EARLIER = "3.10.0-862.14.4.el7.noarch", "3.10.0-862.el7.noarch"
WEAK = f"""Requires: kernel(jbd2_x) = 0x5d
%post -p <lua>
posix.mkdir("/lib/modules/{LATER}/weak-updates")
posix.symlink("/lib/modules/{EARLIER}/extra/ocfs2.ko", "/lib/modules/{LATER}/weak-updates/ocfs2.ko")
"""


@needs_debian
@pytest.mark.parametrize(
    ("provides", "linked"), [("0x5d", True), ("0x5e", True), ("0x5d", False)]
)
def test_a_build_for_an_earlier_kernel_of_the_same_kabi_is_taken_where_that_is_proven(
    host, provides, linked
):
    """By the versions of its symbols before, by modinfo and the weak link afterwards."""
    name = f"kmod-ocfs2-k862-{provides}{'' if linked else '-bare'}"
    more = WEAK if linked else WEAK.partition("%post")[0]
    host.offer_rpm(name, "1", f"/lib/modules/{EARLIER}/extra/ocfs2.ko", more)
    version, _, release = LATER.removesuffix(".noarch").partition("-")
    kernel = f"Provides: kernel(jbd2_x) = {provides}"
    host.offer_rpm("kernel", release, f"/lib/modules/{LATER}/x", kernel, version=version)
    done = host.gate("install-packages", "rpm", "kernel")
    assert done == (0, "ok installed kernel\n", ""), installed(host)
    status, out, err = host.gate("install-module", "rpm", name, LATER)
    there = [package for package in installed(host) if package.startswith("kmod")]
    host.run(
        f"rpm -e --nodeps kernel {' '.join(there)} 2>/dev/null; rm -rf /lib/modules/{LATER}"
    )
    if provides == "0x5e":
        assert (status, err.split(":")[1], there) == (75, " module-not-built", [])
    elif linked:
        assert (status, out, err) == (0, f"ok installed {name} for {LATER}\n", "")
    else:
        assert (status, err.split(":")[1]) == (70, " install-failed")


@needs_debian
def test_a_package_that_no_repository_has_is_named(host):
    err = "gate: package-missing: no repository has kmod-none\n"
    assert host.gate("install-module", "rpm", "kmod-none", RUNNING) == (75, "", err)


@needs_debian
def test_packages_are_installed_by_dnf(host):
    done = host.gate("install-packages", "rpm", "lab-tools", "?lab-none")
    assert done == (0, "ok installed lab-tools ?lab-none\n", "")
    assert installed(host) == ["lab-tools-1-1.noarch"]
    host.run("rpm -e lab-tools 2>/dev/null")


def refused(host: RedHat, before: str = "true") -> str:
    status, out, err = host.gate("install-packages", "rpm", "lab-tools", before=before)
    assert (status, out, installed(host)) == (75, "", [])
    return err


@needs_debian
def test_an_exclude_is_respected(host):
    before = "printf '[main]\\nexclude=lab-*\\n' >/etc/dnf/dnf.conf"
    assert refused(host, before) == "gate: package-held: lab-tools is excluded or locked\n"
    host.run("printf '[main]\\n' >/etc/dnf/dnf.conf")


@needs_debian
def test_what_takes_the_place_of_another_package_is_not_installed(host):
    host.offer_rpm("lab-old", "1", "/opt/lab-old")
    done = host.gate("install-packages", "rpm", "lab-old")
    assert (done[0], installed(host)) == (0, ["lab-old-1-1.noarch"])
    host.offer_rpm("lab-new", "1", "/opt/lab-new", "Obsoletes: lab-old")
    status, _, err = host.gate("install-packages", "rpm", "lab-new", "lab-tools")
    assert (status, installed(host)) == (75, ["lab-old-1-1.noarch"])
    assert err.startswith("gate: package-conflict: something would be removed for it: ")
    assert "replacing lab-old.noarch 1-1" in err
    done = host.gate("install-packages", "rpm", "lab-tools", "?lab-new")
    assert (done[0], installed(host)) == (0, ["lab-old-1-1.noarch", "lab-tools-1-1.noarch"])
    host.run("rpm -e lab-old lab-tools 2>/dev/null")
    status, _, err = host.gate("install-packages", "rpm", "lab-old")
    assert (status, installed(host)) == (75, [])
    assert err == "gate: package-missing: no repository has lab-old, but what replaces it\n"


@needs_debian
def test_a_part_of_a_version_is_none(host):
    status, _, err = host.gate("install-packages", "rpm", "lab-tools=1")
    assert (status, installed(host)) == (75, [])
    assert err == "gate: package-missing: no repository has lab-tools=1, but 1-1\n"
    done = host.gate("install-packages", "rpm", "lab-tools=1-1")
    assert (done[0], installed(host)) == (0, ["lab-tools-1-1.noarch"])
    host.run("rpm -e lab-tools 2>/dev/null")


@needs_debian
def test_a_repository_that_cannot_be_read_is_named(host):
    err = refused(host, "mv /rpms/repodata /rpms/gone; dnf -q clean all 2>/dev/null")
    assert err.startswith("gate: repository-failed: ")
    host.run("mv /rpms/gone /rpms/repodata")


@needs_debian
def test_a_lock_of_dnf_is_named(host, monkeypatch: pytest.MonkeyPatch):
    wait_for(monkeypatch, 1)
    err = refused(host, "sleep 9 >/dev/null 2>&1 & echo $! >/var/cache/dnf/metadata_lock.pid")
    assert err.startswith(
        "gate: package-lock-busy: /var/cache/dnf/metadata_lock.pid is held by "
    )
    host.run("rm -f /var/cache/dnf/metadata_lock.pid")


@needs_debian
@pytest.mark.skipif(not shutil.which("modinfo"), reason="needs modinfo (package kmod)")
def test_a_debian_module_is_the_build_with_the_kernel_in_its_name_or_version(tmp_path: Path):
    debian = Debian(tmp_path)
    debian.forget()
    kernel = "9.9.0-lab"
    place = f"mkdir -p /lib/modules/{kernel}/extra; touch /lib/modules/{kernel}/extra/ocfs2.ko"
    debian.offer("ocfs2-modules", "1+8.8.0-lab")
    debian.offer("ocfs2-modules", f"1+{kernel}", postinst=f"{place}; depmod {kernel}")
    debian.offer("ocfs2-modules", "1+9.9.9-lab")
    debian.offer("ocfs2-modules", f"2+{kernel}", postinst=f"{place}; depmod {kernel}")
    for wanted, version in (("=1", "1"), ("", "1"), ("=2", "2"), (f"=1+{kernel}", "1")):
        done = debian.gate("install-module", "dpkg", f"ocfs2-modules{wanted}", kernel)
        assert done == (0, f"ok installed ocfs2-modules{wanted} for {kernel}\n", "")
        words = f"installed {version}+{kernel}"
        assert debian.versions("ocfs2-modules") == {"ocfs2-modules": words}
    status, _, err = debian.gate("install-module", "dpkg", "ocfs2-modules", "7.7")
    assert (status, err[:55]) == (75, "gate: module-not-built: ocfs2-modules has no build for ")


@needs_debian
@pytest.mark.skipif(not shutil.which("modinfo"), reason="needs modinfo (package kmod)")
def test_what_dpkg_has_not_finished_is_named_also_where_there_is_another_version(
    tmp_path: Path,
):
    debian = Debian(tmp_path)
    debian.forget()
    place = "mkdir -p /lib/modules/9.9/extra; touch /lib/modules/9.9/extra/ocfs2.ko"
    debian.offer("ocfs2-modules", "1+9.9", postinst=f"{place}; depmod 9.9")
    debian.offer("lab-bad", postinst="exit 1")
    assert debian.gate("install-module", "dpkg", "ocfs2-modules=1", "9.9")[0] == 0
    assert debian.gate("install-packages", "dpkg", "lab-bad")[0] == 70
    done = debian.gate("install-module", "dpkg", "ocfs2-modules=2", "9.9")
    why = "gate: package-database-broken: lab-bad is half-configured; \n"
    assert done == (75, "", why)


@needs_debian
def test_a_kernel_is_no_part_of_another_ones_name(tmp_path: Path):
    debian = Debian(tmp_path)
    debian.forget()
    for version in ("1+9.9.0-13-amd64", "1+19.9.0", "1+9.9.0.1", "1+9.9.0-rt"):
        debian.offer("ocfs2-modules", version)
    status, _, err = debian.gate("install-module", "dpkg", "ocfs2-modules", "9.9.0")
    assert (status, err.split(":")[1]) == (75, " module-not-built")
    assert debian.versions("ocfs2-modules") == {}
    debian.offer("ocfs2-modules", "1:1+9.9.0-1+b2")
    _, _, err = debian.gate("install-module", "dpkg", "ocfs2-modules", "9.9.0")
    assert "ocfs2-modules=1:1+9.9.0-1+b2 brings no ocfs2 for 9.9.0: " in err


@pytest.mark.parametrize(
    "words", [("rpm", "a"), ("apt", "a", "1"), ("rpm", "a=", "1"), ("rpm", "a", "../x")]
)
def test_called_wrongly(words: tuple[str, ...]) -> None:
    status, out, err = gate("install-module", *words)
    assert (status, out, err[:13]) == (64, "", "gate: usage: ")
