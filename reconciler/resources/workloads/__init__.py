"""What uses the volumes: services and guests that must not run while these are unmounted."""
