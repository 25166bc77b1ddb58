"""The program: ``reconcile``, or ``python -m reconciler``."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress

from reconciler.interrupts import leave_on_interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> None:
    """Run the command line; the process ends with one of the documented codes."""
    leave_on_interrupt()
    gc.disable()  # what is imported stays; a walk over it finds nothing
    from reconciler.cli import main as run  # noqa: PLC0415  # Ctrl-C may come while it is imported

    try:
        run()
    except SystemExit as ended:
        if isinstance(ended.code, int) and not _needs_the_interpreter():
            with suppress(OSError):  # the interpreter tells what cannot be written
                _end(ended.code)
        raise


def _needs_the_interpreter() -> bool:
    """Whether another thread lives, which is waited for, or something traces this run."""
    threads = sys.modules.get("threading")
    return (threads is not None and threads.active_count() > 1) or sys.gettrace() is not None


def _end(code: int) -> NoReturn:
    """End without taking each object apart, which costs as much as a third of the imports.

    Raises OSError where the last words cannot be written.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    atexit._run_exitfuncs()  # noqa: SLF001  # there is no public name
    os._exit(code)


if __name__ == "__main__":
    main()
