"""The o2cb service: its configuration file, its start at boot, the kernel's timeouts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from reconciler.gate import gate_command
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, LiveCluster, Observed, Unit, known
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.refusals import member, not_supported
from reconciler.resources.o2cb.parsing import parse_settings, render_settings

UNITS = ("o2cb.service", "ocfs2.service")


def wanted(cluster: Cluster) -> Mapping[str, str]:
    """The keys of the file that are ours, in its words (vendor/common/o2cb.init.sh)."""
    return {
        "O2CB_ENABLED": "true",
        "O2CB_BOOTCLUSTER": cluster.name,
        "O2CB_HEARTBEAT_THRESHOLD": str(cluster.heartbeat.dead_threshold),
        "O2CB_IDLE_TIMEOUT_MS": str(cluster.network.idle_timeout_ms),
        "O2CB_KEEPALIVE_DELAY_MS": str(cluster.network.keepalive_delay_ms),
        "O2CB_RECONNECT_DELAY_MS": str(cluster.network.reconnect_delay_ms),
    }


def _timeouts(cluster: Cluster) -> str:
    network = cluster.network
    return _words(
        network.idle_timeout_ms,
        network.keepalive_delay_ms,
        network.reconnect_delay_ms,
        cluster.heartbeat.dead_threshold,
    )


def _words(*values: int | None) -> str:
    names = ("idle", "keepalive", "reconnect", "dead")
    return " ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))


def _live(facts: HostFacts, name: str) -> LiveCluster | None:
    clusters = known(facts.live).clusters
    return next((c for c in clusters if c.name == name and c.nodes), None)


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse what needs every mount of the cluster gone, and other stacks."""
    if cluster.heartbeat.mode == "global":
        yield not_supported(
            f"cluster/{cluster.name}",
            "heartbeat.mode: global is not acted upon yet",
            "use mode: local",
        )
    for host, facts in observed.reached().items():
        stack = parse_settings(known(facts.o2cb_config).text or "").get("O2CB_STACK", "")
        if stack not in ("", "o2cb"):
            yield Blocked(
                "foreign-stack",
                member(host),
                f"{known(facts.o2cb_config).path} says O2CB_STACK={stack}",
                "this product drives the o2cb stack; set it back, or leave the host out",
            )
        yield from _check_units(host, facts)
        live = _live(facts, cluster.name)
        if live and timeouts(facts, cluster.name) != _timeouts(cluster):
            yield not_supported(
                member(host),
                f"the running kernel has {timeouts(facts, cluster.name)}, the file wants "
                f"{_timeouts(cluster)}: changing timeouts is not acted upon yet",
                "write the timeouts that are running into the file",
            )
        if live and live.heartbeat_mode not in ("", "local"):
            yield not_supported(
                member(host),
                f"the running cluster has heartbeat mode {live.heartbeat_mode}",
                "only local heartbeat is acted upon",
            )


def _check_units(host: str, facts: HostFacts) -> Iterator[Blocked]:
    for unit in known(facts.services):
        absent = unit.name == UNITS[0] and unit.load == "not-found"
        if unit.name in UNITS and (absent or unit.load == "masked"):
            yield Blocked(
                "unit-not-usable",
                member(host),
                f"{unit.name} is {unit.load}: the cluster would not start at boot",
                f"on {host}: systemctl unmask {unit.name}"
                if unit.load == "masked"
                else f"install the package that has {unit.name} on {host}",
            )


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Settings that differ in the file, and units that do not start at boot."""
    want = wanted(cluster)
    for host, facts in observed.reached().items():
        file = known(facts.o2cb_config)
        have = parse_settings(file.text or "")
        wrong = {key: have.get(key) for key in want if have.get(key) != want[key]}
        if wrong:
            yield Change(
                f"{member(host)}/o2cb-settings",
                host,
                "file",
                wrong,
                {key: want[key] for key in wrong},
                f"{file.path} is absent" if file.text is None else f"{file.path} differs",
            )
        if _live(facts, cluster.name) is None:
            yield Change(
                f"{member(host)}/timeouts",
                host,
                "kernel",
                None,
                _timeouts(cluster),
                "the cluster is not online in its kernel",
            )
        disabled = [unit.name for unit in _units(facts) if not unit.enabled]
        if disabled:
            yield Change(
                f"{member(host)}/o2cb-at-boot",
                host,
                "boot",
                "disabled",
                "enabled",
                f"{', '.join(disabled)} would not start at boot",
            )


def _units(facts: HostFacts) -> list[Unit]:
    return [u for u in known(facts.services) if u.name in UNITS and u.load == "loaded"]


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write the settings, enable the units; then all kernels must have the timeouts."""
    facts = observed.reached()
    for change in changes:
        if change.truth == "file":
            yield _write(cluster, change, facts[change.host])
        elif change.truth == "boot":
            yield _enable(cluster, change, facts[change.host])
    if any(change.truth == "kernel" for change in changes):
        hosts = tuple(m.name for m in cluster.members)
        yield Action(
            id=f"{cluster.name}/all/same-timeouts",
            kind="same-timeouts",
            host="",
            address=f"cluster/{cluster.name}/timeouts",
            summary=f"barrier: the same timeouts in {len(hosts)} kernels",
            because="kernels with different timeouts refuse each other's connections",
            risk="safe",
            command=None,
            expects=(Fact(hosts, "live-timeouts", cluster.name, _timeouts(cluster)),),
        )


def _enable(cluster: Cluster, change: Change, facts: HostFacts) -> Action:
    units = [unit.name for unit in _units(facts)]
    return Action(
        id=f"{cluster.name}/{change.host}/enable-o2cb",
        kind="enable-o2cb",
        host=change.host,
        address=change.address,
        summary=f"enable {' and '.join(units)} at boot",
        because=change.because,
        risk="safe",
        command=gate_command("do", "systemctl", "enable", *units),
        expects=tuple(Fact((change.host,), "unit-at-boot", u, "enabled") for u in units),
        seconds=5,
    )


def _write(cluster: Cluster, change: Change, facts: HostFacts) -> Action:
    file = known(facts.o2cb_config)
    text = render_settings(file.text, wanted(cluster))
    before, mode = file.sha256 or "absent", file.mode or "644"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Action(
        id=f"{cluster.name}/{change.host}/write-o2cb-settings",
        kind="write-o2cb-settings",
        host=change.host,
        address=change.address,
        summary=f"write {file.path}: start at boot, cluster {cluster.name}, its timeouts",
        because=change.because,
        risk="safe",
        command=gate_command("write-file", file.path, mode, before, digest, stdin=text),
        requires=(Fact((change.host,), "o2cb-config", "", before),),
        expects=(Fact((change.host,), "o2cb-config", "", digest),),
    )


def o2cb_config(facts: HostFacts, _subject: str) -> str:
    """The hash of the o2cb configuration file."""
    return known(facts.o2cb_config).sha256 or "absent"


def unit_at_boot(facts: HostFacts, name: str) -> str:
    """Whether a unit starts at boot."""
    unit = next((u for u in known(facts.services) if u.name == name), None)
    if unit is None:
        return "absent"
    return "enabled" if unit.enabled else "disabled"


def timeouts(facts: HostFacts, name: str) -> str:
    """The timeouts of the running cluster; of the network in ms, ``dead`` in intervals."""
    live = _live(facts, name)
    if live is None:
        return "absent"
    return _words(
        live.idle_timeout_ms,
        live.keepalive_delay_ms,
        live.reconnect_delay_ms,
        live.dead_threshold,
    )


NEEDS = ("o2cb_config", "services", "live")
READINGS = {
    "o2cb-config": Reading(("o2cb_config",), o2cb_config),
    "unit-at-boot": Reading(("services",), unit_at_boot),
    "live-timeouts": Reading(("live",), timeouts),
}
