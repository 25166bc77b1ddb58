"""Hosts of Red Hat's family: real dnf, RPMs made here, the module's build for their kernel."""

import pytest

from tests.lab import redhat
from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    Operator,
    cluster,
    commands,
    configfs,
    failures,
    has_mounted,
    mounted_together,
    mounts_by_itself,
)

lab = lab_module("dnf", hosts=2, bare="all", no_module="all", mem=512)

ALL = ("node01", "node02")
# What installing changes: packages, programs, modules, settings, units.
STATE = (
    "rpm -qa 2>&1 | sort; ls /sbin /etc/sysconfig /usr/lib/systemd/system; "
    "find /lib/modules -name '*ocfs2*'; lsmod | grep ocfs2"
)
INSTALLED = "rpm -q --qf '%{NAME} %{VERSION}\\n' ocfs2-tools; rpm -qa 'kmod-ocfs2*'"
# The database of packages as a power cut may leave it: its first page is gone.
BREAK = """\
db=$(rpm --eval %_dbpath) && cp -a $db/rpmdb.sqlite /root/ &&
dd if=/dev/zero of=$db/rpmdb.sqlite bs=4096 count=1 conv=notrunc 2>/dev/null"""
MEND = "cp -a /root/rpmdb.sqlite $(rpm --eval %_dbpath)/ && rpm -qa"


@pytest.fixture(scope="module")
def operator(lab, tmp_path_factory):
    redhat.make(lab, ALL, tmp_path_factory.mktemp("redhat"))
    return Operator(lab, tmp_path_factory.mktemp("operator"))


def wanted(**packages):
    return cluster(*ALL, packages={"kernel_module": redhat.MODULE, **packages})


def test_what_is_in_the_way_is_named_and_nothing_is_half_done(lab, operator):
    """A repository that cannot be read, and an exclude: each on a host of its own."""
    lab.run("node01", "mv /srv/rpms/repodata /root/")
    lab.run("node02", "echo 'exclude=ocfs2-tools' >>/etc/dnf/dnf.conf")
    before = {host: lab.run(host, STATE).stdout for host in ALL}
    code, events = operator.apply(operator.write(wanted()))
    told = failures(events)
    print(told)
    assert code == 4
    assert "gate: repository-failed: " in told["node01", "install-packages"]
    held = "gate: package-held: ocfs2-tools is excluded or locked"
    assert held in told["node02", "install-packages"]
    assert not {kind for _, kind in commands(events)} - {"install-packages", "install-module"}
    lab.run("node01", "mv /root/repodata /srv/rpms/")
    lab.run("node02", "sed -i '/^exclude=/d' /etc/dnf/dnf.conf")
    after = {host: lab.run(host, STATE).stdout for host in ALL}
    assert after == before


def test_without_a_build_for_the_running_kernel_no_other_is_installed(lab, operator):
    for host in ALL:
        lab.run(host, "cd /srv/rpms && mv kmod-ocfs2-1.8-* /root/ && createrepo_c -q .")
    code, events = operator.apply(operator.write(wanted()))
    told = failures(events)
    print(told)
    assert code == 4
    for host in ALL:
        message = told[host, "install-module"]
        assert f"gate: module-not-built: {redhat.MODULE} has no build for " in message
        for kernel in redhat.OTHER_KERNELS:
            assert kernel.replace("-", "_") in message
        assert redhat.MODULE not in lab.run(host, "rpm -qa").stdout
        assert not has_mounted(lab, host)
        lab.run(host, "cd /srv/rpms && mv /root/kmod-ocfs2-1.8-* . && createrepo_c -q .")


def test_a_broken_database_of_packages_refuses_the_plan(lab, operator):
    assert lab.run("node01", BREAK).returncode == 0
    plan = operator.plan(operator.write(wanted()))
    assert lab.run("node01", MEND).returncode == 0
    told = {(b["code"], b["subject"], b["message"]) for b in plan["clusters"][0]["blocked"]}
    why = "packages could not be read: rpm cannot read its database"
    assert told == {("section-unread", "member/node01", why)}


def test_one_apply_installs_the_build_of_the_running_kernel_and_mounts(lab, operator):
    file = operator.write(wanted())
    code, events = operator.apply(file)
    assert code == 0, failures(events) or events[-1]
    kernel = lab.run("node01", "uname -r").stdout.strip()
    for host in ALL:
        words = f"ocfs2-tools 1.8.7\n{redhat.MODULE}-1.8-1.{kernel}.x86_64\n"
        assert lab.run(host, INSTALLED).stdout == words
        assert lab.run(host, "cat /sys/module/ocfs2/version").stdout == "1.8\n"
        assert len(configfs(lab, host)) == 2
        assert has_mounted(lab, host)
        assert "O2CB_ENABLED=true" in lab.run(host, "cat /etc/sysconfig/o2cb").stdout
        assert lab.run(host, "ls /etc/default/o2cb").returncode != 0
    assert operator.is_settled(file)


def test_a_reboot_brings_the_volume_back(lab, operator):
    lab.stop("node02")
    lab.start("node02")
    assert mounts_by_itself(lab, "node02")
    assert operator.is_settled(operator.write(wanted()))


def test_a_module_replaced_under_its_kernel_is_told(lab, operator):
    """By hand on one host: its kernel goes on with what it has, and the plan says so."""
    redhat.offer_module(lab, "node01", "1.9")
    redhat.share(lab, ALL)
    done = lab.run("node02", f"dnf -q -y install '{redhat.MODULE}-1.9-*' && {INSTALLED}")
    assert "ocfs2-tools 1.8.7" in done.stdout, done.stderr
    assert lab.run("node02", "cat /sys/module/ocfs2/version").stdout == "1.8\n"
    plan = operator.plan(operator.write(wanted()))["clusters"][0]
    told = {f["subject"] for f in plan["findings"] if f["code"] == "version-skew"}
    assert "member/node02" in told
    assert plan["actions"] == []


def test_a_newer_module_comes_one_host_after_the_other(lab, operator):
    """Real kernels unload and load it: what then runs is what the file is."""
    file = operator.write(wanted(kernel_module_version="1.9"))
    events = operator.converge(file)
    turn = ("unmount", "stop-cluster", "upgrade-module", "reload-module", "start-cluster")
    done = [step for step in commands(events) if step[1] in {*turn, "mount"}]
    assert done == [
        *(("node01", kind) for kind in (*turn, "mount")),
        *(("node02", kind) for kind in (*turn, "mount") if kind != "upgrade-module"),
    ]
    assert mounted_together(set(ALL), events) == {1, 2}
    for host in ALL:
        for module in ("ocfs2", "ocfs2_nodemanager"):
            runs = lab.run(
                host, f"cat /sys/module/{module}/version /sys/module/{module}/srcversion"
            )
            file_says = lab.run(
                host, f"modinfo -F version {module}; modinfo -F srcversion {module}"
            )
            assert runs.stdout == file_says.stdout
            assert runs.stdout.startswith("1.9\n")
        assert has_mounted(lab, host)
        assert len(configfs(lab, host)) == 2
    assert operator.is_settled(file)
