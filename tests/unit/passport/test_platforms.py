"""Platforms: what of a kernel's and the tools' versions is compared, and which are the same."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Kernel, Observed, Packages, Unknown, Unreachable
from reconciler.passport.platforms import (
    Platform,
    covers,
    host_platform,
    join_platforms,
    platforms_by_host,
    split_platforms,
    together,
)
from tests.builders import bare, facts, spec

OLD, NEW = Platform("6.1", "1.8.7"), Platform("6.12", "1.8.8")
BARE = Platform("6.1", "")


def host(kernel="6.1.0-31-amd64", tools="1.8.7-1+b1", name="ocfs2-tools"):
    one = facts("node01", 1)
    versions = {name: tools} if tools else {}
    return replace(
        one,
        identity=replace(one.identity, kernel=kernel),
        packages=replace(one.packages, versions=versions),
    )


@pytest.mark.parametrize(
    ("kernel", "tools", "platform"),
    [
        ("6.1.0-31-amd64", "1.8.7-1+b1", OLD),
        ("6.12.48+deb13-amd64", "2:1.8.8-1", NEW),
        ("4.18.0-553.el8_10.x86_64", "1.8.6-15.el8", Platform("4.18", "1.8.6")),
        ("5.15.0-206.153.7.el9uek.x86_64", "", Platform("5.15", "")),
        ("6.1.0-rc3-amd64", "1.8.7~rc1", OLD),
        ("6.1\x1b[31m\n", "1.8.7\n\x1b]0;x\x07", OLD),
        ("custom", "unversioned", Platform("", "")),
        ("9" * 5000 + ".1", "1" * 5000, Platform("", "")),
        ("6." + "1" * 5000, "1.8." + "7" * 5000, Platform("", "")),
        ("6.1", "1" + ".1" * 5000, BARE),
    ],
)
def test_a_distributions_additions_to_versions_are_left_out(kernel, tools, platform):
    assert host_platform(spec(), host(kernel, tools)) == platform


@pytest.mark.parametrize("tools", ["1" * 5000, "1.8." + "7" * 5000])
def test_a_host_whose_versions_nobody_can_read_ends_no_table_and_no_plan(tools):
    assert together([host_platform(spec(), host(tools=tools)), OLD]) == (OLD,)


def test_the_version_that_the_file_wants_counts_as_the_plan_installs_it():
    wanted = spec(packages={"tools_version": "1.8.8-1"})
    assert host_platform(wanted, host()).tools == "1.8.8"
    kept = spec(packages={"tools_version": "1.8.8-1", "manage": False})
    assert host_platform(kept, host()).tools == "1.8.7"


def test_a_package_of_another_name_is_the_tools_too():
    assert host_platform(spec(packages={"tools": "my-tools"}), host(name="my-tools")) == OLD


def test_what_could_not_be_read_is_not_known():
    one = replace(host(), identity=Unknown("x"), packages=Unknown("x"), kernel=Unknown("x"))
    assert host_platform(spec(), one) == Platform("", "")
    running = replace(one, kernel=Kernel("6.1.9", None, None, None, None, (), 0, 0))
    assert host_platform(spec(), running) == BARE
    assert isinstance(host().packages, Packages)


def test_hosts_that_do_not_answer_or_take_no_part_have_none():
    cluster = spec()
    lost = Unreachable("node03", "host-unreachable", "no route")
    observed = Observed({**bare(cluster).hosts, "node03": lost, "other": host()})
    assert platforms_by_host(cluster, observed) == {"node01": OLD, "node02": OLD}


def test_members_that_differ_are_sorted_by_kernel_and_each_is_there_once():
    ten = Platform("6.2", "1.8.7")
    assert together([NEW, OLD, ten, OLD]) == (OLD, ten, NEW)


def test_a_host_without_tools_is_as_the_others_with_its_kernel():
    assert together([BARE, OLD]) == (OLD,)
    assert together([BARE, NEW]) == (BARE, NEW)
    assert together([Platform("", "1.8.7")]) == ()


@pytest.mark.parametrize(
    ("done", "asked", "answer"),
    [
        ((OLD,), (OLD,), True),
        ((OLD,), (NEW,), False),
        ((OLD,), (BARE,), True),
        ((OLD, NEW), (OLD,), False),
        ((OLD,), (OLD, NEW), False),
        ((OLD, NEW), (OLD, NEW), True),
        ((OLD, NEW), (BARE, NEW), True),
        ((OLD,), (Platform("6.1", "1.8.8"),), False),
        ((OLD,), (), False),
    ],
)
def test_only_the_same_kernels_with_the_same_tools_cover(done, asked, answer):
    assert covers(done, asked) is answer


def test_several_are_written_as_one_word_each_and_read_again():
    words = join_platforms((OLD, NEW))
    assert words == {"kernel": "6.1+6.12", "tools": "1.8.7+1.8.8"}
    assert split_platforms(**words) == (OLD, NEW)
    assert split_platforms("6.12+6.1", "1.8.8+1.8.7") == (OLD, NEW)


@pytest.mark.parametrize(
    "words",
    [("6.1+6.12", "1.8.7"), ("6.1", ""), ("", "1.8.7"), ("6", "1.8.7"), ("None", "None")],
)
def test_what_is_no_pair_is_refused(words):
    with pytest.raises(ValueError, match=r"kernels and tools|argument"):
        split_platforms(*words)
