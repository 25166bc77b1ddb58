"""What a host has after something was installed, loaded or upgraded."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.effect import Effects, arguments, on_host, unchanged
from reconciler.model.observed import HostFacts, ModuleBuild, Unknown, require
from reconciler.model.plan import Action
from reconciler.model.software import UNITS, commands


def _installed(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The packages with their commands and units; of their versions nothing is known yet."""
    manager, *words = arguments(action)
    now = require(facts.packages)
    asked = [word.partition("=") for word in words if not word.startswith("?")]
    names = [name for name, _, _ in asked]
    versions = {name: version or "to be installed" for name, _, version in asked}
    brought = [c for name in names for c in commands(cluster, manager, name)]
    packages = replace(
        now,
        versions={**now.versions, **versions},
        commands=tuple(dict.fromkeys((*now.commands, *brought))),
    )
    facts = replace(facts, packages=packages)
    if cluster.packages.tools not in names or isinstance(facts.services, Unknown):
        return facts
    units = tuple(
        replace(unit, load="loaded")
        if unit.name in UNITS and unit.load == "not-found"
        else unit
        for unit in facts.services
    )
    return replace(facts, services=units)


def _module_loaded(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    kernel, name = require(facts.kernel), action.expects[0].subject
    loaded = tuple(dict.fromkeys((*kernel.loaded, name)))
    return replace(facts, kernel=replace(kernel, loaded=loaded))


def _module_installed(_c: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    kernel = require(facts.kernel)
    return replace(facts, kernel=replace(kernel, module_file="to be installed"))


def _module_upgraded(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """What runs stays what it was, and is not what is installed any more."""
    _manager, word, _kernel = arguments(action)
    name, _, version = word.partition("=")
    now, kernel = require(facts.packages), require(facts.kernel)
    builds = tuple(replace(build, file="to be installed") for build in kernel.builds)
    return replace(
        facts,
        packages=replace(now, versions={**now.versions, name: version}),
        kernel=replace(kernel, builds=builds),
    )


def _module_reloaded(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """What runs is what is installed, also where nothing was loaded before."""
    kernel, name = require(facts.kernel), action.expects[0].subject
    found = {build.name: build.file or "as installed" for build in kernel.builds}
    files = {name: "as installed", **found}
    builds = tuple(ModuleBuild(n, file, file) for n, file in files.items())
    loaded = tuple(dict.fromkeys((*kernel.loaded, name)))
    return replace(facts, kernel=replace(kernel, builds=builds, loaded=loaded))


_FETCHED = unchanged("what is fetched waits in the package manager's cache")
EFFECTS: Effects = {
    "install-packages": on_host(_installed),
    "install-module": on_host(_module_installed),
    "load-module": on_host(_module_loaded),
    "fetch-packages": _FETCHED,
    "fetch-module": _FETCHED,
    "upgrade-packages": on_host(_installed),
    "upgrade-module": on_host(_module_upgraded),
    "reload-module": on_host(_module_reloaded),
}
