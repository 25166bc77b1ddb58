"""What the daemon may do about a cluster by itself, and how it is: pure rules of `watch`."""
