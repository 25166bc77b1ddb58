"""The order at boot and shutdown: workloads inside their mounts, mounts inside the cluster."""
