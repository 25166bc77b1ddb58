"""Fuzzing: each parser of what others wrote, asked what no test thought of."""
