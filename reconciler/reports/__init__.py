"""Results as text for people and documents for machines; pure."""
