"""One history, played on hosts of three kinds, whose observations must be equal.

`history` is what happens, `stage` where it happens and what is noted, `normal` what of a
host's facts is the same on every machine, `differences` the comparison. Kinds of hosts are
in `kinds`; `on_lab` is the program that plays on real hosts, inside of their network.
"""
