"""Who is told when conditions change: by which web hook, in which form, and what was told before."""
