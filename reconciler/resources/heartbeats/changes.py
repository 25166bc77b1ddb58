"""The record of attested heartbeat blocks: each is written down before anything rests on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate.action_builders import digest, write
from reconciler.model.addresses import member_address
from reconciler.model.attested_blocks import (
    HEARTBEATS,
    Blocks,
    blocks_text,
    read_blocks,
    record_text,
)
from reconciler.model.bindings import VOLUMES, read_bindings
from reconciler.model.desired import Cluster
from reconciler.model.heartbeats import accepted_blocks, heartbeat_view
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked, refuse_unread
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.records import record
from reconciler.model.roles import restrict_to, staying


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse records that cannot be read: what they say is not said anew."""
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        for name, read in ((HEARTBEATS, read_blocks), (VOLUMES, read_bindings)):
            try:
                read(record(facts, cluster.name, name).text)
            except ValueError as error:
                yield refuse_unread(host, f"the record {name}", str(error))


def wanted_blocks(cluster: Cluster, observed: Observed) -> Blocks:
    """By UUID and number every attested block, as it was when it was attested."""
    found = {}
    for volume in cluster.volumes:
        view, blocks = (
            heartbeat_view(cluster, volume, observed),
            accepted_blocks(cluster, volume, observed),
        )
        if view is not None and view.superblock is not None and blocks:
            found[view.superblock.uuid] = blocks
    return found


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Members whose record is not what the file attests."""
    text = blocks_text(wanted_blocks(cluster, observed))
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        have = record_text(cluster, facts)
        if have != text and (have is not None or text != blocks_text({})):
            because = "the file attests that their hosts are gone, as long as they stay so"
            yield Change(member_address(host, "heartbeats"), host, "file", have, text, because)


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write down how the blocks stand now."""
    for change in changes:
        file = record(observed.answering_hosts()[change.host], cluster.name, HEARTBEATS)
        before = file if file.text is None else replace(file, sha256=digest(file.text))
        action = write(
            change, (cluster.name, "attest-heartbeat"), "record", before, str(change.after)
        )
        subject = f"{cluster.name}/{HEARTBEATS}"
        old, new = (fact.value for fact in (*action.requires, *action.expects))
        yield replace(
            action,
            summary="note the heartbeats that somebody attested, as they stand",
            requires=(Fact((change.host,), "record", subject, old),),
            expects=(Fact((change.host,), "record", subject, new),),
        )


NEEDS = ("records", "wanted")
