"""What the host-side gate does, a file for each family of verbs; it knows no probe."""
