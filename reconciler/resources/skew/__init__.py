"""Members that differ in what they run."""
