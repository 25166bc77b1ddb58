"""The software of a member."""
