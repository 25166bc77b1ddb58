"""What uses the volumes: services that must not run while these are unmounted."""
