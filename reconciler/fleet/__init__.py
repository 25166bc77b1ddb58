"""The same rounds and runs as of one daemon, on many workers that share a PostgreSQL."""
