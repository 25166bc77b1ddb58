"""What a simulated host cannot do, and what a simulated world cannot be."""

from __future__ import annotations


class UnknownCommand(AssertionError):
    """An argv outside the table: a bug of the caller, never an answer of a host."""


class ImpossibleWorld(AssertionError):
    """A world that no hardware could be."""
