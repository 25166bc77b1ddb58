"""What is read of the service and the kernel's timeouts."""

from __future__ import annotations

from reconciler.model.observed import HostFacts, require
from reconciler.model.reading import Reading, unknown


def o2cb_config(facts: HostFacts, _subject: str) -> str:
    """The hash of the o2cb configuration file."""
    return require(facts.o2cb_config).sha256 or "absent"


def unit_at_boot(facts: HostFacts, name: str) -> str:
    """Whether a unit starts at boot."""
    unit = next((u for u in require(facts.services) if u.name == name), None)
    if unit is None:
        return unknown("it was not looked at")
    return "enabled" if unit.enabled else "disabled"


def timeouts(facts: HostFacts, name: str) -> str:
    """The timeouts of the running cluster; of the network in ms, ``dead`` in intervals."""
    live = require(facts.live).running(name)
    if live is None:
        return "absent"
    values = (
        live.idle_timeout_ms,
        live.keepalive_delay_ms,
        live.reconnect_delay_ms,
        live.dead_threshold,
    )
    if None in values:
        return unknown(f"the kernel does not tell: {timeout_words(*values)}")
    return timeout_words(*values)


def kernel_timeouts(facts: HostFacts, name: str) -> str:
    """As ``timeouts``, without what changes while the kernel runs."""
    return without_reconnect(timeouts(facts, name))


def timeout_words(*values: int | None) -> str:
    """Idle, keepalive and reconnect in ms and the dead threshold, as a reading has them."""
    names = ("idle", "keepalive", "reconnect", "dead")
    return " ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))


def without_reconnect(words: str) -> str:
    """What a running kernel does not take a new value of."""
    return " ".join(word for word in words.split() if not word.startswith("reconnect="))


READINGS = {
    "o2cb-config": Reading(("o2cb_config",), o2cb_config),
    "unit-at-boot": Reading(("services",), unit_at_boot),
    "live-timeouts": Reading(("live",), timeouts),
}
