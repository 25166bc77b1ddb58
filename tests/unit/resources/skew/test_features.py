"""Which kernels mount which file systems."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Kernel
from reconciler.resources.skew.features import INCOMPAT, RO_COMPAT, STATES, missing_features
from tests.builders import superblock

# What mkfs.ocfs2 1.8.7 makes, as debugfs.ocfs2 prints it of a stamped volume [lab].
STAMPED = (
    "63312 sparse extended-slotmap inline-data xattr indexed-dirs refcount discontig-bg "
    "clusterinfo append-dio"
)
IN_TREE = "/lib/modules/X/kernel/fs/ocfs2/ocfs2.ko"
APART = "/lib/modules/X/extra/ocfs2/ocfs2.ko"


def lacks(release, incompat=STAMPED, ro_compat="1 unwritten", module=IN_TREE):
    block = replace(superblock(), incompat=incompat, ro_compat=ro_compat)
    return missing_features(block, Kernel(release, None, module, None, None, (), 0, 0), release)


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("6.1.0-25-amd64", ()),
        ("5.4.17-2136.338.4.2.el8uek.x86_64", ()),
        ("4.0", ()),
        ("3.16.0-11-amd64", ("append-dio",)),
        ("2.6.32-754.el6.x86_64", ("discontig-bg", "clusterinfo", "append-dio")),
        ("2.6.39", ("append-dio",)),
        ("custom", ()),
    ],
)
def test_a_kernel_lacks_what_came_after_its_release(release, expected):
    assert lacks(release) == expected


def test_of_a_module_that_was_built_apart_the_release_tells_nothing():
    assert lacks("3.16.0", module=APART) == ()
    assert lacks("3.16.0", module=None) == ()


@pytest.mark.parametrize("module", [IN_TREE, APART])
def test_a_bit_that_is_in_no_table_is_lacking_in_every_kernel(module):
    assert lacks("9.9", f"{63312 | 0x10000} x", "9 unwritten", module) == (
        "incompat 0x10000",
        "ro_compat 0x8",
    )


@pytest.mark.parametrize("bit", [0x2, 0x4, 0x20])
def test_what_is_no_feature_but_a_state_is_not_lacking(bit):
    assert lacks("6.1", f"{63312 | bit} aborted") == ()


def test_a_superblock_that_tells_no_features_lacks_none():
    assert lacks("2.6.18", "", "") == ()
    assert lacks("2.6.18", "0 ", "0 ") == ()


@pytest.mark.parametrize("table", [INCOMPAT, RO_COMPAT])
def test_every_bit_is_one_and_stands_once(table):
    bits = [feature.bit for feature in table]
    assert len(set(bits)) == len(bits)
    assert all(bit & (bit - 1) == 0 for bit in bits)


def test_no_state_is_taken_for_a_feature():
    assert not sum(feature.bit for feature in INCOMPAT) & STATES
