"""Dead hosts that could come back with their old node list."""
