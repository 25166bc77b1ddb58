"""Each precondition is deleted once, to see that a test fails: `python -m tests.mutants [GROUP]`.

A mutant is the product without one row of its own tables, or without one statement that refuses.
First all tests of a group run on the product as it is, and it is noted which of them meets which
row and which refusal. Then, for each mutant, those that meet what it lacks run in a process of
their own, until one fails: it is killed. What survives is redundant or is not tested; who says
which is ``survivors``.
"""
