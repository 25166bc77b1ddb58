"""Who may see a LUN: taken from a host that has left, where the file says how."""
