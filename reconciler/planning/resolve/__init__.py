"""The wish made whole: numbers, who left, what the hosts remember."""
