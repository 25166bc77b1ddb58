"""The o2cb service: its configuration file, its start at boot, the kernel's timeouts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.gate.action_builders import Cause, action_for, barrier, write
from reconciler.model.addresses import cluster_address, member_address
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unit, require
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.roles import leaving, online, staying
from reconciler.resources.o2cb.parsing import parse_settings, render_settings
from reconciler.resources.o2cb.readings import timeout_words, timeouts, without_reconnect

UNITS = ("o2cb.service", "ocfs2.service")
# Of these the kernel takes a new value while it runs; the others are refused or ignored.
RECONNECT = "reconnect_delay_ms"


def wanted_settings(cluster: Cluster) -> Mapping[str, str]:
    """The keys of the file that are ours, in its words (vendor/common/o2cb.init.sh)."""
    return {
        "O2CB_ENABLED": "true",
        "O2CB_BOOTCLUSTER": cluster.name,
        "O2CB_HEARTBEAT_THRESHOLD": str(cluster.heartbeat.dead_threshold),
        "O2CB_IDLE_TIMEOUT_MS": str(cluster.network.idle_timeout_ms),
        "O2CB_KEEPALIVE_DELAY_MS": str(cluster.network.keepalive_delay_ms),
        "O2CB_RECONNECT_DELAY_MS": str(cluster.network.reconnect_delay_ms),
    }


# What o2cb and the kernel take where the file does not say (vendor/common/o2cb.init.sh;
# fs/ocfs2/cluster/heartbeat.h and tcp.h).
DEFAULTS = {
    "O2CB_HEARTBEAT_THRESHOLD": "31",
    "O2CB_IDLE_TIMEOUT_MS": "30000",
    "O2CB_KEEPALIVE_DELAY_MS": "2000",
    "O2CB_RECONNECT_DELAY_MS": "2000",
}
# A host that left: nothing comes up at boot, whatever else is in the file.
OUT = {"O2CB_ENABLED": "false"}


def _timeouts(cluster: Cluster) -> str:
    network = cluster.network
    return timeout_words(
        network.idle_timeout_ms,
        network.keepalive_delay_ms,
        network.reconnect_delay_ms,
        cluster.heartbeat.dead_threshold,
    )


def frozen_timeouts(cluster: Cluster) -> str:
    """What a running kernel does not take a new value of, as ``kernel_timeouts`` tells it."""
    return without_reconnect(_timeouts(cluster))


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Settings that differ in the file, timeouts in the kernel, units at boot."""
    stays, runs = staying(cluster), online(cluster)
    for host, facts in observed.answering_hosts().items():
        if host in stays:
            yield from _diff_file(host, facts, wanted_settings(cluster), _unsaid(cluster))
            if host in runs:
                yield from _diff_timeouts(cluster, host, facts)
            yield from _diff_boot(host, facts, [u for u in _units(facts) if not u.enabled])
        elif host in leaving(cluster) and _is_ours(cluster, facts):
            if require(facts.o2cb_config).text is not None:
                yield from _diff_file(host, facts, OUT)
            yield from _diff_boot(host, facts, [u for u in _units(facts) if u.enabled])


def _is_ours(cluster: Cluster, facts: HostFacts) -> bool:
    """Whether what starts at boot is this cluster: what left may have joined another."""
    have = parse_settings(require(facts.o2cb_config).text or "")
    other = have.get("O2CB_BOOTCLUSTER", cluster.name) != cluster.name
    return not (other and have.get("O2CB_ENABLED") == "true")


def _unsaid(cluster: Cluster) -> Mapping[str, str]:
    """What a file that is kept need not say: o2cb starts with it all the same."""
    return DEFAULTS if cluster.files == "kept" else {}


def _diff_file(
    host: str,
    facts: HostFacts,
    want: Mapping[str, str],
    unsaid: Mapping[str, str] | None = None,
) -> Iterator[Change]:
    file = require(facts.o2cb_config)
    have = parse_settings(file.text or "")
    have |= {key: value for key, value in (unsaid or {}).items() if not have.get(key)}
    if wrong := {key: have.get(key) for key in want if have.get(key) != want[key]}:
        yield Change(
            member_address(host, "o2cb-settings"),
            host,
            "file",
            wrong,
            {key: want[key] for key in wrong},
            f"{file.path} is absent" if file.text is None else f"{file.path} differs",
        )


def _diff_timeouts(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Change]:
    have, want = timeouts(facts, cluster.name), _timeouts(cluster)
    if have != want:
        offline = require(facts.live).running(cluster.name) is None
        because = (
            "the cluster is not online in its kernel"
            if offline
            else f"the kernel runs with {have}; all but reconnect need its cluster stopped"
        )
        where = member_address(host, "timeouts")
        yield Change(where, host, "kernel", None if offline else have, want, because)


def _diff_boot(host: str, facts: HostFacts, units: Sequence[Unit]) -> Iterator[Change]:
    if units:
        before, after = ("enabled", "disabled") if units[0].enabled else ("disabled", "enabled")
        names = ", ".join(unit.name for unit in units)
        because = f"{names} would{'' if units[0].enabled else ' not'} start at boot"
        yield Change(member_address(host, "o2cb-at-boot"), host, "boot", before, after, because)


def _units(facts: HostFacts) -> list[Unit]:
    return [u for u in require(facts.services) if u.name in UNITS and u.load == "loaded"]


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write the settings, enable the units; then all kernels must have the timeouts."""
    facts = observed.answering_hosts()
    for change in changes:
        if change.truth == "file":
            yield _write(cluster, change, facts[change.host])
        elif change.truth == "boot":
            yield _set_boot(cluster, change, facts[change.host])
        elif _only_reconnect(change):
            yield _set_reconnect(cluster, change)
    if any(change.truth == "kernel" for change in changes):
        hosts = online(cluster)
        yield barrier(
            (cluster.name, "same-timeouts"),
            cluster_address(cluster.name, "timeouts"),
            f"the same timeouts in {len(hosts)} kernels",
            "kernels with different timeouts refuse each other's connections",
            Fact(hosts, "live-timeouts", cluster.name, _timeouts(cluster)),
        )


def _only_reconnect(change: Change) -> bool:
    return change.before is not None and without_reconnect(
        str(change.before)
    ) == without_reconnect(str(change.after))


def _set_reconnect(cluster: Cluster, change: Change) -> Action:
    value = str(cluster.network.reconnect_delay_ms)
    return action_for(
        cluster.name,
        Cause(
            change.address,
            change.host,
            "the kernel takes it while it runs, and peers do not compare it",
        ),
        "set-reconnect-delay",
        summary=f"set the reconnect delay of the running kernel to {value} ms",
        command=gate_command("set-live", cluster.name, RECONNECT, value),
        expects=(Fact((change.host,), "live-timeouts", cluster.name, _timeouts(cluster)),),
    )


def _set_boot(cluster: Cluster, change: Change, facts: HostFacts) -> Action:
    """Enable all units together, or disable those that are enabled."""
    enable = change.after == "enabled"
    units = [unit.name for unit in _units(facts) if enable or unit.enabled]
    verb = "enable" if enable else "disable"
    return action_for(
        cluster.name,
        change,
        "enable-o2cb" if enable else "disable-o2cb",
        summary=f"{verb} {' and '.join(units)} at boot",
        command=gate_command("do", "systemctl", verb, *units),
        expects=tuple(Fact((change.host,), "unit-at-boot", u, f"{verb}d") for u in units),
        seconds=5,
    )


def _write(cluster: Cluster, change: Change, facts: HostFacts) -> Action:
    file = require(facts.o2cb_config)
    stays = change.host in staying(cluster)
    text = render_settings(file.text, wanted_settings(cluster) if stays else OUT)
    action = write(change, (cluster.name, "write-o2cb-settings"), "o2cb-config", file, text)
    what = (
        f"start at boot, cluster {cluster.name}, its timeouts" if stays else "no start at boot"
    )
    return replace(action, summary=f"write {file.path}: {what}")


NEEDS = ("o2cb_config", "services", "live")
