"""Histories of whole clusters, made from a seed, played in virtual time, told in words.

``history`` makes one as plain data, ``player`` plays it, ``laws`` and ``verdict`` judge it,
``shrink`` cuts a failing one down, ``story`` tells it, ``campaign`` plays many.
"""
