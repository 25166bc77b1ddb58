"""What every queue of turns does: that of one process, and that of a fleet."""
