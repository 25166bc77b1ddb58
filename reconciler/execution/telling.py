"""One try of an action, and what the journal is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from reconciler.errors import ReconcilerError, RecordFailed
from reconciler.execution.endings import Ended, output_of, typed_command, words_of
from reconciler.model.outcome import ActionOutcome
from reconciler.model.plan import Action, Fact

Emit = Callable[[str, Mapping[str, object]], None]


@dataclass(slots=True)
class Attempt:
    """An action being carried out since ``started``; its command may have ``begun``, and ended so."""

    action: Action
    started: float
    begun: bool = False
    ended: Ended = None


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells the events of a cluster's actions."""

    cluster: str
    emit: Emit

    def tell_intent(self, action: Action) -> None:
        """Before anything is done. Raises RecordFailed: then nothing is to be."""
        intent = {"because": action.because, "command": typed_command(action)}
        self._tell("action-started", action, intent)

    def tell_intents(
        self, attempts: Sequence[Attempt]
    ) -> tuple[Sequence[Attempt], RecordFailed]:
        """Those whose intents are told before anything is done; and why not of the first other."""
        for number, attempt in enumerate(attempts):
            try:
                self.tell_intent(attempt.action)
            except RecordFailed as error:
                return attempts[:number], error
        return attempts, RecordFailed("", "")

    def tell_no_start(self, attempt: Attempt) -> ActionOutcome:
        """That its command did not begin, though that was told: one that was sent before failed."""
        why = "not started: one that was sent with it failed before"
        with suppress(RecordFailed):
            self._tell("action-failed", attempt.action, {"message": why, "seconds": 0.0})
        return ActionOutcome(attempt.action.id, "not-started", why)

    def tell_failure(
        self, attempt: Attempt, error: ReconcilerError, seconds: float
    ) -> ActionOutcome:
        """That it failed, with the command's last words."""
        failure = {"message": str(error), "seconds": seconds, **output_of(attempt.ended)}
        with suppress(RecordFailed):
            self._tell("action-failed", attempt.action, failure)
        return ActionOutcome(attempt.action.id, "failed", str(error), seconds)

    def tell_success(
        self, attempt: Attempt, proved: Sequence[Fact], seconds: float
    ) -> ActionOutcome:
        """That it is done, and what proves it."""
        action, proof = attempt.action, words_of(proved)
        details = {"seconds": seconds, **output_of(attempt.ended), "proved": proof}
        with suppress(RecordFailed):  # done is done; without a record nothing is begun
            self._tell("action-finished" if action.command else "barrier", action, details)
        return ActionOutcome(action.id, "done", "", seconds)

    def _tell(self, event: str, action: Action, details: Mapping[str, object]) -> None:
        self.emit(
            event,
            {
                "cluster": self.cluster,
                "action": action.id,
                "host": action.host,
                "kind": action.kind,
                "summary": action.summary,
                **details,
            },
        )
