"""Reading a plan: what it needs, tells, and changes."""
