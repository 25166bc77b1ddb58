"""Hosts behind SSH: settings, host-key checks, connections, commands.

Importing this package imports asyncssh (0.2 s): do it where a connection is about to be made.
"""

from __future__ import annotations

from reconciler.hosts.ssh import quick_import as quick_import  # first: it imports asyncssh
from reconciler.hosts.ssh.failures import MAY_HAVE_RUN
from reconciler.hosts.ssh.host import SshHost
from reconciler.hosts.ssh.link import SshShared
from reconciler.hosts.ssh.settings import SshSettings, resolve, resolve_looking

__all__ = ["MAY_HAVE_RUN", "SshHost", "SshSettings", "SshShared", "resolve", "resolve_looking"]
