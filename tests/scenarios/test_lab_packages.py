"""Bare hosts and a repository of packages: what is in the way is named, then one apply does all."""

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    cluster,
    commands,
    configfs,
    failures,
    has_mounted,
    mounted_together,
    mounts_by_itself,
)

lab = lab_module("packages", hosts=3, bare="all")

ALL = ("node01", "node02", "node03")
# What installing changes: packages, programs, settings, units.
STATE = "dpkg-query -W -f '${Package} ${db:Status-Abbrev} ${Version}\\n'; ls /sbin /etc/default"
TOOLS = "dpkg-query -W -f '${db:Status-Status}' ocfs2-tools 2>/dev/null; dpkg --audit"
# Holds dpkg's lock as dpkg does.
HOLD = """\
perl -MFcntl -e 'open(F, ">>/var/lib/dpkg/lock-frontend");
$lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLK, $lock) or die; sleep 1000' >/dev/null 2>&1 & echo $!"""
# A package whose own script fails until /root/mended is there.
HALF = """\
mkdir -p /root/half/DEBIAN && cd /root && printf '%s\\n' 'Package: half' 'Version: 1' \
'Architecture: all' 'Maintainer: nobody <nobody@localhost>' 'Description: half' >half/DEBIAN/control
printf '#!/bin/sh\\n[ -e /root/mended ]\\n' >half/DEBIAN/postinst && chmod 755 half/DEBIAN/postinst
dpkg-deb -b half half.deb >/dev/null; dpkg -i half.deb >/dev/null 2>&1; dpkg --audit"""
# The same tools with a higher version, in a repository of the host's own.
NEWER = """\
mkdir -p /srv/newer && cd /srv/newer && apt-get -q download ocfs2-tools >/dev/null &&
dpkg-deb -R ocfs2-tools_*.deb tree && rm ocfs2-tools_*.deb &&
sed -i 's/^Version: .*/&+newer1/' tree/DEBIAN/control &&
sed -n 's/^Version: //p' tree/DEBIAN/control >version &&
dpkg-deb -b -Znone tree ocfs2-tools.deb >/dev/null && rm -r tree &&
{ dpkg-deb -f ocfs2-tools.deb && echo 'Filename: ./ocfs2-tools.deb' &&
  stat -c 'Size: %s' ocfs2-tools.deb && sha256sum ocfs2-tools.deb | sed 's/ .*//; s/^/SHA256: /'
} >Packages &&
echo 'deb [trusted=yes] file:/srv/newer ./' >/etc/apt/sources.list.d/newer.list"""
VERSION = "dpkg-query -W -f '${Version}' ocfs2-tools"


def test_what_is_in_the_way_on_one_host_is_named_and_nothing_is_half_done(lab, operator):
    """Each host has a trouble of its own; one apply tells of all three."""
    lab.run("node01", "echo 'deb [trusted=yes] http://10.88.0.1:1 ./' >/etc/apt/sources.list")
    lab.run("node02", "mount -t tmpfs -o size=1m tmpfs /var/cache/apt/archives")
    holder = lab.run("node03", HOLD).stdout.strip()
    before = {host: lab.run(host, STATE).stdout for host in ALL}
    code, events = operator.apply(operator.write(cluster(*ALL)))
    told = failures(events)
    print(told)
    assert code == 4
    assert set(told) == {(host, "install-packages") for host in ALL}
    assert "gate: repository-failed: " in told["node01", "install-packages"]
    assert "gate: no-space: /var/cache/apt/archives has " in told["node02", "install-packages"]
    busy = f"/var/lib/dpkg/lock-frontend is held by process {holder} (perl)"
    assert f"gate: package-lock-busy: {busy}" in told["node03", "install-packages"]
    assert {kind for _, kind in commands(events)} == {"install-packages"}
    for host in ALL:
        assert lab.run(host, STATE).stdout == before[host]
    lab.run(
        "node01", "echo 'deb [trusted=yes] http://10.88.0.1:8080 ./' >/etc/apt/sources.list"
    )
    lab.run("node02", "umount /var/cache/apt/archives")
    lab.run("node03", f"kill {holder}")


def test_a_hold_and_an_unfinished_package_refuse_the_plan(lab, operator):
    lab.run("node01", "apt-get -q update")
    assert lab.run("node01", "apt-mark hold ocfs2-tools").returncode == 0
    assert "half" in lab.run("node02", HALF).stdout
    file = operator.write(cluster(*ALL))
    found = operator.refusals(file)
    assert ("package-held", "member/node01") in found
    assert ("package-database-broken", "member/node02") in found
    assert {code for code, _ in found} == {"package-held", "package-database-broken"}
    lab.run("node01", "apt-mark unhold ocfs2-tools")
    done = lab.run("node02", "touch /root/mended; dpkg --configure -a && dpkg -P half")
    assert done.returncode == 0, done.stderr


def test_where_packages_are_only_checked_the_command_is_told(operator):
    file = operator.write(cluster(*ALL, packages={"manage": False}))
    plan = operator.plan(file)
    remedies = {
        b["remedy"] for b in plan["clusters"][0]["blocked"] if b["code"] == "tools-missing"
    }
    assert remedies == {f"on {host}: apt-get install ocfs2-tools" for host in ALL}


def test_bare_hosts_become_a_mounted_cluster_in_one_apply(lab, operator):
    file = operator.write(cluster(*ALL))
    code, events = operator.apply(file)
    assert code == 0, failures(events) or events[-1]
    assert events[-1]["result"] == "converged"
    started = commands(events)
    assert set(started[:3]) == {(host, "install-packages") for host in ALL}
    for host in ALL:
        assert len(configfs(lab, host)) == 3
        assert has_mounted(lab, host)
        assert lab.run(host, TOOLS).stdout == "installed"
        assert "O2CB_ENABLED=true" in lab.run(host, "cat /etc/default/o2cb").stdout
        assert lab.run(host, "ls -a /run/systemd/system/o2cb.service").returncode != 0
    assert operator.is_settled(file)


def test_a_reboot_brings_the_volume_back(lab, operator):
    lab.stop("node03")
    lab.start("node03")
    assert mounts_by_itself(lab, "node03")
    assert operator.is_settled(operator.write(cluster(*ALL)))


def test_newer_tools_come_one_host_after_the_other(lab, operator):
    """Each host leaves the cluster for its turn; the others keep the volume mounted."""
    for host in ALL:
        done = lab.run(host, NEWER, timeout=120)
        assert done.returncode == 0, done.stderr
    newer = lab.run("node01", "cat /srv/newer/version").stdout.strip()
    nowhere = operator.write(cluster(*ALL, packages={"tools_version": f"{newer}0"}))
    told = operator.run("apply", nowhere, "--approve", operator.plan(nowhere)["id"])
    assert told.returncode == 4
    assert f"gate: package-missing: no repository has ocfs2-tools={newer}0" in told.stdout
    assert all(has_mounted(lab, host) for host in ALL)
    file = operator.write(cluster(*ALL, packages={"tools_version": newer}))
    events = operator.converge(file)
    assert set(commands(events)[:3]) == {(host, "fetch-packages") for host in ALL}
    turn = ("unmount", "stop-cluster", "upgrade-packages", "start-cluster", "mount")
    assert [step for step in commands(events) if step[1] in turn] == [
        (host, kind) for host in ALL for kind in turn
    ]
    assert mounted_together(set(ALL), events) == {2, 3}
    for host in ALL:
        assert lab.run(host, VERSION).stdout == newer
        assert len(configfs(lab, host)) == 3
        assert has_mounted(lab, host)
    assert operator.is_settled(file)
