"""What one host has otherwise than the others."""

from __future__ import annotations

from reconciler.frozen import frozen


@frozen
class Skew:
    """A host that does not go with the others; ``joins`` if it is about to go among them."""

    code: str
    host: str
    message: str
    remedy: str
    joins: bool
