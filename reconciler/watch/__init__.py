"""The daemon that looks at clusters again and again: it reports, and changes nothing."""
