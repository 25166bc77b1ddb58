"""From the text of a desired-state file to ``Desired``, or to every problem that it has.

The only door to yaml. ``load`` and ``read`` raise ``SpecInvalid``; ``read`` and ``read_text``
raise ``UsageError`` where there is no file to read.
"""

from reconciler.loading.checking import load, read
from reconciler.loading.positions import find_places
from reconciler.loading.source import MAX_BYTES, digest, read_stream, read_text

__all__ = [
    "MAX_BYTES",
    "digest",
    "find_places",
    "load",
    "read",
    "read_stream",
    "read_text",
]
