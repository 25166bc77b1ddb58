"""What a host does by itself: its kernel, its tools, systemd, its guests, its power."""
