"""Rules about the software of the members."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.loading.semantics.finding import Finding, Rule, clusters
from reconciler.model.desired import Desired


def a_version_has_its_package(desired: Desired) -> Iterator[Finding]:
    """A version of nothing would be heeded by nobody."""
    for path, cluster in clusters(desired):
        packages = cluster.packages
        if packages.kernel_module_version and not packages.kernel_module:
            yield Finding(
                (*path, "packages", "kernel_module_version"),
                "module-unnamed",
                "'kernel_module_version' without 'kernel_module'",
                "name the package of the module, or leave its version out",
            )


RULES: tuple[Rule, ...] = (a_version_has_its_package,)
