"""What the controller keeps for itself: saved plans, facts, the records of its runs."""
