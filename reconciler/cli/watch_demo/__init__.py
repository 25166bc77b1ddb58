"""``reconcile watch --demo``: simulated clusters whose story goes on while a real daemon watches."""

from __future__ import annotations
