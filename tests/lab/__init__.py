"""A lab of real OCFS2 hosts on one machine: `python3 -m tests.lab --help`.

The hosts are User-Mode Linux guests.  Every lab lives in one network namespace and one
directory; every host in one PID namespace below one recorded process, so that killing this
process is a power cut.  Nothing here enters the namespace itself: commands are started in it.
"""
