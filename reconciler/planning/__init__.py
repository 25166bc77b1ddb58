"""From desired and observed to an ordered plan: a list of small passes."""
