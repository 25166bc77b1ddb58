"""A lab host as one of Red Hat's family: real dnf and rpm, an RPM repository made on the host.

Its kernel's ocfs2 modules are hidden (``no_module``) and come back in packages: several builds,
each for another kernel. The tools are Debian's, as a package with the units of upstream's.
"""

import hashlib
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.lab.lab import Lab
from tests.lab.modules import told
from tests.lab.repository import write_index
from tests.lab.shell import APT_INSTALL, LabError, ask, run
from tests.lab.ssh import ssh_command

MODULE = "kmod-ocfs2"
REPOSITORY = "/srv/rpms"
PROGRAMS = ("dnf", "rpm", "createrepo-c")
# With newer builds than the host's own kernel has: the newest is the wrong one.
OTHER_KERNELS = ("5.14.0-362.el9.x86_64", "6.12.0-1.el10.x86_64")
# The cluster's script reads the family's own functions where there is a redhat-release.
SYSTEM = r"""
set -e
rm /etc/os-release
cat >/etc/os-release <<'X'
NAME="Oracle Linux Server"
ID="ol"
ID_LIKE="fedora"
VERSION_ID="9.4"
X
echo 'Red Hat Enterprise Linux release 9.4 (Plow)' >/etc/redhat-release
mkdir -p /etc/sysconfig /etc/yum.repos.d /srv/rpms
printf '. /lib/lsb/init-functions\ndaemon() { "$@"; }\n' >/etc/init.d/functions
printf '[lab]\nname=lab\nbaseurl=file:///srv/rpms\ngpgcheck=0\n' >/etc/yum.repos.d/lab.repo
printf '[main]\nmetadata_expire=0\n' >/etc/dnf/dnf.conf
rm -f /etc/modprobe.d/no-ocfs2.conf
"""
# What the tools link with stays, as Debian's packages; they themselves go.
LIBRARIES = """
set -e
exec 2>&1
apt-get -q update
apt-get -q -y install ocfs2-tools
mkdir -p /root/debs /root/tools
cd /root/debs
apt-get -q download ocfs2-tools
dpkg-deb -x ocfs2-tools_*.deb /root/tools
dpkg -P ocfs2-tools
rm -rf /etc/ocfs2 /etc/default/o2cb
"""
INSTALL = f"""
set -e
exec 2>&1
echo 'deb [trusted=yes] file:/root/debs ./' >/etc/apt/sources.list.d/debs.list
apt-get -q update
apt-get -q -y install {" ".join(PROGRAMS)}
rm -r /root/debs /etc/apt/sources.list.d/debs.list
"""
# Its own script needs a shell, which no RPM brought here.
SPEC = """\
Name: {name}
Version: {version}
Release: {release}
Summary: made for a test
License: none
AutoReqProv: no
Provides: /bin/sh
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
%description
made for a test
%install
cp -a {tree}/. %{{buildroot}}
%post
{post}
%files
{files}
"""
BUILD = f"""
set -e
exec 2>&1
rpmbuild -bb --quiet --define '_topdir /root/rpmbuild' --define '_rpmdir {REPOSITORY}' \\
    --define '_build_name_fmt %%{{NAME}}-%%{{VERSION}}-%%{{RELEASE}}.rpm' /root/spec
createrepo_c -q {REPOSITORY}
"""
# Upstream's vendor/common/o2cb.service and ocfs2.service, in short.
O2CB_UNIT = """\
[Unit]
Description=Load o2cb modules
After=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/o2cb.init enable
ExecStop=/usr/sbin/o2cb.init disable
[Install]
WantedBy=multi-user.target
"""
OCFS2_UNIT = """\
[Unit]
Description=Mount ocfs2 filesystems
Requires=o2cb.service
After=o2cb.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/ocfs2.init start
ExecStop=/usr/sbin/ocfs2.init stop
[Install]
WantedBy=multi-user.target
"""
TREE = f"""
set -e
cd /root/tools
mkdir -p usr/sbin usr/lib/systemd/system usr/lib/udev etc/ocfs2
mv sbin/* usr/sbin/
mv etc/init.d/o2cb usr/sbin/o2cb.init
mv etc/init.d/ocfs2 usr/sbin/ocfs2.init
mv lib/udev/rules.d usr/lib/udev/
rm -rf sbin lib etc/init.d usr/share
cat >usr/lib/systemd/system/o2cb.service <<'X'
{O2CB_UNIT}X
cat >usr/lib/systemd/system/ocfs2.service <<'X'
{OCFS2_UNIT}X
"""


def make(lab: Lab, hosts: Sequence[str], home: Path) -> None:
    """Hosts of that family, with the same packages to install from on each."""
    debs = fetch(lab, hosts[0], home)
    with ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(lambda host: equip(lab, host, debs), hosts))
    offer_all(lab, hosts[0])
    share(lab, hosts)


def share(lab: Lab, hosts: Sequence[str]) -> None:
    """The first host's repository for the others too."""
    rpms = pull(lab, hosts[0], f"tar -C {REPOSITORY} -c .")
    for host in hosts[1:]:
        push(lab, host, f"rm -r {REPOSITORY}/repodata; tar -C {REPOSITORY} -x", rpms)


def fetch(lab: Lab, host: str, home: Path) -> bytes:
    """The distribution's packages of dnf and rpm that the host lacks, as an archive."""
    status, debs = home / "status", home / "debs"
    status.write_bytes(pull(lab, host, "cat /var/lib/dpkg/status"))
    (debs / "partial").mkdir(parents=True)
    for place in (home, debs, debs / "partial"):
        place.chmod(0o755)
    options = {"Dir::State::status": status, "Dir::Cache::archives": debs}
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    argv = [*APT_INSTALL, "-q", "--download-only", *words, *PROGRAMS]
    if ask(*argv, timeout=300).returncode:
        run("apt-get", "update", timeout=300)
        run(*argv, timeout=300)
    for deb in debs.glob("*%3a*.deb"):
        deb.rename(deb.with_name(deb.name.replace("%3a", "+")))
    write_index(debs)
    argv = ["tar", "-C", debs, "-c", "--exclude=partial", "."]
    return subprocess.run(argv, capture_output=True, check=True).stdout


def equip(lab: Lab, host: str, debs: bytes) -> None:
    """The programs, the libraries of the cluster's tools, and the family's own files."""
    do(lab, host, LIBRARIES)
    push(lab, host, "tar -C /root/debs -x", debs)
    do(lab, host, INSTALL)
    do(lab, host, SYSTEM)


def offer_all(lab: Lab, host: str) -> None:
    """The tools, and builds of the module: one for the host's kernel, newer ones for others."""
    do(lab, host, TREE)
    files = (
        "/usr/sbin/*",
        "/usr/bin/*",
        "/usr/lib/systemd/system/*",
        "/usr/lib/udev/rules.d/*",
    )
    offer(lab, host, Package("ocfs2-tools", "1.8.7", "1", "/root/tools", files))
    for kernel in OTHER_KERNELS:
        do(lab, host, f"mkdir -p /root/other/lib/modules/{kernel}/extra/ocfs2")
        do(lab, host, f"echo {kernel} >/root/other/lib/modules/{kernel}/extra/ocfs2/ocfs2.ko")
        offer(lab, host, module_package(kernel, "2.0", "/root/other"))
        do(lab, host, "rm -r /root/other")
    offer_module(lab, host, "1.8")


def offer_module(lab: Lab, host: str, version: str) -> None:
    """The build of that version for the host's kernel: its own modules, which say the version."""
    kernel = do(lab, host, "uname -r").strip()
    tree = f"/root/module-{version}"
    place = f"{tree}/lib/modules/{kernel}/extra"
    do(lab, host, f"mkdir -p {place}; cp -r /lab/hidden/ocfs2 {place}/")
    for file in ("ocfs2.ko", "cluster/ocfs2_nodemanager.ko"):
        data = pull(lab, host, f"cat {place}/ocfs2/{file}")
        source = hashlib.sha256(data + version.encode()).hexdigest()[:24].upper()
        data = told(data, version=version, srcversion=source)
        push(lab, host, f"cat >{place}/ocfs2/{file}", data)
    offer(lab, host, module_package(kernel, version, tree))


def module_package(kernel: str, version: str, tree: str) -> "Package":
    """A build for one kernel, which is in its release."""
    release = f"1.{kernel.replace('-', '_')}"
    files, post = (f"/lib/modules/{kernel}/extra/ocfs2",), f"depmod {kernel} || :"
    return Package(MODULE, version, release, tree, files, post)


@dataclass(frozen=True)
class Package:
    """A package of the files of a tree."""

    name: str
    version: str
    release: str
    tree: str
    files: tuple[str, ...]
    post: str = ":"


def offer(lab: Lab, host: str, package: Package) -> None:
    """Build it with rpmbuild, into the host's repository."""
    fields = {**asdict(package), "files": "\n".join(package.files)}
    push(lab, host, "cat >/root/spec", SPEC.format(**fields).encode())
    do(lab, host, BUILD)


def do(lab: Lab, host: str, script: str) -> str:
    """What a script prints that has to succeed."""
    done = lab.run(host, script, timeout=300)
    if done.returncode:
        raise LabError(f"{host}: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout


def pull(lab: Lab, host: str, command: str) -> bytes:
    """What a command of the host prints, as it is."""
    argv = [str(word) for word in ssh_command(lab.world, host, "root", command)]
    return subprocess.run(argv, capture_output=True, timeout=120, check=True).stdout


def push(lab: Lab, host: str, command: str, data: bytes) -> None:
    """Hand a command of the host its input."""
    argv = [str(word) for word in ssh_command(lab.world, host, "root", command)]
    subprocess.run(argv, input=data, capture_output=True, timeout=120, check=True)
