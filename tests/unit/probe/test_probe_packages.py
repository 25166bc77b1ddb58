"""The package manager as the probe tells of it: real dpkg, on a layer over this machine."""

import subprocess
from pathlib import Path

import pytest

from reconciler.hosts.observer import parse_facts
from reconciler.model.observed import Packages
from reconciler.probe import probe_text
from reconciler.resources import SECTIONS
from tests.unit.gate.debian import CONTROL, Debian, needs_debian


@pytest.fixture
def debian(tmp_path: Path) -> Debian:
    return Debian(tmp_path)


def packages(debian: Debian, *words: str) -> Packages:
    debian.put("/probe.sh", probe_text("packages"))
    told = debian.run(f'sh -c "$(cat /probe.sh)" probe --only packages {" ".join(words)}')
    found = parse_facts(told, SECTIONS).packages
    assert isinstance(found, Packages)
    return found


@needs_debian
def test_a_hold_is_told_of_what_is_installed_and_of_what_is_not(debian: Debian) -> None:
    debian.offer("lab-tools")
    debian.offer("gdisk", "2.0")
    debian.run(
        "apt-get -q update && apt-get -y install lab-tools gdisk && apt-get -y remove gdisk"
    )
    debian.run("apt-mark hold lab-tools gdisk")
    found = packages(debian, "--package", "lab-tools")
    assert found.manager == "dpkg"
    assert set(found.held) == {"lab-tools", "gdisk"}
    assert found.versions["lab-tools"] == "1.0"
    assert "gdisk" not in found.versions
    listed = debian.run("stat -c %Y /var/lib/dpkg/info/lab-tools.list")
    assert found.installed["lab-tools"] == int(listed)
    assert set(found.installed) == set(found.versions)
    assert found.broken == ""


@needs_debian
def test_what_dpkg_has_not_finished_is_told(debian: Debian) -> None:
    debian.offer("lab-bad", postinst="exit 1")
    debian.run("apt-get -q update && { apt-get -y install lab-bad || true; }")
    assert packages(debian).broken == "lab-bad is half-configured"


@needs_debian
def test_what_dpkg_has_still_to_set_off_is_told(debian: Debian) -> None:
    control = CONTROL.format(name="lab-late", version="1", kib=1, depends="dpkg").split("\n", 1)
    late = f"Status: install ok triggers-pending\nTriggers-Pending: lab\n{control[1]}"
    debian.run(f"cat >>/var/lib/dpkg/status <<'END'\n\n{control[0]}\n{late}\nEND\n")
    assert packages(debian).broken == "lab-late is triggers-pending"


@needs_debian
def test_an_interrupted_dpkg_is_told(debian: Debian) -> None:
    debian.run("touch /var/lib/dpkg/updates/0001")
    assert packages(debian).broken == "dpkg was interrupted"


@needs_debian
@pytest.mark.parametrize(
    ("release", "manager"),
    [
        ('ID="ol"\\nID_LIKE="fedora"\\n', "rpm"),
        ('ID="rhel"\\n', "rpm"),
        ('ID=rocky\\nID_LIKE="rhel centos fedora"\\n', "rpm"),
        ("ID=debian\\n", "dpkg"),
        ("ID=ubuntu\\nID_LIKE=debian\\n", "dpkg"),
    ],
)
def test_the_manager_is_that_of_the_system_by_its_own_word(
    debian: Debian, release: str, manager: str
) -> None:
    debian.run(
        f"rm /etc/os-release; printf '{release}' >/etc/os-release; "
        "printf '#!/bin/sh\\n' >/usr/local/bin/rpm; chmod 755 /usr/local/bin/rpm"
    )
    assert packages(debian).manager == manager


@needs_debian
@pytest.mark.parametrize(
    ("there", "manager"),
    [
        ("dnf yum", "rpm"),
        ("yum zypper", "yum"),
        ("zypper", "zypper"),
        ("rpm-ostree", "rpm-ostree"),
        ("microdnf", "microdnf"),
        ("", "rpm"),
    ],
)
def test_of_rpm_it_is_told_what_installs(debian: Debian, there: str, manager: str) -> None:
    debian.run("rm /etc/os-release; echo ID=rhel >/etc/os-release")
    debian.run("rm -f /usr/bin/dnf /usr/bin/yum /usr/bin/zypper")
    for name in ("rpm", *there.split()):
        debian.put(f"/usr/local/bin/{name}", "#!/bin/sh\n")
    assert packages(debian).manager == manager


@needs_debian
@pytest.mark.parametrize("name", ["-o", "a b", "a*", "a;b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    argv = ["sh", "-c", probe_text(), "probe", "--package", name]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 64
