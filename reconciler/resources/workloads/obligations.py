"""What runs stopped on a host and owe it: ``stopped.json`` there, a durable obligation.

It is written before the first stop and struck off after the last start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from reconciler.frozen import frozen
from reconciler.gate.action_builders import digest, write
from reconciler.model.desired import Cluster
from reconciler.model.devices import ref
from reconciler.model.observed import HostFacts, TextFile
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.records import record
from reconciler.model.units import full_names

STOPPED = "stopped.json"
# A guest of a volume: its label, its name.
Named = tuple[str, str]


@frozen
class StoppedWorkloads:
    """What runs did to workloads of a host and have not undone, in the order of stopping."""

    stopped: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    guests: tuple[Named, ...] = ()

    @property
    def words(self) -> str:
        """All of it in words."""
        units = dict.fromkeys((*self.stopped, *self.disabled))
        names = [f"guest {name} of {label}" for label, name in self.guests]
        return ", ".join((*units, *names)) or "nothing"

    def to_text(self, devices: Mapping[str, str]) -> str:
        """The record's text; without guests as runs that knew none wrote it.

        ``devices`` are those of volumes by label: by them a guest is found under another label.
        """
        fields = {"services": list(self.stopped), "disabled": list(self.disabled)}
        if not self.guests:
            return json.dumps(fields) + "\n"
        guests = [list(item) for item in self.guests]
        theirs = {label: devices[label] for label, _name in self.guests if label in devices}
        return json.dumps({**fields, "guests": guests, "devices": theirs}) + "\n"


def units(cluster: Cluster) -> tuple[str, ...]:
    """Every declared service, once, in the file's order."""
    found = [u for v in cluster.volumes if v.workloads for u in v.workloads.services]
    return tuple(dict.fromkeys(full_names(found)))


def obligations(cluster: Cluster, facts: HostFacts) -> StoppedWorkloads:
    """What a run stopped or disabled on a host and has not given back."""
    owed, named = _recorded(cluster, facts), units(cluster)
    stopped, disabled = (
        tuple(unit for unit in names if unit in named)
        for names in (owed.stopped, owed.disabled)
    )
    labels = _with_guests(cluster)
    return StoppedWorkloads(stopped, disabled, tuple(g for g in owed.guests if g[0] in labels))


def forgotten_workloads(cluster: Cluster, facts: HostFacts) -> StoppedWorkloads:
    """Of those the ones that the file does not name any more: nobody gives them back."""
    owed, known = _recorded(cluster, facts), obligations(cluster, facts)
    both = dict.fromkeys((*owed.stopped, *owed.disabled))
    units = tuple(unit for unit in both if unit not in {*known.stopped, *known.disabled})
    return StoppedWorkloads(units, (), tuple(g for g in owed.guests if g not in known.guests))


def _with_guests(cluster: Cluster) -> frozenset[str]:
    return frozenset(v.label for v in cluster.volumes if v.workloads and v.workloads.guests)


def _recorded(cluster: Cluster, facts: HostFacts) -> StoppedWorkloads:
    """What the host's own record says; a garbled one says nothing."""
    try:
        found = json.loads(record(facts, cluster.name, STOPPED).text or "{}")
        stopped, disabled = (
            tuple(map(_word, found.get(key, []))) for key in ("services", "disabled")
        )
        labels = _labels_now(cluster, found.get("devices", {}))
        guests = tuple(
            (labels.get(label, _word(label)), _word(name))
            for label, name in found.get("guests", [])
        )
    except (ValueError, AttributeError, TypeError, RecursionError):
        return StoppedWorkloads()
    return StoppedWorkloads(stopped, disabled, guests)


def _word(value: object) -> str:
    """A name as facts and arguments tell it, in one word; ValueError if it is none."""
    if not isinstance(value, str) or value.split() != [value] or not value.isprintable():
        raise ValueError(f"not a name: {repr(value)[:64]}")
    return value


def _labels_now(cluster: Cluster, devices: Mapping[str, str]) -> Mapping[str, str]:
    """What is called otherwise since it was written down: the device says which volume it is."""
    now = {device: label for label, device in _devices(cluster).items()}
    return {label: now[device] for label, device in devices.items() if device in now}


def _devices(cluster: Cluster) -> Mapping[str, str]:
    return {volume.label: ref(volume) for volume in cluster.volumes}


@frozen
class StoppedRecord:
    """The record of one host, for the actions that write it."""

    cluster: str
    change: Change
    file: TextFile
    devices: Mapping[str, str]

    def add(self, owed: StoppedWorkloads) -> Action:
        """``owed`` is written down."""
        return self._written("note-stopped", owed)

    def clear(self, rest: StoppedWorkloads) -> Action:
        """Only ``rest`` is still owed."""
        return self._written("strike-stopped", rest)

    def after(self, owed: StoppedWorkloads) -> StoppedRecord:
        """The record once ``owed`` is in it."""
        text = owed.to_text(self.devices)
        return replace(self, file=replace(self.file, text=text, sha256=digest(text)))

    def _written(self, name: str, owed: StoppedWorkloads) -> Action:
        text = owed.to_text(self.devices)
        action = write(self.change, (self.cluster, name), "record", self.file, text)
        subject, host = f"{self.cluster}/{STOPPED}", self.change.host
        old, new = (fact.value for fact in (*action.requires, *action.expects))
        return replace(
            action,
            summary=f"note that {owed.words} is to run again when the volume is back",
            requires=(Fact((host,), "record", subject, old),),
            expects=(Fact((host,), "record", subject, new),),
        )


def stopped_record(cluster: Cluster, change: Change, facts: HostFacts) -> StoppedRecord:
    """The record of the change's host as it is."""
    file = record(facts, cluster.name, STOPPED)
    return StoppedRecord(cluster.name, change, file, _devices(cluster))
