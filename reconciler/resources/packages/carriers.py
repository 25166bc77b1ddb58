"""What brings ocfs2 to a running kernel, by family of distributions, as a line to paste."""

from __future__ import annotations

from collections.abc import Mapping

# By the ID of os-release the package that has the module for each kernel of its own; a
# distribution that builds no ocfs2 has it from who makes such a package. `{kernel}` is filled in.
PACKAGES: Mapping[str, str] = {
    "ubuntu": "linux-modules-extra-{kernel}",
    "fedora": "kernel-modules-extra",
    **dict.fromkeys(
        ("rhel", "centos", "rocky", "almalinux", "scientific"), "kmod-ocfs2-flexvdi"
    ),
}
UEK = "kernel-uek-modules"
NOT_BUILT = frozenset({"rhel", "centos", "rocky", "almalinux", "scientific"})
SUSE = ("sles", "sled", "opensuse-leap", "opensuse-tumbleweed")


def carrier(host: str, family: str, running: str) -> str:
    """What to do on ``host``, whose os-release says ``family`` and whose kernel is ``running``."""
    if family == "ol":
        return _oracle(host, running)
    if "-cloud-" in running:
        image = f"linux-image-{running.rpartition('-cloud-')[2]}"
        return (
            f"Debian's cloud kernels are built without ocfs2, and no package adds it: on {host}: "
            f"apt-get install {image}, then boot it (with nothing mounted there) and plan again"
        )
    if family in SUSE:
        return (
            f"on {host}: zypper install ocfs2-kmp-default (SLE has it in the High Availability "
            "extension); plans install nothing with zypper"
        )
    if package := PACKAGES.get(family, ""):
        maker = (
            "; its kernels are built without ocfs2, so the package is of who builds it for them: "
            "name yours, or boot a kernel that has it"
            if family in NOT_BUILT
            else ""
        )
        return f"write into the cluster: {_yaml(package)}{maker}"
    return (
        f"install the kernel package that carries ocfs2 for {running}, "
        "or boot a kernel that has it"
    )


def _oracle(host: str, running: str) -> str:
    """Oracle builds ocfs2 for its own kernel (UEK) only."""
    if "uek" in running:
        return (
            f"write into the cluster: {_yaml(UEK)}; where that package has none for {running}, "
            "kernel-uek-modules-extra or kernel-uek may"
        )
    return (
        f"{running} is Red Hat's kernel, which is built without ocfs2: on {host}: dnf install "
        "kernel-uek, then boot it (with nothing mounted there) and plan again"
    )


def _yaml(package: str) -> str:
    """The line to paste."""
    return f'packages: {{kernel_module: "{package}"}}'
