"""The fault matrix and the soak: every fault in the midst of every operation, on real kernels."""
