"""``reconcile import``: a desired-state file from a running cluster; writes nothing there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address

import click

from reconciler.cli.login import check_hosts, login
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import LOGIN, NO_COLOR, NO_INPUT, NO_NOTES, PARALLELISM, VERBOSE
from reconciler.cli.terminal import is_quiet, note, observing, show
from reconciler.cli.work import complete
from reconciler.errors import ReconcilerError, SpecInvalid, UsageError
from reconciler.hosts.doors import connect_hosts
from reconciler.hosts.observer import observe
from reconciler.loading import load
from reconciler.model.desired import Desired, Member
from reconciler.model.host_names import host_key, is_same_host
from reconciler.model.observed import HostFacts, Unknown, Unreachable
from reconciler.model.plan import ClusterPlan
from reconciler.model.refusals import format_unread
from reconciler.model.ssh_access import Ssh
from reconciler.model.unmanaged import unsayable_name
from reconciler.observation import HostFactory, Options
from reconciler.observation.live_hosts import look_at
from reconciler.probe import probe_command
from reconciler.reports.imported.devices import MOST, count_unasked, devices, ref
from reconciler.reports.imported.draft import Draft, Style, left_out, make_draft
from reconciler.reports.imported.roster import clusters_of, nodes, own_name
from reconciler.reports.imported.verdict import fitting, is_faithful, verdict
from reconciler.reports.imported.writing import render
from reconciler.reports.problems import render as problem_lines
from reconciler.resources import SECTIONS
from reconciler.storage.private import create_private

BLOCKED = 3
# How a host is asked before it is known which cluster it is of.
NOWHERE = IPv4Address(0)
UNKNOWN_CLUSTER = ""
UNSAYABLE = "No file of this version can say what these hosts have:"


@click.command("import")
@click.argument("hosts", nargs=-1, required=True, metavar="HOST...")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the file there.")
@LOGIN
@PARALLELISM
@NO_INPUT
@NO_COLOR
@NO_NOTES
@VERBOSE
@LOGGING
def command(
    hosts: tuple[str, ...],
    output: str | None,
    user: str | None,
    identity: str | None,
    known_hosts: str | None,
    sudo: bool,
    parallelism: int,
    no_input: bool,
    no_color: bool,
    verbose: int,
) -> int:
    """Write a desired-state file of the running cluster of HOST; one host is enough.

    The others are found through it, by their names in the cluster. Nothing is written on any
    host. The plan of the file is empty; where it is not, the file and stderr say why, and the
    exit code is 3.
    """
    if output and os.path.lexists(output):
        raise UsageError(f"{output} is there already: remove it, or name another file")
    ssh = login(user, identity, known_hosts, sudo=sudo)
    check_hosts(hosts)
    search = Search(ssh, Options(parallelism=parallelism), no_color=no_color)
    text, said, faithful = complete(search.adopt(hosts))
    if output:
        create_private(output, text)
        note(f"{output} is written.")
    else:
        click.echo(text, nl=False)
    if not (faithful and is_quiet()):
        show([("" if faithful else "warn", line) for line in said], no_color, err=True)
    return 0 if faithful else BLOCKED


class NoClusterFound(ReconcilerError):
    """No host answered, or none that did is in a cluster."""


@dataclass(slots=True)
class Search:
    """Hosts found so far, by name in the cluster, and how each was reached."""

    ssh: Ssh
    options: Options
    no_color: bool
    facts: dict[str, HostFacts] = field(default_factory=dict)
    lost: dict[str, Unreachable] = field(default_factory=dict)
    doors: dict[str, str] = field(default_factory=dict)
    twins: list[str] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)

    async def adopt(self, seeds: Sequence[str]) -> tuple[str, tuple[str, ...], bool]:
        """The file, what is to be said of it, and whether its plan is empty."""
        shell = Desired.model_construct(version=1, ssh=self.ssh, clusters=())
        async with connect_hosts(shell) as fleet:
            return await self.through(fleet, seeds)

    async def through(
        self, fleet: HostFactory, seeds: Sequence[str]
    ) -> tuple[str, tuple[str, ...], bool]:
        """As ``adopt``, through doors that are there."""
        await self._first(fleet, seeds)
        await self._others(fleet)
        return await self._checked(fleet, [self._draft(name) for name in self._clusters()])

    async def _first(self, fleet: HostFactory, seeds: Sequence[str]) -> None:
        """Who was named: each is known by its name in the cluster from then on."""
        found = await self._ask(fleet, dict.fromkeys(seeds, ""), ())
        for seed in dict.fromkeys(seeds):
            facts = found[seed]
            if isinstance(facts, Unreachable):
                self.lost[seed] = facts
                continue
            self._take(seed, facts)
        if self.facts and self._clusters():
            return
        lost = "; ".join(
            f"{who}: {format_unread(who, item.code, item.message)}"
            for who, item in self.lost.items()
        )
        raise NoClusterFound(
            f"no host could be read: {lost}"
            if not self.facts
            else f"{', '.join(self.facts)}: neither the kernel nor cluster.conf has a cluster; "
            f"reconcile init {' '.join(self.doors.values())} writes a first file of them"
        )

    def _take(self, door: str, facts: HostFacts) -> None:
        """A host that answered is the node that it has as its own, however it was reached."""
        name = own_name(facts, door)
        there = next((known for known in self.facts if host_key(known) == host_key(name)), name)
        if there in self.facts and not self._is_same(facts, self.facts[there]):
            self.twins.append(
                f"{door} is left out: its host name is {there}, as that of "
                f"{self.doors[there]}, and one of two members needs another"
            )
        else:
            self.facts.setdefault(there, facts)
            self.doors.setdefault(there, door)

    @staticmethod
    def _is_same(one: HostFacts, other: HostFacts) -> bool:
        """Whether it is one host that was named in two ways."""
        known = [f.identity for f in (one, other) if not isinstance(f.identity, Unknown)]
        return len({item.boot_id for item in known}) == 1

    async def _others(self, fleet: HostFactory) -> None:
        """Who is on their lists, and on the lists of those, each asked once; then the devices."""
        while new := [name for name in self._listed() if not self._is_asked(name)]:
            self.lost |= {name: lost for name in new if (lost := _unaskable(name))}
            new = [name for name in new if name not in self.lost]
            found = await self._ask(fleet, dict.fromkeys(new, ""), ())
            for name, facts in found.items():
                self.tried.add(host_key(name))
                if isinstance(facts, Unreachable):
                    self.lost[name] = facts
                    continue
                self._take(name, facts)
                if not is_same_host(own := own_name(facts, name), name):
                    why = f"the host that answers as {name} is {own}"
                    self.lost[name] = Unreachable(name, "hostname-differs", why)
        await self.ask_again(fleet, [ref(device) for device in devices(self.facts)])

    async def ask_again(self, fleet: HostFactory, refs: Sequence[str]) -> None:
        """Those found so far once more, about devices."""
        again = await self._ask(fleet, {n: self.doors.get(n, n) for n in self.facts}, refs)
        for name, facts in again.items():
            if isinstance(facts, HostFacts):
                self.facts[name] = facts
            else:
                self.lost[name] = facts
                del self.facts[name]

    def _is_asked(self, name: str) -> bool:
        return any(
            is_same_host(name, known) for known in (*self.facts, *self.lost, *self.tried)
        )

    def _clusters(self) -> tuple[str, ...]:
        found = [name for facts in self.facts.values() for name in clusters_of(facts)]
        return tuple(dict.fromkeys(found))

    def _listed(self) -> tuple[str, ...]:
        return tuple(n.name for name in self._clusters() for n in nodes(name, self.facts))

    def _draft(self, name: str) -> Draft:
        """Of the hosts those that have the cluster, by kernel or file."""
        hosts = {
            host: facts for host, facts in self.facts.items() if name in clusters_of(facts)
        }
        return make_draft(name, hosts, self.lost, self.doors)

    async def _ask(
        self, fleet: HostFactory, hosts: Mapping[str, str], refs: Sequence[str]
    ) -> Mapping[str, HostFacts | Unreachable]:
        doors = {
            name: fleet(UNKNOWN_CLUSTER, _member(name, host or name))
            for name, host in hosts.items()
        }
        limit = self.options.parallelism
        with observing(len(doors), no_color=self.no_color) as watch:
            probe = probe_command(want=refs)
            seen = await observe(doors, probe, SECTIONS, limit=limit, progress=watch)
        return seen.hosts

    async def _checked(
        self, fleet: HostFactory, drafts: Sequence[Draft]
    ) -> tuple[str, tuple[str, ...], bool]:
        """The file is read as any other, and planned on what its hosts have now."""
        plain = {draft.name: Style() for draft in drafts}
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%MZ}"
        origin = (f"Written by reconcile import, {now}, from {', '.join(self.facts)}.",)
        try:
            desired = load("the file", render(drafts, self.ssh, plain, origin))
        except SpecInvalid as error:
            told = problem_lines(error.problems, error.lines).splitlines()
            names = [words for draft in drafts if (words := unsayable_name(draft.name))]
            why = (UNSAYABLE, *(names or told))
            return render(drafts, self.ssh, plain, (*origin, *why)), why, False
        total = sum(len(cluster.members) for cluster in desired.clusters)
        with observing(total, no_color=self.no_color) as watch:
            pairs = await look_at(desired, fleet, self.options, watch)
        found = {cluster.name: fitting(cluster, seen) for cluster, seen in pairs}
        plans: list[ClusterPlan] = [plan for _style, plan in found.values()]
        strange = (*self._strange(), *left_out(drafts))
        said = (*strange, *verdict(plans))
        styles = {name: style for name, (style, _plan) in found.items()}
        text = render(drafts, self.ssh, styles, (*origin, *said))
        return text, said, not strange and all(is_faithful(plan) for plan in plans)

    def _strange(self) -> tuple[str, ...]:
        """Who was named, was not read, and is on nobody's list; devices beyond the limit."""
        listed = self._listed()
        lost = [
            item
            for name, item in self.lost.items()
            if not any(is_same_host(name, one) for one in listed)
        ]
        told = [
            f"{item.host} was not read: {format_unread(item.host, item.code, item.message)}"
            for item in lost
        ]
        if more := count_unasked(self.facts):
            told.append(
                f"only {MOST} devices were looked at, what is mounted first; {more} more were "
                "not: a volume that no host has mounted may be missing here"
            )
        return (*told, *self.twins)


def _unaskable(name: str) -> Unreachable | None:
    """Why a host cannot be asked for by its name in the cluster, which others chose."""
    try:
        check_hosts([name])
    except UsageError as error:
        return Unreachable(name, "host-unreachable", str(error))
    return None


def _member(name: str, host: str) -> Member:
    return Member.model_construct(name=name, interconnect=NOWHERE, ssh=Ssh(host=host))
