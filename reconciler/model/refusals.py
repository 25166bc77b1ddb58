"""Every code that is ever printed, once: who says it, and what to do about it.

Each has its page, ``reports/explain/CODE.md``, which ``reconcile explain CODE`` shows. A code that
does not stand here cannot be said (``require_declared``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, auto
from types import MappingProxyType

from reconciler.frozen import frozen
from reconciler.model.fleet_codes import DATABASE_CODES, SOURCE_CODES


class Source(Flag):
    """Who says a code."""

    RULE = auto()  # a check of the plan, or what a run looks at before it acts
    GATE = auto()  # the gate on the host, just before it would act
    HOST = auto()  # whoever could not ask a host
    FINDING = auto()  # what refuses nothing, and is told
    FILE = auto()  # a check of the desired-state file
    RUN = auto()  # how a run of a cluster ended
    STATE = auto()  # who works with the database of a fleet


RULE, GATE, HOST, FINDING = Source.RULE, Source.GATE, Source.HOST, Source.FINDING
FILE, RUN, STATE = Source.FILE, Source.RUN, Source.STATE


@frozen
class Refusal:
    """A code; ``remedy`` is what to do, empty where whoever refuses knows it better."""

    code: str
    source: Source
    remedy: str = ""

    @property
    def page(self) -> str:
        """The file of its page in ``reports/explain``."""
        return f"{self.code}.md"


_DECLARED = (
    Refusal("action-repeated", GATE),
    Refusal("automount-active", GATE),
    Refusal("automount-conflict", RULE | FINDING),
    Refusal("automount-generated", GATE),
    Refusal("backing-missing", RULE | GATE),
    Refusal("backup-missing", RULE),
    Refusal("changed-since", GATE),
    Refusal("check-failed", GATE),
    Refusal("cloned-volume", RULE),
    Refusal("cluster-conf-invalid", RULE),
    Refusal("cluster-in-use", GATE),
    Refusal("cluster-not-well", RULE),
    Refusal(
        "command-timeout",
        HOST,
        "see on the host what hangs (ps, multipath -ll): it may still run",
    ),
    Refusal("connection-lost", HOST, "see whether the host restarted, and what it logged"),
    Refusal("content-damaged", GATE),
    Refusal("device-ambiguous", RULE),
    Refusal("device-in-use", GATE),
    Refusal("device-missing", RULE | GATE),
    Refusal("device-not-blank", RULE | GATE),
    Refusal("device-size", GATE),
    Refusal("device-size-differs", RULE),
    Refusal("device-too-small", RULE | GATE),
    Refusal("device-unreadable", RULE),
    Refusal("different-device", RULE),
    Refusal("disarm-failed", GATE),
    Refusal("drop-in-foreign", RULE),
    Refusal("extend-failed", GATE),
    Refusal("facts-stale", GATE),
    Refusal("failed-before", FINDING),
    Refusal("feature-skew", RULE),
    Refusal("foreign-cluster", RULE),
    Refusal("foreign-heartbeat", RULE | GATE),
    Refusal("foreign-stack", RULE | GATE),
    Refusal("format-failed", GATE),
    Refusal("fstab-conflict", RULE),
    Refusal("grow-failed", GATE),
    Refusal("guest-not-started", GATE),
    Refusal("guest-still-runs", GATE),
    Refusal("guest-transient", RULE),
    Refusal("guests-unread", RULE | GATE),
    Refusal("heartbeat-advances", RULE),
    Refusal("heartbeat-mode-differs", RULE | GATE),
    Refusal("heartbeat-unread", RULE | GATE),
    Refusal(
        "host-key-changed",
        HOST,
        "find out why its key changed; if the host was reinstalled, compare with "
        "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on its console, then replace the key in "
        "known_hosts",
    ),
    Refusal(
        "host-key-checking-off",
        HOST,
        "remove that setting, or name another ssh_config in RECONCILE_SSH_CONFIG",
    ),
    Refusal(
        "host-key-revoked",
        HOST,
        "do not use that key: make new host keys on the host's console",
    ),
    Refusal(
        "host-key-unknown",
        HOST,
        "compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host's console, then "
        "add the key to known_hosts",
    ),
    Refusal("host-unreachable", HOST),
    Refusal("hostname-differs", RULE),
    Refusal("install-failed", GATE),
    Refusal("interconnect-not-on-host", RULE),
    Refusal("invariant-backup-before-growth", RULE),
    Refusal("invariant-device-is-bound", RULE),
    Refusal("invariant-format-only-blank", RULE),
    Refusal("invariant-grow-after-room", RULE),
    Refusal("invariant-guest-runs-once", RULE),
    Refusal("invariant-kind-is-declared", RULE),
    Refusal("invariant-left-before-dropped", RULE),
    Refusal("invariant-mount-after-files-agree", RULE),
    Refusal("invariant-mount-after-lists-agree", RULE),
    Refusal("invariant-no-restart-under-mount", RULE),
    Refusal("invariant-one-format-per-device", RULE),
    Refusal("invariant-plan-can-go-on", RULE),
    Refusal("invariant-quarantine-before-drop", RULE),
    Refusal("invariant-register-after-barrier", RULE),
    Refusal("invariant-stop-only-unmounted", RULE),
    Refusal("invariant-unmount-only-unused", RULE),
    Refusal("invariant-window-is-proven", RULE),
    Refusal("label-differs", RULE),
    Refusal("label-failed", GATE),
    Refusal("lease-busy", GATE, "wait until it has ended; reconcile status shows what runs"),
    Refusal("lease-failed", HOST, "look up the code after 'gate:' with reconcile explain"),
    Refusal("lease-garbled", RULE | GATE),
    Refusal(
        "lease-held",
        GATE,
        "wait for that run, see --lock-timeout; if it has surely ended: reconcile unlock RUN_ID",
    ),
    Refusal("lease-lost", GATE, "see with reconcile status who has it now, then plan again"),
    Refusal("lease-open", GATE),
    Refusal("lease-too-long", GATE),
    Refusal("lists-differ", GATE),
    Refusal("live-refused", GATE),
    Refusal(
        "login-refused",
        HOST,
        "check ssh.user and ssh.identity; no password is ever asked for, and a key with a "
        "passphrase must be in the agent",
    ),
    Refusal("lvm-not-shared", RULE),
    Refusal("map-not-grown", GATE),
    Refusal("mask-failed", GATE),
    Refusal("member-offline", RULE),
    Refusal("module-in-use", GATE),
    Refusal("module-missing", RULE),
    Refusal("module-not-built", GATE),
    Refusal("module-not-loaded", GATE),
    Refusal("module-unproven", RULE),
    Refusal("mount-failed", GATE),
    Refusal("mount-hidden", RULE),
    Refusal("mount-path-busy", RULE | GATE),
    Refusal("next-boot-differs", FINDING),
    Refusal("next-boot-fsck", FINDING),
    Refusal("next-boot-mount-missing", FINDING),
    Refusal("next-boot-no-module", FINDING),
    Refusal("next-boot-unit-disabled", FINDING),
    Refusal("no-space", RULE | GATE),
    Refusal("no-stable-path", RULE),
    Refusal("no-tool", GATE),
    Refusal("not-a-file", GATE),
    Refusal("not-formatted", RULE),
    Refusal("not-mounted", GATE),
    Refusal(
        "not-observed", HOST, "record the facts with this file: reconcile observe FILE -o FACTS"
    ),
    Refusal("not-root", RULE),
    Refusal("not-supported-yet", RULE | GATE),
    Refusal("output-too-large", HOST, "make the user's shell start files silent"),
    Refusal("package-conflict", GATE),
    Refusal("package-database-broken", RULE | GATE),
    Refusal("package-held", RULE | GATE),
    Refusal("package-lock-busy", GATE),
    Refusal("package-manager-unsupported", RULE | GATE),
    Refusal("package-missing", GATE),
    Refusal("partition-blocked", RULE | GATE),
    Refusal("partition-failed", GATE),
    Refusal("partition-limit", GATE),
    Refusal("partition-missing", RULE | GATE),
    Refusal("partition-moved", GATE),
    Refusal("partition-not-reread", GATE),
    Refusal("partition-table", GATE),
    Refusal("path-down", RULE | GATE | FINDING),
    Refusal("path-not-grown", GATE),
    Refusal(
        "paused",
        RULE | GATE,
        "see with reconcile status who paused it, and reconcile resume it when he agrees",
    ),
    Refusal("plan-changed", RULE),
    Refusal("port-blocked", RULE),
    Refusal(
        "probe-differs",
        HOST,
        "install on the host what reconcile sudoers --read-only prints, rule and program",
    ),
    Refusal("probe-garbled", HOST, "log in by hand and see what the shell prints"),
    Refusal("program-unapproved", RULE),
    Refusal("protocol-skew", RULE),
    Refusal("rebooted", GATE),
    Refusal("recovery-unfinished", RULE),
    Refusal("repository-failed", GATE),
    Refusal("resize-interrupted", GATE),
    Refusal("secret-unread", RULE),
    Refusal("section-unread", RULE),
    Refusal("shrink-refused", RULE | GATE),
    Refusal("slot-zero", RULE),
    Refusal("slots-failed", GATE),
    Refusal("ssh-config-invalid", HOST, "correct ssh_config, or ssh.jump in the file"),
    Refusal("stale-host-could-return", RULE),
    Refusal(
        "sudo-refused",
        HOST,
        "give the user the rule with NOPASSWD that `reconcile sudoers` prints",
    ),
    Refusal("symlink", GATE),
    Refusal("thin-pool-full", RULE | GATE),
    Refusal("tools-missing", RULE),
    Refusal("unit-not-usable", RULE),
    Refusal("unmount-failed", GATE),
    Refusal("unreadable", GATE),
    Refusal("usage", GATE),
    Refusal("version-skew", FINDING),
    Refusal("volume-busy", RULE),
    Refusal("volume-mounted", GATE),
    Refusal("volume-read-only", RULE),
    Refusal("volume-unfamiliar", RULE),
    Refusal("write-failed", GATE),
    Refusal("wrong-device", GATE),
    Refusal("wrong-uuid", GATE),
)
# What a file can have wrong, each with a hint of its own beside it (``loading``).
_OF_FILES = (
    *("file-unread", "empty-file", "too-large", "not-utf8", "bom", "control-character"),
    *("tab", "yaml-syntax", "more", "many-documents", "too-deep", "alias", "tag", "bad-key"),
    *("duplicate-key", "bad-number", "not-desired-state", "unknown-key", "missing-key"),
    *("bad-type", "bad-value", "bad-version", "bad-size", "bad-duration", "bad-time"),
    *("bad-address", "bad-reference", "unknown-placeholder", "duplicate-cluster"),
    *("cluster-name-taken", "duplicate-member", "host-in-two-clusters", "duplicate-address"),
    *("duplicate-number", "pin-with-compact", "no-member", "timeouts-inconsistent"),
    *("attestation-missing", "attestation-needless", "duplicate-attestation"),
    *("module-unnamed", "ssh-host-for-all", "ssh-host-form", "host-keys-unchecked"),
    *("device-identity", "unstable-path", "wwid-form", "partition-of-what"),
    *("device-in-two-volumes", "duplicate-volume", "slots-too-few", "size-too-large"),
    *("mount-path", "duplicate-mount-path", "mount-path-nested", "mount-option"),
    *("duplicate-option", "at-boot-by-workload", "backing-choice", "guest-commands"),
    *("duplicate-service", "service-needed"),
)
# The words of ``model.outcome.ClusterResult``.
_OF_RUNS = (
    *("converged", "failed", "interrupted", "locked"),
    *("no-change", "partial", "refused", "stale"),
)
_ALL = (
    *_DECLARED,
    *(Refusal(code, STATE) for code in DATABASE_CODES),
    *(Refusal(code, FILE) for code in (*_OF_FILES, *SOURCE_CODES)),
    *(Refusal(code, RUN) for code in _OF_RUNS),
)
REFUSALS: Mapping[str, Refusal] = MappingProxyType({item.code: item for item in _ALL})


def require_declared(code: str) -> Refusal:
    """The declaration of a code; raises ValueError where there is none to look it up by."""
    if code not in REFUSALS:
        raise ValueError(f"the code {code!r} is not declared in model/refusals.py")
    return REFUSALS[code]


def host_remedy(host: str, code: str) -> str:
    """What to do about a host that could not be asked, by the code of the reason."""
    return require_declared(code).remedy or f"make {host} reachable over ssh"


def format_unread(host: str, code: str, message: str) -> str:
    """Why a host could not be asked and what to do, in one line without the host's name."""
    return f"{code}: {message}; {host_remedy(host, code)}"
