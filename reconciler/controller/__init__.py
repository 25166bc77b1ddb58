"""The daemon on one machine: it looks at each cluster again and again, and tells what changed."""
