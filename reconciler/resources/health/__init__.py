"""Health: whether a cluster is well enough for the next host to be touched."""
