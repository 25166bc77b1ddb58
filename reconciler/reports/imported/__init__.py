"""A desired-state file from what running hosts have: who, where, which volumes, and in words
what no host can tell."""
