"""Devices and the file systems on them."""
