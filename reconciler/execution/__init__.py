"""Carrying out an approved plan, proving each action by looking again."""
