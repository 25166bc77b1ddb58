"""What somebody attested of heartbeat blocks, on record on every member."""
