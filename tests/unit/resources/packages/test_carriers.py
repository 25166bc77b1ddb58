"""What a host without the module is told: lines that can be pasted, and that a plan acts upon."""

import re
from dataclasses import replace

import pytest
import yaml

from reconciler.planning.planner import plan_cluster
from tests.builders import bare, spec

PASTED = {
    "ubuntu": ("6.8.0-45-generic", "linux-modules-extra-6.8.0-45-generic"),
    "rocky": ("5.14.0-427.el9.x86_64", "kmod-ocfs2-flexvdi"),
    "centos": ("3.10.0-862.el7.x86_64", "kmod-ocfs2-flexvdi"),
    "rhel": ("5.14.0-427.el9.x86_64", "kmod-ocfs2-flexvdi"),
    "fedora": ("6.11.4-301.fc41.x86_64", "kernel-modules-extra"),
    "ol": ("5.15.0-209.161.7.2.el9uek.x86_64", "kernel-uek-modules"),
}
TOLD = {
    ("debian", "6.1.0-25-cloud-amd64"): "apt-get install linux-image-amd64",
    ("ol", "5.14.0-427.el9.x86_64"): "dnf install kernel-uek, then boot it",
    ("sles", "6.4.0-150600.23-default"): "zypper install ocfs2-kmp-default",
    ("gentoo", "6.6.0"): "install the kernel package that carries ocfs2 for 6.6.0",
}


def planned(family, running, **packages):
    """A plan for one host of that family, which has no module."""
    cluster = spec(("node01",), packages=packages)
    observed = bare(cluster)
    facts = observed.hosts["node01"]
    manager = "dpkg" if family in {"ubuntu", "debian"} else "rpm"
    facts = replace(
        facts,
        identity=replace(facts.identity, os=family, kernel=running),
        kernel=replace(facts.kernel, running=running, module_file=None),
        packages=replace(facts.packages, manager=manager),
    )
    return plan_cluster(cluster, replace(observed, hosts={"node01": facts}))


def remedy(plan):
    (refused,) = [b for b in plan.blocked if b.code == "module-missing"]
    return refused.remedy


@pytest.mark.parametrize("family", PASTED)
def test_the_line_that_is_told_makes_a_plan_that_installs_it(family):
    running, package = PASTED[family]
    line = re.search(r"packages: \{.*?\"\}", remedy(planned(family, running)))
    pasted = yaml.safe_load(line[0])["packages"]
    plan = planned(family, running, **pasted)
    assert [b.code for b in plan.blocked] == []
    (action,) = [a for a in plan.actions if a.kind == "install-module"]
    assert package in action.command.argv[5:][1]


@pytest.mark.parametrize("where", TOLD, ids=lambda where: where[0])
def test_where_no_package_helps_what_does_is_told(where):
    assert TOLD[where] in remedy(planned(*where))
