"""Which drop-ins there are after an action, and what systemd has read of them."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.effect import Effects, arguments, on_host, written_file
from reconciler.model.observed import HostFacts, TextFile, require
from reconciler.model.plan import Action


def _order_written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return _with_drop_in(facts, written_file(action))


def _order_archived(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return _with_drop_in(facts, TextFile(arguments(action)[0], None))


def _with_drop_in(facts: HostFacts, new: TextFile) -> HostFacts:
    now = require(facts.ordering)
    kept = [file for file in now.files if file.path != new.path]
    files = (*kept, new) if new.text is not None else tuple(kept)
    return replace(facts, ordering=replace(now, files=files))


def _reloaded(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """Also of what is masked, which systemd reads like the others and does not tell until then."""
    now = require(facts.ordering)
    new = [fact.subject.split(" ", 1) for fact in action.expects]
    ours = [
        (file.path.split("/")[-2].removesuffix(".d"), file.text or "") for file in now.files
    ]
    read = {(unit, line) for unit, text in ours for line in text.splitlines() if "=" in line}
    words = {*now.words, *read, *((unit, word) for unit, word in new)}
    return replace(facts, ordering=replace(now, words=tuple(sorted(words))))


EFFECTS: Effects = {
    "write-order": on_host(_order_written),
    "archive-order": on_host(_order_archived),
    "reload-units": on_host(_reloaded),
}
