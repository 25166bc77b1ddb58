"""What no plan can give a member: refused on facts of one host."""

from dataclasses import replace

import pytest

from reconciler.model.observed import ModuleBuild
from reconciler.resources.packages.checks import check
from tests.builders import bare, spec, with_facts

CLUSTER = spec(("node01",))


def tell(cluster, seen):
    return [(b.code, b.subject, b.remedy) for b in check(cluster, seen)]


def test_who_is_not_root_on_a_member_can_do_nothing():
    seen = bare(CLUSTER)
    assert tell(CLUSTER, seen) == []
    someone = replace(seen.hosts["node01"].identity, uid=1000)
    (refusal,) = tell(CLUSTER, with_facts(seen, "node01", identity=someone))
    assert refusal[:2] == ("not-root", "member/node01")
    assert refusal[2].startswith("log in as root, or set ssh.sudo: true")


@pytest.mark.parametrize(
    ("build", "refused"),
    [
        (ModuleBuild("ocfs2", "a", "a"), False),
        (ModuleBuild("ocfs2", None, "a"), True),
        (ModuleBuild("ocfs2", "a", None), True),
    ],
)
def test_a_module_that_does_not_tell_its_build_is_not_replaced(build, refused):
    wanted = {"kernel_module": "ocfs2-kmp", "kernel_module_version": "2"}
    cluster = spec(("node01",), packages=wanted)
    seen = bare(cluster)
    facts = seen.hosts["node01"]
    versions = {**facts.packages.versions, "ocfs2-kmp": "1"}
    seen = with_facts(
        seen,
        "node01",
        kernel=replace(facts.kernel, builds=(build,)),
        packages=replace(facts.packages, versions=versions),
    )
    remedy = (
        "on node01: see modinfo ocfs2; where it is compressed, install what reads it (xz, zstd)"
    )
    expected = [("module-unproven", "member/node01", remedy)] if refused else []
    assert tell(cluster, seen) == expected
