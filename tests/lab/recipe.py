"""What goes into the images of the hosts; the files are in `guest/`."""
# ruff: noqa: SIM905 - word lists this long are easier to read without quotes

import hashlib
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
GUEST = HERE / "guest"
SUITE = "bookworm"  # of a host for which none is asked, and of the SAN
SUITES = ("bullseye", "bookworm", "trixie", "sid")
# Those whose kernel has sock_def_readable at an odd address, see kernels.mend_clone.
ODD = ("bullseye", "sid")
KINDS = ("bare", "full")
USERS = ("ops", "nopw")

# Programs that the lab needs of this machine, and the packages they come in.
TOOLS = {
    "debootstrap": "debootstrap",
    "mkfs.ext4": "e2fsprogs",
    "ethtool": "ethtool",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "depmod": "kmod",
    "patchelf": "patchelf",
}

# In both images.  Whatever is installed beyond debootstrap's minimum also goes to the lab's
# apt repository.
BASE = """
    systemd systemd-sysv udev dbus kmod iproute2 iputils-ping openssh-server sudo procps fdisk
    lvm2 multipath-tools open-iscsi sg3-utils busybox
""".split()
# What only hosts with the cluster software have.
CLUSTER = "ocfs2-tools parted gdisk psmisc".split()

# Kernel modules to keep, besides those they depend on.  ipv6, ip_tables and the like are left
# out on purpose: systemd would load them at every boot.
MODULES = """
    ocfs2 ocfs2_dlmfs ocfs2_stack_o2cb ocfs2_stack_user ocfs2_dlm ocfs2_nodemanager configfs
    dlm softdog loop nbd brd scsi_debug sd_mod sg iscsi_tcp iscsi_target_mod target_core_mod
    target_core_iblock target_core_file dm_mod dm_multipath dm_round_robin dm_service_time
    dm_queue_length dm_snapshot dm_delay dm_flakey dm_log_writes dm_crypt raid1 vfat isofs
    overlay squashfs fuse autofs4 dummy 8021q sch_netem sch_ingress cls_matchall act_mirred
    configs unix_diag netconsole nls_ascii nls_utf8 nls_iso8859_1 nls_cp437
""".split()

# Units and generators that a lab host has no use for; each costs boot time.
MASKED = """
    apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service
    dpkg-db-backup.timer dpkg-db-backup.service e2scrub_all.timer e2scrub_reap.service
    fstrim.timer systemd-tmpfiles-clean.timer systemd-timesyncd.service getty.target
    getty@tty1.service serial-getty@ttyS0.service console-getty.service
    systemd-logind.service systemd-pstore.service systemd-binfmt.service
    proc-sys-fs-binfmt_misc.automount systemd-firstboot.service
    systemd-machine-id-commit.service systemd-random-seed.service
    systemd-update-utmp.service systemd-update-utmp-runlevel.service
    systemd-journal-flush.service systemd-hwdb-update.service systemd-repart.service
    systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-sysusers.service
    systemd-remount-fs.service systemd-modules-load.service kmod-static-nodes.service
    systemd-ask-password-console.path systemd-ask-password-wall.path ldconfig.service
    rc-local.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount
    sys-kernel-tracing.mount sys-fs-fuse-connections.mount modprobe@.service
    systemd-initctl.socket systemd-journald-audit.socket systemd-tmpfiles-setup-dev.service
    systemd-user-sessions.service cryptsetup.target integritysetup.target veritysetup.target
    networkd-dispatcher.service
""".split()
MASKED_GENERATORS = """
    systemd-cryptsetup-generator systemd-gpt-auto-generator systemd-getty-generator
    systemd-hibernate-resume-generator systemd-integritysetup-generator
    systemd-rc-local-generator systemd-system-update-generator
    systemd-veritysetup-generator systemd-run-generator
""".split()
DISABLED = """
    iscsid.service iscsid.socket open-iscsi.service multipathd.service multipathd.socket
    lvm2-monitor.service lvm2-lvmpolld.socket dm-event.socket blk-availability.service
""".split()

# logind is masked; with its D-Bus alias in place `systemctl reboot` would wait for it.
REMOVED = """
    usr/share/doc usr/share/man usr/share/info usr/share/locale usr/share/lintian
    usr/lib/udev/hwdb.d usr/lib/udev/hwdb.bin etc/udev/hwdb.bin usr/share/i18n
    usr/share/bash-completion usr/share/zsh usr/share/common-licenses usr/share/bug
    usr/share/pixmaps usr/share/polkit-1 usr/share/gcc etc/update-motd.d etc/resolv.conf
    etc/apt/sources.list usr/lib/x86_64-linux-gnu/gconv usr/lib/systemd/catalog
    usr/share/zoneinfo lib/systemd/system/multi-user.target.wants/dbus.service
    usr/share/dbus-1/system-services/org.freedesktop.login1.service
    lib/systemd/system/dbus-org.freedesktop.login1.service
""".split()
REMOVED_TMPFILES = """
    home journal-nocow provision static-nodes-permissions systemd-network systemd-nologin
    systemd-pstore x11
""".split()
REMOVED_UDEV_RULES = """
    50-firmware 60-autosuspend 60-cdrom_id 60-drm 60-evdev 60-fido-id 60-infiniband
    60-input-id 60-persistent-alsa 60-persistent-input 60-persistent-storage-tape
    60-persistent-v4l 60-sensor 60-serial 70-camera 70-joystick 70-memory 70-mouse
    70-power-switch 70-touchpad 70-uaccess 71-seat 73-seat-late 75-probe_mtd 78-sound-card
    81-net-dhcp 85-hwclock 96-e2scrub
""".split()
REMOVED += [f"usr/lib/tmpfiles.d/{name}.conf" for name in REMOVED_TMPFILES]
REMOVED += [f"usr/lib/udev/rules.d/{name}.rules" for name in REMOVED_UDEV_RULES]
# What differs between two builds or two hosts, as patterns.
UNIQUE = """
    etc/ssh/ssh_host_* var/lib/apt/lists/*_* var/cache/apt/*.bin var/log/*.log etc/machine-id
    var/lib/dbus/machine-id etc/iscsi/initiatorname.iscsi etc/hostname
""".split()


def ingredients(suite: str = SUITE) -> dict[str, tuple[int, bytes]]:
    """Mode and content of the files that decide what a suite's images are."""
    programs = [HERE / name for name in ("recipe.py", "build.py", "kernels.py")]
    files = [*programs, *GUEST.rglob("*")]
    found = {
        str(path.relative_to(HERE)): (guest_mode(path), path.read_bytes())
        for path in files
        if path.is_file()
    }
    return {**found, "suite": (0, suite.encode())}


def recipe_hash(files: Mapping[str, tuple[int, bytes]]) -> str:
    """Changes whenever name, mode or content of a file does."""
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]


def guest_mode(path: Path) -> int:
    """The mode a file has in the image; a checkout keeps only the executable bit."""
    if path.parent.name == "sudoers.d":
        return 0o440
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
