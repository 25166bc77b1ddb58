"""Histories of gate and lease by the ten thousand: what hosts decide while everything goes wrong.

A history is some controllers that follow plans which the planner made, hosts that decide by the
table that the product runs (``reconciler.gate.lease_decision``), and a list of troubles. All of it is
plain data from one seed (``scenario``), so each history can be played again, and a wrong one made
shorter and told in words (``story``). Time is virtual (``world``). Whether something is wrong is told
by a ledger of its own (``places``) and by the laws of a start (``world.STARTS``), after each event.
``weakenings`` has the table and the runs, each row and each effect weakened: histories find all.
"""
