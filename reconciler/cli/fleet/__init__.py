"""The commands of ``reconcile fleet``, a module each; each has ``command``."""
