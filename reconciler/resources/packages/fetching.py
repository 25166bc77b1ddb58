"""What is known of an upgrade before anything is taken away for it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.model.gate_call import gate_call
from reconciler.model.plan import Action, declared_kind

# Fetching and unpacking over a slow line, after waiting for whoever has the package manager.
INSTALL_TIMEOUT = 1800.0


def fetch_action(upgrade: Action) -> Action:
    """The same up to where it would begin: rehearsed, with all that it takes on the host.

    A version that no repository has, a lock, a hold or a pin is found while all is mounted.
    """
    call = gate_call(upgrade.command.argv) if upgrade.command else None
    words = (call.verb, *call.arguments) if call else ()
    kind = declared_kind(upgrade.kind.replace("upgrade", "fetch"))
    return replace(
        upgrade,
        id=upgrade.id.replace(upgrade.kind, kind),
        kind=kind,
        summary=f"rehearse and fetch, to {upgrade.summary}",
        command=gate_command("fetch", *words, timeout=INSTALL_TIMEOUT),
        requires=(),
        expects=(),
    )
