"""What is installed first of all, and what the hosts will then be able to tell and do.

Nobody is told of a new member, nothing is written or unmounted, before the software is on
every member that lacks it: a package that cannot be had stops a run while nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed, Unknown, WantedDevice
from reconciler.model.plan import Action
from reconciler.model.roles import restrict_to, staying
from reconciler.model.software import has_tools
from reconciler.planning.kinds import in_phases
from reconciler.planning.prediction import predict
from reconciler.resources.packages import changes as packages

INSTALLS = in_phases("install")


def install_actions(cluster: Cluster, observed: Observed) -> tuple[Action, ...]:
    """What is to be installed, of all hosts of which enough is known."""
    readable = {
        name: facts
        for name, facts in restrict_to(observed, staying(cluster)).answering_hosts().items()
        if not any(isinstance(getattr(facts, key), Unknown) for key in packages.NEEDS)
    }
    seen = Observed(readable)
    found = packages.actions(cluster, seen, tuple(packages.diff(cluster, seen)))
    return tuple(action for action in found if action.kind in INSTALLS)


def after_installation(
    cluster: Cluster, observed: Observed, actions: Sequence[Action]
) -> Observed:
    """The hosts with that installed.

    A file system that a host can tell of only then is the one that others tell of by the same
    UUID: a prediction like any other, and proven before anything is mounted.
    """
    installed = predict(cluster, observed, actions)
    hosts, before = dict(installed.hosts), observed.answering_hosts()
    for host, facts in installed.answering_hosts().items():
        packages = before[host].packages
        blind = not isinstance(packages, Unknown) and not has_tools(packages)
        is_due = any(action.host == host for action in actions)
        if is_due and blind and not isinstance(facts.wanted, Unknown):
            views = tuple(_told(view, observed) for view in facts.wanted)
            hosts[host] = replace(facts, wanted=views)
    return replace(observed, hosts=hosts)


def _told(view: WantedDevice, observed: Observed) -> WantedDevice:
    """The view with what another host reads of the same file system."""
    for facts in observed.answering_hosts().values():
        for other in () if isinstance(facts.wanted, Unknown) else facts.wanted:
            block = other.superblock
            same = other.ref == view.ref and view.superblock is None and block is not None
            if same and block and view.signature.get("UUID", "").lower() == block.uuid.lower():
                return replace(
                    view,
                    superblock=block,
                    slot_map=other.slot_map,
                    beats=other.beats,
                    advancing=other.advancing,
                )
    return view
