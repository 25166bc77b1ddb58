#!/bin/sh
# reconcile-gate 1
#
# Does one thing on this host, after checking on the spot that it is still right to do it.
# POSIX sh (dash, busybox ash, bash), as root, one verb a call:
#
#   [as SCOPE RUN TOKEN STEP BOOT UNTIL ACTION] [on NODE WWID BYTES UUID BEATS] VERB ARG...
#
# Each part says on top which verbs it has and what they refuse, and after "needs:" which parts it
# uses. What travels to a host is this head, the parts of one verb, and main: a verb VERB-NAME is
# the function verb_VERB_NAME. lib/exit and lib/arguments are in every text.
#
# Done: one line "ok ..." on stdout and status 0. Not done: "gate: CODE: message" on stderr
# and status 64 (called wrongly), 70 (a tool failed) or 75 (refused, nothing was changed).

LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset CDPATH ENV BASH_ENV
umask 022
set -uf # -f: a star stays a star; the few globs ask for it
TAB='	'
NL='
'
STATE=/var/lib/reconcile
