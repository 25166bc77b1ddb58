"""Declarative reconciliation of OCFS2 storage clusters."""

__version__ = "0.1.0"
