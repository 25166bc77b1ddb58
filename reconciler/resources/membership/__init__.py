"""The kernels' live node lists."""
