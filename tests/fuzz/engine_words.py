"""What the engine says to who started it."""

READY = "ready with"  # MiB, of all that is loaded
