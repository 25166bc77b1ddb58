"""The file /etc/ocfs2/cluster.conf as it is; what it means is ``grammar``'s."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.probe.sections import Section, text_file

SECTIONS: dict[str, Callable[[Section], object]] = {"cluster_conf": text_file}
