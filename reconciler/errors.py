"""Every failure that the product expects, with what the command line does about it.

Bugs stay outside this hierarchy and crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.problems import Problem


class ReconcilerError(Exception):
    """An expected failure; ``exit_code`` is the process's, ``retryable`` a caller's hint."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False


class UsageError(ReconcilerError):
    """The command line itself cannot be understood: a missing file, an unknown target."""

    exit_code = 64


class InputError(ReconcilerError):
    """Something that the operator wrote cannot be used."""


class SpecInvalid(InputError):
    """A desired-state file has problems; all of them are in ``problems``."""

    def __init__(self, path: str, lines: tuple[str, ...], problems: Sequence[Problem]) -> None:
        super().__init__(f"{path}: {len(problems)} problem(s)")
        self.path = path
        self.lines = lines
        self.problems = tuple(problems)


class ObservationError(ReconcilerError):
    """A host could not be read."""

    exit_code = 3


class HostUnreachable(ObservationError):
    """No session with a host; ``code`` is the stable refusal code of the reason."""

    retryable = True

    def __init__(self, host: str, code: str, message: str) -> None:
        super().__init__(f"{host}: {message}")
        self.host = host
        self.code = code
        self.message = message


class RecordFailed(ReconcilerError):
    """A line of a run's record could not be written; what it was to tell first is not begun."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"the record {path} could not be written: {message}")


class ExecutionError(ReconcilerError):
    """An approved plan could not be carried out to its end."""

    exit_code = 4


class LockHeld(ExecutionError):
    """Another run holds the lease of a member; ``code`` is the stable code of how."""

    exit_code = 5
    retryable = True

    def __init__(
        self, host: str, holder: str, seconds_left: float, code: str = "lease-held"
    ) -> None:
        super().__init__(
            f"{host}: locked by {holder}; displaceable in {seconds_left:.0f} s without renewal"
        )
        self.host = host
        self.holder = holder
        self.seconds_left = seconds_left
        self.code = code


class ActionFailed(ExecutionError):
    """A command of an action did not do its work."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(f"{action}: {message}")
        self.action = action


class VerificationFailed(ExecutionError):
    """An action ended, yet the facts that it must make true are not."""

    def __init__(self, action: str, remaining: Sequence[str]) -> None:
        super().__init__(f"{action}: not true afterwards: {'; '.join(remaining)}")
        self.action = action
        self.remaining = tuple(remaining)


class WorkFailed(ReconcilerError):
    """A working process of the daemon could not do what it was to do; the message says why."""

    retryable = True


class SecretUnread(ReconcilerError):
    """What a reference stands for cannot be had; the words tell the reference only."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SourceFailed(ReconcilerError):
    """The files that say what is wanted could not be had; ``code`` is the stable code of why."""

    retryable = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreFailed(ReconcilerError):
    """The database of the state could not be used; ``path`` is its file or its address.

    ``code`` is the stable refusal code of the reason, empty where there is none.
    """

    def __init__(self, path: str, message: str, code: str = "") -> None:
        words = f"the state in {path} {message}"
        super().__init__(f"{code}: {words}" if code else words)
        self.path = path
        self.code = code


class StoreDamaged(StoreFailed):
    """The file is no database, or a damaged one: it is kept aside and begun anew."""


class StoreFull(StoreFailed):
    """There is no room to write; nothing of what was to be written is there."""

    retryable = True


class StoreBusy(StoreFailed):
    """Another program holds the database longer than is waited for."""

    retryable = True


class StoreOutdated(StoreFailed):
    """Its tables are of another version of this program."""


class WorkerLost(StoreFailed):
    """The life of a worker is over: others have what it had, and it writes nothing more.

    ``why`` says what ended it, where that is known.
    """

    def __init__(self, path: str, worker: str, why: str = "") -> None:
        told = f" ({why})" if why else ""
        words = f"takes nothing more from worker {worker}: its life is over{told}"
        super().__init__(path, words)
        self.worker = worker


class ServerFailed(ReconcilerError):
    """The API of a daemon gave no answer that can be used; ``url`` is where it was asked."""

    retryable = True

    def __init__(self, url: str, message: str) -> None:
        super().__init__(f"{url}: {message}")
        self.url = url


class StoreHeld(StoreFailed):
    """Another daemon works with this state directory."""

    exit_code = 5
