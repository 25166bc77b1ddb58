"""What the command line of ``reconcile apply`` asked for."""

from __future__ import annotations

import shlex

from reconciler.frozen import frozen
from reconciler.loading.saved import SavedPlan
from reconciler.model.desired import Desired
from reconciler.observation import Options
from reconciler.planning.review.approval import Consent


@frozen
class ApplyRequest:
    """What the command line asked for."""

    file: str
    file_digest: str
    desired: Desired
    consent: Consent
    options: Options
    lock_timeout: float
    json: bool
    ask: bool
    no_color: bool
    quiet: bool
    detail: int
    state: str | None
    saved: SavedPlan | None

    @property
    def more(self) -> str:
        """What else of the command line makes the same plan, and the same record."""
        targets = () if self.saved else self.options.targets
        words = [word for target in targets for word in ("--target", target)]
        words += ["--state-dir", self.state] if self.state else []
        return f" {shlex.join(words)}" if words else ""
