"""The cluster service and its timeouts."""
