"""The program: ``reconcile``, or ``python -m reconciler``."""

from __future__ import annotations

from reconciler.interrupts import leave_on_interrupt


def main() -> None:
    """Run the command line; the process ends with one of the documented codes."""
    leave_on_interrupt()
    from reconciler.cli import main as run  # noqa: PLC0415  # Ctrl-C may come while it is imported

    run()


if __name__ == "__main__":
    main()
