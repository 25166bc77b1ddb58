"""Where volumes are mounted, now and at boot."""
